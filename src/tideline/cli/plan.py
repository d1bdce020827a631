"""`tideline plan`: the stages that a run would go through, without running them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--restate", nargs=2, type=_DAY, metavar="FROM TO", help="Plan to compute the UTC days [FROM, TO) again.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def command(contract_id: str, restate: tuple[datetime, datetime] | None, as_json: bool) -> None:
    """Show what a run of CONTRACT (such as retail.sales) does, in order, and why."""
    from tideline.index import check_fresh, load_contract
    from tideline.planning import Kind, Request, plan
    from tideline.settings import settings

    check_fresh(settings().index, settings().contracts)
    contract = load_contract(settings().index, contract_id)
    try:
        days = (restate[0].date(), restate[1].date()) if restate else None
        request = Request(Kind.RESTATE if days else Kind.INCREMENTAL, days)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    made = plan(contract, request)
    if as_json:
        click.echo(json.dumps(_facts(made)))
        return
    scope = f"days [{days[0]}, {days[1]})" if days else "new data up to a cut"
    click.echo(f"{made.contract_id} (hash {made.contract_hash}): {request.kind.value}, {scope}\n")
    for number, stage in enumerate(made.stages, start=1):
        click.echo(f"{number}. {stage.name:<9}{stage.engine.value:<8}{stage.why}")
        if stage.reads:
            click.echo(f"{'':<20}reads  {', '.join(stage.reads)}")
        if stage.writes:
            click.echo(f"{'':<20}writes {', '.join(stage.writes)}")
        minutes = stage.time_limit.total_seconds() / 60
        click.echo(f"{'':<20}within {minutes:g} minutes, {stage.retries} retries")


def _facts(made: Any) -> dict[str, Any]:
    days: tuple[date, date] | None = made.request.days
    return {
        "contract": made.contract_id,
        "hash": made.contract_hash,
        "kind": made.request.kind.value,
        "days": [day.isoformat() for day in days] if days else None,
        "stages": [
            {
                "name": stage.name, "engine": stage.engine.value, "why": stage.why, "reads": stage.reads,
                "writes": stage.writes, "time_limit_s": stage.time_limit.total_seconds(), "retries": stage.retries,
            }
            for stage in made.stages
        ],
    }  # fmt: skip
