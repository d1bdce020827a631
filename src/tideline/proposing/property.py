"""A field of the model -> the lines of an ODCS property, in the layout of contracts/."""

from __future__ import annotations

from typing import Any

from tideline.importing.writing import flow, plain
from tideline.model.field import EventField, FieldType

_DEFAULTS = {name: EventField.model_fields[name].default for name in ("min_length", "max_length", "max_items")}


def block(field: EventField) -> list[str]:
    """The property as lines of block layout, without the dash of the list it goes into."""
    return _lines(said(field))


def said(field: EventField, *, inner: bool = False) -> dict[str, Any]:
    """The property as plain data; an item or a value (`inner`) has neither name nor description."""
    named = {} if inner else {"name": field.name}
    found: dict[str, Any] = {**named, "logicalType": "number" if field.type is FieldType.DECIMAL else field.type.value}
    if field.type is FieldType.DECIMAL:
        found["physicalType"] = f"decimal({field.precision},{field.scale})"
    if options := _options(field):
        found["logicalTypeOptions"] = options
    if field.required:
        found["required"] = True
    if field.enum:
        found["enum"] = [{"value": value} for value in field.enum]
    if field.pii:
        found["classification"] = field.classification
    if not inner:
        found["description"] = field.description
    if field.pii and field.masking is not None:
        ours = {"pii": True, "masking": field.masking.value}
        found["customProperties"] = [{"property": k, "value": v, "vendor": "tideline"} for k, v in ours.items()]
    if field.fields:
        found["properties"] = [said(member) for member in field.fields]
    if field.items is not None:
        found["items"] = said(field.items, inner=True)
    if field.values is not None:
        found["map"] = {"key": {"logicalType": "string"}, "value": said(field.values, inner=True)}
    return found


def _options(field: EventField) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if field.type is FieldType.STRING and field.max_length != _DEFAULTS["max_length"]:
        options["maxLength"] = field.max_length
    if field.type is FieldType.INTEGER and field.bits == 32:
        options["format"] = "i32"
    if field.type is FieldType.TIMESTAMP and field.timezone:
        options |= {"timezone": False, "defaultTimezone": field.timezone}
    if field.type is FieldType.ARRAY and field.max_items != _DEFAULTS["max_items"]:
        options["maxItems"] = field.max_items
    return options


def _lines(mapping: dict[str, Any]) -> list[str]:
    """Members, items and values as blocks; options and everything else in one line."""
    lines: list[str] = []
    for key, value in mapping.items():
        if key == "properties" or key == "customProperties":
            lines.append(f"{key}:")
            for item in value:
                inner = _lines(item) if key == "properties" else [flow(item)]
                lines += [f"  - {inner[0]}", *(f"    {line}" for line in inner[1:])]
        elif key in ("items", "map", "value") and isinstance(value, dict):
            lines += [f"{key}:", *(f"  {line}" for line in _lines(value))]
        else:
            lines.append(f"{key}: {plain(value) if isinstance(value, str) else flow(value)}")
    return lines
