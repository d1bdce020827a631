"""`tideline env tfvars`: what the contracts ask of an environment."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.option(
    "-e", "--environment", "names", multiple=True, help="dev, staging or prod; all that there are, if left out."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 4 when a file is missing or stale.")
@click.option("--print", "shown", is_flag=True, help="Print the inputs instead of writing them.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(names: tuple[str, ...], check: bool, shown: bool, as_json: bool) -> int:
    """Write topics, places, life times, roles and tables of every contract beside the inputs of each environment."""
    from tideline.environments.folder import environment_folders
    from tideline.environments.marts import written_models
    from tideline.index import check_fresh, load_index
    from tideline.rendering import environment
    from tideline.settings import settings

    check_fresh(settings().index, settings().contracts)
    text = environment.render(load_index(settings().index), written_models(settings().dbt_project))
    if shown:
        click.echo(text, nl=False)
        return 0
    found = [(folder / environment.FILE) for folder in environment_folders(settings().terraform, names)]
    stale = [path for path in found if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if not check:
        for path in stale:
            _write(path, text)
    _tell(stale, check=check, as_json=as_json)
    return 4 if check and stale else 0


def _write(path: Path, text: str) -> None:
    """By another name first, so that Terraform never reads half a file."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _tell(stale: list[Path], *, check: bool, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"changed": [str(path) for path in stale], "written": not check}))
        return
    for path in stale:
        click.echo(f"{path}: {'stale' if check else 'written'}")
    if not stale:
        click.echo("what the contracts ask of the environments is fresh")
    elif check:
        click.echo("TL-ENV-002 inputs of environments are stale. Fix: run: tideline env tfvars", err=True)
