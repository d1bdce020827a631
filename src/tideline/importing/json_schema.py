"""JSON Schema (draft 7, 2019-09, 2020-12) -> Draft; what a contract cannot say is told and left open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import jsonschema_rs

from tideline.importing import types
from tideline.importing.all_of import joined
from tideline.importing.draft import MAX_DEPTH, MAX_FIELDS, Draft, FieldDraft, refused, too_big

_HARMLESS = {
    "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "examples", "default", "type",
    "properties", "required", "items", "enum", "const", "format", "minLength", "maxLength", "pattern", "minimum",
    "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems", "minItems", "additionalProperties",
    "$ref",
    "nullable", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "$anchor", "$vocabulary",
}  # fmt: skip
_UNSAID = (
    "minItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "const",
    "exclusiveMinimum",
    "exclusiveMaximum",
)

_WIDTHS: dict[tuple[Any, Any], dict[str, Any]] = {
    (-(1 << 31), (1 << 31) - 1): {"format": "i32"}, (-(1 << 63), (1 << 63) - 1): {},
}  # fmt: skip
_OF_DIGITS = re.compile(r"([\^$?():|\[\]{},*+0-9-]|\\\.|\\d)+")  # no letter and no dot of its own: digits, sign, point
_MOST_PARTS = 20_000  # that $ref and allOf lead to
NEWEST = "https://json-schema.org/draft/2020-12/schema"
_DRAFT = re.compile(r"https?://json-schema\.org/(draft-0[467]|draft/2019-09|draft/2020-12)/schema#?")


def draft_of(schema: Any, source: str) -> Draft:
    """The draft of a parsed schema whose numbers are exact; raises ContractError when it is of no object."""
    if not isinstance(schema, dict):
        raise refused(source, "a JSON Schema is an object", "export the schema of one event")
    _check(schema, source)
    reader = _Reader(schema, source)
    draft = reader.draft
    root = reader.resolved(schema, 0)
    if "properties" not in root:
        raise refused(source, "the schema names no properties", "a contract describes one object with named fields")
    if isinstance(schema.get("title"), str) and schema["title"].isidentifier():
        draft.name = schema["title"] if schema["title"].islower() else ""
    draft.purpose = " ".join(str(schema.get("description") or "").split())
    draft.fields = reader.members(root, 0)
    reader.told("the event", root, [])
    return draft


def _check(schema: dict[str, Any], source: str) -> None:
    """Whether it is a JSON Schema of its own draft at all, so that nothing after this has to doubt its form."""
    if not isinstance(schema.get("$schema", ""), str):
        raise refused(source, "$schema is no text", f"name the draft: {NEWEST}")
    try:
        known = _DRAFT.fullmatch(schema.get("$schema", "")) is not None
        jsonschema_rs.meta.validate(schema if known else {**schema, "$schema": NEWEST})  # else it would be fetched
    except jsonschema_rs.ValidationError as error:
        place = "/".join(map(str, error.instance_path)) or "the top"
        raise refused(source, f"it is no JSON Schema ({place}: {error.message[:120]})", "mend the schema") from None
    except (ValueError, RecursionError) as error:
        raise refused(source, f"it cannot be checked ({str(error)[:120]})", "name a known draft, nest less") from None


def _number_or_its_text(branches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A number that may also be written as a text of digits, which the decoder reads as the same."""
    numbers = [branch for branch in branches if branch.get("type") == "number"]
    texts = [branch.get("pattern") for branch in branches if branch.get("type") == "string"]
    is_digits = [isinstance(pattern, str) and _OF_DIGITS.fullmatch(pattern) is not None for pattern in texts]
    return numbers if len(numbers) == 1 and is_digits == [True] else []


class _Reader:
    def __init__(self, root: Mapping[str, Any], source: str) -> None:
        self._root, self.draft, self._count, self._followed = root, Draft(source), 0, 0

    def resolved(self, schema: Any, hops: int) -> dict[str, Any]:
        """A schema joined with what its local `$ref` and `allOf` say; anything beyond the file is refused."""
        if not isinstance(schema, dict):
            return {}
        self._followed += 1
        if self._followed > _MOST_PARTS:
            raise too_big(self.draft.source, f"it is made of more than {_MOST_PARTS} parts", "import a part of it")
        if hops > MAX_DEPTH:
            raise refused(self.draft.source, "a part of it refers to itself", "a contract cannot be recursive")
        parts = [self._target(schema["$ref"], hops)] if schema.get("$ref") is not None else []
        parts += [self.resolved(part, hops + 1) for part in schema.get("allOf") or ()]
        own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        return joined([*parts, own]) if parts else own

    def _target(self, reference: Any, hops: int) -> dict[str, Any]:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise refused(
                self.draft.source, f"$ref {str(reference)[:80]!r} leaves the file", "bundle the schema into one file"
            )
        target: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            key = part.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise refused(self.draft.source, f"$ref {reference!r} leads nowhere", "define it under $defs")
        _check(target, self.draft.source)
        return self.resolved(target, hops + 1)

    def members(self, schema: Mapping[str, Any], depth: int) -> list[FieldDraft]:
        required = schema.get("required") or []
        found = []
        for name, member in (schema.get("properties") or {}).items():
            field = FieldDraft(name, required=name in required)
            self.fill(field, member, depth)
            found.append(field)
        return found

    def fill(self, field: FieldDraft, schema: Any, depth: int) -> None:
        self._count += 1
        if depth > MAX_DEPTH:
            raise refused(
                self.draft.source, f"{field.name!r} is nested deeper than {MAX_DEPTH} levels or recursive", "flatten it"
            )
        if self._count > MAX_FIELDS:
            raise too_big(self.draft.source, f"it has more than {MAX_FIELDS} fields", "import a part of it")
        schema = self._without_null(field, self.resolved(schema, 0))
        field.description = field.description or " ".join(str(schema.get("description") or "").split())
        kind = schema.get("type")
        self._typed(field, schema, kind, depth)
        unsaid = [key for key in schema if key in _UNSAID and not self._said(field, key)]
        if "logicalType" not in field.open:
            self.told(field.name, schema, unsaid)

    def told(self, name: str, schema: Mapping[str, Any], unsaid: list[str]) -> None:
        """What a schema says and its field, or the event, cannot: a check that lint refuses until it is decided."""
        unsaid = [*unsaid, *(key for key in schema if key not in _HARMLESS)]
        missing = [name for name in schema.get("required") or () if name not in (schema.get("properties") or {})]
        unsaid += [f"required {', '.join(missing)}"] if missing and "properties" in schema else []
        more = schema.get("additionalProperties")
        if "properties" in schema and (more is True or isinstance(more, dict)):
            self.draft.notes.append(f"{name}: members that are not named are refused, the schema allowed them")
        if unsaid:
            self._not_said(name, unsaid)

    def _not_said(self, name: str, unsaid: list[str]) -> None:
        text = f"{name}: {', '.join(sorted(set(unsaid)))}"
        why = "the schema says this and a field's type cannot: write a rule, or delete this entry"
        self.draft.quality.append({
            "name": f"undecided_{sum('open' in check for check in self.draft.quality) + 1}", "type": "custom",
            "engine": "tideline", "implementation": f"? {text}", "open": why,
        })  # fmt: skip

    def _said(self, field: FieldDraft, key: str) -> bool:
        if key == "multipleOf":
            return field.decimal is not None or (field.type == "integer")
        if key == "const":
            return bool(field.enum)
        limit = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}.get(key, "")
        return limit in field.options and field.type == "integer"

    def _without_null(self, field: FieldDraft, schema: dict[str, Any]) -> dict[str, Any]:
        """`[string, null]` and `anyOf: [x, null]` are an optional x."""
        kind = schema.get("type")
        for word in ("anyOf", "oneOf"):
            branches = [self.resolved(branch, 0) for branch in schema.get(word) or ()]
            real = [branch for branch in branches if branch.get("type") != "null"]
            null = len(real) < len(branches)
            if len(real) == 2:
                real = _number_or_its_text(real) or real
            if len(real) == 1:
                rest = {key: value for key, value in schema.items() if key != word}
                return self._without_null(field, joined([rest, real[0]])) | self._optional(field, null)
        if isinstance(kind, list):
            real_kinds = [word for word in kind if word != "null"]
            self._optional(field, "null" in kind)
            kind = real_kinds[0] if len(real_kinds) == 1 else real_kinds
        enum = schema.get("enum")
        if isinstance(enum, list) and None in enum:
            self._optional(field, True)
            schema = {**schema, "enum": [value for value in enum if value is not None]}
        if schema.get("nullable") is True:
            self._optional(field, True)
        return {**schema, "type": kind} if kind is not None else schema

    def _optional(self, field: FieldDraft, null: bool) -> dict[str, Any]:
        field.required = field.required and not null
        return {}

    def _typed(self, field: FieldDraft, schema: Mapping[str, Any], kind: Any, depth: int) -> None:
        values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        if kind is None and values and all(isinstance(value, str) for value in values):
            kind = "string"
        if kind is None and "properties" in schema:
            kind = "object"
        if kind == "string":
            self._string(field, schema, values)
        elif kind == "integer":
            field.type = "integer"
            self._limits(field, schema)
        elif kind == "number":
            self._number(field, schema)
        elif kind == "boolean":
            field.type = "boolean"
        elif kind == "object":
            self._object(field, schema, depth)
        elif kind == "array":
            self._array(field, schema, depth)
        else:
            types.unknown(field, " or ".join(kind) if isinstance(kind, list) else str(kind or "any"))
        if values and not field.enum and "logicalType" not in field.open:
            self._not_said(field.name, ["enum"])

    def _string(self, field: FieldDraft, schema: Mapping[str, Any], values: list[Any]) -> None:
        form = schema.get("format")
        if form == "date-time":
            field.type = "timestamp"
            return
        if form == "date":
            field.type = "date"
            return
        field.type = "string"
        for key in ("minLength", "maxLength"):
            if isinstance(schema.get(key), int):
                field.options[key] = schema[key]
        if isinstance(schema.get("pattern"), str):
            field.options["pattern"] = schema["pattern"]
            field.options.setdefault("maxLength", 256)
        if form == "email":
            field.personal = "an e-mail address"
        elif form is not None:
            self.draft.notes.append(f"{field.name}: the format {str(form)[:40]!r} is not checked")
        if values and all(isinstance(value, str) for value in values):
            field.enum = list(dict.fromkeys(values))

    def _limits(self, field: FieldDraft, schema: Mapping[str, Any]) -> None:
        if field.type == "integer" and (schema.get("minimum"), schema.get("maximum")) in _WIDTHS:
            field.options |= _WIDTHS[schema["minimum"], schema["maximum"]]
            return
        for key, exclusive, step in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
            if isinstance(schema.get(key), (int, Decimal)) and not isinstance(schema.get(key), bool):
                field.options[key] = schema[key]
            if field.type == "integer" and type(schema.get(exclusive)) is int:
                field.options[key] = schema[exclusive] + step

    def _number(self, field: FieldDraft, schema: Mapping[str, Any]) -> None:
        """Exact when multipleOf names the digits after the point and the limits those before it."""
        field.type = "number"
        step, least, most = (schema.get(key) for key in ("multipleOf", "minimum", "maximum"))
        self._limits(field, schema)
        if isinstance(step, (int, Decimal)) and Decimal(step).normalize().as_tuple().digits == (1,):
            scale = max(0, -int(Decimal(step).normalize().as_tuple().exponent))
            bounds = [abs(Decimal(bound)) for bound in (least, most) if isinstance(bound, (int, Decimal))]
            whole = (
                max(int(bound).bit_length() and len(str(int(bound))) for bound in bounds) if len(bounds) == 2 else 18
            )
            if scale <= 18 and whole + scale <= 38:
                field.decimal = (max(1, whole + scale), scale)
                most_digits = Decimal(10) ** whole - Decimal(10) ** -scale
                if (least, most) == (-most_digits, most_digits):
                    field.options = {}  # what the digits say anyway
                return
        field.open["physicalType"] = "JSON numbers have no digits: write decimal(PRECISION,SCALE)"

    def _object(self, field: FieldDraft, schema: Mapping[str, Any], depth: int) -> None:
        more = schema.get("additionalProperties")
        if not schema.get("properties") and isinstance(more, dict):
            field.type, field.inner = "map", FieldDraft("value", required=True)
            self.fill(field.inner, more, depth + 1)
            return
        field.type = "object"
        field.fields = self.members(schema, depth + 1)

    def _array(self, field: FieldDraft, schema: Mapping[str, Any], depth: int) -> None:
        field.type = "array"
        if isinstance(schema.get("maxItems"), int):
            field.options["maxItems"] = schema["maxItems"]
        items = schema.get("items")
        field.inner = FieldDraft("item", required=True)
        if isinstance(items, dict):
            self.fill(field.inner, items, depth + 1)
        else:
            types.unknown(field.inner, "tuple" if isinstance(items, list) else "any")
