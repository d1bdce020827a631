"""`tideline compile`: contracts to the index, dbt files, catalog entries and Terraform inputs, always written whole."""

from __future__ import annotations

import json
from pathlib import Path

import click

_SHOWN = 50  # files; thousands of contracts have ten times as many


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 4 when anything is stale.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(check: bool, as_json: bool) -> int:
    """Compile the contracts into dags/_generated, dbt_project/models/_generated and infra/terraform/_generated."""
    from tideline.generated import Places, generate
    from tideline.settings import settings

    stale = generate(Places.of(settings()), check=check)
    _tell(stale, check=check, as_json=as_json)
    return 4 if check and stale else 0


def _tell(stale: dict[Path, str], *, check: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"changed": {str(path): why for path, why in stale.items()}, "written": not check}))
        return
    done = {} if check else {"missing": "written", "stale": "written anew", "left over": "removed"}
    for path, why in list(stale.items())[:_SHOWN]:
        click.echo(f"{path}: {done.get(why, why)}")
    if len(stale) > _SHOWN:
        click.echo(f"... and {len(stale) - _SHOWN:,} more (--json names all)")
    if not stale:
        click.echo("everything generated is fresh")
    elif check:
        click.echo("TL-IDX-002 generated files are stale. Fix: run: tideline compile", err=True)
