"""`tideline contract docs`: write the site about all contracts."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder of the site; .tideline/site unless told."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(output: Path | None, as_json: bool) -> None:
    """Write a static, searchable site about the contracts of the index. It opens from the disk, without a server."""
    import json

    from tideline.index import load_index
    from tideline.settings import settings
    from tideline.site import publish

    folder = output or settings().home / "site"
    counts = publish(load_index(settings().index), folder)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), **counts}))
        return
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
    click.echo(f"{folder / 'index.html'}: {told}")
