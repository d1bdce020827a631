"""Contract -> JSON Schema (draft 2020-12) of its event: what it accepts, the decoder accepts, and the other way round.

What no JSON Schema can say stands in `$comment`, word for word the list LIMITS, and the contract's rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tideline.model.contract import Contract, DriftAction
from tideline.model.field import EventField, FieldType
from tideline.rendering.exact_json import dumps

LIMITS = (
    "an integer is written without fraction or exponent",
    "a decimal may also be a text with an exponent, or (where it has limits) any text of a number",
    "local times that the clock skipped are refused",
    "offsets must not lead out of the years 1 to 9999",
    "the size of an event in bytes and the rules under quality",
)
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29"
_DAY = (
    r"(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP})"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6}0{0,3})?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"


def render(contract: Contract) -> str:
    """The schema as text; numbers are exact."""
    limits = "; ".join(LIMITS)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tideline:{contract.id}:{contract.version}",
        "title": contract.id,
        "description": contract.description,
        "$comment": f"Not said here: {limits}.",
        **_object(contract.fields, contract.retired, open_=contract.drift.new_fields is DriftAction.EVOLVE),
    }
    return dumps(document)


def _object(fields: Iterable[EventField], retired: Iterable[str], *, open_: bool) -> dict[str, Any]:
    fields = tuple(fields)
    properties: dict[str, Any] = {}
    conditions: list[dict[str, Any]] = []
    required: list[str] = []
    for field in fields:
        properties[field.name] = _property(field, open_=open_)
        if field.required and field.renamed_from is None:
            required.append(field.name)
        if field.renamed_from is not None:
            properties[field.renamed_from] = {**_property(field, open_=open_), "deprecated": True}
            either = [{"required": [name]} for name in (field.name, field.renamed_from)]
            conditions.append({"oneOf" if field.required else "not": either if field.required else _both(field)})
    properties |= {name: {"deprecated": True} for name in retired}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if conditions:
        schema["allOf"] = conditions
    return schema if open_ else {**schema, "additionalProperties": False}


def _both(field: EventField) -> dict[str, Any]:
    return {"required": [field.name, field.renamed_from]}


def _property(field: EventField, *, open_: bool) -> dict[str, Any]:
    schema = _value(field, open_=open_)
    if not field.required:
        schema = _or_null(schema)
    if field.deprecated:
        schema["deprecated"] = True
    return {"description": field.description, **schema} if field.description else schema


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    listed = {**schema, "type": [schema["type"], "null"]}
    return {**listed, "enum": [*schema["enum"], None]} if "enum" in schema else listed


def _value(field: EventField, *, open_: bool) -> dict[str, Any]:
    if field.type is FieldType.OBJECT:
        return _object(field.fields, (), open_=open_)
    if field.items is not None:
        return {"type": "array", "items": _property(field.items, open_=open_), "maxItems": field.max_items}
    if field.values is not None:
        values = _property(field.values, open_=open_)
        return {"type": "object", "additionalProperties": values, "maxProperties": field.max_items}
    if field.type is FieldType.BOOLEAN:
        return {"type": "boolean"}
    if field.type is FieldType.INTEGER:
        least, greatest = -(2 ** (field.bits - 1)), 2 ** (field.bits - 1) - 1
        return {"type": "integer", **_between(field, Decimal(least), Decimal(greatest))}
    return _decimal(field) if field.type is FieldType.DECIMAL else _text(field)


def _between(field: EventField, least: Decimal, greatest: Decimal) -> dict[str, Any]:
    return {
        "minimum": least if field.minimum is None else max(least, field.minimum),
        "maximum": greatest if field.maximum is None else min(greatest, field.maximum),
    }


def _decimal(field: EventField) -> dict[str, Any]:
    """A number; also its text, where no limit has to be kept."""
    greatest = Decimal((0, (9,) * field.precision, -field.scale))
    number = {
        "type": "number", **_between(field, greatest.copy_negate(), greatest),
        "multipleOf": Decimal((0, (1,), -field.scale)),
    }  # fmt: skip
    if field.minimum is not None or field.maximum is not None:
        return number
    whole = field.precision - field.scale
    before = rf"(?:0|[1-9][0-9]{{0,{whole - 1}}})" if whole else "0"
    after = rf"(?:\.(?:[0-9]{{1,{field.scale}}}0*|0+))?" if field.scale else r"(?:\.0+)?"
    return {"anyOf": [number, {"type": "string", "pattern": f"^-?{before}{after}$"}]}


def _text(field: EventField) -> dict[str, Any]:
    if field.type is FieldType.DATE:
        return {"type": "string", "format": "date", "pattern": f"^{_DAY}$"}
    if field.type is FieldType.TIMESTAMP:
        zoned = {"format": "date-time"} if field.timezone is None else {}
        return {"type": "string", **zoned, "pattern": f"^{_DAY}T{_CLOCK}{'' if field.timezone else _OFFSET}$"}
    schema: dict[str, Any] = {"type": "string", "maxLength": field.max_length}
    if field.min_length:
        schema["minLength"] = field.min_length
    if field.pattern is not None:
        schema["pattern"] = f"^(?:{field.pattern})$"
    return {**schema, "enum": list(field.enum)} if field.enum else schema
