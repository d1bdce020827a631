"""`tideline logs`: the end of a service's log, or all of it as it comes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO

import click

NAMES = {
    "supervisor": ("supervisor.log",),
    "kafka": ("kafka.log", "kafka-server.log"),
    "spark": ("spark.log", "spark-server.log"),
    "airflow": ("airflow-api.log", "airflow-scheduler.log", "airflow-dags.log"),
    "airflow-api": ("airflow-api.log",),
    "airflow-scheduler": ("airflow-scheduler.log",),
    "airflow-dags": ("airflow-dags.log",),
    "speed": ("speed.log",),
    "serving": ("serving.log",),
    "cli": ("tideline-cli.log",),
}


@click.command()
@click.argument("service", metavar="SERVICE", type=click.Choice(list(NAMES)))
@click.option("-f", "--follow", is_flag=True, help="Keep printing what is added, until Ctrl-C.")
@click.option("-n", "--lines", default=40, show_default=True, type=click.IntRange(min=0), help="How many lines back.")
def command(service: str, follow: bool, lines: int) -> None:
    """Print the log of SERVICE; when it has several files, each line names its file.

    SERVICE is supervisor, kafka, spark, airflow (or airflow-api, airflow-scheduler, airflow-dags), speed, serving, or
    cli for what commands did not expect.
    """
    from tideline.local.process import last_lines
    from tideline.settings import settings

    files = [settings().logs / name for name in NAMES[service]]
    opened = [(path, _at_end(path)) for path in files if path.exists()]
    if not opened:
        click.echo(f"{service} has not written a log in {settings().logs} yet", err=True)
        return
    for path, _ in opened:
        for line in last_lines(path, lines).splitlines()[-lines:] if lines else ():
            _print(path, line, several=len(opened) > 1)
    while follow:
        found = [_more(path, handle, several=len(opened) > 1) for path, handle in opened]
        if not any(found):
            time.sleep(0.2)


def _at_end(path: Path) -> IO[str]:
    handle = path.open(errors="replace")
    handle.seek(0, 2)
    return handle


def _more(path: Path, handle: IO[str], *, several: bool) -> bool:
    found = False
    for line in handle:
        found = True
        _print(path, line.rstrip("\n"), several=several)
    return found


def _print(path: Path, line: str, *, several: bool) -> None:
    click.echo(f"{path.stem}: {line}" if several else line)
