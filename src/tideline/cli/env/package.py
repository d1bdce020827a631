"""`tideline env package`: the code of this tree as an environment uploads it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="Folder of the manifest and of all versions.",
)
@click.option(
    "--architecture",
    type=click.Choice(["arm64", "x86_64"]),
    default="arm64",
    show_default=True,
    help="Processor of jobs and functions, as the environment says it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def command(out: Path, architecture: str, as_json: bool) -> None:
    """Pack DAGs, plugins, jobs, dbt project and functions with what they need; the same tree gives the same bytes."""
    from tideline.environments.logstore import build
    from tideline.environments.package import Sources, package
    from tideline.environments.packages import LockedPackages
    from tideline.index import check_fresh
    from tideline.local.jars import class_path, ensure_jars
    from tideline.settings import REPOSITORY, settings

    own = settings()
    check_fresh(own.index, own.contracts)
    ensure_jars(own)
    jars = [path for path in class_path(own, "spark") if not path.name.startswith("delta-")]  # EMR brings Delta
    with tempfile.TemporaryDirectory() as scratch:
        log_store = build(REPOSITORY / "spark_jobs" / "logstore", Path(scratch), own)
        jars += [*class_path(own, "msk"), log_store]
        sources = Sources(REPOSITORY, own.contracts, own.dbt_project, own.index, jars)
        manifest = package(sources, LockedPackages(REPOSITORY), out, architecture)
    if as_json:
        click.echo(json.dumps(manifest))
        return
    for name, facts in manifest["files"].items():
        click.echo(f"{facts['bytes']:>12,}  {name}")
    if manifest["dirty"]:
        click.echo(
            "packed files differ from the commit: an environment refuses this package unless it allows dirty ones"
        )
    click.echo(f"{out / 'manifest.json'}: version {manifest['version']}")
