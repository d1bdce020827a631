"""`tideline apply`: carry out what `tideline plan` shows, so that tables, generated files and record agree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.deploy.apply import Site
    from tideline.model.contract import Contract
    from tideline.settings import Settings


@click.command()
@click.option("--against", metavar="REF|FOLDER|deployed", help="What is in force; the last deployment unless told.")
@click.option("--drop-retired", is_flag=True, help="Drop columns of retired fields; RESTORE works until VACUUM.")
@click.option("--abandon", type=click.IntRange(1), metavar="NUMBER", help="Give up a deployment that is not finished.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line about what is in force.")
def command(against: str | None, drop_retired: bool, abandon: int | None, yes: bool, as_json: bool) -> None:
    """Let tables follow their contracts, make topics, write what is generated, record the deployment."""
    from tideline.deploy import gather
    from tideline.deploy.apply import abandon as give_up
    from tideline.deploy.apply import apply
    from tideline.deploy.order import in_force
    from tideline.deploy.rollout import roll_out
    from tideline.deploy.telling import as_text
    from tideline.settings import settings

    own = settings()
    site = _site(own)
    if abandon is not None:
        give_up(abandon, site)
        return
    after = gather.contracts_in(own.contracts, own.dbt_project)
    side = gather.against(against, own, site.doors.documents)
    rollout = roll_out(gather.gather(side, after, own, site.doors, drop_retired=drop_retired))
    click.echo(as_text(rollout, side.name), err=as_json)
    found = in_force(site.doors.documents)
    if rollout.contracts or found is None or dict(found.contracts) != dict(after):
        if not yes:
            click.confirm("\nApply this?", abort=True, err=as_json)
        found = apply(side, after, rollout, site)
    if as_json:
        facts = found.as_json()
        click.echo(json.dumps({**facts, "contracts": {id_: c.hash for id_, c in found.contracts.items()}}))


def _site(own: Settings) -> Site:
    from tideline import wiring
    from tideline.deploy.apply import Site
    from tideline.deploy.gather import Doors
    from tideline.generated import Places, generate

    return Site(
        settings=own,
        doors=Doors(wiring.documents(own), wiring.tables(own), wiring.event_log(own)),
        evolve=lambda contract, key: _evolve(contract, key, own),
        generate=lambda: len(generate(Places.of(own))),
        tell=lambda line: click.echo(line, err=True),
        now=lambda: datetime.now(UTC),
    )


def _evolve(contract: Contract, key: str, own: Settings) -> int:
    """The exit code of the job that lets a table follow: on EMR Serverless where there is an application, else here."""
    from tideline.batch.remote import run_there
    from tideline.batch.submit import submit

    def tell(line: str) -> None:
        click.echo(line, err=True)

    if own.spark_application:
        return run_there("evolve", contract, key, own, tell)
    return submit("evolve", ("--contract", contract.id, "--run-key", key), own, tell)
