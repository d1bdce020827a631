"""Sends to the increments topic and notices two things: a delivery of unknown outcome, and a worker that took over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tideline.adapters.increments import Fence, Generation, Record, decode, encode
from tideline.model.errors import Fatal, Lifecycle, Retriable, TidelineError
from tideline.model.position import Partition, Position, Range
from tideline.ports import Delivery, EventLog, LogRecord

LARGEST = 16_777_216  # bytes of a message that the increments topic is made for
_PATIENCE_S = 25.0
_BATCH = 5_000
_TOO_LARGE = "refused: MSG_SIZE_TOO_LARGE"


class Publisher:
    """One worker's sends from its fence on; after an unknown delivery it is thrown away and a new one fences again.

    The offsets of the own messages are known from their acknowledgements, so a foreign message shows as a gap between
    them (or as a log end beyond the last one): only such gaps are read.
    """

    def __init__(self, log: EventLog, topic: str, worker: str) -> None:
        self._log, self._topic, self._worker = log, topic, worker
        self._writer = log.writer(linger_ms=0, client_id=f"tideline-speed-{worker}")
        self._next: dict[Partition, Position] = {}
        self._waiting: dict[Partition, int] = {}
        self._gaps: list[tuple[Partition, Range]] = []
        self._failure: str | None = None

    def fence(self, partitions: Sequence[Partition], fence: Fence) -> dict[Partition, Generation]:
        """Take the partitions over; the offsets of the fences are the generations. Retriable if one is unknown."""
        generations: dict[Partition, Generation] = {}

        def fenced(delivery: Delivery) -> None:
            if delivery.position is None:
                self._failure = delivery.error or "unknown"
            else:
                generations[delivery.partition] = delivery.position

        for partition in partitions:
            self._writer.send(self._topic, None, encode(fence), partition=partition, on_delivery=fenced)
        self._writer.flush(_PATIENCE_S)
        self.check()
        if set(generations) != set(partitions):
            raise _unknown("a fence was not acknowledged in time", self._topic)
        self._next = {partition: generation + 1 for partition, generation in generations.items()}
        self._waiting = dict.fromkeys(partitions, 0)
        return generations

    def publish(self, partition: Partition, record: Record, value: bytes | None = None) -> None:
        """Queue one record, with its bytes if they are known; `check` or `settle` tells later whether it was taken."""
        self._waiting[partition] += 1
        said = value or encode(record)
        self._writer.send(self._topic, None, said, partition=partition, on_delivery=self._delivered)

    def check(self) -> None:
        """Run due callbacks; raises Retriable when the outcome of a delivery is unknown, Lifecycle when fenced off.

        Fatal when the topic takes smaller messages only: trying again would never help.
        """
        self._writer.poll()
        if self._failure is not None:
            failed = _too_small if _TOO_LARGE in self._failure else _unknown
            raise failed(self._failure, self._topic)
        while self._gaps:
            self._inspect(*self._gaps.pop())

    def settle(self) -> None:
        """Wait for all deliveries."""
        left = self._writer.flush(_PATIENCE_S)
        if left:
            raise _unknown(f"{left} messages are not acknowledged", self._topic)
        self.check()

    def look_for_others(self) -> None:
        """Read what stands beyond the own last message; raises Lifecycle when another worker has fenced."""
        ends = self._log.bounds(self._topic)
        for partition, at in self._next.items():
            end = ends[partition].end
            if end > at and not self._waiting[partition]:
                self._next[partition] = end
                self._gaps.append((partition, Range(at, end)))
        self.check()

    def _delivered(self, delivery: Delivery) -> None:
        if delivery.position is None:
            self._failure = delivery.error or "unknown"
            return
        partition, at = delivery.partition, self._next[delivery.partition]
        self._waiting[partition] -= 1
        if delivery.position > at:
            self._gaps.append((partition, Range(at, delivery.position)))
        self._next[partition] = max(at, delivery.position + 1)

    def _inspect(self, partition: Partition, gap: Range) -> None:
        for record in read_range(self._log, self._topic, {partition: gap}):
            found = decode(record.value)
            if not isinstance(found, Fence):
                continue
            if found.worker == self._worker:
                raise _unknown("an earlier fence of this worker arrived late", self._topic)
            raise Lifecycle(
                "TL-SPD-001",
                f"another worker took over partition {partition} (generation {record.position})",
                where=f"topic {self._topic}",
                fix="nothing: this worker ends and the other one goes on; processes that shall share the work "
                "have one TIDELINE_SPEED_GROUP",
            )


def read_range(
    log: EventLog,
    topic: str,
    ranges: Mapping[Partition, Range],
    patience: Callable[[int], bool] = lambda empty_polls: empty_polls < 100,
) -> Iterator[LogRecord]:
    """The records of ranges that are known to be there; raises Retriable when polls stay empty for too long."""
    ranges = {partition: wanted for partition, wanted in ranges.items() if len(wanted)}
    if not ranges:
        return
    reader = log.reader(topic, {partition: wanted.start for partition, wanted in ranges.items()})
    empty = 0
    try:
        while any(reader.position(partition) < wanted.end for partition, wanted in ranges.items()):
            records = reader.poll(0.2, _BATCH)
            empty = 0 if records else empty + 1
            if not patience(empty):
                raise Retriable("TL-SPD-004", "the log does not give what it says it has", where=f"topic {topic}")
            for record in records:
                if record.position in ranges[record.partition]:
                    yield record
    finally:
        reader.close()


def _too_small(_what: str, topic: str) -> TidelineError:
    return Fatal(
        "TL-SPD-009",
        "the topic refuses a message for its size",
        where=f"topic {topic}",
        fix=f"alter the topic's configuration: max.message.bytes={LARGEST}",
    )


def _unknown(what: str, topic: str) -> TidelineError:
    return Retriable(
        "TL-SPD-003",
        f"the outcome of a delivery is unknown: {what}",
        where=f"topic {topic}",
        fix="nothing: the worker fences again and reads what the topic has",
    )
