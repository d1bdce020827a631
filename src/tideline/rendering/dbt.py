"""Contracts -> the generated half of the dbt project: sources, staging, one model per view, tests and exposures.

`render` returns every file whole, so a removed contract or view leaves nothing behind: the writer replaces the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tideline.model.contract import Contract, EventField, View
from tideline.model.measure import MeasureKind, StateOp
from tideline.rendering import sql

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
    return files


def staging_name(contract: Contract) -> str:
    return f"stg_{contract.domain}_{contract.product}"


def staging_sql(contract: Contract) -> str:
    """Silver at its pinned version, with the contract's columns by name."""
    names = [field.name for field in contract.fields] + [column.name for column in contract.derived] + list(PLACE)
    listed = ",\n    ".join(sql.quoted(name) for name in names)
    config = "{{ config(materialized='ephemeral') }}"
    return f"{config}\n\nselect\n    {listed}\nfrom {{{{ silver('{contract.domain}', '{contract.product}') }}}}\n"


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
        "columns": _event_columns(contract),
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
        "columns": _event_columns(contract),
    }
    return {"version": 2, "models": [model]}


def view_properties(contract: Contract, view: View) -> dict[str, Any]:
    """Descriptions, tests and the exposure of a view."""
    grain = ", ".join(dimension.name for dimension in view.dimensions)
    model = {
        "name": view.name,
        "description": f"{view.description} Batch part of the served view. Grain: one row per {grain}.",
        "config": {"tags": ["view", contract.id, *contract.tags], "meta": _meta(contract)},
        "data_tests": _view_tests(contract, view),
        "columns": _view_columns(contract, view),
    }
    exposure = {
        "name": f"api_{view.name}",
        "label": f"GET /v1/{contract.domain}/{view.name}",
        "type": "application",
        "maturity": "high",
        "description": f"The query service merges this view with the speed layer. {view.description}",
        "depends_on": [f"ref('{view.name}')"],
        "owner": {"name": contract.owner},
        "config": {"meta": {"contract": contract.id, "consistency": ["merged", "batch"]}},
    }
    return {"version": 2, "models": [model], "exposures": [exposure]}


def _event_columns(contract: Contract) -> list[dict[str, Any]]:
    columns = [_event_column(field) for field in contract.fields]
    columns += [{"name": column.name, "description": column.description} for column in contract.derived]
    return columns + [{"name": name, "description": _PLACE_WORDS[name]} for name in PLACE]


def _event_column(field: EventField) -> dict[str, Any]:
    if not field.pii:
        return {"name": field.name, "description": field.description}
    return {
        "name": field.name,
        "description": f"{field.description} Masking: stays in silver, no gold table carries it.",
        "config": {"tags": ["pii"], "meta": {"pii": True, "classification": field.classification}},
    }


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
            if column.op is StateOp.ADD:
                rules.append(f"{sql.quoted(column.name)} is not null")
            if column.name.endswith("__count"):
                least = 1 if measure.expression is None else 0
                rules.append(f"{sql.quoted(column.name)} >= {least}")
        if measure.kind is MeasureKind.APPROX_DISTINCT:
            rules.append(f"{sql.quoted(measure.name)} >= 0")
    keys = [dimension.name for dimension in view.dimensions]
    return [
        {"one_row_per": {"name": f"{view.name}_has_one_row_per_group", "arguments": {"columns": keys}}},
        {"every_row": {"name": f"{view.name}_keeps_its_ranges", "arguments": {"rules": rules}}},
    ]


def _meta(contract: Contract) -> dict[str, Any]:
    return {"owner": contract.owner, "tier": contract.tier, "contract": contract.id}


def _origin(contract: Contract) -> str:
    path = f"contracts/{contract.domain}/{contract.product}.odcs.yaml"
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
