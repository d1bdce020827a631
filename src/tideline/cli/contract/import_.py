"""`tideline contract import`: make a contract out of what is there."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tideline.adapters.odcs import Finding
    from tideline.importing.draft import Draft
    from tideline.importing.writing import Written

_KINDS = ["short", "csv", "json", "parquet", "jsonschema", "avro", "delta", "database"]


@click.command()
@click.argument("source")
@click.option("--from", "kind", type=click.Choice(_KINDS), help="What SOURCE is, when its name does not tell.")
@click.option("--table", default="", help="The table of a database.")
@click.option("--domain", default="", help="Domain of the product.")
@click.option("--name", default="", help="Name of the product.")
@click.option("--owner", default="", help="The team that answers for it.")
@click.option("--purpose", default="", help="One sentence: what the data is for.")
@click.option("--retention", default="", help="How long it is kept, such as 400d or 10y.")
@click.option("--key", default="", help="Required text field that is the same for repeats of an event.")
@click.option("--event-time", default="", help="Timestamp that says when it happened.")
@click.option("--timezone", default="", help="Zone of timestamps that carry no offset.")
@click.option("--topic", default="", help="Topic of the events; domain.name.v1 unless told.")
@click.option("--rename", is_flag=True, help="Write names as snake_case; the events must then carry them so.")
@click.option("--no-enums", is_flag=True, help="Take no values of a sample over, not even as an enum.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; - prints.")
@click.option("--force", is_flag=True, help="Write over an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print what is open, noted and found as JSON.")
def command(source: str, kind: str | None, output: Path | None, *, force: bool, as_json: bool, **said: Any) -> int:
    """Make an ODCS file out of SOURCE: a short form, a sample, a Delta table, a schema or a database's URL.

    What cannot be decided stays open in the file (`# DECIDE:`) in a way that lint refuses. Exit code 4 while it is.
    """
    from tideline.importing.deciding import Said, settle
    from tideline.importing.source import Kind, kind_of, read
    from tideline.importing.writing import write

    table, enums = said.pop("table"), not said.pop("no_enums")
    draft = read(source, Kind(kind) if kind else kind_of(source), table, enums=enums)
    settle(draft, Said(**said))
    written = write(draft)
    path = output or Path(f"{draft.name or 'contract'}.odcs.yaml")
    findings = _examined(written.text, str(path))
    if str(path) == "-":
        click.echo(written.text, nl=False)
    else:
        _save(path, written.text, force=force)
    _report(path, draft, written, findings, as_json=as_json)
    return 4 if written.open or findings else 0


def _examined(text: str, shown_as: str) -> list[Finding]:
    """What lint says about the text, before it lies anywhere."""
    from tideline.adapters.odcs import examine

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "imported.odcs.yaml"
        path.write_text(text, encoding="utf-8")
        return examine(path, shown_as=shown_as)[1]


def _save(path: Path, text: str, *, force: bool) -> None:
    from tideline.model.errors import Fatal

    if path.exists() and not force:
        raise Fatal("TL-IMP-007", "the file is there already", where=str(path), fix="--output another, or --force")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _report(path: Path, draft: Draft, written: Written, findings: list[Finding], *, as_json: bool) -> None:
    """What a person has to do, on standard error when the contract itself went to standard output."""
    waiting = {decision.line for decision in written.open}
    other = [finding for finding in findings if finding.line not in waiting]
    to_error = str(path) == "-"
    if as_json:
        document = {
            "file": str(path), "open": [asdict(decision) for decision in written.open], "notes": draft.notes,
            "findings": [asdict(finding) for finding in other],
        }  # fmt: skip
        click.echo(json.dumps(document), err=to_error)
        return
    for note in draft.notes:
        click.echo(f"note: {note}", err=to_error)
    for decision in written.open:
        click.echo(f"{path}:{decision.line}: DECIDE {decision.what}", err=to_error)
    for finding in [] if written.open else other:
        click.echo(str(finding), err=to_error)
    count = len(written.open)
    if count:
        verdict = f"{count} decision{'s' if count > 1 else ''} open: lint refuses it until they are taken"
    else:
        verdict = f"{len(findings)} findings of lint" if findings else "complete, lint finds nothing"
    click.echo(f"{path}: {verdict}", err=to_error)
