"""A small world for the speed layer: a fake log, releases with their silver, a reader, and the reference answer."""

from __future__ import annotations

import bisect
import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from prometheus_client import CollectorRegistry

from speed_layer.pieces import Sizes
from speed_layer.status import Metrics, Status
from speed_layer.worker import Doors, Pace, Worker, increments_topic
from tests.fakes.contract_index import small_contract
from tests.fakes.documents import FakeDocuments
from tests.fakes.event_log import FakeEventLog
from tests.fakes.tables import FakeTables
from tideline.adapters.increments import Fence, Increment, Rebase, decode, exact_states
from tideline.adapters.json_events import EventDecoder, payload_hash
from tideline.adapters.sketches import HllSketches
from tideline.batch.boundaries import EpochEnds
from tideline.model import reference
from tideline.model.contract import Contract
from tideline.model.lineage import Lineage, Verdict
from tideline.model.loss import Loss
from tideline.model.position import Coverage, Partition, Position
from tideline.model.release import Release, release_name
from tideline.ports import TableCommit

PARTITIONS = 2
Groups = dict[tuple[Any, ...], tuple[Any, ...]]


def two_views(**changes: Any) -> Contract:
    """A contract with every measure kind, two views and a short horizon."""

    def measure(name: str, kind: str, expression: str | None = None) -> dict[str, Any]:
        return {"name": name, "kind": kind, "expression": expression, "description": name}

    country = {"name": "country", "column": "country", "description": "Where."}
    hour = {"name": "hour", "column": "at", "grain": "hour", "description": "When."}
    day = {"name": "day", "column": "at", "grain": "day", "description": "When."}
    members: dict[str, Any] = {
        "stream": {"topic": "retail.sales.v1", "partitions": PARTITIONS},
        "fields": [
            {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
            {"name": "at", "type": "timestamp", "required": True, "description": "When."},
            {"name": "country", "type": "string", "description": "Where."},
            {"name": "quantity", "type": "integer", "description": "How many."},
            {"name": "price", "type": "decimal", "precision": 12, "scale": 3, "description": "Each."},
        ],
        "rules": [{"name": "sold", "expression": "quantity != 0"}],
        "deduplication": {"key": "event_id", "horizon": "PT0.03S"},
        "views": [
            {
                "name": "by_country_and_day", "description": "A", "dimensions": [country, day],
                "measures": [
                    measure("revenue", "sum", "quantity * price + 0.5"), measure("lines", "count"),
                    measure("priced", "count", "price"), measure("top", "max", "price"),
                    measure("least", "min", "-quantity"), measure("mean", "avg", "quantity * price"),
                ],
            },
            {
                "name": "by_hour", "description": "B", "dimensions": [hour],
                "measures": [
                    measure("quantity", "sum", "quantity"), measure("latest", "latest", "price"),
                    measure("countries", "approx_distinct", "country"), measure("first", "min", "country"),
                ],
            },
        ],
    }  # fmt: skip
    return small_contract(**{**members, **changes})


class SilverVersions(FakeTables):
    """Silver as the batch layer would have written it, by version."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[int, pa.Table] = {}
        self.restates: list[int] = []
        self.ranges: dict[int, dict[str, Any]] = {}

    def commits(self, path: str, after: int) -> list[TableCommit]:
        stages = {version: "restate" if version in self.restates else "refine" for version in self.versions}
        told = {version: {"stage": stage, **self.ranges[version]} for version, stage in stages.items()}
        return [TableCommit(version, said) for version, said in told.items() if version > after]

    def version(self, path: str) -> int | None:
        return max(self.versions, default=None)

    def read(self, path: str, version: int, columns: Sequence[str] | None = None) -> pa.Table:
        return self.versions[version].select(list(columns or []))


class Reader:
    """What serving does with the increments topic, with the model's lineage; it begins where the live release says."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.next = 0
        self.verdicts: list[Verdict] = []
        self.lineages: dict[tuple[Partition, str], Lineage[Groups]] = {}
        self._at = dict.fromkeys(range(world.partitions), 0) | dict(world.release.increments if world.release else {})
        for partition in self._at:
            for view in world.contract.views:
                self.lineages[partition, view.name] = Lineage(self._combine(view.name))

    def follow(self) -> None:
        """Read everything there is."""
        reader = self._world.log.reader(increments_topic(self._world.contract.id), self._at)
        for record in reader.poll(0, 1_000_000):
            self._take(record.partition, record.position, decode(record.value))
        self._at = {partition: reader.position(partition) for partition in self._at}

    def answer(self, view: str) -> tuple[Groups, dict[Partition, Position]] | None:
        """Batch and speed merged, and the positions covered; None where a lineage cannot be cut at the release or
        begins behind a loss.
        """
        contract, release = self._world.contract, self._world.release
        definition = contract.view(view)
        covered = {p: 0 if release is None else release.coverage.at(p) for p in range(self._world.partitions)}
        groups: Groups = {} if release is None else self._world.reference(view, covered)
        reached: dict[Partition, Position] = {}
        for partition, at in covered.items():
            lineage = self.lineages[partition, view]
            if lineage.next is None:
                reached[partition] = at
                continue
            if (
                lineage.lost
                or lineage.straddles(at)
                or (lineage.next > at and lineage.base is not None and lineage.base > at)
            ):
                return None
            for segment in lineage.beyond(at):
                groups = reference.merge_groups(contract, definition, groups, segment.payload, self._world.sketches)
            reached[partition] = max(at, lineage.next)
        return groups, reached

    def answers(self) -> dict[str, Any]:
        """The answer of each view, with all that there is."""
        self.follow()
        return {view.name: self.answer(view.name) for view in self._world.contract.views}

    def _take(self, partition: Partition, offset: Position, record: Fence | Rebase | Increment) -> None:
        if isinstance(record, Fence):
            for view in self._world.contract.views:
                self.lineages[partition, view.name].fence(offset)
        elif isinstance(record, Rebase):
            for name, position in record.views.items():
                self.lineages[partition, name].rebase(record.generation, position, lost=record.lost)
        else:
            view = self._world.contract.view(record.view)
            columns = exact_states(self._world.contract, view, record)
            payload = dict(zip(zip(*record.dimensions, strict=True), zip(*columns, strict=True), strict=True))
            lineage = self.lineages[partition, record.view]
            self.verdicts.append(lineage.offer(record.generation, record.start, record.end, payload, record.epoch_end))

    def _combine(self, view: str) -> Any:
        contract = self._world.contract
        return lambda a, b: reference.merge_groups(contract, contract.view(view), a, b, self._world.sketches)


class World:
    """Everything around a worker, driven by a test; log time moves by `step_ms` per event."""

    def __init__(self, state: Path, contract: Contract | None = None) -> None:
        self.contract = contract or two_views()
        self.log_ms, self.step_ms, self.now = 1_700_000_000_000, 1, 0.0
        self.log = FakeEventLog(lambda: self.log_ms)
        self.documents, self.tables, self.sketches = FakeDocuments(), SilverVersions(), HllSketches()
        self.state, self.topic, self.partitions = state, self.contract.stream.topic, self.contract.stream.partitions
        self.log.create(self.topic, self.partitions)
        self.decoder = EventDecoder(self.contract)
        self.release: Release | None = None
        self.workers, self.sizes = 0, Sizes()
        self._judged: list[reference.Judged] = []
        self._taken = dict.fromkeys(range(self.partitions), 0)
        self._good: list[reference.Judged] = []
        self._prefixes: dict[tuple[str, Partition], tuple[list[Position], list[Groups]]] = {}

    def worker(self, **pace: float) -> Worker:
        """The next worker, with all partitions."""
        status = Status(self.contract.id, self.contract.hash, Metrics(CollectorRegistry()))
        paced = Pace(**{"release_s": 0.0, "check_s": 0.0, "epoch_s": 5.0, **pace})
        return self.worker_of(range(self.partitions), status, paced, self.state)

    def worker_of(self, partitions: Collection[Partition], status: Status, pace: Pace, state: Path) -> Worker:
        """The next worker, with some partitions, in a process that has this status and this folder."""
        self.workers += 1
        doors = Doors(self.log, self.documents, self.tables, self.sketches, lambda: self.now, state, self.sizes)
        return Worker(self.contract, doors, pace, f"w{self.workers}", status, partitions)

    def append(self, event_id: str, partition: Partition | None = None, **members: Any) -> None:
        self.append_raw(event_id, json.dumps(members | {"event_id": event_id}).encode(), partition)

    def append_raw(self, event_id: str, value: bytes | None, partition: Partition | None = None) -> None:
        self.log_ms += self.step_ms
        self.log.append(self.topic, value, key=event_id.encode(), partition=partition)

    def append_random(self, rng: random.Random) -> None:
        """Good, repeated, conflicting, late and broken events."""
        event_id = f"e{rng.randrange(40)}"
        if rng.random() < 0.1:
            self.append_raw(event_id, rng.choice([None, b"{", b"[]", b'{"event_id": 1}']))
            return
        quantity = 7 if rng.random() < 0.8 else rng.choice([0, -3, 8, None])
        country = rng.choice(["FR", "ES", None]) if rng.random() < 0.3 else f"C{int(event_id[1:]) % 3}"
        price = rng.choice(["1.5", None]) if rng.random() < 0.2 else f"{event_id[1:]}.125"
        at = f"2011-01-0{1 + int(event_id[1:]) % 2}T{int(event_id[1:]) % 24:02d}:30:00Z"
        self.append(event_id, at=at, country=country, quantity=quantity, price=price)

    def good(self) -> list[reference.Judged]:
        """What counts, by the reference, in the whole log so far."""
        reader = self.log.reader(self.topic, self._taken)
        records = reader.poll(0, 1_000_000)
        self._taken = {partition: reader.position(partition) for partition in self._taken}
        if records:
            self._judged += reference.judged(self.decoder.decode, payload_hash, records)
            self._good = reference.judge(self.contract, self._judged).good
        return self._good

    def reference(self, view: str, upto: Mapping[Partition, Position]) -> Groups:
        """The view over what counts before these positions; remembers every prefix, because laws ask a lot."""
        definition, groups = self.contract.view(view), Groups()
        for partition, end in upto.items():
            positions, folds = self._prefixes.setdefault((view, partition), ([], [Groups()]))
            mine = [event for event in self.good() if event.partition == partition]
            for event in mine[len(positions) :]:
                one = reference.fold(self.contract, definition, [event], self.sketches)
                folds.append(reference.merge_groups(self.contract, definition, folds[-1], one, self.sketches))
                positions.append(event.position)
            prefix = folds[bisect.bisect_left(positions, end)]
            groups = reference.merge_groups(self.contract, definition, groups, prefix, self.sketches)
        return groups

    def publish(
        self, cut: Mapping[Partition, Position], *, without: Sequence[str] = (), gaps: Sequence[Loss] = ()
    ) -> Release:
        """A release that covers up to `cut`, with its silver; `without`: it lacks these ids, by a restate or a loss."""
        number = 1 if self.release is None else self.release.number + 1
        coverage = Coverage(self.log.stream(self.topic), cut)
        before = Coverage(coverage.stream, {}) if self.release is None else self.release.coverage
        known = increments_topic(self.contract.id) in self.log.topics
        starts = dict.fromkeys(range(self.partitions), 0) if known else {}
        starts |= dict(self.release.increments) if self.release and known else {}
        ends = EpochEnds(self.contract, before, starts)
        ends.read_new(self.log)
        counted = [event for event in self.good() if event.position < cut[event.partition]]
        counted = [event for event in counted if event.row and event.row[0] not in without]
        self.tables.restates += [number] if without and not gaps else []
        start = {str(p): at for p, at in before}
        self.tables.ranges[number] = {"from": start, "coverage": coverage.as_json()}
        self.tables.versions[number] = pa.table({
            "event_id": pa.array([event.row[0] for event in counted if event.row], pa.string()),
            "partition": pa.array([event.partition for event in counted], pa.int32()),
            "position": pa.array([event.position for event in counted], pa.int64()),
            "log_time": pa.array([event.log_time_ms * 1000 for event in counted], pa.timestamp("us", tz="UTC")),
            "payload_hash": pa.array([event.payload_hash for event in counted], pa.binary()),
        })  # fmt: skip
        self.release = Release(
            number, self.contract.id, "1.0.0", self.contract.hash, f"run-{number}", "2026-01-01T00:00:00Z", coverage,
            0, number, None, increments={p: ends.offset_beyond(p, at) for p, at in cut.items()},
            gaps=tuple(gaps),
        )  # fmt: skip
        self.documents.put_new(release_name(self.contract.id, number), self.release.as_json())
        return self.release

    def rollback(self, older: Release) -> Release:
        """The content of an older release is live again."""
        assert self.release is not None
        number = self.release.number + 1
        self.release = replace(older, number=number, run_key=f"rollback-{number}", rollback_of=self.release.number)
        self.documents.put_new(release_name(self.contract.id, number), self.release.as_json())
        return self.release

    def released(self, number: int) -> Release:
        document = self.documents.get(release_name(self.contract.id, number))
        assert document is not None
        return Release.from_json(document)

    def shorten(self, partition: Partition, start: Position) -> None:
        """Retention: the log begins at `start`; the reference remembers what was there, as bronze does."""
        self.good()
        self.log.truncate(self.topic, partition, start)

    def log_ends(self) -> dict[Partition, Position]:
        return {partition: bounds.end for partition, bounds in self.log.bounds(self.topic).items()}
