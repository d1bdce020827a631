"""`tideline query`: ask the serving layer from the shell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WIDE = 100_000  # columns: more than any row takes


@click.command()
@click.argument("name", metavar="DOMAIN.VIEW")
@click.option("--filter", "filters", multiple=True, metavar="K=V", help="Such as country=France or day.gte=2011-01-01.")
@click.option("--dimensions", metavar="A,B", help="Roll up to these; an empty list gives one total.")
@click.option("--consistency", type=click.Choice(["merged", "batch"]), help="The view's own unless told.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--cursor", help="Go on after an earlier page.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as it came.")
def command(  # noqa: PLR0913 - click passes every option as an argument
    name: str,
    filters: tuple[str, ...],
    dimensions: str | None,
    consistency: str | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """Ask for the rows of a view and what they cover."""
    from urllib.parse import quote, urlencode

    from tideline.settings import settings

    domain, point, view = name.partition(".")
    if not (domain and point and view):
        raise click.BadParameter(f"{name!r} is not of the form DOMAIN.VIEW", param_hint="DOMAIN.VIEW")
    if any("=" not in one for one in filters):
        raise click.BadParameter("a filter has the form K=V", param_hint="--filter")
    words = [(key, value) for key, _, value in (one.partition("=") for one in filters)]
    words += [("consistency", consistency)] if consistency else []
    words += [("limit", str(limit))]
    words += [("dimensions", dimensions)] if dimensions is not None else []
    words += [("cursor", cursor)] if cursor else []
    url = f"{settings().serving_url}/v1/{quote(domain, safe='')}/{quote(view, safe='')}?{urlencode(words)}"
    answer = _ask(url)
    if as_json:
        click.echo(json.dumps(answer))
    else:
        _print(answer)


def _ask(url: str) -> dict[str, Any]:
    """The answer; a problem document becomes an error that says what is allowed."""
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    from tideline.model.errors import Fatal, Retriable

    try:
        with urlopen(url, timeout=30) as reply:  # noqa: S310 - the address is built from settings, always http
            return dict(json.load(reply))
    except HTTPError as error:
        problem = _problem(error.read())
        kind = Retriable if error.code >= 500 else Fatal
        allowed = problem.get("allowed")
        raise kind(
            str(problem.get("code", "TL-QRY-002")),
            str(problem.get("detail") or problem.get("title") or f"HTTP {error.code}"),
            fix=f"allowed: {allowed}" if allowed else "",
        ) from error
    except (URLError, TimeoutError, ConnectionError) as error:
        raise Retriable("TL-QRY-001", "the serving layer does not answer", where=url, fix="tideline up") from error


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Every value whole, however narrow the terminal is: half a figure is a wrong one."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0]:
        numbers = all(_NUMBER.fullmatch(str(row[name])) for row in rows if row[name] is not None)
        table.add_column(name, justify="right" if numbers else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("-" if value is None else escape(str(value)) for value in row.values()))
    console = Console()
    console.width = max(console.width, console.measure(table, options=console.options.update(width=_WIDE)).maximum)
    console.print(table, highlight=False)


def _print(answer: dict[str, Any]) -> None:
    rows, meta = answer["data"], answer["meta"]
    if rows:
        _print_rows(rows)
    release = "no release yet" if meta["release"] is None else f"release {meta['release']}"
    click.echo(f"{len(rows)} rows, {meta['consistency']}, {release}, as of {meta['as_of']}")
    for gap in meta["lacks"]:
        click.echo(f"incomplete: partition {gap['partition']} lacks [{gap['from']}, {gap['to']})")
    for one in meta["problems"]:
        click.echo(f"{one['code']} {one['detail'].removesuffix('.')}. Fix: {one['fix']}", err=True)
    for gap in meta["gaps"]:
        click.echo(f"accepted as lost: partition {gap['partition']} [{gap['from']}, {gap['to']}) is in no figure")
    if meta.get("next_cursor"):
        click.echo(f"more with --cursor {meta['next_cursor']}")
