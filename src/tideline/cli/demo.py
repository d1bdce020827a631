"""`tideline demo`: the main job from start to end, with every answer compared with an independent ledger."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tideline.local.steps import Steps
    from tideline.settings import Settings

MARK = "demo-home"  # says that a home holds nothing but a demo's data, which the next demo may delete


@click.command()
@click.option("--input", "source", type=click.Path(path_type=Path), help="Folder with online retail *.csv.gz files.")
@click.option("--events", "count", type=click.IntRange(1_000, 5_000_000), default=20_000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="Of the generator.")
@click.option(
    "--rate", type=click.FloatRange(1, 100_000), default=100, show_default=True, help="Per second, during runs."
)
@click.option("--crash", is_flag=True, help="Kill the speed layer, the Spark server and an Airflow task on the way.")
@click.option("--json", "as_json", is_flag=True, help="End with the facts as one JSON line.")
def command(source: Path | None, count: int, seed: int, rate: float, crash: bool, as_json: bool) -> None:
    """Run the main job, then leave the platform up. `tideline down` stops it."""
    from tideline.adapters.odcs import read_contract
    from tideline.index import check_fresh
    from tideline.local.checkup import require
    from tideline.local.demo import Demo, Options
    from tideline.local.java import find_java
    from tideline.local.platform import services
    from tideline.local.steps import Steps
    from tideline.model.errors import Fatal
    from tideline.settings import settings

    here, steps = settings(), Steps()
    if source is not None and not source.is_dir():
        raise Fatal(
            "TL-DEMO-010", "there is no such folder", where=str(source), fix="leave INPUT out to use the generator"
        )
    check_fresh(here.index, here.contracts)
    _fresh_home(here)
    require(here, services(here, find_java(here)))
    path = here.contracts / "retail" / "sales.odcs.yaml"
    demo = Demo(here, read_contract(path), path, Options(source, seed, count, rate, crash), steps)
    facts = demo.run()
    _tell(facts, here, steps)
    if as_json:
        click.echo(json.dumps(facts))


def _fresh_home(here: Settings) -> None:
    """An earlier demo's data is deleted; anything else is left alone and refused."""
    from tideline.local.report import is_running
    from tideline.model.errors import Fatal

    used = here.home.exists() and any(here.home.iterdir())
    if used and is_running(here):
        raise Fatal("TL-DEMO-011", "the platform already runs", where=str(here.home), fix="make down, then make demo")
    mark = here.home / MARK
    if used:
        holds = {entry.name for entry in here.home.iterdir()} - {"logs", "run"}  # set-up writes its log there
        if holds and not mark.exists():
            raise Fatal(
                "TL-DEMO-012",
                "this home holds data that no demo made",
                where=str(here.home),
                fix="name another one: TIDELINE_HOME=/path/to/folder make demo",
            )
        shutil.rmtree(here.home)
    here.home.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _tell(facts: dict[str, Any], here: Settings, steps: Steps) -> None:
    ledger, answers, total = facts["ledger"], facts["answers"], facts["total"]
    say = steps.plain
    say()
    say("  What happened")
    classes = ", ".join(f"{number:,} {kind}" for kind, number in sorted(facts["sent_by_class"].items()))
    say(f"    events sent            {facts['sent']:,} ({classes})")
    say(f"    counted                {ledger['good']:,}")
    say(f"    duplicates dropped     {ledger.get('deduplicated', 0):,}")
    say(f"    quarantined            {ledger.get('quarantined', 0):,}")
    for reason, number in sorted(ledger["reasons"].items(), key=lambda entry: (-entry[1], entry[0])):
        if number:
            say(f"        {number:>6,}  {reason}")
    say("    coverage               partition: batch up to / log end")
    for partition, end in sorted(facts["log_end"].items(), key=lambda entry: int(entry[0])):
        say(f"        {partition:>3}: {facts['coverage'].get(partition, 0):>9,} / {end:,}")
    say(f"    release                {facts['release']}")
    say(f"    revenue                {total['revenue']} in {total['lines']:,} lines, equal to the ledger to the cent")
    seams = f"gap {facts['holes']}, overlap {facts['overlaps']}"
    say(f"    answers compared       {answers['compared']:,} with the ledger: {facts['wrong']} wrong, {seams}")
    parts = f"{answers['with_speed_part']:,} with a speed part, {answers['with_batch_part']:,} with a batch part"
    say(f"        of them            {parts}")
    if answers["unanswered"]:
        say(f"        not answered       {answers['unanswered']:,} while something was down")
    say(f"    first live answer      after {facts['first_live_s']} s; all done after {facts['seconds']} s")
    say()
    say("  Look around (make down stops it)")
    say(f"    live page   {here.serving_url}/")
    say(f"    API docs    {here.serving_url}/docs")
    say(f"    dbt docs    {here.serving_url}/dbt/   (once the marts DAG, which has just started, is done)")
    say(f"    Airflow     {here.airflow_url}/   user {facts['user']}, password in {facts['password_file']}")
    say(f"    logs        {here.logs}/")
