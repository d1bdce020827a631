"""`tideline replay`: play events into the topic of a contract, with a journal of every send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.local.journal import PlannedEvent
    from tideline.local.mishaps import Mix
    from tideline.local.replay import Pace, Replayer, Summary
    from tideline.model.contract import Contract


def _rate(ctx: click.Context, param: click.Parameter, value: str) -> float | None:
    """Events per second, or None for `max`."""
    if value == "max":
        return None
    try:
        rate = float(value)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise click.BadParameter(f"{value!r} is neither a positive number nor max", ctx, param)
    return rate


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--input", "source", default="generator", metavar="DIR|generator", help="Folder of *.csv.gz, or made up.")
@click.option("--seed", default=7, show_default=True, help="Same seed, same events.")
@click.option("--events", "count", type=click.IntRange(1), help="Stop after so many [generator: 20,000].")
@click.option("--rate", callback=_rate, default="max", show_default=True, metavar="N|max", help="Per second.")
@click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), help="[home/journals/CONTRACT.jsonl]")
@click.option("--duplicates", type=click.FloatRange(0, 100), help="Per cent of events sent again [generator: 2].")
@click.option("--late", type=click.FloatRange(0, 100), help="Per cent held back [generator: 1].")
@click.option("--broken", type=click.FloatRange(0, 100), help="Per cent of broken ones between [generator: 0.5].")
@click.option("--conflicts", type=click.FloatRange(0, 100), help="Per cent of same id, other content [generator: 0.2].")
@click.option("--resend-from", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="JOURNAL",
              help="Send again what this journal does not know to be acknowledged, instead of new events.")  # fmt: skip
@click.option("--resend-all", is_flag=True, help="With --resend-from: send everything again.")
@click.option("--patience", default=60.0, show_default=True, help="Seconds to wait for a broker that is gone.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.pass_context
def command(  # noqa: PLR0913 - click passes every option as an argument
    ctx: click.Context,
    contract_id: str,
    source: str,
    seed: int,
    count: int | None,
    rate: float | None,
    journal: Path | None,
    duplicates: float | None,
    late: float | None,
    broken: float | None,
    conflicts: float | None,
    resend_from: Path | None,
    resend_all: bool,
    patience: float,
    as_json: bool,
) -> None:
    """Play events into the topic of CONTRACT; each send is journalled before and after."""
    from tideline import wiring
    from tideline.index import load_contract
    from tideline.local.journal import Journal
    from tideline.local.replay import Pace, Replayer
    from tideline.settings import settings

    if resend_all and resend_from is None:
        raise click.UsageError("--resend-all needs --resend-from JOURNAL")
    contract = load_contract(settings().index, contract_id)
    if resend_from is not None:
        events = _again(resend_from, everything=resend_all)
    else:
        mix = _mix(source, duplicates=duplicates, late=late, broken=broken, conflicts=conflicts)
        events = _planned(contract, source, seed, count, mix)
    log = wiring.event_log(settings())
    log.stream(contract.stream.topic)
    kept = Journal(journal or resend_from or settings().home / "journals" / f"{contract.id}.jsonl")
    try:
        replayer = Replayer(contract, log, kept, patience)
        summary = _until_stopped(replayer, events, Pace(rate))
    finally:
        kept.close()
    _tell(summary, kept.path, as_json=as_json)
    if summary.interrupted:
        ctx.exit(130)


def _planned(contract: Contract, source: str, seed: int, count: int | None, mix: Mix) -> Iterator[PlannedEvent]:
    from itertools import islice

    from tideline.local import generator, online_retail
    from tideline.local.mishaps import disturb

    if source == "generator":
        count = count or 20_000
        plain = generator.events(contract, seed, count)
    else:
        plain = online_retail.events(Path(source))
    return islice(disturb(plain, contract, mix, seed), count)


def _mix(source: str, **asked: float | None) -> Mix:
    """Made-up events come with the usual mishaps, real ones with none, unless asked for."""
    from tideline.local.mishaps import Mix

    usual = Mix() if source == "generator" else Mix(0, 0, 0, 0)
    return Mix(**{name: getattr(usual, name) if share is None else share for name, share in asked.items()})


def _again(journal: Path, *, everything: bool) -> Iterator[PlannedEvent]:
    """What is to be sent again under its old id: every event that no send of it is known to have delivered."""
    from tideline.local.journal import read

    sends = list(read(journal))
    delivered = set() if everything else {send.event for send in sends if send.phase == "ok"}
    return iter(dict.fromkeys(send.event for send in sends if send.event not in delivered))


def _until_stopped(replayer: Replayer, events: Iterator[PlannedEvent], pace: Pace) -> Summary:
    """SIGINT and SIGTERM end the replay in order: what is under way is waited for and journalled."""
    import signal

    handled = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: replayer.stop()) for number in handled]
    try:
        return replayer.replay(events, pace)
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)


def _tell(summary: Summary, journal: Path, *, as_json: bool) -> None:
    import json

    if as_json:
        click.echo(json.dumps({**summary.as_json(), "journal": str(journal)}))
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(summary.kinds.items())) or "none"
    speed = f"{summary.ok / summary.seconds:,.0f}/s" if summary.seconds > 0 else "-"
    click.echo(f"acknowledged {summary.ok:,} of {summary.sends:,} sends in {summary.seconds:.1f} s ({speed}): {kinds}")
    if summary.unknown or summary.failed:
        click.echo(f"unknown {summary.unknown:,} (sent again {summary.resent:,}), refused {summary.failed:,}")
    click.echo(f"journal {journal}")
