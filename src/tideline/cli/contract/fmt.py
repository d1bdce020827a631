"""`tideline contract fmt`: write contract files in the one layout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.adapters.odcs import Finding


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit code 4 when a file is not in the layout.")
def command(paths: tuple[Path, ...], check: bool) -> int:
    """Put keys in the standard's order and indent by two spaces; comments and meaning stay as they are."""
    from tideline.adapters.odcs.finding import Refused
    from tideline.adapters.odcs.layout import lay_out
    from tideline.adapters.odcs.source import read_raw
    from tideline.cli.contract.files import contract_files, replace_whole
    from tideline.index import printable
    from tideline.settings import settings

    findings: list[Finding] = []
    changed = files = 0
    for path in contract_files(paths or (settings().contracts,), findings):
        files += 1
        try:
            raw = read_raw(path, printable(path))
            laid = lay_out(raw, printable(path)).encode()
        except Refused as refused:
            findings.append(refused.finding)
            continue
        if laid != raw:
            changed += 1
            click.echo(f"{printable(path)}: {'not in the layout' if check else 'laid out anew'}")
            if not check:
                replace_whole(path.resolve(), laid)
    for finding in findings:
        click.echo(str(finding), err=True)
    click.echo(f"{files} file{'s' if files != 1 else ''}, {changed or 'none'} {'to change' if check else 'changed'}")
    return 4 if findings or (check and changed) else 0
