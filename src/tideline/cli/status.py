"""`tideline status`: what runs, where, since when and how often it was restarted."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(as_json: bool) -> None:
    """Show every service. Exit code 0 when all are ready, 75 when not."""
    from tideline.local.report import is_running, read
    from tideline.settings import settings

    here = settings()
    running = is_running(here)
    document: dict[str, Any] = (read(here) or {"services": []}) if running else {"services": []}
    ready = bool(document["services"]) and all(one["state"] == "ready" for one in document["services"])
    if as_json:
        click.echo(json.dumps({**document, "home": str(here.home), "running": running, "ready": ready}))
    elif not running:
        click.echo(f"nothing runs in {here.home}; start it with: tideline up")
    else:
        for one in document["services"]:
            click.echo(_line(one))
            if one["message"]:
                click.echo(f"{'':<18} {one['message']} (log: {one['log']})")
    sys.exit(0 if ready else 75)


def _line(one: dict[str, Any]) -> str:
    age = f"{time.time() - one['started']:.0f} s" if one["started"] and one["pid"] else "-"
    ports = " ".join(f"{name}:{number}" for name, number in one["ports"].items())
    restarts = f"restarted {one['restarts']} x" if one["restarts"] else ""
    return (
        f"{one['name']:<18} {one['state']:<10} pid {one['pid'] or '-':<8} up {age:<9} {ports:<40} {restarts}".rstrip()
    )
