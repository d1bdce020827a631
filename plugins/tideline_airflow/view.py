"""The page inside Airflow that says, per contract, what is released, how far it covers the log, and if it is right."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tideline.settings import settings

PREFIX = "/tideline"
TIMEOUT_S = 3.0
_PAGE = Path(__file__).with_name("status.html")


class LazyApp:
    """An ASGI application that is built at its first request, since every Airflow process loads the plugin."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = build_app()
        await self._app(scope, receive, send)


def build_app() -> Any:
    """`/` is the page (no data in it), `/status` its data for a signed-in user of Airflow."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI
    from fastapi.responses import HTMLResponse

    app = FastAPI(title="Tideline in Airflow", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return _PAGE.read_text(encoding="utf-8")

    @app.get("/status", dependencies=[Depends(get_user)])
    def status() -> dict[str, Any]:  # not async: FastAPI runs it in a thread, and the request below blocks
        return summary(ask(settings().serving_url))

    return app


def ask(serving_url: str, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """What the serving layer says of itself, or `{"problem": sentence}` when it says nothing."""
    try:
        with urllib.request.urlopen(f"{serving_url}/v1/status", timeout=timeout_s) as answer:  # noqa: S310 - own URL
            found = json.loads(answer.read())
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return {"problem": f"The serving layer at {serving_url} gives no status ({reason}). See `tideline status`."}
    return found if isinstance(found, dict) else {"problem": f"{serving_url}/v1/status is not a JSON object."}


def summary(status: Mapping[str, Any]) -> dict[str, Any]:
    """The page's data: links, a problem or None, and one card per contract."""
    base = settings().serving_url
    return {
        "problem": status.get("problem"),
        "links": {"Live page": f"{base}/", "API reference": f"{base}/docs"},
        "contracts": [card(name, of) for name, of in sorted(_contracts(status).items())],
    }


def _contracts(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = status.get("contracts", {})
    if isinstance(listed, Mapping):
        return dict(listed)
    return {str(one.get("contract") or one.get("id")): one for one in listed}


def card(name: str, status: Mapping[str, Any]) -> dict[str, Any]:
    """One contract: release, per partition `{partition, batch, merged, end}`, lag, gaps, checks, counters."""
    release = status.get("release")
    release = release if isinstance(release, Mapping) else {"number": release}
    coverage = status.get("coverage") or {}
    batch, merged = _positions(coverage.get("batch")), _positions(coverage.get("merged"))
    ends = _positions(status.get("log_end"))
    partitions = [
        {"partition": p, "batch": batch.get(p, 0), "merged": merged.get(p, 0), "end": ends.get(p, merged.get(p, 0))}
        for p in sorted({*batch, *merged, *ends})
    ]
    audit = status.get("last_audit") or {}
    checks = audit.get("checks", []) if isinstance(audit, Mapping) else audit
    return {
        "contract": name,
        "release": release.get("number"),
        "published": release.get("published"),
        "partitions": partitions,
        "lag": sum(max(0, p["end"] - p["merged"]) for p in partitions),
        "lacks": list(status.get("lacks") or ()),
        "problems": [str(problem) for problem in status.get("problems") or ()],
        "checks": [
            {"name": c.get("name"), "detail": c.get("detail"), **{k: bool(c.get(k)) for k in ("passed", "warning")}}
            for c in checks
        ],
        "counters": dict(status.get("counters") or {}),
    }


def _positions(value: Any) -> dict[int, int]:
    return {int(p): int(n) for p, n in value.items()} if isinstance(value, Mapping) else {}
