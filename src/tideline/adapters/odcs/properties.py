"""Reads the properties of the event into fields: scalars with their options, and objects, arrays and maps of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from tideline.adapters.odcs.finding import YamlPath, shown
from tideline.adapters.odcs.telling import Ours, Telling, is_blank
from tideline.model.field import MAX_NESTING, Masking

KINDS = {
    kind: kind for kind in ("string", "integer", "timestamp", "date", "boolean", "object", "array", "map")
} | {"number": "decimal"}  # fmt: skip
OPTIONS = {
    "string": ("minLength", "maxLength", "pattern"), "integer": ("format", "minimum", "maximum"),
    "number": ("minimum", "maximum"), "timestamp": ("timezone", "defaultTimezone"), "array": ("maxItems",),
}  # fmt: skip
OUR_KEYS = ("pii", "masking", "renamedFrom")
UNSUITABLE_CLASSES = ("internal", "public")
_BITS = {"i32": 32, "i64": 64}
_DECIMAL = re.compile(r"(?:decimal|numeric)\( *(\d{1,2}) *, *(\d{1,2}) *\)", re.IGNORECASE | re.ASCII)
_INTEGER = re.compile(r"(big|small|tiny)?(int(eger)?|serial)|long", re.IGNORECASE)
_ADVICE = "state a rule under quality instead"
_INSTEAD = {
    ("array", "minItems"): f"{_ADVICE}, such as size(NAME) >= 1",
    ("object", "required"): "say required: true at the members",
    ("date", "format"): "delete it: dates are written as ISO 8601 says",
    ("timestamp", "format"): "delete it: times are written as ISO 8601 says",
}
_MODEL_KEYS = {"minLength": "min_length", "maxLength": "max_length", "maxItems": "max_items"}
_INNER = {"object": "properties", "array": "items", "map": "map"}


def read_fields(telling: Telling, event: Mapping[str, Any], at: YamlPath) -> list[dict[str, Any]]:
    """The fields of the event as the model takes them; `at` is the place of the event."""
    properties = event.get("properties") or []
    if not properties:
        telling.tell("TL-CON-021", at, "the event has no fields", "properties")
    telling.origin[("fields",)] = (*at, "properties")
    reader = _Fields(telling)
    return [reader.field(found, (*at, "properties", n), ("fields", n), 1) for n, found in enumerate(properties)]


class _Fields:
    def __init__(self, telling: Telling) -> None:
        self.telling = telling

    def field(self, found: Mapping[str, Any], path: YamlPath, model: YamlPath, depth: int) -> dict[str, Any]:
        """One field; `model` is its place in the contract, `depth` counts the fields around it and itself."""
        self.telling.origin[model] = path
        kind, name = found.get("logicalType"), found.get("name", model[-1])
        if not isinstance(kind, str) or kind not in KINDS:
            self._unknown(kind, name, path)
            return {}
        if depth > MAX_NESTING:
            self.telling.tell("TL-CON-022", path, f"{shown(name)} is nested deeper than {MAX_NESTING} levels")
            return {}
        if depth == 1 or "name" in found:
            self._described(found, path)
            self._as_named(found, path)
        field: dict[str, Any] = {
            "name": name, "type": KINDS[kind], "description": found.get("description", ""),
            "required": found.get("required", False), "deprecated": found.get("deprecated", False),
            "classification": found.get("classification", "internal"),
        }  # fmt: skip
        if field["deprecated"] and field["required"]:
            what, near = (
                f"the deprecated field {shown(name)} is required",
                "required: false, so that events may omit it",
            )
            self.telling.insist("TL-CON-030", (*path, "required"), what, suggestion=near)
        if kind == "number":
            field |= self._decimal(found, path)
        field |= self._ours(found, path, model)
        return field | self._options(found, kind, path, model) | self._inside(found, kind, path, model, depth)

    def _unknown(self, kind: Any, name: Any, path: YamlPath) -> None:
        allowed = ", ".join(KINDS)
        if kind is None:
            what = f"{shown(name)} has no logicalType"
            self.telling.tell("TL-CON-021", path, what, allowed, "add logicalType: ...")
            return
        what, near = f"logicalType of {shown(name)} is {shown(kind)}", self.telling.near(kind, KINDS)
        self.telling.tell("TL-CON-022", (*path, "logicalType"), what, allowed, near)

    def _as_named(self, found: Mapping[str, Any], path: YamlPath) -> None:
        """What v3.2.0 calls a measure or a dimension is no member of an event; a physical name is not what it has."""
        name, role, physical = found["name"], found.get("semanticType", "column"), found.get("physicalName")
        if role != "column":
            what, near = (
                f"{shown(name)} is a {role}, which no event carries",
                f"make it a {role} of a view, under views",
            )
            self.telling.insist("TL-CON-022", (*path, "semanticType"), what, "semanticType: column", near)
        if physical not in (None, name):
            what = f"events and tables have {shown(name)}: nobody looks for the physicalName {shown(physical)}"
            self.telling.mention(
                "TL-CON-041", (*path, "physicalName"), what, "give the field the name that events carry"
            )

    def _described(self, found: Mapping[str, Any], path: YamlPath) -> None:
        if is_blank(found.get("description")):
            self.telling.insist("TL-CON-021", path, f"field {shown(found['name'])} has no description")

    def _ours(self, found: Mapping[str, Any], path: YamlPath, model: YamlPath) -> dict[str, Any]:
        ours = self.telling.ours(found, path, OUR_KEYS)
        field: dict[str, Any] = {}
        pii = "pii" in ours and self.telling.boolean(*ours["pii"])
        if pii:
            field["pii"] = True
            self._personal(found, path, ours)
        if "masking" in ours:
            value, place = ours["masking"]
            if not pii:
                self.telling.tell("TL-CON-022", place, "masking is of personal data only", suggestion="add pii: true")
            elif self.telling.one_of(value, [word.value for word in Masking], place, "masking"):
                field["masking"] = value
        if "renamedFrom" in ours:
            field["renamed_from"], place = ours["renamedFrom"]
            self.telling.origin[(*model, "renamed_from")] = place
            if field["renamed_from"] is None:
                self.telling.tell("TL-CON-022", place, "renamedFrom is null", "the name that the field had")
        return field

    def _personal(self, found: Mapping[str, Any], path: YamlPath, ours: Ours) -> None:
        name, classification = shown(found.get("name", "this")), found.get("classification")
        if classification is None:
            what = f"the personal field {name} has no classification"
            self.telling.insist("TL-CON-021", path, what, suggestion="add classification: confidential")
        elif classification.lower() in UNSUITABLE_CLASSES:
            what = f"the personal field {name} is classified {shown(classification)}"
            self.telling.insist("TL-CON-022", (*path, "classification"), what, "such as confidential or restricted")
        if "masking" not in ours:
            allowed = ", ".join(word.value for word in Masking)
            what = f"the personal field {name} has no masking"
            near = "add {property: masking, vendor: tideline, value: silver-only}"
            self.telling.insist("TL-CON-021", (*path, "customProperties"), what, allowed, near)

    def _decimal(self, found: Mapping[str, Any], path: YamlPath) -> dict[str, Any]:
        said, name = found.get("physicalType"), shown(found.get("name", "value"))
        match = _DECIMAL.fullmatch(str(said))
        if match is None or not int(match[2]) <= int(match[1]):
            allowed = "decimal(PRECISION,SCALE) such as decimal(12,3)"
            if said is None:
                self.telling.tell("TL-CON-021", path, f"the number {name} has no physicalType", allowed)
            else:
                what = f"physicalType of the number {name} is {shown(said)}"
                near = "did you mean logicalType: integer?" if _INTEGER.fullmatch(said) else ""
                self.telling.tell("TL-CON-022", (*path, "physicalType"), what, allowed, near)
            return {}
        return {"precision": int(match[1]), "scale": int(match[2])}

    def _options(self, found: Mapping[str, Any], kind: str, path: YamlPath, model: YamlPath) -> dict[str, Any]:
        options, place = found.get("logicalTypeOptions") or {}, (*path, "logicalTypeOptions")
        self._unkept(options, kind, place)
        field: dict[str, Any] = {}
        for key in OPTIONS.get(kind, ()):
            name = _MODEL_KEYS.get(key, key)
            self.telling.origin[(*model, name)] = (*place, key)
            if key in options and kind != "timestamp" and key != "format":
                field[name] = options[key]
        width = options.get("format", "i64") if kind == "integer" else "i64"
        if self.telling.one_of(width, tuple(_BITS), (*place, "format"), "format"):
            field |= {"bits": _BITS[width]} if kind == "integer" else {}
        for key in ("minimum", "maximum"):
            if key in field:
                field[key] = Decimal(field[key])
        if kind == "timestamp":
            field["timezone"] = self._zone(options, place)
        return field | self._enum(found, kind, path)

    def _unkept(self, options: Mapping[str, Any], kind: str, place: YamlPath) -> None:
        """Options that the standard knows (another would not come so far) and that nothing here keeps."""
        allowed = ", ".join(OPTIONS.get(kind, ())) or "none here"
        for key in options:
            if key not in OPTIONS.get(kind, ()):
                what, near = (
                    f"nothing keeps the option {shown(key)} of {kind} values",
                    _INSTEAD.get((kind, key), _ADVICE),
                )
                self.telling.tell("TL-CON-020", (*place, key), what, allowed, near, of_key=True)

    def _zone(self, options: Mapping[str, Any], place: YamlPath) -> str | None:
        zone, carried = options.get("defaultTimezone"), options.get("timezone", True)
        if carried is not (zone is None):
            what = "a timestamp either carries its offset or names its zone"
            self.telling.tell("TL-CON-022", place, what, "timezone: true, or timezone: false with defaultTimezone")
        if zone is not None and zone not in _zones():
            near = self.telling.near(zone, _zones())
            self.telling.tell(
                "TL-CON-022", (*place, "defaultTimezone"), f"no time zone {shown(zone)}", "IANA names", near
            )
        return zone

    def _enum(self, found: Mapping[str, Any], kind: str, path: YamlPath) -> dict[str, Any]:
        if "enum" not in found:
            return {}
        if kind != "string":
            self.telling.tell("TL-CON-020", (*path, "enum"), f"an enum of {kind} values", "enum of a string", _ADVICE)
            return {}
        values = [entry["value"] for entry in found["enum"]]
        for n, value in enumerate(values):
            place = (*path, "enum", n, "value")
            if not isinstance(value, str):
                self.telling.tell(
                    "TL-CON-022", place, f"an allowed value is {shown(value)}", "a text", "put it in quotes"
                )
        return {"enum": tuple(value for value in values if isinstance(value, str))}

    def _inside(
        self, found: Mapping[str, Any], kind: str, path: YamlPath, model: YamlPath, depth: int
    ) -> dict[str, Any]:
        """What an object, an array or a map is made of."""
        for of, key in _INNER.items():
            if key in found and of != kind:
                what = f"a {kind} with {key!r}"
                self.telling.tell("TL-CON-030", (*path, key), what, f"{key} is of logicalType: {of}", of_key=True)
        key = _INNER.get(kind, "")
        if key and not found.get(key):
            self.telling.tell("TL-CON-021", path, f"the {kind} {shown(found.get('name', 'here'))} has no {key}")
            return {}
        if kind == "object":
            members = list(self._members(found["properties"], (*path, "properties"), model, depth))
            return {"fields": tuple(members)}
        if kind == "array":
            return {"items": self._unnamed(found["items"], "item", (*path, "items"), (*model, "items"), depth)}
        if kind == "map":
            return {"values": self._map(found["map"], (*path, "map"), (*model, "values"), depth)}
        return {}

    def _members(self, found: list[Any], path: YamlPath, model: YamlPath, depth: int) -> Iterator[dict[str, Any]]:
        self.telling.origin[(*model, "fields")] = path
        for n, member in enumerate(found):
            yield self.field(member, (*path, n), (*model, "fields", n), depth + 1)

    def _map(self, found: Mapping[str, Any], path: YamlPath, model: YamlPath, depth: int) -> dict[str, Any]:
        if found["key"].get("logicalType") != "string":
            what = f"the key of a map is {shown(found['key'].get('logicalType'))}"
            self.telling.tell("TL-CON-022", (*path, "key", "logicalType"), what, "string")
        self._unkept(found["key"].get("logicalTypeOptions") or {}, "map's keys", (*path, "key", "logicalTypeOptions"))
        return self._unnamed(found["value"], "value", (*path, "value"), model, depth)

    def _unnamed(self, found: Any, name: str, path: YamlPath, model: YamlPath, depth: int) -> dict[str, Any]:
        return self.field({"name": name, "description": f"One {name}."} | found, path, model, depth + 1)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
