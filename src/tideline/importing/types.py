"""Type names as people and engines write them (`varchar(20)`, `struct<a:int>`) -> the standard's logical types."""

from __future__ import annotations

import re
from collections.abc import Callable

from tideline.importing.draft import MAX_DEPTH, FieldDraft, refused

_STRINGS = frozenset(
    {
        "string", "text", "varchar", "char", "character", "nvarchar", "nchar", "uuid", "clob", "character_varying",
        "str", "keyword",
    }
)  # fmt: skip
_SMALL = frozenset({"int32", "int16", "int8", "smallint", "tinyint", "short", "byte"})
_INTEGERS = _SMALL | {"integer", "int", "bigint", "long", "int64", "serial", "bigserial"}
_DECIMALS = frozenset({"decimal", "numeric", "number"})
_FLOATS = frozenset({"float", "double", "real", "float32", "float64", "double_precision", "money"})
_ZONED = frozenset({"timestamp", "timestamptz", "timestamp_tz", "timestamp_ltz", "timestamp_with_time_zone"})
_LOCAL = frozenset({"datetime", "timestamp_ntz", "timestamp_without_time_zone", "datetime2", "smalldatetime"})
_DIGITS = re.compile(r"(\d{1,4})(?:,(-?\d{1,4}))?")
_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_ ]*|`[^`]+`|\(\s*\d+(?:\s*,\s*-?\d+)?\s*\)|[<>:,])")
FLOAT = "the source has {0}, which is not exact: write decimal(PRECISION,SCALE)"
NO_DIGITS = "the source says {0} without digits: write decimal(PRECISION,SCALE)"
NO_ZONE = "the source's times carry no offset: name their zone, such as Europe/London or UTC"
UNKNOWN = (
    "the source's type {0} has no counterpart: string, integer, number, timestamp, date, boolean, object, array or map"
)


def apply(field: FieldDraft, text: str) -> None:
    """Give a field the type that a text names; what cannot be decided is left open in the field."""
    parser = _Parser(text)
    parser.type_of(field, 0)
    parser.end()


def scalar(field: FieldDraft, word: str, digits: str = "") -> bool:
    """The same for one word and the digits in its brackets; False when the word is no scalar type."""
    word = re.sub(r"\s+", "_", word.strip().lower())
    shown = f"{word}({digits})" if digits else word
    numbers = _DIGITS.fullmatch(digits.replace(" ", ""))
    if word in _STRINGS:
        field.type = "string"
        if numbers and word != "uuid":
            field.options["maxLength"] = int(numbers[1])
    elif word in _INTEGERS:
        field.type = "integer"
        if word in _SMALL:
            field.options["format"] = "i32"
    elif word in _DECIMALS:
        decimal(field, int(numbers[1]) if numbers else None, int(numbers[2] or 0) if numbers else 0, shown)
    elif word in _FLOATS:
        field.type, field.open["physicalType"] = "number", FLOAT.format(shown)
    elif word in ("boolean", "bool", "bit"):
        field.type = "boolean"
    elif word == "date":
        field.type = "date"
    elif word in _ZONED:
        field.type = "timestamp"
    elif word in _LOCAL:
        field.type, field.open["defaultTimezone"] = "timestamp", NO_ZONE
    else:
        return False
    return True


def decimal(field: FieldDraft, precision: int | None, scale: int, shown: str) -> None:
    """An exact number; more digits than Tideline has, or none said, stay open."""
    field.type = "number"
    if precision is None:
        field.open["physicalType"] = NO_DIGITS.format(shown)
    elif not (1 <= precision <= 38 and 0 <= scale <= min(18, precision)):
        field.open["physicalType"] = f"the source says {shown}: at most 38 digits, 18 of them after the point"
    else:
        field.decimal = (precision, scale)


def unknown(field: FieldDraft, shown: str) -> None:
    """A type nobody knows: the field is written without one, which lint refuses."""
    field.open["logicalType"] = UNKNOWN.format(repr(shown[:60]))


class _Parser:
    """`array<struct<a:int,b:map<string,decimal(10,2)>>>`, as Spark and people write nested types."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._tokens = text.strip(), 0, _tokens(text.strip())

    def type_of(self, field: FieldDraft, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise refused("type", f"{self._text[:60]!r} is nested deeper than {MAX_DEPTH} levels", "flatten it")
        word = self._take().strip()
        nested: dict[str, Callable[[FieldDraft, int], None]] = {
            "array": self._array, "list": self._array, "map": self._map, "struct": self._struct, "record": self._struct,
        }  # fmt: skip
        if word.lower() in nested and self._peek() == "<":
            self._expect("<")
            nested[word.lower()](field, depth)
            self._expect(">")
            return
        digits = self._take()[1:-1] if self._peek().startswith("(") else ""
        if not scalar(field, word, digits):
            unknown(field, word)

    def end(self) -> None:
        if self._peek():
            raise self._wrong(self._peek())

    def _array(self, field: FieldDraft, depth: int) -> None:
        field.type, field.inner = "array", FieldDraft("item", required=True)
        self.type_of(field.inner, depth + 1)

    def _map(self, field: FieldDraft, depth: int) -> None:
        key = FieldDraft("key")
        self.type_of(key, depth + 1)
        self._expect(",")
        field.type, field.inner = "map", FieldDraft("value", required=True)
        self.type_of(field.inner, depth + 1)
        if key.type != "string":
            unknown(field, "map with keys that are no strings")

    def _struct(self, field: FieldDraft, depth: int) -> None:
        field.type = "object"
        while True:
            member = FieldDraft(self._take().strip().strip("`"))
            self._expect(":")
            self.type_of(member, depth + 1)
            field.fields.append(member)
            if self._peek() != ",":
                return
            self._expect(",")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if token in ("", *"<>:,"):
            raise self._wrong(token)
        self._at += 1
        return token

    def _expect(self, token: str) -> None:
        if self._peek() != token:
            raise self._wrong(self._peek())
        self._at += 1

    def _wrong(self, token: str) -> Exception:
        found = f"unexpected {token!r}" if token else "it ends too early"
        return refused(
            "type",
            f"the type {self._text[:80]!r} cannot be read ({found})",
            "write it as struct<a:int,b:array<string>>",
        )


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(tokens) > 20_000:
            wrong = text[at : at + 10]
            raise refused(
                "type",
                f"the type {text[:80]!r} cannot be read at {wrong!r}",
                "write a type such as string or decimal(10,2)",
            )
        tokens.append(match[1])
        at = match.end()
    return tokens
