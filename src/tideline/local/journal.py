"""What was meant to be sent and what became of it: the replayer's fsynced truth, from which a ledger can be computed.

One JSON line before each send (intent) and one after it (ok, unknown, failed); docs/formats.md has the members.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted
from pathlib import Path

from tideline.model.errors import DataError
from tideline.ports import Delivery

CLASSES = ("sale", "duplicate", "late", "conflict", "broken")


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One message to send; `kind` is its planned class (one of CLASSES), which a re-send keeps."""

    kind: str
    key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """An intent of a journal and its last known outcome; `phase` is intent when none was written."""

    n: int
    event: PlannedEvent
    phase: str
    partition: int | None = None
    position: int | None = None


class Journal:
    """Append-only; opening an existing file continues its numbers and cuts a half-written last line off.

    A half-written line is an intent that was never sent, or an outcome that then counts as unknown: neither is lost.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._next = _mend(path)
        self._file = path.open("ab", buffering=1 << 20)

    def intents(self, events: Sequence[PlannedEvent]) -> list[int]:
        """Write and fsync the intents of a batch; returns their numbers. Only then may the batch be sent."""
        numbers = list(range(self._next, self._next + len(events)))
        self._next += len(events)
        self._file.write("".join(map(_intent, numbers, events)).encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        return numbers

    def outcome(self, n: int, delivery: Delivery) -> str:
        """Write what became of send `n`; returns the phase."""
        if delivery.error is None:
            line = f'{{"n":{n},"phase":"ok","partition":{delivery.partition},"position":{delivery.position}}}\n'
            self._file.write(line.encode())
            return "ok"
        phase = "failed" if delivery.refused else "unknown"
        self._file.write(f'{{"n":{n},"phase":"{phase}","error":{_quoted(delivery.error)}}}\n'.encode())
        return phase

    def flush(self) -> None:
        """Hand the outcomes to the operating system, so that a reader of the file sees them."""
        self._file.flush()

    def close(self) -> None:
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()


def read(path: Path) -> Iterator[Sent]:
    """Every send of a journal in order with its last known outcome; an unfinished last line is not there yet."""
    sent: dict[int, Sent] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                break
            try:
                _take(sent, json.loads(line))
            except (ValueError, KeyError) as error:
                raise DataError("TL-JRN-001", "not a journal line", where=f"{path}:{number}") from error
    return iter(sent.values())


def _take(sent: dict[int, Sent], line: dict[str, str | int]) -> None:
    n, phase = int(line["n"]), str(line["phase"])
    if phase == "intent":
        event = PlannedEvent(str(line["class"]), str(line["key"]), base64.b64decode(str(line["value"])))
        sent[n] = Sent(n, event, phase)
    elif phase == "ok":
        sent[n] = Sent(n, sent[n].event, phase, int(line["partition"]), int(line["position"]))
    else:
        sent[n] = Sent(n, sent[n].event, phase)


def _intent(n: int, event: PlannedEvent) -> str:
    value = base64.b64encode(event.value).decode()
    return f'{{"n":{n},"phase":"intent","class":"{event.kind}","key":{_quoted(event.key)},"value":"{value}"}}\n'


def _mend(path: Path) -> int:
    """Cut an unfinished last line off and return the next number."""
    if not path.exists():
        return 0
    highest, good = -1, 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            good += len(line)
            highest = max(highest, int(json.loads(line)["n"]))
    if good < path.stat().st_size:
        os.truncate(path, good)
    return highest + 1
