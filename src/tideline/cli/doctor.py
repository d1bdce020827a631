"""`tideline doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import json
import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Check Python, Java, jars, disk, memory, ports, index, browser. Exit code 2 when something needed is missing."""
    from dataclasses import asdict

    from tideline.local.checkup import findings
    from tideline.settings import settings

    found = findings(settings())
    healthy = all(finding.good or finding.optional for finding in found)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in found]}))
    else:
        for finding in found:
            mark = "ok  " if finding.good else ("--  " if finding.optional else "FAIL")
            click.echo(f"{mark} {finding.name:<8} {finding.detail}")
            if finding.fix:
                click.echo(f"     {'':<8} {finding.fix}")
    sys.exit(0 if healthy else 2)
