"""`tideline contract`: read, check and explain contracts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.group()
def command() -> None:
    """Read, check and explain contracts."""


@command.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def lint(paths: tuple[Path, ...], form: str, as_json: bool) -> int:
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


@command.command()
@click.argument("contract_id")
@click.option("--json", "as_json", is_flag=True, help="Print the compiled contract as JSON.")
def show(contract_id: str, as_json: bool) -> None:
    """Explain one contract of the index: event, rules, views and what is stored for them."""
    from tideline.index import load_contract
    from tideline.model.contract import dump_index_entry
    from tideline.settings import settings

    contract = load_contract(settings().index, contract_id)
    if as_json:
        click.echo(json.dumps({**dump_index_entry(contract), "id": contract.id, "hash": contract.hash}))
        return
    click.echo(f"{contract.id} {contract.version} (hash {contract.hash}), owned by {contract.owner}")
    click.echo(
        f"{contract.description}\n\nevent on topic {contract.stream.topic}, {contract.stream.partitions} partitions"
    )
    for field in contract.fields:
        needed = "required" if field.required else "optional"
        click.echo(f"  {field.name:<24}{field.type.value:<11}{needed}{'  PII' if field.pii else ''}")
    for rule in contract.rules:
        click.echo(f"rule {rule.name}: {rule.expression}")
    for view in contract.views:
        dimensions = ", ".join(dimension.name for dimension in view.dimensions)
        click.echo(f"view {view.name} by {dimensions}")
        for measure in view.measures:
            stored = ", ".join(column.name for column in contract.measure_states(measure))
            click.echo(f"  {measure.name:<24}{measure.kind.value:<16}{measure.expression or '':<28}stored as {stored}")
