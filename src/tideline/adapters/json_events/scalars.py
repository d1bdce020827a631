"""Readers of single values: what the typed decode leaves to check or convert, and the same from raw JSON text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tideline.model import lexical
from tideline.model.field import NESTED, EventField, FieldType

Reader = Callable[[Any], Any]
Readers = Mapping[str, Reader | None]  # by path: `price`, `shipping.city`, `items[].price`, `attributes{}`
_MEMORY = 65_536  # texts remembered per field: prices and times repeat a lot
_REMEMBERED = 40  # characters of the longest text that is


def readers(fields: tuple[EventField, ...]) -> Readers:
    """For every scalar what is to be done with the value that the typed decode gives; None when it is done already."""
    return {path: _reader(field) for path, field in scalars(fields)}


def scalars(fields: tuple[EventField, ...], before: str = "") -> Iterator[tuple[str, EventField]]:
    """Every scalar by its path."""
    for field in fields:
        yield from _inside(field, before + field.name)


def _inside(field: EventField, path: str) -> Iterator[tuple[str, EventField]]:
    if field.type not in NESTED:
        yield path, field
    yield from scalars(field.fields, f"{path}.")
    if field.items is not None:
        yield from _inside(field.items, f"{path}[]")
    if field.values is not None:
        yield from _inside(field.values, f"{path}{{}}")


def bounds(field: EventField) -> tuple[int, int]:
    """The least and the greatest value of an integer, or of a decimal scaled to an integer; both inclusive."""
    if field.type is FieldType.INTEGER:
        least, greatest = -(2 ** (field.bits - 1)), 2 ** (field.bits - 1) - 1
    else:
        least, greatest = 1 - 10**field.precision, 10**field.precision - 1
    scale = field.scale if field.type is FieldType.DECIMAL else 0
    if field.minimum is not None:
        least = max(least, math.ceil(Fraction(field.minimum) * 10**scale))
    if field.maximum is not None:
        greatest = min(greatest, math.floor(Fraction(field.maximum) * 10**scale))
    return least, greatest


def from_json(field: EventField, read: Reader | None) -> Callable[[bytes], Any]:
    """The value of raw JSON text that is not null; `read` is the field's reader of `readers`."""
    if field.type is FieldType.BOOLEAN:
        return _boolean
    if field.type is FieldType.INTEGER:
        least, greatest = bounds(field)
        return lambda raw: _bounded(lexical.integer(raw.decode()), least, greatest)
    if field.type is FieldType.DECIMAL and read is not None:
        return read
    of_text = read or _strings(field)
    return lambda raw: of_text(_text(raw))


def _reader(field: EventField) -> Reader | None:
    if field.type is FieldType.DECIMAL:
        return _decimals(field)
    if field.type is FieldType.TIMESTAMP:
        zone = ZoneInfo(field.timezone) if field.timezone else None
        return _remembering(lambda text: lexical.timestamp(text, zone))
    if field.type is FieldType.DATE:
        return _remembering(lexical.day)
    return _remembering(_strings(field)) if field.pattern is not None or field.enum else None


def _boolean(raw: bytes) -> bool:
    if raw not in (b"true", b"false"):
        raise lexical.NotWritten
    return raw == b"true"


def _bounded(value: int, least: int, greatest: int) -> int:
    if not least <= value <= greatest:
        raise lexical.OutOfRange
    return value


def _strings(field: EventField) -> Callable[[str], str]:
    """Length first, so that no pattern is tried on a long text, then the pattern, then the enum."""
    pattern = None if field.pattern is None else re.compile(field.pattern, re.ASCII)
    allowed = frozenset(field.enum)

    def read(text: str) -> str:
        if not field.min_length <= len(text) <= field.max_length:
            raise lexical.OutOfRange
        if pattern is not None and pattern.fullmatch(text) is None:
            raise lexical.OtherPattern
        if allowed and text not in allowed:
            raise lexical.NotInEnum
        return text

    return read


def _decimals(field: EventField) -> Callable[[msgspec.Raw | bytes], int | None]:
    least, greatest = bounds(field)

    def read(raw: bytes) -> int | None:
        if raw == b"null" and not field.required:
            return None
        if raw[:1] in b"{[tfn":
            raise lexical.NotWritten
        text = _text(raw) if raw.startswith(b'"') else raw.decode()
        return _bounded(lexical.decimal(text, field.precision, field.scale), least, greatest)

    remembered = _remembering(read)
    return lambda raw: remembered(bytes(raw))


def _text(raw: bytes) -> str:
    if not raw.startswith(b'"'):
        raise lexical.NotWritten
    return msgspec.json.decode(raw, type=str)


def _remembering(read: Reader) -> Reader:
    """Keeps the values of short texts; starts afresh when full, so that no input can fill the memory."""
    memory: dict[Any, Any] = {}

    def remembered(text: Any) -> Any:
        value = memory.get(text, memory)
        if value is not memory:
            return value
        value = read(text)
        if len(text) <= _REMEMBERED:
            if len(memory) >= _MEMORY:
                memory.clear()
            memory[text] = value
        return value

    return remembered
