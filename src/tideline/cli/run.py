"""`tideline run`: one stage of a run, or a whole run without Airflow.

Airflow calls exactly this, one task per stage. A stage is a pure function of (run key, contract hash): calling it again
with the same run key does nothing that is done already. Exit codes are those of the error tree (`tideline --help`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.batch.model import Gold
    from tideline.model.contract import Contract
    from tideline.planning import Request
    from tideline.settings import Settings

STAGES = ("cut", "ingest", "refine", "model", "audit", "publish")  # tideline.planning, in order
AFTER_RELEASE = ("marts",)  # a DAG of its own: it reads the release and delays none
_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")


@dataclass(frozen=True, slots=True)
class Run:
    """What every stage is told."""

    contract: Contract
    request: Request
    key: str
    settings: Settings


def _key(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _KEY.fullmatch(value):
        raise click.BadParameter(f"{value!r} has other characters than A-Z a-z 0-9 . _ - (at most 200)", ctx, param)
    return value


def _days(ctx: click.Context, param: click.Parameter, value: tuple[str, str] | None) -> tuple[date, date] | None:
    if value is None:
        return None
    try:
        first, end = (date.fromisoformat(day) for day in value)
    except ValueError:
        raise click.BadParameter(
            "give two days like 2011-01-04 2011-01-06 (the second is exclusive)", ctx, param
        ) from None
    if not first < end:
        raise click.BadParameter(f"the days [{first}, {end}) are empty", ctx, param)
    return first, end


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.argument("stage", required=False, type=click.Choice(STAGES + AFTER_RELEASE))
@click.option("--run-key", "key", callback=_key, help="Names the run; with a STAGE it is required.")
@click.option(
    "--restate", nargs=2, callback=_days, metavar="FROM TO", help="Compute these UTC days again; TO is exclusive."
)
@click.option("--json", "as_json", is_flag=True, help="End with one JSON line about what was run.")
@click.pass_context
def command(
    ctx: click.Context,
    contract_id: str,
    stage: str | None,
    key: str | None,
    restate: tuple[date, date] | None,
    as_json: bool,
) -> None:
    """Run STAGE of one run of CONTRACT; without STAGE all from cut to publish, in order. Name `marts` to run it."""
    from tideline.index import check_fresh, load_contract
    from tideline.planning import Kind, Request
    from tideline.settings import settings

    if key is None and stage is not None:
        raise click.UsageError("a STAGE belongs to a run: name it with --run-key")
    own = settings()
    check_fresh(own.index, own.contracts, contract_id)
    request = Request(Kind.RESTATE, restate) if restate else Request()
    run = Run(load_contract(own.index, contract_id), request, key or _new_key(), own)
    seconds: dict[str, float] = {}
    for name in (stage,) if stage else STAGES:
        started = time.monotonic()
        code = _RUNNERS[name](run)
        seconds[name] = round(time.monotonic() - started, 2)
        if code:
            ctx.exit(code)
        click.echo(f"{name}: done in {seconds[name]:.1f} s")
    if as_json:
        import json

        click.echo(json.dumps({"contract": contract_id, "run_key": run.key, "seconds": seconds}))


def _new_key() -> str:
    return f"manual__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}"


def _cut(run: Run) -> int:
    from tideline import wiring
    from tideline.batch.cut import Doors, choose_cut

    doors = Doors(
        log=wiring.event_log(run.settings),
        documents=wiring.documents(run.settings),
        tables=wiring.tables(run.settings),
        now=lambda: datetime.now(UTC),
        epoch_s=run.settings.epoch_s,
    )
    cut = choose_cut(run.contract, run.request, run.key, doors)
    for partition, end in cut.to:
        click.echo(f"cut: partition {partition} [{cut.start.at(partition)}, {end})")
    return 0


def _ingest(run: Run) -> int:
    if run.request.days is not None:
        click.echo("ingest: nothing to do: a restate reads bronze as it is")
        return 0
    return _spark("ingest", run)


def _refine(run: Run) -> int:
    return _spark("refine" if run.request.days is None else "restate", run)


def _spark(script: str, run: Run) -> int:
    """Run a job script against the Spark server; its own lines go on, library noise goes to a named log file."""
    if run.settings.spark_application:
        return _spark_on_aws(script, run)
    from tideline.batch.submit import submit

    words: Sequence[str] = ("--contract", run.contract.id, "--run-key", run.key)
    return submit(script, words, run.settings, lambda line: click.echo(line, err=True))


def _spark_on_aws(script: str, run: Run) -> int:
    """Run a job script as a job of EMR Serverless, and cancel it when this process is told to stop."""
    from tideline import wiring
    from tideline.batch.remote import job_of, told_to_stop

    job = job_of(script, run.contract, run.key, run.settings)
    with told_to_stop() as stop:
        return wiring.serverless_jobs(run.settings).run(job, stop.wait, lambda line: click.echo(line, err=True))


def _model(run: Run) -> int:
    from tideline.batch.model import build_views

    for view, version in sorted(build_views(run.contract, run.key, _gold(run)).items()):
        click.echo(f"model: {view} is version {version}")
    return 0


def _audit(run: Run) -> int:
    from tideline import wiring
    from tideline.batch.audit import Limits, audit_run

    limits = Limits(run.settings.quarantine_percent, run.settings.quarantine_rows)
    found = audit_run(run.contract, run.key, wiring.documents(run.settings), wiring.tables(run.settings), limits)
    for check in found.checks:
        verdict = "WARNING" if check.warning else "passed" if check.passed else "FAILED"
        click.echo(f"audit: {check.name} {verdict}: {check.detail}")
    return 0


def _publish(run: Run) -> int:
    from tideline import wiring
    from tideline.batch.publish import publish

    release = publish(run.contract, run.key, wiring.documents(run.settings), lambda: datetime.now(UTC))
    if release is None:
        click.echo("publish: nothing to publish yet")
    else:
        click.echo(f"publish: release {release.number} of run {release.run_key} is live")
    return 0


def _marts(run: Run) -> int:
    from tideline.batch.model import build_docs, build_marts

    gold = _gold(run)
    build_marts(run.contract, run.key, gold)
    click.echo(f"marts: dbt's page is {build_docs(gold)}")
    return 0


def _gold(run: Run) -> Gold:
    from tideline import wiring
    from tideline.batch.model import Gold

    return Gold(wiring.documents(run.settings), wiring.tables(run.settings), run.settings, click.echo)


_RUNNERS: dict[str, Callable[[Run], int]] = {
    "cut": _cut,
    "ingest": _ingest,
    "refine": _refine,
    "model": _model,
    "audit": _audit,
    "publish": _publish,
    "marts": _marts,
}
