"""`tideline offsets`: log, bronze, silver and release of a contract side by side, per partition; and what a person may
decide about them: to go back to an older release, or to go on without what the log has lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tideline.model.contract import Contract
    from tideline.settings import Settings
    from tideline.standing import Standing

_COLUMNS = ("partition", "log_start", "log_end", "bronze", "silver", "release", "release_lag")


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--verify", is_flag=True, help="Check that all of it can be true at once.")
@click.option("--rollback-to", type=click.IntRange(1), metavar="RELEASE", help="Make an older release live again.")
@click.option("--force", is_flag=True, help="Roll back although the log no longer holds what follows that release.")
@click.option(
    "--accept-loss",
    nargs=3,
    type=click.IntRange(0),
    metavar="PARTITION FROM TO",
    help="Go on without a range that the log lost before batch read it; answers name it from then on.",
)
@click.option("--reason", metavar="TEXT", help="Why the loss is accepted.")
@click.option("--by", metavar="NAME", help="Who accepts it (else: the user of this machine).")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(contract_id: str, as_json: bool, **asked: Any) -> None:
    """Show where CONTRACT stands. With --verify: exit code 65 on a contradiction, 66 when the log lost a range."""
    from tideline import wiring
    from tideline.index import load_contract
    from tideline.settings import settings
    from tideline.standing import contradictions, look

    _check_words(asked)
    here = settings()
    contract = load_contract(here.index, contract_id)
    if asked["accept_loss"] is not None:
        _accept(contract, asked, here, quiet=as_json)
    if asked["rollback_to"] is not None:
        _roll_back(contract, asked["rollback_to"], here, force=asked["force"], quiet=as_json)
    standing = look(contract, wiring.event_log(here), wiring.documents(here), wiring.tables(here))
    verify = asked["verify"]
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


def _check_words(asked: Mapping[str, Any]) -> None:
    """A word without the one that it belongs to would be passed over in silence."""
    accepting, going_back = asked["accept_loss"] is not None, asked["rollback_to"] is not None
    if accepting and going_back:
        raise click.UsageError("--accept-loss and --rollback-to are two decisions: give them one after the other")
    if not accepting and (asked["reason"] is not None or asked["by"] is not None):
        raise click.UsageError("--reason and --by belong to --accept-loss")
    if asked["force"] and not going_back:
        raise click.UsageError("--force belongs to --rollback-to")


def _accept(contract: Contract, asked: Mapping[str, Any], here: Settings, *, quiet: bool) -> None:
    """One document for exactly the range that is gone; the same call again finds it and changes nothing."""
    from datetime import UTC, datetime

    from tideline import wiring
    from tideline.batch.accepting import accept
    from tideline.batch.cut import Doors
    from tideline.model.errors import Fatal
    from tideline.model.loss import shown
    from tideline.model.position import Range

    partition, start, end = asked["accept_loss"]
    if not (asked["reason"] or "").strip() or start >= end:
        raise Fatal("TL-LOS-004", "a loss is accepted for a range that is not empty, and for a reason",
                    fix="--accept-loss PARTITION FROM TO --reason TEXT, as --verify names the range")  # fmt: skip
    doors = Doors(
        wiring.event_log(here), wiring.documents(here), wiring.tables(here), lambda: datetime.now(UTC), here.epoch_s
    )
    by = asked["by"] or _this_user()
    loss = accept(contract, (partition, Range(start, end)), (by, asked["reason"].strip()), doors)
    if not quiet:
        click.echo(f"accepted: {shown([loss])}")


def _this_user() -> str:
    """The name of who runs this; a container's user may have none."""
    import os
    import pwd

    from tideline.model.errors import Fatal

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError as error:
        fix = "say who accepts the loss: --by NAME"
        raise Fatal("TL-LOS-005", f"user {os.getuid()} of this machine has no name", fix=fix) from error


def _roll_back(contract: Contract, number: int, here: Settings, *, force: bool, quiet: bool) -> None:
    """One new release with the old content; the same call again finds it and changes nothing."""
    from datetime import UTC, datetime

    from tideline import wiring
    from tideline.batch.publish import rollback
    from tideline.batch.release import live_release, numbered_release
    from tideline.batch.rolling_back import lost_beyond, refused

    documents, contract_id = wiring.documents(here), contract.id
    old, topic = numbered_release(documents, contract_id, number), contract.stream.topic
    if lost := lost_beyond(old, topic, wiring.event_log(here)):
        error = refused(contract_id, number, topic, lost)
        if not force:
            raise error
        click.echo(f"forced: {error.what}", err=True)
    live = live_release(documents, contract_id)
    key = f"rollback-to-{number}-from-{live.number if live else 0}"
    if live is not None and live.run_key.startswith(f"rollback-to-{number}-from-"):
        key = live.run_key
    release = rollback(contract_id, number, key, documents, lambda: datetime.now(UTC))
    if not quiet:
        click.echo(f"release {release.number} is live with the content of release {number}")


def _print(standing: Standing) -> None:
    release = f"release {standing.release.number}" if standing.release else "no release"
    click.echo(f"{standing.contract.id}: topic {standing.stream.name} ({standing.stream.identity}), {release}")
    click.echo("  ".join(f"{name.replace('_', ' '):>11}" for name in _COLUMNS))
    for row in standing.rows():
        click.echo("  ".join(f"{'-' if row[name] is None else row[name]:>11}" for name in _COLUMNS))
    if standing.losses:
        from tideline.model.loss import shown

        click.echo(f"accepted as lost: {shown(standing.losses)}")
