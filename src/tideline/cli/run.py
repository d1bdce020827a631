"""`tideline run`: one stage of a run, or a whole run without Airflow.

Airflow calls exactly this, one task per stage. A stage is a pure function of (run key, contract hash): calling it again
with the same run key does nothing that is done already. Exit codes are those of the error tree (`tideline --help`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.batch.stages import Run

STAGES = ("cut", "ingest", "refine", "model", "audit", "publish")  # tideline.planning, in order
AFTER_RELEASE = ("marts",)  # a DAG of its own: it reads the release and delays none
_KEY = re.compile(r"[A-Za-z0-9._-]{1,200}")


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
    from tideline.batch.stages import Run
    from tideline.index import check_fresh, load_contract
    from tideline.planning import Kind, Request
    from tideline.settings import settings

    if key is None and stage is not None:
        raise click.UsageError("a STAGE belongs to a run: name it with --run-key")
    own = settings()
    check_fresh(own.index, own.contracts, contract_id)
    request = Request(Kind.RESTATE, restate) if restate else Request()
    run = Run(load_contract(own.index, contract_id), request, key or _new_key(), own, click.echo)
    seconds: dict[str, float] = {}
    for name in (stage,) if stage else STAGES:
        started = time.monotonic()
        code = _stage(name, run)
        seconds[name] = round(time.monotonic() - started, 2)
        if code:
            ctx.exit(code)
        click.echo(f"{name}: done in {seconds[name]:.1f} s")
    if as_json:
        import json

        click.echo(json.dumps({"contract": contract_id, "run_key": run.key, "seconds": seconds}))


def _new_key() -> str:
    return f"manual__{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}"


def _stage(name: str, run: Run) -> int:
    """The exit code of one stage: a job run of its own where there is an application for them, else done here."""
    from tideline.batch.stages import STAGES

    if name == "ingest" and run.request.days is not None:
        click.echo("ingest: nothing to do: a restate reads bronze as it is")
        return 0
    verb = "restate" if name == "refine" and run.request.days is not None else name
    if run.settings.spark_application:
        return _on_aws(verb, run)
    if name not in STAGES:
        return _script(verb, run)
    STAGES[name](run)
    return 0


def _script(script: str, run: Run) -> int:
    """Run a job script against the Spark server; its own lines go on, library noise goes to a named log file."""
    from tideline.batch.submit import submit

    words: Sequence[str] = ("--contract", run.contract.id, "--run-key", run.key)
    return submit(script, words, run.settings, lambda line: click.echo(line, err=True))


def _on_aws(verb: str, run: Run) -> int:
    """The exit code of a stage as a job of EMR Serverless."""
    from tideline.batch.remote import run_there

    return run_there(
        verb, run.contract, run.key, run.settings, lambda line: click.echo(line, err=True), run.request.days
    )
