"""`tideline offsets`: log, bronze, silver and release of a contract side by side, per partition."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.settings import Settings
    from tideline.standing import Standing

_COLUMNS = ("partition", "log_start", "log_end", "bronze", "silver", "release", "release_lag")


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--verify", is_flag=True, help="Check that all of it can be true at once.")
@click.option("--rollback-to", type=click.IntRange(1), metavar="RELEASE", help="Make an older release live again.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(contract_id: str, verify: bool, rollback_to: int | None, as_json: bool) -> None:
    """Show where CONTRACT stands. With --verify: exit code 65 on a contradiction, 66 when the log lost a range."""
    from tideline import wiring
    from tideline.index import load_contract
    from tideline.settings import settings
    from tideline.standing import contradictions, look

    here = settings()
    contract = load_contract(here.index, contract_id)
    if rollback_to is not None:
        _roll_back(contract_id, rollback_to, here, as_json=as_json)
    standing = look(contract, wiring.event_log(here), wiring.documents(here), wiring.tables(here))
    problems = contradictions(standing) if verify else []
    if as_json:
        facts = standing.as_json()
        click.echo(json.dumps({**facts, "problems": [one.as_dict() for one in problems]} if verify else facts))
    else:
        _print(standing)
        for problem in problems[1:]:
            click.echo(str(problem), err=True)
    if problems:
        raise problems[0]
    if verify and not as_json:
        click.echo("verified: identity, order, retention, table versions, conservation")


def _roll_back(contract_id: str, number: int, here: Settings, *, as_json: bool) -> None:
    """One new release with the old content; the same call again finds it and changes nothing."""
    from datetime import UTC, datetime

    from tideline import wiring
    from tideline.batch.publish import rollback
    from tideline.batch.release import live_release

    documents = wiring.documents(here)
    live = live_release(documents, contract_id)
    key = f"rollback-to-{number}-from-{live.number if live else 0}"
    if live is not None and live.run_key.startswith(f"rollback-to-{number}-from-"):
        key = live.run_key
    release = rollback(contract_id, number, key, documents, lambda: datetime.now(UTC))
    if not as_json:
        click.echo(f"release {release.number} is live with the content of release {number}")


def _print(standing: Standing) -> None:
    release = f"release {standing.release.number}" if standing.release else "no release"
    click.echo(f"{standing.contract.id}: topic {standing.stream.name} ({standing.stream.identity}), {release}")
    click.echo("  ".join(f"{name.replace('_', ' '):>11}" for name in _COLUMNS))
    for row in standing.rows():
        click.echo("  ".join(f"{'-' if row[name] is None else row[name]:>11}" for name in _COLUMNS))
