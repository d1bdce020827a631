"""Avro schema (.avsc) -> Draft: records, enums, maps, arrays, unions with null, logical types; no recursion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tideline.importing import types
from tideline.importing.draft import MAX_DEPTH, MAX_FIELDS, Draft, FieldDraft, refused, too_big

_PRIMITIVE = {
    "int": "int32",
    "long": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "boolean": "boolean",
}
_TIMES = ("timestamp-millis", "timestamp-micros")
_LOCAL_TIMES = ("local-timestamp-millis", "local-timestamp-micros")


def draft_of(schema: Any, source: str) -> Draft:
    """The draft of a parsed schema; raises ContractError when it is no record."""
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise refused(source, "an event is a record", "take the schema whose type is record")
    reader = _Reader(source)
    draft = reader.draft
    name = str(schema.get("name") or "")
    draft.name = product_name(name)
    draft.purpose = " ".join(str(schema.get("doc") or "").split())
    draft.fields = reader.record(schema, "", 0)
    return draft


def product_name(name: str) -> str:
    """`UserEvent` and `com.example.UserEvent` as a product's name."""
    from tideline.importing.deciding import snake_case

    return snake_case(name.rpartition(".")[2])


class _Reader:
    """`_named` are the types defined so far (they may be named again), `_inside` those that are being read."""

    def __init__(self, source: str) -> None:
        self.draft, self._named, self._inside, self._count = Draft(source), dict[str, Any](), list[str](), 0

    def record(self, schema: Mapping[str, Any], space: str, depth: int) -> list[FieldDraft]:
        full, space = self._define(schema, space)
        if full in self._inside:
            raise refused(self.draft.source, f"the record {full!r} contains itself", "a contract cannot be recursive")
        self._inside.append(full)
        found = []
        for member in schema.get("fields") or ():
            if not isinstance(member, dict) or not isinstance(member.get("name"), str):
                raise refused(self.draft.source, f"a field of {full!r} has no name", "see the Avro specification")
            description = " ".join(str(member.get("doc") or "").split())
            field = FieldDraft(member["name"], description=description, required=True)
            self.fill(field, member.get("type"), space, depth)
            if member.get("aliases"):
                self.draft.notes.append(
                    f"{field.name}: aliases are not read; name one as renamedFrom if events carry it"
                )
            found.append(field)
        self._inside.pop()
        return found

    def fill(self, field: FieldDraft, schema: Any, space: str, depth: int) -> None:
        self._count += 1
        if depth > MAX_DEPTH:
            raise refused(self.draft.source, f"{field.name!r} is nested deeper than {MAX_DEPTH} levels", "flatten it")
        if self._count > MAX_FIELDS:
            raise too_big(self.draft.source, f"it has more than {MAX_FIELDS} fields", "import a part of it")
        if isinstance(schema, list):
            real = [branch for branch in schema if branch != "null"]
            field.required = field.required and len(real) == len(schema)
            if len(real) == 1:
                self.fill(field, real[0], space, depth)
            else:
                types.unknown(field, f"a union of {len(real)} types")
        elif isinstance(schema, str):
            self._word(field, schema, space, depth)
        elif isinstance(schema, dict):
            self._defined(field, schema, space, depth)
        else:
            types.unknown(field, "nothing")

    def _word(self, field: FieldDraft, word: str, space: str, depth: int) -> None:
        if word in _PRIMITIVE:
            types.scalar(field, _PRIMITIVE[word])
            return
        full = word if "." in word or not space else f"{space}.{word}"
        if full in self._inside:
            raise refused(self.draft.source, f"the record {full!r} contains itself", "a contract cannot be recursive")
        if full in self._named:
            self.fill(field, self._named[full], full.rpartition(".")[0], depth + 1)
        else:
            types.unknown(field, word)

    def _defined(self, field: FieldDraft, schema: Mapping[str, Any], space: str, depth: int) -> None:
        kind, logical = schema.get("type"), schema.get("logicalType")
        if logical is not None and self._logical(field, schema, str(logical)):
            return
        if kind == "record":
            field.type, field.fields = "object", self.record(schema, space, depth + 1)
        elif kind == "enum":
            self._define(schema, space)
            field.type, field.enum = "string", [str(symbol) for symbol in schema.get("symbols") or ()]
        elif kind in ("array", "map"):
            field.type = kind
            field.inner = FieldDraft("item" if kind == "array" else "value", required=True)
            self.fill(field.inner, schema.get("items" if kind == "array" else "values"), space, depth + 1)
        elif kind == "fixed":
            self._define(schema, space)
            types.unknown(field, "fixed")
        else:
            self.fill(field, kind, space, depth + 1)

    def _logical(self, field: FieldDraft, schema: Mapping[str, Any], logical: str) -> bool:
        if logical == "decimal":
            precision, scale = schema.get("precision"), schema.get("scale", 0)
            whole = isinstance(precision, int) and isinstance(scale, int)
            types.decimal(field, precision if whole else None, scale if whole else 0, f"decimal({precision},{scale})")
        elif logical in _TIMES:
            field.type = "timestamp"
        elif logical in _LOCAL_TIMES:
            types.scalar(field, "timestamp_ntz")
        elif logical in ("date", "uuid"):
            types.scalar(field, logical)
        else:
            if logical.startswith("time-"):
                types.unknown(field, logical)
                return True
            self.draft.notes.append(
                f"{field.name}: the logical type {logical[:40]!r} is not known, its plain type is taken"
            )
            return False
        return True

    def _define(self, schema: Mapping[str, Any], space: str) -> tuple[str, str]:
        """Remember a named type; returns its full name and namespace."""
        name, own = str(schema.get("name") or ""), str(schema.get("namespace") or space)
        full = name if "." in name or not own else f"{own}.{name}"
        self._named[full] = schema
        return full, full.rpartition(".")[0]
