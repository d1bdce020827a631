"""Bytes that somebody sent -> events to write, each judged by the decoder of both layers: the verdict is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Raw

from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.model.contract import Contract
from tideline.model.errors import Fatal

JSON, LINES = "application/json", "application/x-ndjson"
_LIST, _MEMBERS, _TEXT = (
    msgspec.json.Decoder(list[Raw]),
    msgspec.json.Decoder(dict[str, Raw]),
    msgspec.json.Decoder(str),
)


@dataclass(frozen=True, slots=True)
class Event:
    """One message: its key is the event's id, its value the bytes as they were sent."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that its contract does not take: `at` counts from 0; `reason` is a word, never a value of the event."""

    at: int
    reason: str


class Judge:
    """Judges values by one contract; a message's key, which producers give elsewhere, is read from the event itself."""

    def __init__(self, contract: Contract) -> None:
        self._decoder = EventDecoder(contract)
        identity = contract.by_name[contract.deduplication.key]
        self._names = [name for name in (identity.name, identity.renamed_from) if name is not None]

    def judge(self, value: bytes) -> Event | str:
        """The event, or the reason why it is none."""
        key = self._identity(value)
        verdict = self._decoder.decode(key, value)
        if isinstance(verdict, Rejection):
            return verdict.reason
        assert key is not None
        return Event(key, value)

    def all(self, values: Iterable[bytes]) -> tuple[list[Event], list[Refused]]:
        """Good events in their order, and the others."""
        good: list[Event] = []
        bad: list[Refused] = []
        for at, value in enumerate(values):
            verdict = self.judge(value)
            if isinstance(verdict, Event):
                good.append(verdict)
            else:
                bad.append(Refused(at, verdict))
        return good, bad

    def _identity(self, value: bytes) -> bytes | None:
        try:
            members = _MEMBERS.decode(value)
            held = next((bytes(members[name]) for name in self._names if name in members), b"null")
            return None if held == b"null" else _TEXT.decode(held).encode()
        except (ValueError, RecursionError):
            return None


def values_of(body: bytes, kind: str) -> Sequence[bytes]:
    """The raw events of a body: one JSON object, an array of them, or a line each. Fatal when it is none of these."""
    if kind == LINES:
        return lines_of(body)
    text = body.strip()
    if text.startswith(b"{"):
        return [text]
    try:
        return [bytes(raw) for raw in _LIST.decode(text)]
    except (ValueError, RecursionError):
        raise Fatal(
            "TL-FUN-002",
            "the body is neither a JSON object nor an array of objects",
            fix=f"send one event, an array of events, or a line each as {LINES}",
        ) from None


def lines_of(body: bytes) -> list[bytes]:
    """Lines that are not blank, without their ends."""
    return [line for raw in body.split(b"\n") if (line := raw.strip())]
