"""The thorough way: an event read member by member, for the precise reason and for what differs from the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from tideline.adapters.json_events.scalars import Readers, from_json
from tideline.model import lexical
from tideline.model.contract import Contract, DriftAction
from tideline.model.field import EventField, FieldType

Noticed = tuple[tuple[str, str], ...]
Value = Callable[[bytes], Any]  # raw JSON text that is not null -> the cell
Member = Callable[[Raw | None], Any]  # raw JSON text, or None when it is absent -> the cell
_Held = TypeVar("_Held", list[Raw], dict[str, Raw])
MAX_DEPTH = 32
MAX_NOTICED = 64
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_WHOLE = re.compile(rb"-?[0-9]+")
_KINDS = {b'"': "string", b"{": "object", b"[": "array", b"t": "boolean", b"f": "boolean", b"n": "null"}


@dataclass(frozen=True, slots=True)
class Found:
    """The cells of an event's fields, or None and the reason; and what was noticed on the way."""

    cells: list[Any] | None
    reason: str
    noticed: Noticed


class _Refused(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Members:
    """Reads fields in the contract's order, an object with everything in it when its turn comes, then unknown members.

    The first trouble in that order is the reason. An unknown member is no trouble when the contract lets events evolve;
    in any case it is noticed, and reading goes on behind it, so that one event tells of all that is new in it.
    """

    def __init__(self, contract: Contract, readers: Readers) -> None:
        self._readers = readers
        self._evolves = contract.drift.new_fields is DriftAction.EVOLVE
        self._objects = msgspec.json.Decoder(dict[str, Raw])
        self._arrays = msgspec.json.Decoder(list[Raw])
        self._noticed: dict[tuple[str, str], None] = {}
        self._unknown = ""
        self._event = self._object(contract.fields, "", contract.retired)

    def read(self, value: bytes) -> Found:
        """First the syntax, then the members."""
        self._noticed, self._unknown = {}, ""
        cells: list[Any] | None = None
        try:
            _check(value)
            if value.strip()[:1] != b"{":
                raise _Refused("not_an_object")
            cells, reason = self._event(value), self._unknown
        except _Refused as refused:
            reason = self._unknown or refused.reason
        return Found(None if reason else cells, reason, tuple(self._noticed))

    def _notice(self, path: str, raw: bytes) -> None:
        if len(self._noticed) < MAX_NOTICED:
            self._noticed[path, _kind(raw)] = None

    def _object(
        self, fields: tuple[EventField, ...], before: str, retired: tuple[str, ...] = ()
    ) -> Callable[[bytes], list[Any]]:
        """A reader of one object's members; a former name is read where the new one is absent."""
        parts = [(field.name, field.renamed_from, self._member(field, before + field.name)) for field in fields]

        def read(raw: bytes) -> list[Any]:
            members = self._objects.decode(raw)
            found: list[Raw | None] = []
            for name, former, _ in parts:
                present = members.pop(name, None)
                found.append(members.pop(former, None) if present is None and former is not None else present)
            for name in retired:
                members.pop(name, None)
            unknown = [
                (before + (name if _PLAIN_NAME.fullmatch(name) else "?"), bytes(members[name])) for name in members
            ]
            for path, held in unknown:
                self._notice(path, held)
            cells = [member(held) for (_, _, member), held in zip(parts, found, strict=True)]
            if unknown and not self._evolves and not self._unknown:
                self._unknown = f"unknown_field:{unknown[0][0]}"
            return cells

        return read

    def _member(self, field: EventField, path: str) -> Member:
        value = self._value(field, path)

        def read(raw: Raw | None) -> Any:
            text = b"null" if raw is None else bytes(raw)
            if text == b"null":
                if field.required:
                    raise _Refused(f"missing_field:{path}")
                return None
            try:
                return value(text)
            except lexical.Refused as refused:
                if isinstance(refused, lexical.NotWritten):
                    self._notice(path, text)
                raise _Refused(f"{refused.reason}:{path}") from None

        return read

    def _value(self, field: EventField, path: str) -> Value:
        if field.type is FieldType.OBJECT:
            members = self._object(field.fields, f"{path}.")
            return lambda raw: tuple(members(_opened(raw, b"{")))
        if field.items is not None:
            item = self._member(field.items, f"{path}[]")
            return lambda raw: [item(held) for held in _few(self._arrays.decode(_opened(raw, b"[")), field.max_items)]
        if field.values is not None:
            value = self._member(field.values, f"{path}{{}}")

            def entries(raw: bytes) -> dict[str, Any]:
                held = _few(self._objects.decode(_opened(raw, b"{")), field.max_items)
                return {key: value(held[key]) for key in sorted(held)}

            return entries
        return from_json(field, self._readers[path])


def _opened(raw: bytes, bracket: bytes) -> bytes:
    if not raw.startswith(bracket):
        raise lexical.NotWritten
    return raw


def _few(held: _Held, most: int) -> _Held:
    if len(held) > most:
        raise lexical.OutOfRange
    return held


def _kind(raw: bytes) -> str:
    """The JSON kind of a raw value."""
    return _KINDS.get(raw[:1]) or ("integer" if _WHOLE.fullmatch(raw) else "number")


def _check(value: bytes) -> None:
    """Whether the bytes are JSON of bounded depth."""
    try:
        value.decode()
        if _depth(value) > MAX_DEPTH:
            raise _Refused("malformed_json")
        msgspec.json.decode(value, type=Raw)
    except (ValueError, RecursionError):
        raise _Refused("malformed_json") from None


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
