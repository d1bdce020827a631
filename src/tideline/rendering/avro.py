"""Contract -> Avro schema of its event: decimals, times and nesting as logical types, optional fields as unions."""

from __future__ import annotations

import re
from typing import Any

from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType
from tideline.rendering.exact_json import dumps

_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def render(contract: Contract) -> str:
    """The schema as text. Timestamps are UTC instants in microseconds; lengths, patterns and limits are lost."""
    record = {
        "type": "record", "name": contract.product, "namespace": contract.domain,
        "doc": contract.description, "fields": [_field(field, contract.product) for field in contract.fields],
    }  # fmt: skip
    return dumps(record)


def _field(field: EventField, within: str) -> dict[str, Any]:
    kind = _type(field, f"{within}_{field.name}")
    made: dict[str, Any] = {"name": field.name, "type": kind if field.required else ["null", kind]}
    if field.description:
        made["doc"] = field.description
    if field.renamed_from is not None:
        made["aliases"] = [field.renamed_from]
    return made if field.required else {**made, "default": None}


def _nullable(field: EventField, within: str) -> Any:
    kind = _type(field, f"{within}_{field.name}")
    return kind if field.required else ["null", kind]


def _type(field: EventField, name: str) -> Any:
    """`name` is unique in the schema, because Avro names every record and enum."""
    if field.type is FieldType.OBJECT:
        return {"type": "record", "name": name, "fields": [_field(inner, name) for inner in field.fields]}
    if field.items is not None:
        return {"type": "array", "items": _nullable(field.items, name)}
    if field.values is not None:
        return {"type": "map", "values": _nullable(field.values, name)}
    if field.enum and all(_SYMBOL.fullmatch(value) for value in field.enum):
        return {"type": "enum", "name": name, "symbols": list(field.enum)}
    return {
        FieldType.STRING: "string",
        FieldType.BOOLEAN: "boolean",
        FieldType.INTEGER: "int" if field.bits == 32 else "long",
        FieldType.DATE: {"type": "int", "logicalType": "date"},
        FieldType.TIMESTAMP: {"type": "long", "logicalType": "timestamp-micros"},
        FieldType.DECIMAL: {
            "type": "bytes", "logicalType": "decimal", "precision": field.precision, "scale": field.scale
        },
    }[field.type]  # fmt: skip
