"""(table as it is, contract before, contract after) -> the statements that let a table follow its contract.

Nothing here rewrites or deletes a row: columns are added, widened, renamed by column mapping, or hidden (they stay in
the table and new rows have null there). A retired column is dropped only when that is asked for. What stands in the
table decides, not what was done before: the same call after an interruption gives what is left to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.model.field import EventField
from tideline.rendering import spark

Type = str | Mapping[str, Any]  # as Delta's log writes it
_WORDS = {"bigint": "long", "int": "integer", "smallint": "short", "tinyint": "byte"}
_SQL = {written: word for word, written in _WORDS.items()}
_TOKEN = re.compile(r"\s*(decimal\(\d+,\s*\d+\)|[A-Za-z_][A-Za-z0-9_]*|`(?:[^`]|``)+`|[<>:,])")
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_INTEGERS = ("byte", "short", "integer", "long")
MAPPING = "'delta.columnMapping.mode' = 'name', 'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5'"
WIDENING = "'delta.enableTypeWidening' = 'true'"


class Act(StrEnum):
    """What happens to a column; HIDE and KEEP_WIDE leave the table as it is and are told to people."""

    ADD = "add"
    WIDEN = "widen"
    RENAME = "rename"
    DROP = "drop"
    HIDE = "hide"
    KEEP_WIDE = "keep wide"


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """One column or part of one: `path` in the table (`element` and `value` lead into arrays and maps)."""

    act: Act
    path: tuple[str, ...]
    before: str | None = None
    after: str | None = None

    @property
    def column(self) -> str:
        return ".".join(self.path)

    def statement(self, table: str) -> str | None:
        """Spark SQL; None when nothing is to be done."""
        place = ".".join(spark.quoted(part) for part in self.path)
        if self.act is Act.ADD:
            return f"ALTER TABLE {table} ADD COLUMNS ({place} {self.after})"
        if self.act is Act.WIDEN:
            return f"ALTER TABLE {table} ALTER COLUMN {place} TYPE {self.after}"
        if self.act is Act.RENAME:
            return f"ALTER TABLE {table} RENAME COLUMN {place} TO {spark.quoted(str(self.after))}"
        return f"ALTER TABLE {table} DROP COLUMN {place}" if self.act is Act.DROP else None


def changes(
    schema: Mapping[str, Any], before: Contract | None, after: Contract, *, drop_retired: bool = False
) -> tuple[ColumnChange, ...]:
    """What silver needs to follow the contract, in an order that works. Raises Fatal TL-EVO-001 for another type."""
    listed = {column.name: column.type for column in spark.columns("silver", after)}
    wanted = {name: parsed(text) for name, text in listed.items()}
    held = {str(field["name"]): field["type"] for field in schema["fields"]}
    retired = set(after.retired) if drop_retired else set()
    fields = _Fields(after.fields, before.fields if before else ())
    return tuple(_struct((), held, wanted, fields, retired))


def properties(listed: Sequence[ColumnChange], configured: Mapping[str, str]) -> tuple[str, ...]:
    """The table properties that the changes need and that the table does not have."""
    acts = {change.act for change in listed}
    needed = []
    if acts & {Act.RENAME, Act.DROP} and configured.get("delta.columnMapping.mode", "none") == "none":
        needed.append(MAPPING)
    if Act.WIDEN in acts and configured.get("delta.enableTypeWidening") != "true":
        needed.append(WIDENING)
    return tuple(needed)


def parsed(text: str) -> Type:
    """A Spark SQL type as Delta's log writes it."""
    tokens = _TOKEN.findall(text)
    kind, rest = _read(tokens)
    if rest or "".join(tokens).replace(" ", "") != text.replace(" ", ""):
        raise ValueError(f"{text!r} is no type")
    return kind


def written(kind: Type) -> str:
    """A type of Delta's log as Spark SQL."""
    if isinstance(kind, str):
        return _SQL.get(kind, kind)
    if kind["type"] == "struct":
        return f"struct<{','.join(spark.quoted(f['name']) + ':' + written(f['type']) for f in kind['fields'])}>"
    if kind["type"] == "array":
        return f"array<{written(kind['elementType'])}>"
    return f"map<{written(kind['keyType'])},{written(kind['valueType'])}>"


def plain(kind: Any) -> Any:
    """A schema without metadata and with everything nullable, so that two of them can be compared."""
    if isinstance(kind, str):
        return kind
    if kind["type"] == "struct":
        fields = [
            {"name": f["name"], "type": plain(f["type"]), "nullable": True, "metadata": {}} for f in kind["fields"]
        ]
        return {"type": "struct", "fields": fields}
    if kind["type"] == "array":
        return {"type": "array", "elementType": plain(kind["elementType"]), "containsNull": True}
    ends = {end: plain(kind[end]) for end in ("keyType", "valueType")}
    return {"type": "map", **ends, "valueContainsNull": True}


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields at one place of the contract, after and before; they know what was renamed."""

    after: Sequence[EventField] = ()
    before: Sequence[EventField] = ()

    def former(self, name: str) -> Iterator[str]:
        """Names under which the table may still have it: its former one, or (going back) its later one."""
        yield from (f.renamed_from for f in self.after if f.name == name and f.renamed_from)
        yield from (f.name for f in self.before if f.renamed_from == name)

    def refuse_both(self, at: tuple[str, ...]) -> None:
        """A field cannot take over the name of one that stood beside it: whose values would the column hold?"""
        names = {field.name for field in self.before}
        for field in self.after:
            known = any(f.name == field.name and f.renamed_from == field.renamed_from for f in self.before)
            if field.renamed_from in names and field.name in names and not known:
                raise Fatal(
                    "TL-EVO-002",
                    f"{'.'.join((*at, str(field.renamed_from)))} is renamed to {field.name}, which was there already",
                    fix="rename to a name that is free, or do it in two versions; nothing was changed",
                )

    def inside(self, name: str) -> _Fields:
        return _Fields(*(_parts(fields, {name, *self.former(name)}) for fields in (self.after, self.before)))


def _parts(fields: Sequence[EventField], names: set[str]) -> tuple[EventField, ...]:
    return next((field.inner for field in fields if field.name in names), ())


def _struct(
    at: tuple[str, ...], held: Mapping[str, Type], wanted: Mapping[str, Type], fields: _Fields, retired: set[str]
) -> Iterator[ColumnChange]:
    fields.refuse_both(at)
    free = {name for name in held if name not in wanted}
    renamed: dict[str, str] = {}
    for name in wanted:
        source = next((n for n in fields.former(name) if n in free), None) if name not in held else None
        if source is not None:
            free.discard(source)
            renamed[name] = source
    for name, source in renamed.items():
        yield ColumnChange(Act.RENAME, (*at, source), source, name)
    for name, kind in wanted.items():
        here = held.get(renamed.get(name, name))
        if here is None:
            yield ColumnChange(Act.ADD, (*at, name), None, written(kind))
        else:
            yield from _type((*at, name), here, kind, fields.inside(name))
    for name in sorted(free):
        yield ColumnChange(Act.DROP if name in retired else Act.HIDE, (*at, name), written(held[name]), None)


def _type(at: tuple[str, ...], held: Type, wanted: Type, fields: _Fields) -> Iterator[ColumnChange]:
    if isinstance(held, str) and isinstance(wanted, str):
        if held == wanted:
            return
        if _holds(wanted, held):
            yield ColumnChange(Act.WIDEN, at, written(held), written(wanted))
        elif _holds(held, wanted):
            yield ColumnChange(Act.KEEP_WIDE, at, written(held), written(wanted))
        else:
            raise _other_type(at, held, wanted)
    elif isinstance(held, str) or isinstance(wanted, str) or held["type"] != wanted["type"]:
        raise _other_type(at, held, wanted)
    elif held["type"] == "struct":
        ours, theirs = ({f["name"]: f["type"] for f in kind["fields"]} for kind in (held, wanted))
        yield from _struct(at, ours, theirs, fields, set())
    elif held["type"] == "array":
        yield from _type((*at, "element"), held["elementType"], wanted["elementType"], _item(fields))
    else:
        yield from _type((*at, "value"), held["valueType"], wanted["valueType"], _item(fields))


def _item(fields: _Fields) -> _Fields:
    """Inside an array or a map: the parts of its one item or value."""
    return _Fields(*(one[0].inner if one else () for one in (fields.after, fields.before)))


def _holds(wide: str, narrow: str) -> bool:
    """Whether each value of `narrow` is one of `wide`, in a way that a table can be changed to."""
    if wide in _INTEGERS and narrow in _INTEGERS:
        return _INTEGERS.index(wide) >= _INTEGERS.index(narrow)
    one, other = _DECIMAL.fullmatch(wide), _DECIMAL.fullmatch(narrow)
    if one is None or other is None:
        return False
    (digits, scale), (fewer, less) = ((int(found[1]), int(found[2])) for found in (one, other))
    return scale >= less and digits - scale >= fewer - less


def _other_type(at: tuple[str, ...], held: Type, wanted: Type) -> Fatal:
    return Fatal(
        "TL-EVO-001",
        f"column {'.'.join(at)} holds {written(held)}, the contract says {written(wanted)}: no value would fit",
        fix="give the field another name and retire the old one; nothing was changed",
    )


def _read(tokens: list[str]) -> tuple[Type, list[str]]:
    if not tokens:
        raise ValueError("a type is missing")
    word, rest = tokens[0].lower(), tokens[1:]
    if word == "array":
        inner, rest = _read(_after(rest, "<"))
        return {"type": "array", "elementType": inner, "containsNull": True}, _after(rest, ">")
    if word == "map":
        key, rest = _read(_after(rest, "<"))
        value, rest = _read(_after(rest, ","))
        return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}, _after(rest, ">")
    if word == "struct":
        fields: list[dict[str, Any]] = []
        mark = "<"
        while not fields or rest[:1] == [","]:
            name, rest = _after(rest, mark)[0], _after(rest, mark)[1:]
            inner, rest = _read(_after(rest, ":"))
            fields.append({"name": name.strip("`"), "type": inner, "nullable": True, "metadata": {}})
            mark = ","
        return {"type": "struct", "fields": fields}, _after(rest, ">")
    return _WORDS.get(word, word.replace(" ", "")), rest


def _after(tokens: list[str], mark: str) -> list[str]:
    if not tokens or tokens[0] != mark:
        raise ValueError(f"{mark!r} is missing")
    return tokens[1:]


__all__ = ["Act", "ColumnChange", "changes", "parsed", "plain", "properties", "written"]
