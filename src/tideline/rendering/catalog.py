"""Contract -> catalog entries: table definitions in the words of the Glue Data Catalog.

One file per contract, `_generated/catalog/DOMAIN/PRODUCT.json`: `{"tables": [TableInput + DatabaseName]}`. Types are
Hive's, which are Spark's. Locations are relative to the lake; whoever applies the file puts its root before them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tideline.model import expression
from tideline.model.contract import Contract, Dimension, EventField, Grain, Measure, View
from tideline.model.measure import MeasureKind
from tideline.rendering import spark

FOLDER = "_generated/catalog"
_FIXED = {MeasureKind.COUNT: "bigint", MeasureKind.APPROX_DISTINCT: "bigint", MeasureKind.AVG: "decimal(38,6)"}


def render(contracts: Mapping[str, Contract]) -> dict[str, str]:
    """The text of each file, by its path relative to the Terraform folder."""
    return {
        f"{FOLDER}/{contract.domain}/{contract.product}.json": _json({"contract": id_, "tables": tables(contract)})
        for id_, contract in sorted(contracts.items())
    }


def tables(contract: Contract) -> list[dict[str, Any]]:
    """Bronze, silver, quarantine, then one table per gold view."""
    words = {
        "bronze": "Raw records as they came. Grain: one row per record.",
        "silver": f"{contract.description} Typed and deduplicated. Grain: one row per counted event.",
        "quarantine": "Events that could not be read or broke a rule, with the reason. Grain: one row per event.",
    }
    found = []
    for layer in spark.LAYERS:
        fields = contract.by_name if layer == "silver" else {}
        columns = [_column(c.name, c.type, c.description, fields.get(c.name)) for c in spark.columns(layer, contract)]
        place = f"{layer}/{contract.domain}/{contract.product}"
        name = spark.table_name(layer, contract).partition(".")[2]
        found.append(_table(contract, (layer, name), place, words[layer], columns))
    return found + [_view(contract, view) for view in contract.views]


def _view(contract: Contract, view: View) -> dict[str, Any]:
    grain = ", ".join(dimension.name for dimension in view.dimensions)
    columns = [_column(d.name, dimension_type(contract, d), d.description) for d in view.dimensions]
    for measure in view.measures:
        for state in contract.measure_states(measure):
            part = state.name.rsplit("__", 1)[1]
            text = f"State of {measure.name}: merges with newer events, not for reading."
            columns.append(_column(state.name, _state_type(contract, measure, part), text))
    columns += [_column(m.name, measure_type(contract, m), m.description) for m in view.measures]
    words = f"{view.description} Batch part of the served view. Grain: one row per {grain}."
    return _table(contract, ("gold", view.name), f"gold/{view.name}", words, columns)


def _table(
    contract: Contract, name: tuple[str, str], place: str, words: str, columns: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "DatabaseName": name[0],
        "Name": name[1],
        "Description": words,
        "Owner": contract.owner,
        "Retention": contract.retention.days,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "table_type": "DELTA",
            "spark.sql.sources.provider": "delta",
            "tideline.contract": contract.id,
            "tideline.contract_version": contract.version,
            "tideline.owner": contract.owner,
            "tideline.tier": contract.tier,
            "tideline.classification": classification(contract, name[0]),
        },
        "StorageDescriptor": {"Location": place, "Columns": columns},
    }


def classification(contract: Contract, layer: str) -> str:
    """The strictest class of data in a layer: raw layers hold every field, gold none that is personal."""
    if layer == "gold":
        return "internal"
    order = ("public", "internal", "confidential", "restricted")
    classes = {field.classification for field in _all(contract.fields)}
    unknown = sorted(classes - set(order))
    return unknown[0] if unknown else max(classes, key=order.index)


def _all(fields: tuple[EventField, ...]) -> list[EventField]:
    return [one for field in fields for one in (field, *_all(field.inner))]


def _column(name: str, kind: str, words: str, field: EventField | None = None) -> dict[str, Any]:
    column: dict[str, Any] = {"Name": name, "Type": kind.lower(), "Comment": words[:255]}
    if field is not None:
        masking = "" if field.masking is None else field.masking.value
        facts = {"classification": field.classification, "pii": "true" if field.pii else "", "masking": masking}
        column["Parameters"] = {key: value for key, value in facts.items() if value}
    return column


def dimension_type(contract: Contract, dimension: Dimension) -> str:
    """The Spark type of a dimension: a grain makes a date or a timestamp, else it is the column's own."""
    if dimension.grain is not None:
        return "date" if dimension.grain is Grain.DAY else "timestamp"
    return _type_of(contract, dimension.column)


def measure_type(contract: Contract, measure: Measure) -> str:
    """The Spark type of what a reader of gold sees."""
    if measure.kind in _FIXED:
        return _FIXED[measure.kind]
    if measure.expression is None:
        return "bigint"
    node = expression.parse(measure.expression)
    if isinstance(node, expression.Column) and measure.kind is not MeasureKind.SUM:
        return _type_of(contract, node.name)
    return f"decimal(38,{contract.measure_scale(measure)})"


def _state_type(contract: Contract, measure: Measure, part: str) -> str:
    if part in ("count", "sketch"):
        return "bigint" if part == "count" else "binary"
    if part == "sum":
        return f"decimal(38,{contract.measure_scale(measure)})"
    value = measure_type(contract, measure)
    return f"struct<event_us:bigint,partition:int,position:bigint,value:{value}>" if part == "latest" else value


def _type_of(contract: Contract, path: str) -> str:
    """The type of a column, or of the member of an object that a dotted path names."""
    if path in {column.name for column in contract.derived}:
        return "boolean"
    name, *inner = path.split(".")
    field = contract.by_name[name]
    for word in inner:
        field = next(member for member in field.fields if member.name == word)
    return spark.spark_type(field)


def _json(document: Mapping[str, Any]) -> str:
    """One column per line: a changed column is one line of a diff."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
