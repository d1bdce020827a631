"""The JSON Schema with which editors complete and check contracts: the standard's, and our keys with what they mean.

The parts that the model holds as they are written (views, derived columns, deduplication) come from its types; the
rest is the table below, which docs/contract.md explains in words.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from tideline.model.contract import Compatibility, Deduplication, DerivedField, DriftAction, View
from tideline.model.field import Masking
from tideline.model.quality import Action, Severity, Unit

VENDOR = "tideline"
_NAME = {"type": "string", "pattern": "^([a-z][a-z0-9_]{0,62}|.*\\$\\{family.*)$"}
_ID = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}\\.[a-z][a-z0-9_]{0,62}$"}
_ARGUMENTS = {"pattern": {"type": "string"}, "properties": {"type": "array", "items": {"type": "string"}}}
_SLIP = {"minLength": 6, "pattern": "^[Tt][Ii]?[Dd]?[Ee]?[ _-]?[Ll]?[Ii]?[Nn]?[Ee]?s?$"}  # of our vendor's name
_PLACEHOLDER = {"type": "string", "pattern": "^\\$\\{family(\\.[^}]+)?\\}$"}


def render(standard: Mapping[str, Any], limits: Mapping[str, Sequence[str]]) -> str:
    """The text of the schema file; `limits` are words of the reader: versions, promises, units, kinds, arguments."""
    schema = copy.deepcopy(dict(standard))
    schema["title"] = "Data contract of Tideline (ODCS)"
    schema["description"] = "The Open Data Contract Standard with what Tideline adds under customProperties."
    schema["properties"]["apiVersion"]["enum"] = list(limits["versions"])
    schema["properties"]["description"] |= {"additionalProperties": False, "required": ["purpose"]}
    schema["required"] = [*schema["required"], "name", "domain", "description", "team", "slaProperties", "schema"]
    definitions = schema["$defs"]
    promise = definitions["ServiceLevelAgreementProperty"]["properties"]
    promise["property"]["enum"] = list(limits["promises"])
    promise["unit"]["examples"] = list(limits["units"])
    quality = definitions["DataQuality"]["properties"]
    quality["severity"]["enum"] = _words(Severity)
    quality["unit"]["enum"] = _words(Unit)
    _hold(definitions, schema, "Contract", _contract())
    _hold(definitions, definitions["SchemaObject"], "Event", _event())
    _hold(definitions, definitions["SchemaBaseProperty"], "Field", _field())
    _hold(definitions, definitions["DataQuality"], "Check", _check())
    schema["properties"]["schema"] |= {"minItems": 1, "maxItems": 1}
    field = definitions["SchemaBaseProperty"]
    field["required"] = ["logicalType"]
    field["properties"]["logicalType"]["enum"] = list(limits["kinds"])
    field["properties"]["semanticType"]["enum"] = ["column"]
    definitions["DataQualityLibrary"]["properties"]["arguments"] |= {
        "additionalProperties": False,
        "properties": {name: _ARGUMENTS.get(name, {"type": "array"}) for name in limits["arguments"]},
    }
    for name in ("SchemaBaseProperty", "DataQualityOperators", "ServiceLevelAgreementProperty"):
        definitions[name] = _or_placeholder(definitions[name])
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _or_placeholder(part: Any) -> Any:
    """Where a number or a truth value stands, a parameter of the family may stand: it keeps its kind."""
    if isinstance(part, list):
        return [_or_placeholder(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") in ("boolean", "integer", "number"):
        said = {key: part[key] for key in ("description", "default", "examples") if key in part}
        return {**said, "anyOf": [{key: part[key] for key in part if key not in said}, _PLACEHOLDER]}
    return {key: value if key == "if" else _or_placeholder(value) for key, value in part.items()}


def _words(of: type[StrEnum]) -> list[str]:
    return [word.value for word in of]


def _hold(
    definitions: dict[str, Any], holder: dict[str, Any], name: str, ours: Mapping[str, Mapping[str, Any]]
) -> None:
    """Put our properties into the customProperties of one element; properties of other vendors stay free."""
    cases = [
        {"if": {"properties": {"property": {"const": key}}}, "then": {"properties": {"value": dict(value)}}}
        for key, value in ours.items()
    ]
    named = {
        "enum": list(ours),
        "description": " ".join(f"{key}: {value['description']}" for key, value in ours.items()),
    }
    is_ours = {"properties": {"vendor": {"const": VENDOR}}, "required": ["vendor"]}
    looks_ours = {"properties": {"property": {"enum": list(ours)}}, "required": ["property"]}
    definitions[f"Tideline{name}Property"] = {
        "$ref": "#/$defs/CustomProperty",
        "if": is_ours,
        "then": {"properties": {"property": named}, "allOf": cases},
        "else": {
            "properties": {"vendor": {"not": _SLIP}},
            "if": looks_ours,
            "then": {"required": ["vendor"]},
        },
        "defaultSnippets": [
            {
                "label": key,
                "description": value["description"],
                "body": {"property": key, "vendor": VENDOR, "value": "$1"},
            }
            for key, value in ours.items()
        ],
    }
    listed = {"type": "array", "items": {"$ref": f"#/$defs/Tideline{name}Property"}}
    holder.setdefault("properties", {})["customProperties"] = listed


def _mapping(description: str, required: Sequence[str] = (), /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "description": description, "additionalProperties": False, "properties": properties,
        "required": list(required),
    }  # fmt: skip


def _number(least: int, most: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "integer", "minimum": least, "maximum": most}, _PLACEHOLDER]}


def _contract() -> dict[str, dict[str, Any]]:
    actions = _words(DriftAction)
    member = {"type": "object", "additionalProperties": {"type": ["string", "number", "integer", "boolean"]}}
    return {
        "schedule": {"type": "string", "description": "Cron of the batch run, five fields; daily unless told.",
                     "examples": ["0 0 * * *", "30 2 * * mon-fri"]},
        "tier": {"enum": ["gold", "silver", "bronze"], "description": "How soon somebody is woken; priority of tasks."},
        "compatibility": {"enum": _words(Compatibility), "description": "Which earlier versions a new one has to fit."},
        "drift": _mapping("What an event does that differs from the contract.",
                          newFields={"enum": actions},
                          changedFields={"enum": [word for word in actions if word != DriftAction.EVOLVE.value]}),
        "family": _mapping("One file, one contract per member.", ("name", "members"), name=_NAME,
                           members={"type": "object", "minProperties": 1, "additionalProperties": member}),
        "consumes": {"type": "array", "items": _ID, "description": "Contracts whose data this one needs."},
    }  # fmt: skip


def _event() -> dict[str, dict[str, Any]]:
    return {
        "stream": _mapping("Partitions of the topic, and how large an event may be.", ("partitions",),
                           partitions=_number(1, 10_000), maxEventBytes=_number(256, 1_048_576)),
        "eventTime": _NAME | {"description": "The required timestamp that says when it happened."},
        "deduplication": _written(Deduplication) | {"description": "Which events are repeats of one another."},
        "derived": _list(DerivedField, "Boolean columns of silver, computed from the event."),
        "views": _list(View, "Aggregates, computed by batch and speed alike."),
        "retired": {"type": "array", "items": _NAME, "description": "Former fields that events may still carry."},
    }  # fmt: skip


def _field() -> dict[str, dict[str, Any]]:
    return {
        "pii": {"type": "boolean", "description": "Personal data: never served, needs classification and masking."},
        "masking": {"enum": _words(Masking), "description": "What gold may do with a personal value."},
        "renamedFrom": _NAME | {"description": "The former name, which events may still carry."},
    }


def _check() -> dict[str, dict[str, Any]]:
    return {
        "action": {"enum": _words(Action), "description": "What a breach does."},
        "on": _NAME | {"description": "Name of a view: the gate measures gold instead of silver."},
        "scope": {"enum": ["table", "run"], "description": "All rows, or only those that the run added."},
    }


def _list(model: type[BaseModel], description: str) -> dict[str, Any]:
    return {"type": "array", "items": _written(model), "description": description}


def _written(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a part of the model as contracts write it: camelCase, placeholders of families, no references."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def plain(part: Any) -> Any:
        if isinstance(part, list):
            return [plain(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return plain(definitions[part["$ref"].rpartition("/")[2]] | {k: v for k, v in part.items() if k != "$ref"})
        found = {key: plain(value) for key, value in part.items() if key not in ("title", "default", "properties")}
        if part.get("pattern"):
            found["pattern"] = f"{part['pattern']}|\\$\\{{family"
        if "properties" in part:
            found["properties"] = {_camel(name): plain(value) for name, value in part["properties"].items()}
        return found

    written = plain(schema)
    assert isinstance(written, dict)
    return written


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
