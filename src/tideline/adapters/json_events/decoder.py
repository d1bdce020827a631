"""Bytes of a message -> a row or a rejection; chooses between the quick way and the thorough one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from tideline.adapters.json_events.members import Members, Noticed
from tideline.adapters.json_events.scalars import readers
from tideline.adapters.json_events.typed import conversions, event_type
from tideline.model.contract import Contract

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why an event goes to quarantine: one of the stable words in docs/formats.md, never a value of the event."""

    reason: str


_NO_VALUE, _OVERSIZE, _KEY_IS_NOT_ID = Rejection("no_value"), Rejection("oversize"), Rejection("key_is_not_id")


def payload_hash(value: bytes) -> bytes:
    """128-bit BLAKE2b of the raw value: tells a repeated event from another one under the same id."""
    return hashlib.blake2b(value, digest_size=16).digest()


class EventDecoder:
    """Decodes messages of one contract; `columns` names the values of a row (fields, then derived columns).

    Values are str, int, bool or None: decimals are integers scaled by the field's scale, timestamps microseconds since
    the epoch in UTC, dates ISO text. An object is the tuple of its members' values in declared order, an array a list,
    a map a dict ordered by key. `noticed` is how the last message differed from the contract in shape: (path, JSON
    kind) of each member that is not known, and of the first one of another type. No input raises.
    """

    def __init__(self, contract: Contract) -> None:
        self.columns: tuple[str, ...] = contract.columns
        self.noticed: Noticed = ()
        self._max_bytes = contract.stream.max_event_bytes
        self._key_at = self.columns.index(contract.deduplication.key)
        self._width = len(contract.fields)
        own = readers(contract.fields)
        self._quick = msgspec.json.Decoder(event_type(contract))
        self._conversions = conversions(contract.fields, own)
        self._members = Members(contract, own)
        self._retired = bool(contract.retired)
        self._derived = tuple(contract.compile(column.expression).of for column in contract.derived)
        self._rules = tuple(
            (contract.compile(rule.expression).of, Rejection(f"rule:{rule.name}")) for rule in contract.rules
        )

    def decode(self, key: bytes | None, value: bytes | None) -> Row | Rejection:
        """The row of one message, or why it is none."""
        self.noticed = ()
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
        if self._retired:
            del cells[self._width :]
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
        found = self._members.read(value)
        self.noticed = found.noticed
        return Rejection(found.reason) if found.cells is None else self._judge(key, found.cells)
