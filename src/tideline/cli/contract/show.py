"""`tideline contract show`: explain one contract."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("contract_id")
@click.option("--json", "as_json", is_flag=True, help="Print the compiled contract as JSON.")
def command(contract_id: str, as_json: bool) -> None:
    """Explain one contract of the index: event, rules, gates, views and what is stored for them."""
    from tideline.index import load_contract, was_edited
    from tideline.model.contract import dump_index_entry
    from tideline.settings import settings

    contract = load_contract(settings().index, contract_id)
    if was_edited(settings().index, settings().contracts, contract_id):
        click.echo("note: the contract's file was changed since it was compiled; run tideline compile", err=True)
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
    for gate in contract.gates:
        over = f" of {', '.join(gate.columns)}" if gate.columns else ""
        place = f"{gate.table or 'silver'}{', rows of the run' if gate.run_only else ''}"
        click.echo(f"gate {gate.name}: {gate.metric.value}{over} on {place} {gate.promise}, else {gate.action.value}")
    for view in contract.views:
        dimensions = ", ".join(dimension.name for dimension in view.dimensions)
        click.echo(f"view {view.name} by {dimensions}{', from gold alone' if view.batch_only else ''}")
        for measure in view.measures:
            stored = ", ".join(column.name for column in contract.measure_states(measure))
            click.echo(f"  {measure.name:<24}{measure.kind.value:<16}{measure.expression or '':<28}stored as {stored}")
