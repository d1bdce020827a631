"""What the speed layer has published, read for one purpose: where may a batch cut, and where do readers start?

Per partition the newest fence gives the generation; records of older ones are ignored. A rebase starts the chain of a
view again (tideline.model.lineage): the epoch ends before it no longer count. Only an epoch end of every view is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tideline.adapters import increments as wire
from tideline.model.contract import Contract
from tideline.model.errors import Retriable
from tideline.model.position import Coverage, Partition, Position, Range
from tideline.model.release import Release, release_prefix
from tideline.ports import Documents, EventLog

NO_TOPIC = "TL-LOG-003"
_BATCH = 5_000


def increments_topic(contract_id: str) -> str:
    return f"tideline.increments.{contract_id}"


def released_offsets(contract_id: str, documents: Documents, log: EventLog) -> dict[Partition, Position]:
    """Where the live release says that reading the increments starts; their log start where it says nothing.

    Empty when there is no such topic, because no speed layer has ever run.
    """
    held = _held(increments_topic(contract_id), log)
    names = documents.names(release_prefix(contract_id))
    document = documents.get(names[-1]) if names else None
    known: Mapping[Partition, Position] = {} if document is None else Release.from_json(document).increments
    return {p: min(max(known.get(p, 0), bound.start), bound.end) for p, bound in held.items()}


def _held(topic: str, log: EventLog) -> Mapping[Partition, Range]:
    try:
        return log.bounds(topic)
    except Retriable as error:
        if error.code == NO_TOPIC:
            return {}
        raise


@dataclass(slots=True)
class _Published:
    """One partition: per view the epoch ends and how far it got, and (offset, end) of what lies beyond the coverage."""

    covered: Position
    generation: int = -1
    ends: dict[str, set[Position]] = field(default_factory=dict)
    reached: dict[str, Position] = field(default_factory=dict)
    beyond: list[tuple[Position, Position]] = field(default_factory=list)
    lost: dict[str, Position] = field(default_factory=dict)  # of views that go on behind a loss: who says so
    begun: Position | None = None

    def take(self, offset: Position, record: wire.Record) -> None:
        generation = offset if isinstance(record, wire.Fence) else record.generation
        if generation < self.generation:
            return  # a worker that was fenced off
        self.generation = generation
        if isinstance(record, wire.Rebase):
            for view, position in record.views.items():
                self.begun = position if self.begun is None else min(self.begun, position)
                self._restart(view, position)
                if record.lost:
                    self.lost[view] = offset
                else:
                    self.lost.pop(view, None)
        elif isinstance(record, wire.Increment):
            self.reached[record.view] = record.end
            if record.epoch_end and record.end >= self.covered:
                self.ends.setdefault(record.view, set()).add(record.end)
            if record.end > self.covered:
                self.beyond.append((offset, record.end))

    def _restart(self, view: str, position: Position) -> None:
        """A chain that goes on where it was keeps its boundaries; another one has only those that it publishes."""
        if self.reached.get(view) != position:
            self.ends[view] = self.ends.get(view, set()) & {position}
            self.reached[view] = position


class EpochEnds:
    """Reads the increments topic forward from given offsets and remembers the boundaries it offers."""

    def __init__(self, contract: Contract, covered: Coverage, start: Mapping[Partition, Position]) -> None:
        self._views = tuple(view.name for view in contract.streamed)
        self._topic = increments_topic(contract.id)
        self._next = dict(start)
        self._partitions = {partition: _Published(covered.at(partition)) for partition in start}
        self.newest_message_s = 0.0

    def read_new(self, log: EventLog, patience_s: float = 0.0) -> None:
        """Read up to the present end of the topic; with patience, wait so long (seconds) for the first new record."""
        if not self._next:
            return
        goal = {partition: bound.end for partition, bound in log.bounds(self._topic).items()}
        reader = log.reader(self._topic, self._next)
        try:
            waited = patience_s <= 0
            while not waited or any(reader.position(p) < goal[p] for p in self._next):
                for record in reader.poll(0.2 if waited else patience_s, _BATCH):
                    self.newest_message_s = max(self.newest_message_s, record.log_time_ms / 1_000)
                    self._partitions[record.partition].take(record.position, wire.decode(record.value))
                waited = True
            self._next = {partition: reader.position(partition) for partition in self._next}
        finally:
            reader.close()

    def newest(self, partition: Partition, log_end: Position) -> Position | None:
        """The newest position, not beyond the log end, that is an epoch end of every view; None if there is none."""
        published = self._partitions.get(partition)
        if published is None or not self._views:
            return None
        common = set.intersection(*(published.ends.get(view, set()) for view in self._views))
        return max((end for end in common if end <= log_end), default=None)

    def begun(self, partition: Partition) -> Position | None:
        """The lowest position at which speed has begun to fold, of what was read; None where it never began."""
        published = self._partitions.get(partition)
        return None if published is None else published.begun

    def offset_beyond(self, partition: Partition, position: Position) -> Position:
        """The offset of the first message that may lie beyond a position; the end of what was read if none does.

        Who reads what was folded behind a loss has to read that first.
        """
        if partition not in self._partitions:
            return 0
        found = self._partitions[partition]
        first = next((offset for offset, end in found.beyond if end > position), self._next[partition])
        return min([first, *found.lost.values()])
