"""`tideline down`: stop what `tideline up` started, and nothing else."""

from __future__ import annotations

import json
import time

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(as_json: bool) -> None:
    """Stop the platform of this home; its data stays."""
    from tideline.local.supervisor import stop_daemon
    from tideline.settings import settings

    begun = time.monotonic()
    ran = stop_daemon(settings())
    seconds = round(time.monotonic() - begun, 1)
    if as_json:
        click.echo(json.dumps({"stopped": ran, "seconds": seconds}))
    else:
        click.echo(f"stopped in {seconds} s" if ran else f"nothing runs in {settings().home}")
