"""`tideline contract lint`: check contract files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(paths: tuple[Path, ...], form: str, as_json: bool) -> int:
    """Check contract files (or folders of them): every finding with file:line:column. Exit code 4 when there is one."""
    from tideline.adapters.odcs import PATTERN, examine
    from tideline.settings import settings

    files: list[Path] = []
    for path in paths or (settings().contracts,):
        files += sorted(path.rglob(PATTERN)) if path.is_dir() else [path]
    if not files:
        raise click.UsageError(f"there is no {PATTERN} in {', '.join(map(str, paths)) or settings().contracts}")
    findings = [finding for path in files for finding in examine(path)[1]]
    if as_json or form == "json":
        click.echo(json.dumps({"files": len(files), "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{len(files)} contract{'s' if len(files) != 1 else ''}, {len(findings) or 'no'} findings")
    return 4 if findings else 0
