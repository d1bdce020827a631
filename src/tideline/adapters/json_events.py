"""The one decoder of both layers: raw bytes of a message become a typed row or the reason for quarantine.

Spark runs it through mapInArrow, the speed layer in its loop, so that both judge an event the same. There are two ways
through it: the quick one is a typed msgspec decode; whatever that refuses is read again member by member, which finds
the precise reason (or the row, where the quick way is too narrow). Of a member repeated in one object the last counts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Raw

from tideline.model import lexical
from tideline.model.contract import Contract, EventField, FieldType

Row = tuple[Any, ...]
MAX_DEPTH = 32
_QUICK_INTEGER = 2**53  # beyond it the slow way judges, so that the quick one needs no care about 64 bits
_MEMORY = 65_536  # texts remembered per field: prices and times repeat a lot
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event goes to quarantine: one of the stable words in docs/formats.md, never a value of the event."""

    reason: str


_NO_VALUE, _OVERSIZE = Rejection("no_value"), Rejection("oversize")
_MALFORMED, _NOT_AN_OBJECT = Rejection("malformed_json"), Rejection("not_an_object")
_KEY_IS_NOT_ID = Rejection("key_is_not_id")


class _Refused(ValueError):
    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.reason)
        self.rejection = rejection


def payload_hash(value: bytes) -> bytes:
    """128-bit BLAKE2b of the raw value: tells a repeated event from another one under the same id."""
    return hashlib.blake2b(value, digest_size=16).digest()


class EventDecoder:
    """Decodes messages of one contract; `columns` names the values of a row (fields, then derived columns).

    Values are str, int, bool or None: decimals are integers scaled by the field's scale, timestamps microseconds since
    the epoch in UTC, dates ISO text. No input raises.
    """

    def __init__(self, contract: Contract) -> None:
        self.columns: tuple[str, ...] = contract.columns
        self._fields = contract.fields
        self._max_bytes = contract.stream.max_event_bytes
        self._key_at = self.columns.index(contract.deduplication.key)
        self._quick = msgspec.json.Decoder(_struct(contract))
        self._members = msgspec.json.Decoder(dict[str, Raw])
        self._readers = tuple(_reader(field) for field in contract.fields)
        self._conversions = tuple(
            (at, reader)
            for at, (field, reader) in enumerate(zip(contract.fields, self._readers, strict=True))
            if field.type in _CONVERTED
        )
        self._derived = tuple(contract.compile(column.expression).of for column in contract.derived)
        self._rules = tuple(
            (contract.compile(rule.expression).of, Rejection(f"rule:{rule.name}")) for rule in contract.rules
        )

    def decode(self, key: bytes | None, value: bytes | None) -> Row | Rejection:
        """The row of one message, or why it is none."""
        if value is None:
            return _NO_VALUE
        if len(value) > self._max_bytes:
            return _OVERSIZE
        try:
            cells = list(msgspec.structs.astuple(self._quick.decode(value)))
            for at, read in self._conversions:
                if (cell := cells[at]) is not None:
                    cells[at] = read(cell)
        except (ValueError, RecursionError):
            return self._slowly(key, value)
        return self._judge(key, cells)

    def _judge(self, key: bytes | None, cells: list[Any]) -> Row | Rejection:
        if key is None or key != cells[self._key_at].encode():
            return _KEY_IS_NOT_ID
        for derive in self._derived:
            cells.append(derive(cells))
        for holds, rejection in self._rules:
            if holds(cells) is False:
                return rejection
        return tuple(cells)

    def _slowly(self, key: bytes | None, value: bytes) -> Row | Rejection:
        """The precise reason: first the syntax, then the fields in the contract's order, then unknown members."""
        try:
            members = self._parsed(value)
            cells = [self._cell(at, members.pop(field.name, None)) for at, field in enumerate(self._fields)]
        except _Refused as refused:
            return refused.rejection
        for name in members:
            return Rejection(f"unknown_field:{name if _PLAIN_NAME.fullmatch(name) else '?'}")
        return self._judge(key, cells)

    def _parsed(self, value: bytes) -> dict[str, Raw]:
        try:
            value.decode()
            if _depth(value) > MAX_DEPTH:
                raise _Refused(_MALFORMED)
            msgspec.json.decode(value, type=Raw)
            return self._members.decode(value)
        except msgspec.ValidationError:
            raise _Refused(_NOT_AN_OBJECT) from None
        except _Refused:
            raise
        except (ValueError, RecursionError):
            raise _Refused(_MALFORMED) from None

    def _cell(self, at: int, raw: Raw | None) -> Any:
        field, text = self._fields[at], b"null" if raw is None else bytes(raw)
        if text == b"null":
            if field.required:
                raise _Refused(Rejection(f"missing_field:{field.name}"))
            return None
        try:
            return _read_raw(field, text, self._readers[at])
        except lexical.OutOfRange:
            reason = "out_of_range"
        except lexical.NonexistentLocalTime:
            reason = "nonexistent_local_time"
        except lexical.NotWritten:
            reason = "wrong_type"
        raise _Refused(Rejection(f"{reason}:{field.name}"))


def _read_raw(field: EventField, raw: bytes, read: Callable[[Any], Any]) -> Any:
    """One member from its raw JSON text, for the slow way."""
    if field.type is FieldType.BOOLEAN:
        if raw not in (b"true", b"false"):
            raise lexical.NotWritten
        return raw == b"true"
    if field.type is FieldType.INTEGER:
        return lexical.integer(raw.decode())
    if field.type is FieldType.DECIMAL:
        return read(raw)
    return read(_text(raw))


def _text(raw: bytes) -> str:
    if not raw.startswith(b'"'):
        raise lexical.NotWritten
    return msgspec.json.decode(raw, type=str)


def _depth(value: bytes) -> int:
    """How deep containers are nested, in one pass and outside of strings."""
    depth = deepest = 0
    for match in _STRUCTURE.finditer(value):
        if match[0] in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in (b"]", b"}"):
            depth -= 1
    return deepest


_CONVERTED = {FieldType.DECIMAL, FieldType.TIMESTAMP, FieldType.DATE}
_QUICK_TYPES: dict[FieldType, Any] = {
    FieldType.INTEGER: Annotated[int, Meta(ge=-_QUICK_INTEGER, le=_QUICK_INTEGER)],
    FieldType.DECIMAL: Raw,
    FieldType.TIMESTAMP: str,
    FieldType.DATE: str,
    FieldType.BOOLEAN: bool,
}


def _struct(contract: Contract) -> type[msgspec.Struct]:
    """The contract's event as a msgspec type; attributes are numbered, so that no field name can clash with Python."""
    members: list[Any] = []
    for at, field in enumerate(contract.fields):
        kind = _QUICK_TYPES.get(field.type) or Annotated[str, Meta(max_length=field.max_length)]
        if field.required:
            members.append((f"f{at}", kind))
        else:  # an optional decimal is Raw, so null arrives as text and its reader turns it into None
            members.append((f"f{at}", kind if kind is Raw else kind | None, None))
    names = {f"f{at}": field.name for at, field in enumerate(contract.fields)}
    return msgspec.defstruct("Event", members, rename=names, kw_only=True, forbid_unknown_fields=True, gc=False)


def _reader(field: EventField) -> Callable[[Any], Any]:
    if field.type is FieldType.DECIMAL:
        return _decimals(field)
    if field.type is FieldType.TIMESTAMP:
        zone = ZoneInfo(field.timezone) if field.timezone else None
        return _remembering(lambda text: lexical.timestamp(text, zone))
    if field.type is FieldType.DATE:
        return _remembering(lexical.day)
    return _strings(field)


def _strings(field: EventField) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > field.max_length:
            raise lexical.OutOfRange
        return text

    return read


def _decimals(field: EventField) -> Callable[[Raw | bytes], int | None]:
    def read(raw: bytes) -> int | None:
        if raw == b"null" and not field.required:
            return None
        if raw[:1] in b"{[tfn":
            raise lexical.NotWritten
        text = _text(raw) if raw.startswith(b'"') else raw.decode()
        return lexical.decimal(text, field.precision, field.scale)

    remembered = _remembering(read)
    return lambda raw: remembered(bytes(raw))


def _remembering(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keeps the values of short texts; starts afresh when full, so that no input can fill the memory."""
    memory: dict[Any, Any] = {}

    def remembered(text: Any) -> Any:
        value = memory.get(text, memory)
        if value is not memory:
            return value
        value = read(text)
        if len(text) <= 40:
            if len(memory) >= _MEMORY:
                memory.clear()
            memory[text] = value
        return value

    return remembered


def arrow_schema(contract: Contract) -> Any:
    """The pyarrow schema of silver's event columns: decimal128, timestamp[us, UTC], date32; imports pyarrow."""
    import pyarrow as pa

    def arrow_type(field: EventField) -> Any:
        return {
            FieldType.STRING: pa.string,
            FieldType.INTEGER: pa.int64,
            FieldType.BOOLEAN: pa.bool_,
            FieldType.DATE: pa.date32,
            FieldType.TIMESTAMP: lambda: pa.timestamp("us", tz="UTC"),
            FieldType.DECIMAL: lambda: pa.decimal128(field.precision, field.scale),
        }[field.type]()

    columns = [pa.field(field.name, arrow_type(field), nullable=not field.required) for field in contract.fields]
    return pa.schema(columns + [pa.field(column.name, pa.bool_()) for column in contract.derived])
