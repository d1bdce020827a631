"""An event log in memory, as strict as a broker: identities, retention, gaps, and failures on demand."""

from __future__ import annotations

import itertools
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tideline.model.errors import Fatal, PositionLost, Retriable
from tideline.model.position import Partition, Position, Range, StreamId
from tideline.ports import Delivery, LogRecord

_FIX = "restate from bronze, or restore the topic"


@dataclass(slots=True)
class _Partition:
    """`records` are sorted by position; positions missing between them are control records or aborted data."""

    start: Position = 0
    end: Position = 0
    records: list[LogRecord] = field(default_factory=list)


@dataclass(slots=True)
class _Topic:
    identity: str
    partitions: dict[Partition, _Partition]
    config: dict[str, str]


class FakeEventLog:
    """Implements the EventLog port; the other methods play the broker's operator.

    Failures: `online = False` makes every call Retriable and every send unknown (nothing is written);
    `lose_acks(n)` writes the next n sends but reports them unknown; `refuse(n)` refuses the next n sends;
    more than `max_bytes` are refused.
    """

    def __init__(self, clock_ms: Callable[[], int] | None = None) -> None:
        ticks = itertools.count(1_700_000_000_000)
        self.clock_ms = clock_ms or (lambda: next(ticks))
        self.online = True
        self.max_bytes = 16_777_216
        self.topics: dict[str, _Topic] = {}
        self._identities = itertools.count(1)
        self._planned: deque[str] = deque()

    # --- the port

    def stream(self, topic: str) -> StreamId:
        return StreamId(topic, self._topic(topic).identity)

    def bounds(self, topic: str) -> Mapping[Partition, Range]:
        return {p: Range(part.start, part.end) for p, part in self._topic(topic).partitions.items()}

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        self._reach()
        there = self.topics.get(topic)
        if there is None:
            fresh = {p: _Partition() for p in range(partitions)}
            self.topics[topic] = _Topic(f"fake-{next(self._identities)}", fresh, dict(config or {}))
        elif len(there.partitions) != partitions:
            raise Fatal("TL-LOG-002", f"has {len(there.partitions)} partitions, not {partitions}", where=topic)

    def reader(self, topic: str, start: Mapping[Partition, Position]) -> FakeLogReader:
        self._topic(topic)
        return FakeLogReader(self, topic, start)

    def writer(self, *, linger_ms: int = 0, client_id: str = "tideline") -> FakeLogWriter:
        return FakeLogWriter(self)

    # --- what an operator, a transaction or a bad day does

    def append(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: Partition | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        log_time_ms: int | None = None,
    ) -> LogRecord:
        """Write one record now; without a partition the key chooses it."""
        parts = self._topic(topic).partitions
        chosen = zlib.crc32(key or b"") % len(parts) if partition is None else partition
        part = parts[chosen]
        time = self.clock_ms() if log_time_ms is None else log_time_ms
        record = LogRecord(chosen, part.end, time, key, value, tuple(headers))
        part.records.append(record)
        part.end += 1
        return record

    def gap(self, topic: str, partition: Partition, count: int = 1) -> None:
        """Use up positions without records, as transactions do."""
        self._topic(topic).partitions[partition].end += count

    def truncate(self, topic: str, partition: Partition, before: Position) -> None:
        """Retention: everything before this position is gone."""
        part = self._topic(topic).partitions[partition]
        part.start = max(part.start, min(before, part.end))
        part.records = [record for record in part.records if record.position >= part.start]

    def restore(self, topic: str, partition: Partition, start: Position) -> None:
        """A copy of the broker's disk: the partition begins earlier again, with positions that nobody wrote to."""
        self._topic(topic).partitions[partition].start = start

    def lose_end(self, topic: str, partition: Partition, after: Position) -> None:
        """An unclean restart: everything from this position on is gone."""
        part = self._topic(topic).partitions[partition]
        part.records = [record for record in part.records if record.position < after]
        part.end = after

    def delete(self, topic: str) -> None:
        del self.topics[topic]

    def lose_acks(self, count: int) -> None:
        self._planned.extend(["lost_ack"] * count)

    def refuse(self, count: int) -> None:
        self._planned.extend(["refused"] * count)

    def _reach(self) -> None:
        if not self.online:
            raise Retriable("TL-LOG-001", "the fake broker is switched off", where="event log")

    def _topic(self, topic: str) -> _Topic:
        self._reach()
        if topic not in self.topics:
            raise Retriable("TL-LOG-003", "there is no such topic", where=f"topic {topic}")
        return self.topics[topic]

    def _deliver(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> Delivery:
        plan = self._planned.popleft() if self._planned else ""
        if not self.online:
            return Delivery(partition if partition is not None else -1, None, "unknown: broker switched off")
        if len(value or b"") > self.max_bytes:
            return Delivery(partition if partition is not None else -1, None, "refused: MSG_SIZE_TOO_LARGE", True)
        if plan == "refused":
            return Delivery(partition if partition is not None else -1, None, "refused: as planned", refused=True)
        record = self.append(topic, value, key=key, partition=partition, headers=headers)
        if plan == "lost_ack":
            return Delivery(record.partition, None, "unknown: acknowledgement lost")
        return Delivery(record.partition, record.position)


class FakeLogReader:
    """Reads partition after partition, each in order; never waits."""

    def __init__(self, log: FakeEventLog, topic: str, start: Mapping[Partition, Position]) -> None:
        self._log, self._topic, self._next = log, topic, dict(start)
        self._turn = 0
        self._lost: set[Partition] = set()

    def poll(self, timeout_s: float, max_records: int) -> Sequence[LogRecord]:
        parts = self._log._topic(self._topic).partitions
        found: list[LogRecord] = []
        order = sorted(self._next.keys() - self._lost)
        self._turn = (self._turn + 1) % max(len(order), 1)
        for partition in order[self._turn :] + order[: self._turn]:
            found += self._take(partition, parts[partition], max_records - len(found))
        return found

    def _take(self, partition: Partition, part: _Partition, room: int) -> list[LogRecord]:
        at = self._next[partition]
        if not part.start <= at <= part.end:
            self._lost.add(partition)
            missing = (at, part.start) if at < part.start else (part.end, at)
            raise PositionLost.of(self._topic, partition, missing, _FIX)
        ahead = [record for record in part.records if record.position >= at]
        taken = ahead[:room]
        if len(taken) < len(ahead):
            self._next[partition] = taken[-1].position + 1 if taken else at
        else:
            self._next[partition] = part.end
        return taken

    def position(self, partition: Partition) -> Position:
        return self._next[partition]

    def seek(self, partition: Partition, position: Position) -> None:
        """Also the way on after PositionLost, for that partition alone."""
        self._lost.discard(partition)
        self._next[partition] = position

    def close(self) -> None:
        self._next.clear()


class FakeLogWriter:
    """Queues sends; `poll` and `flush` run the delivery callbacks, as a client library does."""

    def __init__(self, log: FakeEventLog) -> None:
        self._log = log
        self._due: deque[tuple[Callable[[Delivery], None] | None, Delivery]] = deque()

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: Partition | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None:
        self._due.append((on_delivery, self._log._deliver(topic, key, value, partition, headers)))

    def flush(self, timeout_s: float) -> int:
        self.poll()
        return 0

    def poll(self) -> None:
        while self._due:
            callback, delivery = self._due.popleft()
            if callback is not None:
                callback(delivery)
