"""`tideline up`: start the platform and show each service with the seconds it took."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tideline.settings import Settings


@click.command()
@click.option("--only", default="", metavar="NAMES", help="Comma-separated: kafka, spark, airflow, speed, serving.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until every service is ready.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON at the end.")
def command(only: str, wait: bool, as_json: bool) -> None:
    """Start the platform: broker, Spark, Airflow, speed layer, serving layer. They stay up until `tideline down`."""
    from tideline.index import check_fresh
    from tideline.local.checkup import require
    from tideline.local.java import find_java
    from tideline.local.platform import choose, services
    from tideline.local.report import is_running, read
    from tideline.local.supervisor import start_daemon, stop_orphans
    from tideline.settings import settings

    here = settings()
    names = [name for name in only.split(",") if name]
    wanted = choose(services(here, find_java(here)), names)
    if is_running(here):
        _refuse_other_services([service.name for service in wanted], read(here) or {})
        if not as_json:
            click.echo(f"already running (pid {(read(here) or {}).get('pid')}, home {here.home})")
    else:
        check_fresh(here.index, here.contracts)
        left = stop_orphans(here)
        if left and not as_json:
            click.echo(f"stopped what a killed supervisor had left running: {', '.join(left)}")
        require(here, wanted)
        start_daemon(here, names)
    if wait:
        _follow(here, quiet=as_json)
    if as_json:
        click.echo(json.dumps(read(here)))
    elif wait:
        _links(here)


def _refuse_other_services(wanted: list[str], document: dict[str, Any]) -> None:
    from tideline.model.errors import Fatal

    lacking = sorted(set(wanted) - {service["name"] for service in document.get("services", [])})
    if lacking:
        raise Fatal(
            "TL-SVC-006", f"the platform runs without {', '.join(lacking)}", fix="tideline down, then tideline up"
        )


def _follow(here: Settings, *, quiet: bool) -> None:
    """Print services as they become ready; raises Retriable when one is in a crash loop."""
    import time

    from tideline.local.report import is_running, read
    from tideline.model.errors import Retriable

    shown: set[str] = set()
    begun, screen = time.monotonic(), sys.stderr.isatty() and not quiet
    while True:
        every = (read(here) or {"services": []})["services"]
        for service in every:
            if service["state"] == "failed":
                raise Retriable("TL-SVC-007", f"{service['name']} {service['message']}", where=service["log"])
            if service["state"] == "ready" and service["name"] not in shown:
                shown.add(service["name"])
                if not quiet:
                    line = f"{service['name']:<18} ready in {service['seconds']:>5.1f} s"
                    click.echo(("\r\033[K" if screen else "") + line)
        waiting = [service["name"] for service in every if service["name"] not in shown]
        if not waiting:
            return
        if not is_running(here):
            raise Retriable("TL-SVC-008", "the supervisor is gone", where=str(here.logs / "supervisor.log"))
        if screen:
            click.echo(
                f"\r\033[K{time.monotonic() - begun:4.0f} s  waiting for {', '.join(waiting)}", nl=False, err=True
            )
        time.sleep(0.1)


def _links(here: Settings) -> None:
    from tideline.local.airflow_home import USER, password_file
    from tideline.local.report import read

    notes = {
        "serving": "live page; the API is described at /docs",
        "speed": "counters of the speed layer",
        "airflow-api": f"user {USER}, password in {password_file(here)}",
    }
    for service in (read(here) or {"services": []})["services"]:
        if service["url"]:
            note = notes.get(service["name"])
            click.echo(f"{service['name']:<18} {service['url']}" + (f"  ({note})" if note else ""))
