"""The schema of a table (Delta, Parquet, a database) -> Draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tideline.importing import types
from tideline.importing.draft import MAX_DEPTH, MAX_FIELDS, Draft, FieldDraft, refused, too_big
from tideline.model import personal


def draft_of(schema: Mapping[str, Any], source: str) -> Draft:
    """The draft of a struct as `tideline.adapters.table_schemas` gives it."""
    reader = _Reader(source)
    reader.draft.fields = reader.fields(schema, 0)
    if not reader.draft.fields:
        raise refused(source, "the table has no columns", "give a table with columns")
    return reader.draft


class _Reader:
    def __init__(self, source: str) -> None:
        self.draft, self._count = Draft(source), 0

    def fields(self, struct: Mapping[str, Any], depth: int) -> list[FieldDraft]:
        return [self._field(found, depth) for found in struct["fields"]]

    def _field(self, found: Mapping[str, Any], depth: int) -> FieldDraft:
        said = found.get("metadata") or {}
        field = FieldDraft(str(found["name"]), required=not found.get("nullable", True))
        field.description = " ".join(str(said.get("comment") or "").split())
        field.primary, field.unique = bool(said.get("primary")), bool(said.get("unique"))
        self._typed(field, found["type"], depth)
        if field.type == "string":
            field.enum = [str(value) for value in said.get("enum") or ()]
            seen = (personal.by_text(text) for text in said.get("texts") or ())
            field.personal = next((what for what in seen if what), None)
        return field

    def _typed(self, field: FieldDraft, kind: Any, depth: int) -> None:
        self._count += 1
        if depth > MAX_DEPTH:
            raise refused(self.draft.source, f"{field.name!r} is nested deeper than {MAX_DEPTH} levels", "flatten it")
        if self._count > MAX_FIELDS:
            raise too_big(self.draft.source, f"it has more than {MAX_FIELDS} columns", "import a view of it")
        if isinstance(kind, str):
            word, _, digits = kind.partition("(")
            tail = digits.rpartition(")")[2]
            if not types.scalar(field, word + tail, digits.rpartition(")")[0]):
                types.unknown(field, kind)
            return
        name = kind.get("type")
        if name == "struct":
            field.type, field.fields = "object", self.fields(kind, depth + 1)
        elif name == "array":
            field.type = "array"
            field.inner = FieldDraft("item", required=not kind.get("containsNull", True))
            self._typed(field.inner, kind["elementType"], depth + 1)
        elif name == "map" and kind["keyType"] == "string":
            field.type, field.inner = "map", FieldDraft("value", required=not kind.get("valueContainsNull", True))
            self._typed(field.inner, kind["valueType"], depth + 1)
        else:
            types.unknown(field, f"{name} with such keys" if name == "map" else str(name))
