"""What a browser gets: the pages of this service, dbt's page of gold, and for a problem a page that says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from pathlib import Path
from string import Template

from fastapi import Request, Response

from serving_layer.problems import Problem

STATIC = Path(__file__).parent / "static"
HTML = "text/html; charset=utf-8"
Handler = Callable[[Request], Awaitable[Response]]
_PROBLEM = Template((STATIC / "problem.html").read_text(encoding="utf-8"))
_DBT_POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'none'"


def page_of(file: str) -> Handler:
    body = (STATIC / file).read_bytes()

    async def page(_request: Request) -> Response:
        return Response(body, media_type=HTML, headers={"Cache-Control": "no-cache"})

    return page


def dbt_page(file: Path | None, contracts: Sequence[str]) -> Handler:
    """dbt's own page carries its scripts and styles inline; only here are they allowed, and no other host."""

    async def page(request: Request) -> Response:
        if file is None or not file.exists():
            problem = Problem("TL-API-018", "dbt's page is built by the marts DAG after the first release")
            if wants_page(request):
                return problem_page(problem, _until_built(contracts))
            raise problem
        body = await asyncio.to_thread(file.read_bytes)
        return Response(body, media_type=HTML, headers={"Content-Security-Policy": _DBT_POLICY})

    return page


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks; what asks for any type or for JSON gets the problem document."""
    return "text/html" in request.headers.get("accept", "").lower()


def problem_page(problem: Problem, steps: Sequence[str]) -> Response:
    """The same facts as the problem document; `steps` are sentences in HTML."""
    listed = "".join(f"    <li>{step}</li>\n" for step in steps)
    body = _PROBLEM.substitute(
        title=escape(problem.title), detail=escape(problem.what), code=escape(problem.code),
        steps=f"  <ol>\n{listed}  </ol>" if steps else "",
    )  # fmt: skip
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    return Response(body, problem.status, headers, HTML)


def _until_built(contracts: Sequence[str]) -> list[str]:
    names = ", ".join(f"<code>{escape(name)}</code>" for name in contracts)
    one = escape(contracts[0]) if len(contracts) == 1 else "CONTRACT"
    return [
        f"In Airflow, switch on the DAG of a contract ({names or 'there is none yet'}) and let it publish a release. "
        f"<code>{one}.marts</code> then starts by itself, if the contract has models of its own in "
        "<code>dbt_project/models/marts</code>.",
        f"Without Airflow: <code>tideline run {one} --run-key first</code>, then "
        f"<code>tideline run {one} marts --run-key first</code>.",
        "Load this page again. Where marts run as jobs on AWS it is not made: there "
        "<code>tideline contract docs</code> writes a site about all contracts.",
    ]
