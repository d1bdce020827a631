"""Contracts -> the generated half of the dbt project: sources, staging, one model per view, tests and exposures.

`render` returns every file whole, so a removed contract or view leaves nothing behind: the writer replaces the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tideline.model import gates
from tideline.model.contract import Contract, EventField, View
from tideline.model.field import NESTED, Masking
from tideline.model.gold import shown
from tideline.model.measure import MeasureKind, StateOp
from tideline.rendering import quality, spark, sql

FOLDER = "models/_generated"
PLACE = ("partition", "position", "log_time", "batch")
_PLACE_WORDS = {
    "partition": "Partition of the event topic.",
    "position": "Offset of the event in its partition.",
    "log_time": "When the broker appended the event (UTC).",
    "batch": "The refine batch that wrote the row.",
}


def render(contracts: Mapping[str, Contract]) -> dict[str, str]:
    """The text of each file, by its path relative to dbt_project/."""
    files: dict[str, str] = {}
    for _, contract in sorted(contracts.items()):
        place = f"{FOLDER}/{contract.domain}/{contract.product}"
        name = staging_name(contract)
        files[f"{place}/sources.yml"] = _yaml(contract, sources(contract))
        files[f"{place}/{name}.sql"] = _sql_header(contract) + staging_sql(contract)
        files[f"{place}/{name}.yml"] = _yaml(contract, staging_properties(contract))
        for view in contract.views:
            files[f"{place}/{view.name}.sql"] = view_model(contract, view)
            files[f"{place}/{view.name}.yml"] = _yaml(contract, view_properties(contract, view))
        if gates.measured(contract):
            name = quality.model_name(contract)
            files[f"{place}/{name}.sql"] = _sql_header(contract) + quality.model_sql(contract)
            said = quality.properties(contract, contract.tags, _meta(contract))
            files[f"{place}/{name}.yml"] = _yaml(contract, said)
    return files


def staging_name(contract: Contract) -> str:
    return f"stg_{contract.domain}_{contract.product}"


def staging_sql(contract: Contract) -> str:
    """Silver at its pinned version, with the contract's columns by name, without what is masked with omit."""
    columns = [(field.name, left) for field in contract.fields if (left := shown(field)) is not None]
    whole = {field.name: field for field in contract.fields}
    cells = [
        sql.quoted(name) if left == whole[name] else f"{_part(left, sql.quoted(name))} as {sql.quoted(name)}"
        for name, left in columns
    ]
    cells += [sql.quoted(name) for name in (*(column.name for column in contract.derived), *PLACE)]
    listed = ",\n    ".join(cells)
    config = "{{ config(materialized='ephemeral') }}"
    return f"{config}\n\nselect\n    {listed}\nfrom {{{{ silver('{contract.domain}', '{contract.product}') }}}}\n"


def _part(field: EventField, text: str, depth: int = 0) -> str:
    """The nested value `text` with only the members that the field has; a null stays null."""
    if field.fields:
        members = (f"{_part(inner, f'{text}.{sql.quoted(inner.name)}', depth)} as {sql.quoted(inner.name)}"
                   for inner in field.fields)  # fmt: skip
        return f"case when {text} is not null then struct({', '.join(members)}) end"
    item = f"item{depth}"
    if field.items is not None:
        return f"transform({text}, {item} -> {_part(field.items, item, depth + 1)})"
    if field.values is not None:
        return f"transform_values({text}, (key{depth}, {item}) -> {_part(field.values, item, depth + 1)})"
    return text


def view_model(contract: Contract, view: View) -> str:
    keys = json.dumps([dimension.name for dimension in view.dimensions])
    config = (
        "{{ config(\n    materialized='incremental',\n    incremental_strategy='merge',\n"
        f"    unique_key={keys},\n) }}}}\n\n"
    )
    return _sql_header(contract) + config + sql.view_sql(contract, view, staging_name(contract))


def sources(contract: Contract) -> dict[str, Any]:
    """Silver and quarantine as dbt sources: what gold is made of, and what was refused."""
    table = f"{contract.domain}_{contract.product}"
    silver = {
        "name": table,
        "description": f"{contract.description} Typed and deduplicated. Grain: one row per counted event.",
        "columns": _event_columns(contract, contract.fields),
        "config": {"meta": _meta(contract)},
    }
    quarantine = {
        "name": table,
        "description": "Events that could not be read or broke a rule, with the reason. Grain: one row per event.",
        "config": {"meta": _meta(contract)},
    }
    return {
        "version": 2,
        "sources": [
            {"name": "silver", "schema": "silver", "tables": [silver]},
            {"name": "quarantine", "schema": "quarantine", "tables": [quarantine]},
        ],
    }


def staging_properties(contract: Contract) -> dict[str, Any]:
    model = {
        "name": staging_name(contract),
        "description": f"{contract.description} The pinned version of silver. Grain: one row per counted event.",
        "config": {"tags": ["staging", contract.id, *contract.tags], "meta": _meta(contract)},
        "columns": _event_columns(contract, [left for field in contract.fields if (left := shown(field)) is not None]),
    }
    return {"version": 2, "models": [model]}


def view_properties(contract: Contract, view: View) -> dict[str, Any]:
    """Descriptions, tests and the exposure of a view."""
    grain = ", ".join(dimension.name for dimension in view.dimensions)
    part, told, consistency = (
        ("The served view: gold alone.", "The query service answers from this view alone.", ["batch"])
        if view.batch_only
        else ("Batch part of the served view.", "The query service merges this view with the speed layer.",
              ["merged", "batch"])
    )  # fmt: skip
    model = {
        "name": view.name,
        "description": f"{view.description} {part} Grain: one row per {grain}.",
        "config": {"tags": ["view", contract.id, *contract.tags], "meta": _meta(contract)},
        "data_tests": _view_tests(contract, view),
        "columns": _view_columns(contract, view),
    }
    exposure = {
        "name": f"api_{view.name}",
        "label": f"GET /v1/{contract.domain}/{view.name}",
        "type": "application",
        "maturity": "high",
        "description": f"{told} {view.description}",
        "depends_on": [f"ref('{view.name}')"],
        "owner": {"name": contract.owner},
        "config": {"meta": {"contract": contract.id, "consistency": consistency}},
    }
    return {"version": 2, "models": [model], "exposures": [exposure]}


def _event_columns(contract: Contract, fields: Sequence[EventField]) -> list[dict[str, Any]]:
    columns = [_event_column(field, gates_of(contract, field.name)) for field in fields]
    columns += [{"name": column.name, "description": column.description} for column in contract.derived]
    return columns + [{"name": name, "description": _PLACE_WORDS[name]} for name in PLACE]


def gates_of(contract: Contract, column: str) -> list[str]:
    """The gates on silver that look at a column or at what is in it."""
    found = [gate for gate in gates.measured(contract) if gate.table is None]
    return [gate.name for gate in found if column in {name.split(".")[0] for name in gate.columns}]


def _event_column(field: EventField, gate_names: Sequence[str]) -> dict[str, Any]:
    """Name and words; what is personal, classified, masked or looked at by a gate says so in tags and meta."""
    described = {"name": field.name, "description": " ".join([field.description, *_notes(field)])}
    meta: dict[str, Any] = {"pii": True} if field.pii else {}
    meta |= {} if field.classification == "internal" else {"classification": field.classification}
    meta |= {} if field.masking is None else {"masking": field.masking.value}
    meta |= {"gates": list(gate_names)} if gate_names else {}
    tags = {"tags": ["pii"]} if field.pii else {}
    return {**described, "config": {**tags, **({"meta": meta} if meta else {})}} if tags or meta else described


def _notes(field: EventField) -> list[str]:
    notes = [f"Type: {spark.spark_type(field)}."] if field.type in NESTED else []
    notes += ["Deprecated: a later version retires it."] if field.deprecated else []
    if field.masking is Masking.OMIT:
        notes.append("Masking: gold does not see it.")
    elif field.pii:
        notes.append("Masking: stays in silver, no gold table carries it.")
    return notes


def _view_columns(contract: Contract, view: View) -> list[dict[str, Any]]:
    columns = [(dimension.name, dimension.description) for dimension in view.dimensions]
    columns += list(sql.state_types(contract, view).items())
    columns += [(measure.name, measure.description) for measure in view.measures]
    return [{"name": name, "description": words} for name, words in columns]


def _view_tests(contract: Contract, view: View) -> list[dict[str, Any]]:
    required = [d.name for d in view.dimensions if d.column in contract.by_name and contract.by_name[d.column].required]
    rules = [f"{sql.quoted(name)} is not null" for name in required]
    for measure in view.measures:
        for column in contract.measure_states(measure):
            if column.op in (StateOp.ADD, StateOp.WHOLE):
                rules.append(f"{sql.quoted(column.name)} is not null")
            if column.name.endswith("__count"):
                least = 1 if measure.expression is None else 0
                rules.append(f"{sql.quoted(column.name)} >= {least}")
        if measure.kind in (MeasureKind.APPROX_DISTINCT, MeasureKind.DISTINCT):
            rules.append(f"{sql.quoted(measure.name)} >= 0")
    keys = [dimension.name for dimension in view.dimensions]
    return [
        {"one_row_per": {"name": f"{view.name}_has_one_row_per_group", "arguments": {"columns": keys}}},
        {"every_row": {"name": f"{view.name}_keeps_its_ranges", "arguments": {"rules": rules}}},
    ]


def _meta(contract: Contract) -> dict[str, Any]:
    return {"owner": contract.owner, "tier": contract.tier, "contract": contract.id}


def _origin(contract: Contract) -> str:
    path = f"contracts/{contract.source or f'{contract.domain}/{contract.product}.odcs.yaml'}"
    return f"generated by `tideline compile` from {path}; do not edit"


def _sql_header(contract: Contract) -> str:
    return f"-- {_origin(contract)}\n"


def _yaml(contract: Contract, value: Mapping[str, Any]) -> str:
    return f"# {_origin(contract)}\n" + "\n".join(_lines(value, 0)) + "\n"


def _lines(value: Mapping[str, Any] | Sequence[Any], depth: int) -> list[str]:
    """Block-style YAML whose scalars are JSON, which is YAML too: no text of a contract can break out."""
    pad = "  " * depth
    found: list[str] = []
    entries = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for key, item in entries:
        start = f"{pad}- " if key is None else f"{pad}{key}:"
        if not isinstance(item, Mapping | list | tuple) or not item:
            found.append(start + (" " if key else "") + _scalar(item))
        elif key is None:
            inner = _lines(item, depth + 1)
            found += [start + inner[0].lstrip(), *inner[1:]]
        else:
            found += [start, *_lines(item, depth + 1)]
    return found


def _scalar(item: Any) -> str:
    return sql.without_jinja(json.dumps(item, ensure_ascii=False), " ")
