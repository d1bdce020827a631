"""The speed worker of one contract: takes its partitions over, continues where the topic says, folds tick by tick.

Start and recovery are one protocol, run again after anything uncertain (the numbers are those in the code):
 1. write a fence to each partition of the increments topic: its offset is the generation;
 2. read the topic's tail, from the live release's offset up to the fence: that is the position per (view, partition);
 3. decide per partition where to start; what does not continue the tail is announced by a rebase, a loss loudly;
 4. recall the deduplication memory, so that verdicts are exact from there on;
 5. tick: poll, judge, fold, publish one increment per (view, partition); flag epoch ends.
The increments topic is the only truth about positions; committed offsets are not used at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from speed_layer.batches import Batch, cut_at
from speed_layer.drift import DriftWatch
from speed_layer.fold import Fold, Sketches
from speed_layer.gates import GateWatch
from speed_layer.judge import Judge, Judged
from speed_layer.memories import Memories
from speed_layer.pieces import Pieces, Reach, Sizes
from speed_layer.published import Owner, Published, decide_start
from speed_layer.publisher import LARGEST, Publisher
from speed_layer.releases import Releases, recreated
from speed_layer.spill import Spill
from speed_layer.status import Status
from speed_layer.tail import read_tail
from tideline.adapters.increments import LOST, Fence, Increment, Rebase
from tideline.adapters.json_events import EventDecoder
from tideline.crash import point
from tideline.model.contract import Contract
from tideline.model.errors import Lifecycle, PositionLost, Retriable, TidelineError
from tideline.model.position import Partition, Position, Range, StreamId
from tideline.model.release import Release
from tideline.ports import Documents, EventLog, LogReader, LogRecord, Tables

LOG = structlog.get_logger("tideline.speed")
# kept until no release needs them; what one event adds to a view may exceed a broker's usual megabyte
INCREMENTS_CONFIG = {"retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": str(LARGEST)}
Owned = Collection[Partition]
MAX_RECORDS = 20_000
FULL_TICK = 2_000  # a tick with so many records is followed by the next one at once
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Doors:
    """What a worker needs of the world; `clock` is monotonic seconds, `state` the folder of the spill."""

    log: EventLog
    documents: Documents
    tables: Tables
    sketches: Sketches
    clock: Callable[[], float]
    state: Path
    sizes: Sizes = field(default_factory=Sizes)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: of a tick and an epoch; between looks at the releases, and at fences, identity and log ends."""

    tick_s: float = 0.02
    epoch_s: float = 5.0
    release_s: float = 0.5
    check_s: float = 1.0
    idle_s: float = 0.2


def increments_topic(contract_id: str) -> str:
    return f"tideline.increments.{contract_id}"


class Worker:
    """Owns some partitions of one contract's stream. Single-threaded; `status` may be read from other threads.

    `worker_id` is of this object alone: whoever goes on with the same partitions in this process is another worker.
    """

    def __init__(
        self, contract: Contract, doors: Doors, pace: Pace, worker_id: str, status: Status, partitions: Owned
    ) -> None:
        self._contract, self._doors, self._pace, self._id, self.status = contract, doors, pace, worker_id, status
        self._partitions = sorted(partitions)
        self._topic = increments_topic(contract.id)
        self._views = [view.name for view in contract.streamed]
        self._fold = Fold(contract, doors.sketches)
        self._judge = Judge(EventDecoder(contract), contract.deduplication.key)
        self._drift = DriftWatch(contract, status)
        self._gates = GateWatch(contract, status)
        self._stream: StreamId | None = None
        self._memories: Memories | None = None
        self._publisher: Publisher | None = None
        self._reader: LogReader | None = None
        self._published: dict[Partition, Published] = {}
        self._release: Release | None = None
        self._releases = Releases(doors.documents, contract.id)
        self._stops: dict[Partition, Position] = {}
        self._due = dict.fromkeys(("epoch", "release", "check"), 0.0)
        self._pause_s = 0.0

    # --- start and recovery

    def start(self) -> None:
        """The start-up protocol; raises Retriable, Lifecycle or Fatal."""
        log, contract = self._doors.log, self._contract
        self._close_reader()
        log.create(contract.stream.topic, contract.stream.partitions)
        log.create(self._topic, contract.stream.partitions, INCREMENTS_CONFIG)
        owner = Owner(self._same_stream(), contract.hash)
        self._publisher = Publisher(log, self._topic, self._id)
        generations = self._publisher.fence(self._partitions, Fence(self._id, owner.stream, contract.hash))  # 1
        self._release = self._releases.live(owner)
        self._published = read_tail(log, self._topic, generations, self._views, self._release)  # 2
        held = log.bounds(contract.stream.topic)
        overruled = self._overruled(owner)
        for partition, published in self._published.items():
            published.fence(generations[partition])
            self._take_position(partition, published, owner, held[partition])  # 3
            if overruled is not None:
                self._rewind(partition, self._views, overruled.coverage.at(partition), held[partition], "restated")
        self._begin_reading(held)  # 4
        self.status.generations = generations
        self.status.state = "running"
        now = self._doors.clock()
        self._due = {"epoch": now + self._pace.epoch_s, "release": now, "check": now + self._pace.check_s}
        self._tell(held)
        LOG.info("started", contract=contract.id, generations=generations, next=self.status.next)

    def _same_stream(self) -> StreamId:
        stream = self._doors.log.stream(self._contract.stream.topic)
        if self._stream is not None and stream != self._stream:
            raise recreated(stream.name, f"until now it had identity {self._stream.identity}", stream.identity)
        self._stream = stream
        return stream

    def _take_position(self, partition: Partition, published: Published, owner: Owner, held: Range) -> None:
        covered = None if self._release is None else self._release.coverage.at(partition)
        assert self._memories is not None
        start = decide_start(published, owner, covered, held, self._memories.known(partition))
        known = max(start.positions.values(), default=0)
        if known > held.end:
            raise Retriable(
                "TL-SPD-005",
                f"partition {partition} ends at {held.end}, before what is known of it: {known}",
                where=f"topic {self._contract.stream.topic}",
                fix="wait for the broker to recover; if the log was cut off, start with a new topic or a new home",
            )
        if start.lost is not None:
            self._lose(partition, start.lost)
        for reason, views in start.rebases.items():
            self._rebase(partition, views, reason)

    def _overruled(self, owner: Owner) -> Release | None:
        """The live release, when its silver was judged again: memories and what they published are thrown away."""
        if self._memories is None:
            spill = Spill(self._doors.state / self._contract.id, owner.stream, owner.contract_hash)
            self._memories = Memories(self._contract, self._doors.tables, spill)
        if self._release is None or not self._memories.are_overruled(self._release, self._published):
            return None
        LOG.info("silver was judged again", contract=self._contract.id, release=self._release.number)
        self._memories.start_over(self._published)
        return self._release

    def _begin_reading(self, held: Mapping[Partition, Range]) -> None:
        assert self._memories is not None
        resume = {partition: published.first() for partition, published in self._published.items()}
        read_from = self._memories.recall(resume, held, self._release)
        self._memories.follow(self._release)
        self.status.count_from(self._same_stream(), resume)
        self._reader = self._doors.log.reader(self._contract.stream.topic, read_from)
        self._stops = {}
        self._meet_release()

    # --- ticks

    def tick(self, timeout_s: float = 0.0) -> int:
        """One round of step 5; returns how many records were read."""
        self._look_around(self._doors.clock())
        reader, publisher = self._running()  # looking around may have started anew
        records = reader.poll(timeout_s, MAX_RECORDS)
        publisher.check()
        epoch_end = self._doors.clock() >= self._due["epoch"]
        firsts = {partition: published.first() for partition, published in self._published.items()}
        for batch in cut_at(records, firsts, {p: reader.position(p) for p in firsts}, self._stops):
            self._publish(batch, epoch_end)
        if epoch_end:
            self._end_epoch()
        publisher.check()
        self.status.next = {p: {view: pub.next(view) for view in self._views} for p, pub in self._published.items()}
        self.status.publish()
        return len(records)

    def _publish(self, batch: Batch, epoch_end: bool) -> None:
        judged = {partition: self._judged(partition, records, end) for partition, (records, end) in batch.items()}
        pieces = Pieces(self._fold, judged, self._doors.sizes)
        for number, view in enumerate(self._views):
            for partition, increment, value in pieces.of(view, self._reaches(view, batch, epoch_end)):
                self._running()[1].publish(partition, increment, value)
                self._published[partition].extend(view, increment.end, increment.epoch_end)
            if number == 0 and any(found.rows for found in judged.values()):
                self._running()[1].check()
                point("speed.after_first_view")

    def _reaches(self, view: str, batch: Batch, epoch_end: bool) -> dict[Partition, Reach]:
        """What the view lacks of this batch; a restarted one may have some of it already."""
        found: dict[Partition, Reach] = {}
        for partition, (_, end) in batch.items():
            published = self._published[partition]
            if end > (start := published.next(view)):
                closes = epoch_end or self._stops.get(partition) == end
                found[partition] = Reach(Range(start, end), published.generation, closes)
        return found

    def _judged(self, partition: Partition, records: Sequence[LogRecord], end: Position) -> Judged:
        assert self._memories is not None
        memory = self._memories.of[partition]
        judged = self._judge.judge(records, memory)
        memory.passed(end)
        fresh = self.status.counted[partition]
        counts = judged.counts(fresh)
        for outcome, number in (
            ("in", counts.records), ("good", counts.good), ("quarantined", counts.quarantined),
            ("deduplicated", counts.deduplicated),
        ):  # fmt: skip
            self.status.count(outcome, number)
        self._drift.see(partition, judged.drifted, fresh)
        self.status.quarantined.update(reason for position, reason in judged.reasons if position >= fresh)
        self._gates.see(judged.rows, judged.positions, fresh)
        self.status.counted[partition] = max(fresh, end)
        return judged

    def _end_epoch(self) -> None:
        """Close the epoch of views that moved without a record in this tick, then make the memory durable."""
        for partition, published in self._published.items():
            for view in sorted(published.unclosed):
                self._close(partition, view)
        assert self._memories is not None
        self._memories.save()
        self._due["epoch"] = self._doors.clock() + self._pace.epoch_s

    def _close(self, partition: Partition, view: str) -> None:
        """An empty increment that ends the epoch where the view stands."""
        published, empty = self._published[partition], self._fold.empty(view)
        at = published.next(view)
        increment = Increment(
            published.generation, view, at, at, epoch_end=True, dimensions=empty.dimensions, states=empty.states
        )
        self._running()[1].publish(partition, increment)
        published.extend(view, at, True)

    # --- what happens around

    def _look_around(self, now: float) -> None:
        _, publisher = self._running()
        if now >= self._due["release"]:
            self._due["release"] = now + self._pace.release_s
            if self._releases.is_newer():
                self._follow_release()
        if now >= self._due["check"]:
            self._due["check"] = now + self._pace.check_s
            publisher.look_for_others()
            self._same_stream()
            self._tell(self._doors.log.bounds(self._contract.stream.topic))

    def _follow_release(self) -> None:
        release = self._releases.live(owner := Owner(self._same_stream(), self._contract.hash))
        if release is None:  # of another contract: positions and lineages have to be thought over from the beginning
            self.start()
            return
        self._release = release
        if self._overruled(owner) is not None:
            for partition in self._published:
                self._rebuild(partition, self._views, release.coverage.at(partition), "restated")
        assert self._memories is not None
        self._memories.follow(release)
        self._meet_release()

    def _meet_release(self) -> None:
        """Let every lineage have a boundary at the release's coverage: trim, stop there once, or rebuild from there."""
        if self._release is None:
            return
        self.status.release = self._release.number
        for partition, published in self._published.items():
            covered = self._release.coverage.at(partition)
            self._stops.pop(partition, None)
            if covered > published.first():
                self._stops[partition] = covered
            if straddled := published.cannot_be_cut_at(covered):
                self._rebuild(partition, straddled, covered)
            elif covered <= published.first():
                published.trim(covered)
            for view in sorted(published.unclosed):
                if published.next(view) == covered:
                    self._close(partition, view)

    def _rebuild(self, partition: Partition, views: Sequence[str], covered: Position, reason: str = "straddle") -> None:
        """Fold again from a coverage, inside an epoch or not; readers keep the old lineage until it is up."""
        reader, _ = self._running()
        held = self._doors.log.bounds(self._contract.stream.topic)
        self._rewind(partition, views, covered, held[partition], reason)
        assert self._memories is not None
        read_from = self._memories.recall({partition: self._published[partition].first()}, held, self._release)
        reader.seek(partition, read_from[partition])

    def _rewind(self, partition: Partition, views: Sequence[str], covered: Position, held: Range, reason: str) -> None:
        """Say that these views start again at a coverage, or where the log begins if it has lost that."""
        at = covered
        if held.start > covered:
            reason, at = LOST, held.start
            self._lose(partition, Range(covered, at))
        self._rebase(partition, dict.fromkeys(views, at), reason)

    def _rebase(self, partition: Partition, views: Mapping[str, Position], reason: str) -> None:
        assert self._publisher is not None
        published = self._published[partition]
        self._publisher.publish(partition, Rebase(published.generation, dict(views), reason))
        published.rebase(views, lost=reason == LOST)
        self.status.metrics.rebases.labels(self._contract.id, str(partition), reason).inc()
        LOG.info("rebase", contract=self._contract.id, partition=partition, views=dict(views), reason=reason)

    def _lose(self, partition: Partition, missing: Range) -> None:
        self.status.lose(partition, missing)
        LOG.error(
            "lost",
            code="TL-SPD-007",
            contract=self._contract.id,
            partition=partition,
            missing=str(missing),
            fix="raise the topic's retention; what bronze has can be restated, the rest is gone",
        )

    # --- life

    def run(self, stop: Event) -> None:
        """Take turns until told to stop, then finish."""
        while not stop.is_set():
            stop.wait(self.turn())
        if self._reader is not None:
            self.finish()

    def turn(self) -> float:
        """A start or a tick; returns the seconds to wait before the next one.

        Outages are waited out; a newer worker, a wrong set-up or wrong data ends this worker with its error.
        """
        try:
            if self._reader is None:
                self.start()
            read = self.tick(self._pace.idle_s)
        except (Retriable, PositionLost) as error:
            self._close_reader()
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2 or 0.1)
            self._tell_error(error, "retrying")
            return self._pause_s
        except BaseException:
            self._close_reader()
            raise
        self._pause_s = 0.0
        return self._pace.tick_s if read < FULL_TICK else 0.0

    def finish(self) -> None:
        """A graceful end: the memory is on disk, the epoch is closed, everything published is acknowledged."""
        assert self._memories is not None
        self._memories.save(everything=True)
        try:
            self._end_epoch()
            self._running()[1].settle()
            self.status.state = "stopped"
        except Lifecycle:  # another worker went on before this one had finished
            self.status.state = "stopped"
        except Retriable as error:  # the topic stays the truth: the next start continues from what it has
            self._tell_error(error, "stopped")
        self._close_reader()
        self.status.publish()

    def _running(self) -> tuple[LogReader, Publisher]:
        assert self._reader is not None and self._publisher is not None, "start() comes first"
        return self._reader, self._publisher

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _tell(self, held: Mapping[Partition, Range]) -> None:
        self.status.log_end = {partition: held[partition].end for partition in self._published}
        self.status.next = {p: {view: pub.next(view) for view in self._views} for p, pub in self._published.items()}
        self.status.publish()

    def _tell_error(self, error: TidelineError, state: str) -> None:
        self.status.trouble(error, state)
        LOG.warning(state, contract=self._contract.id, **error.as_dict())
