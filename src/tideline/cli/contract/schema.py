"""`tideline contract schema`: the JSON Schema for editors."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead of printing it."
)
def command(output: Path | None) -> None:
    """Print the JSON Schema of contracts: the standard's, with Tideline's keys, their values and what they mean."""
    from tideline.adapters.odcs import editor_schema

    text = editor_schema()
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{output}: written")
