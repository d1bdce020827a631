"""`tideline contract export`: write a contract in another tool's format."""

from __future__ import annotations

from pathlib import Path

import click

# as in tideline.exporting, which is not imported for --help
_OWN = ("json", "jsonschema", "avro", "sql")


@click.command()
@click.argument("contract_id")
@click.option("--format", "form", default="jsonschema", show_default=True, metavar="FORMAT", help="See below.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; - prints.")
def command(contract_id: str, form: str, output: Path | None) -> None:
    """Write one contract of the index as json, jsonschema, avro or sql (Spark DDL).

    With datacontract-cli on the PATH also as avro-idl, bigquery, data-caterer, dbml, dbt-models, dbt-sources,
    dbt-staging-sql, dcs, dqx, go, great-expectations, html, iceberg, markdown, mermaid, odcs, protobuf, pydantic-model,
    rdf, sodacl, spark, sql-query, sqlalchemy, xsd.
    """
    from tideline.exporting import FOREIGN, foreign, own
    from tideline.index import load_contract, was_edited
    from tideline.settings import settings

    if form not in (*_OWN, *FOREIGN):
        raise click.UsageError(f"there is no format {form!r}; take one of {', '.join((*_OWN, *FOREIGN))}")
    contract = load_contract(settings().index, contract_id)
    source = settings().contracts / str(contract.source)
    text = own(contract, form) if form in _OWN else foreign(contract, source, form)
    if was_edited(settings().index, settings().contracts, contract_id):
        click.echo(f"note: {source} was changed since it was compiled; run tideline compile", err=True)
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
