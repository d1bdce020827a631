"""Where the ledger's records come from: the journal of `tideline replay`, or the topic itself."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol


class Ledger(Protocol):
    """What the sources fill: records by partition and position; `read` is how far the log itself was read."""

    records: dict[int, dict[int, tuple[Any, ...]]]
    read: dict[int, int]

    def add(self, partition: int, position: int, key: bytes | None, raw: bytes | None, at_ms: int = 0) -> None: ...


class JournalTail:
    """Reads what the replayer wrote since the last look: intents wait until their position is known."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""
        self._intents: dict[int, tuple[bytes | None, bytes | None]] = {}
        self.sent: set[bytes] = set()
        self.acked: dict[tuple[int, int], bytes] = {}

    def read_into(self, ledger: Ledger) -> None:
        with self._path.open("rb") as journal:
            journal.seek(self._at)
            chunk = journal.read()
            self._at += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in filter(None, lines):
            entry = json.loads(line)
            if entry["phase"] == "intent":
                key = None if entry["key"] is None else entry["key"].encode()
                raw = None if entry["value"] is None else base64.b64decode(entry["value"])
                self._intents[entry["n"]] = (key, raw)
                self.sent.add(_digest(key, raw))
            elif entry["phase"] == "ok":
                key, raw = self._intents.pop(entry["n"])
                self.acked[entry["partition"], entry["position"]] = _digest(key, raw)
                if not ledger.read:
                    ledger.add(entry["partition"], entry["position"], key, raw)

    def settled(self, ledger: Ledger, vector: dict[int, int]) -> Iterator[dict[str, Any]]:
        """When all is quiet: everything acknowledged is covered and, if the log was read, is there; nothing else is."""
        for (partition, position), digest in self.acked.items():
            if position >= vector.get(partition, 0):
                yield {"kind": "lost_ack", "partition": partition, "acked": position}
            key, raw, _ = ledger.records.get(partition, {}).get(position, (None, b"", 0))
            if _digest(key, raw) != digest:
                yield {"kind": "lost_event", "partition": partition, "position": position}
        for partition, held in ledger.records.items() if ledger.read else ():
            for position, (key, raw, _) in held.items():
                if _digest(key, raw) not in self.sent:
                    yield {"kind": "invented_event", "partition": partition, "position": position}


def _digest(key: bytes | None, raw: bytes | None) -> bytes:
    return hashlib.sha256(repr((key, raw)).encode()).digest()


class Topic:
    """The log itself, as the broker has it: the only truth about sends without an answer and about log times."""

    def __init__(self, topic: str, bootstrap: str) -> None:
        from kafka import KafkaConsumer, TopicPartition

        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
        )
        self._parts = [TopicPartition(topic, p) for p in sorted(self._consumer.partitions_for_topic(topic) or ())]
        self._consumer.assign(self._parts)
        self._consumer.seek_to_beginning(*self._parts)

    def read_into(self, ledger: Ledger) -> None:
        """Take every record up to the present end; positions that the broker skips are control records or lost."""
        ends = self._consumer.end_offsets(self._parts)
        deadline = datetime.now(UTC) + timedelta(seconds=60)
        while any(self._consumer.position(part) < ends[part] for part in self._parts):
            if datetime.now(UTC) > deadline:
                raise SystemExit("the topic could not be read to its end within 60 s")
            for records in self._consumer.poll(timeout_ms=500).values():
                for record in records:
                    ledger.add(record.partition, record.offset, record.key, record.value, record.timestamp)
        ledger.read = {part.partition: self._consumer.position(part) for part in self._parts}
