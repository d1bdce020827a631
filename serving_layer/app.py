"""The HTTP interface: one documented route per view, every error a problem document, every answer from one snapshot."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from starlette.exceptions import HTTPException

from serving_layer.answer import Result, compute, etag, present_rows
from serving_layer.cursors import Cursors
from serving_layer.follower import Follower
from serving_layer.openapi import PROBLEM_TYPE, ProblemDocument, answer_model, parameters, problem_responses
from serving_layer.pages import STATIC, Handler, dbt_page, page_of, problem_page, wants_page
from serving_layer.problems import Problem
from serving_layer.query import MAX_QUERY_BYTES, Query, consistencies, is_bare, read_query, whole_measures
from serving_layer.status import ServingMetrics, contract_status
from tideline import __version__
from tideline.model.contract import View
from tideline.model.measure import Sketches

_BESIDE_THE_LOOP = 2_000  # rows: a bigger answer is computed on a thread, so that small ones do not wait
_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_log = structlog.get_logger("serving")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of this process: UTC for ages, monotonic seconds for time limits."""

    now: Callable[[], datetime] = utc_now
    seconds: Callable[[], float] = time.monotonic


class Api:
    """Answers requests from the followers' snapshots; it never writes state."""

    def __init__(self, followers: Sequence[Follower], sketches: Sketches, clocks: Clocks, cursors: Cursors) -> None:
        self.followers, self._sketches, self._clocks, self._cursors = list(followers), sketches, clocks, cursors
        self.registry = CollectorRegistry()
        self.registry.register(ServingMetrics(self.followers, clocks.now))
        self.seconds = Histogram(
            "tideline_serving_request_seconds", "Time to answer.", ["route", "status"], registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
        )  # fmt: skip

    def view_route(self, follower: Follower, view: View) -> Handler:
        async def answer(request: Request) -> Response:
            return await self._answer(request, follower, view)

        return answer

    async def _answer(self, request: Request, follower: Follower, view: View) -> Response:
        raw = request.scope["query_string"]
        query = read_query(follower.contract, view, raw)
        state = follower.state.views[view.name]
        if query.cursor is not None:
            result, start = self._cursors.open(query.cursor)
            if result.meta["view"] != view.name or (result.text != query.text and not is_bare(raw)):
                raise Problem(
                    "TL-API-010", "this cursor belongs to another query: keep its parameters or leave them out"
                )
            return self._page(state, result, start, query, None)
        if follower.starting:
            raise Problem("TL-API-017", "releases and increments are being read: try again in a second")
        snapshot = state.snapshot
        tag = etag(state, snapshot, query)
        if tag in [known.strip().removeprefix("W/") for known in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
        if len(snapshot.batch) + len(snapshot.head) > _BESIDE_THE_LOOP:
            result = await asyncio.to_thread(compute, state, snapshot, query)
        else:
            result = compute(state, snapshot, query)
        return self._page(state, result, 0, query, tag)

    def _page(self, state: Any, result: Result, start: int, query: Query, tag: str | None) -> Response:
        end = start + query.limit
        cursor = self._cursors.token(result, end) if end < len(result.rows) else None
        body = {
            "data": present_rows(state, result, start, query.limit, self._sketches),
            "meta": {**result.meta, "next_cursor": cursor},
        }
        return _json(body, headers={"Cache-Control": "no-cache"} | ({"ETag": tag} if tag else {}))

    async def unknown(self, request: Request) -> Response:
        domain, view = request.path_params["domain"], request.path_params["view"]
        views = {f.contract.domain: [] for f in self.followers}  # type: dict[str, list[str]]
        for follower in self.followers:
            views[follower.contract.domain] += [v.name for v in follower.contract.views]
        if domain not in views:
            raise Problem("TL-API-002", f"there is no domain {domain[:60]!r}", sorted(views))
        raise Problem("TL-API-003", f"domain {domain} has no view {view[:60]!r}", sorted(views[domain]))

    async def status(self, _request: Request) -> Response:
        contracts = {follower.contract.id: contract_status(follower) for follower in self.followers}
        return _json({"now": self._clocks.now().isoformat().replace("+00:00", "Z"), "contracts": contracts})

    async def views(self, _request: Request) -> Response:
        """What the live page can show: names and descriptions from the contracts."""
        return _json({"contracts": [_described(follower) for follower in self.followers]})

    async def health(self, _request: Request) -> Response:
        """200 also in trouble: a restart would mend none of it, so nothing that restarts a process may count it."""
        found = {f.contract.id: problems for f in self.followers if (problems := contract_status(f)["problems"])}
        return _json({"status": "degraded", "problems": found} if found else {"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        waiting = [follower.contract.id for follower in self.followers if not follower.ready]
        if waiting:
            raise Problem("TL-API-017", f"still reading releases or increments of {', '.join(waiting)}")
        return _json({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def _described(follower: Follower) -> dict[str, Any]:
    contract = follower.contract
    views = [
        {
            "name": view.name,
            "description": view.description,
            "path": f"/v1/{contract.domain}/{view.name}",
            "consistency": list(consistencies(view)),
            "rolls_up": not whole_measures(view),
            "dimensions": [{"name": d.name, "description": d.description} for d in view.dimensions],
            "measures": [{"name": m.name, "kind": m.kind.value, "description": m.description} for m in view.measures],
        }
        for view in contract.views
    ]
    return {"id": contract.id, "version": contract.version, "description": contract.description, "views": views}


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def problem_response(problem: Problem) -> Response:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "1"} if problem.status == 503 else {})
    return Response(orjson.dumps(problem.document()), problem.status, headers, PROBLEM_TYPE)


def make_app(
    followers: Sequence[Follower], sketches: Sketches, clocks: Clocks | None = None, dbt_docs: Path | None = None
) -> FastAPI:
    """The ASGI application; its life starts and stops the followers. `dbt_docs` is dbt's page of gold, one file."""
    clocks = clocks or Clocks()
    api = Api(followers, sketches, clocks, Cursors(secrets.token_bytes(32), clocks.seconds))

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        for follower in followers:
            follower.start()
        yield
        for follower in followers:
            await asyncio.to_thread(follower.stop)

    app = FastAPI(
        title="Tideline", version=__version__, lifespan=life, docs_url=None, redoc_url=None,
        description="Live aggregates: batch and speed joined at an exact log position. Decimals are text.",
    )  # fmt: skip
    app.state.api = api
    _add_errors(app)
    app.middleware("http")(_guard(api))
    for follower in followers:
        for view in follower.contract.views:
            _add_view(app, api, follower, view)
    _add_others(app, api)
    contracts = [follower.contract.id for follower in followers]
    app.add_api_route("/dbt/", dbt_page(dbt_docs, contracts), methods=["GET"], include_in_schema=False)
    return app


def _add_view(app: FastAPI, api: Api, follower: Follower, view: View) -> None:
    contract = follower.contract
    app.add_api_route(
        f"/v1/{contract.domain}/{view.name}",
        api.view_route(follower, view),
        methods=["GET"],
        operation_id=view.name,
        summary=view.description,
        description=f"{contract.description} Contract {contract.id} {contract.version}.",
        tags=[contract.id],
        response_class=Response,
        responses={
            200: {"model": answer_model(contract, view), "description": "Rows in the order of their dimensions."},
            304: {"description": "Nothing changed since the answer with this ETag."},
            **problem_responses(400, 410, 414, 503),
        },
        openapi_extra={"parameters": parameters(contract, view)},
    )


def _add_others(app: FastAPI, api: Api) -> None:
    listed: tuple[tuple[str, Handler, str], ...] = (
        ("/v1/status", api.status, "Release, coverage, lag and counters of each contract."),
        ("/v1/views", api.views, "The views with their dimensions and measures."),
        ("/healthz", api.health, "The process answers."),
        ("/readyz", api.ready, "Releases and increments have been read."),
    )
    for path, handler, summary in listed:
        app.add_api_route(
            path, handler, methods=["GET"], summary=summary, description=summary, tags=["platform"],
            responses={200: {"model": dict[str, Any]}, **(problem_responses(503) if path == "/readyz" else {})},
        )  # fmt: skip
    app.add_api_route("/metrics", api.metrics, methods=["GET"], include_in_schema=False)
    app.add_api_route("/v1/{domain}/{view}", api.unknown, methods=["GET"], include_in_schema=False)
    app.add_api_route("/problem", lambda: None, response_model=ProblemDocument, include_in_schema=False)
    for path, file in (("/", "index.html"), ("/docs", "docs.html")):
        app.add_api_route(path, page_of(file), methods=["GET"], include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _document_problems(app)


def _document_problems(app: FastAPI) -> None:
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def told(_request: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            response = problem_response(Problem("TL-API-015", f"{request.method} is not for this address", ["GET"]))
            response.headers["Allow"] = "GET"
            return response
        nothing = Problem("TL-API-001", "there is nothing at this address", ["/v1/views", "/docs"])
        if wants_page(request) and not request.url.path.startswith("/v1/"):
            return problem_page(nothing, [])
        return problem_response(nothing)


def _guard(api: Api) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Input limits before, security headers, timing and the last word on unexpected errors after each request."""

    async def guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        try:
            response = _refused(request) or await proceed(request)
        except Exception:  # noqa: BLE001 - the last door: a client gets a problem document, the log the trace
            _log.exception("request failed", method=request.method, route=_route(request))
            response = problem_response(Problem("TL-API-500", "an unexpected error; the log of this process has it"))
        for name, value in _SECURITY.items():
            response.headers.setdefault(name, value)
        took = time.perf_counter() - started
        api.seconds.labels(_route(request), str(response.status_code)).observe(took)
        return response

    return guard


def _refused(request: Request) -> Response | None:
    if len(request.scope["query_string"]) > MAX_QUERY_BYTES:
        return problem_response(Problem("TL-API-012", f"a query has at most {MAX_QUERY_BYTES} bytes"))
    length = request.headers.get("content-length", "0")
    has_body = "transfer-encoding" in request.headers or length.strip("0") != ""
    if has_body and request.method in ("GET", "HEAD"):
        return problem_response(Problem("TL-API-016", "this interface takes no request bodies", ["0 bytes"]))
    return None


def _route(request: Request) -> str:
    """The pattern of the matched route, so that metrics stay few whatever is asked."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "none"))
