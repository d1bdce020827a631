"""`tideline plan`: what applying the contracts would do; with a contract, what a run of it would do."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import click

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command()
@click.argument("contract_id", metavar="[CONTRACT]", required=False)
@click.option("--restate", nargs=2, type=_DAY, metavar="FROM TO", help="Plan to compute the UTC days [FROM, TO) again.")
@click.option("--against", metavar="REF|FOLDER|deployed", help="Compare with this; the last deployment unless told.")
@click.option("--drop-retired", is_flag=True, help="Plan to drop the columns of retired fields.")
@click.option("--format", "form", type=click.Choice(("text", "json", "markdown")), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def command(ctx: click.Context, /, contract_id: str | None, as_json: bool, form: str, **how: Any) -> None:
    """Show what `tideline apply` would create, change and remove; with CONTRACT the stages of a run of it, and why."""
    form = "json" if as_json else form
    against, drop_retired, restate = how["against"], how["drop_retired"], how["restate"]
    if contract_id is None and restate is None:
        _rollout(against, form, drop_retired=drop_retired)
    elif contract_id is None or against is not None or drop_retired or form == "markdown":
        fix = "name a CONTRACT with --restate; --against, --drop-retired and markdown go without one"
        raise click.UsageError(fix, ctx)
    else:
        _run(contract_id, restate, as_json=form == "json")


def _rollout(against: str | None, form: str, *, drop_retired: bool) -> None:
    from tideline import wiring
    from tideline.deploy import gather, telling
    from tideline.deploy.rollout import roll_out
    from tideline.settings import settings

    own = settings()
    doors = gather.Doors(wiring.documents(own), wiring.tables(own), wiring.event_log(own))
    after = gather.contracts_in(own.contracts, own.dbt_project)
    side = gather.against(against, own, doors.documents)
    made = roll_out(gather.gather(side, after, own, doors, drop_retired=drop_retired))
    if form == "json":
        click.echo(json.dumps(telling.as_json(made, side.name)))
    else:
        click.echo(telling.as_text(made, side.name) if form == "text" else telling.as_markdown(made, side.name))


def _run(contract_id: str, restate: tuple[datetime, datetime] | None, *, as_json: bool) -> None:
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
