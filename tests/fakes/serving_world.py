"""A small world for the serving layer: a contract, events, a simulated speed worker and batch, and the truth.

The truth folds one event at a time with the measures of the model; nothing here is shared with the serving layer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tests.fakes.documents import FakeDocuments
from tests.fakes.event_log import FakeEventLog
from tideline.adapters.increments import Counts, Fence, Increment, Rebase, Record, encode
from tideline.adapters.sketches import HllSketches
from tideline.model.contract import Contract, View
from tideline.model.measure import MeasureKind, StateOp, lift, merge, present, zero
from tideline.model.position import Coverage
from tideline.model.release import Release, ReleasedView, release_name
from tideline.ports import TableCommit

PARTITIONS = 2
EVENTS, INCREMENTS = "shop.sales.v1", "tideline.increments.shop.sales"
SKETCHES = HllSketches()
Row = tuple[Any, ...]

_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("id", {"type": "string", "required": True}), ("at", {"type": "timestamp", "required": True}),
    ("country", {"type": "string"}), ("gift", {"type": "boolean"}), ("shelf", {"type": "integer"}),
    ("quantity", {"type": "integer", "required": True}), ("price", {"type": "decimal", "precision": 12, "scale": 3}),
    ("customer", {"type": "string", "pii": True}),
]  # fmt: skip
_MEASURES: list[tuple[str, str, str | None]] = [
    ("revenue", "sum", "quantity * price"), ("lines", "count", None), ("top", "max", "price"),
    ("average", "avg", "quantity * price"), ("customers", "approx_distinct", "customer"), ("newest", "latest", "price"),
]  # fmt: skip


def shop(version: str = "1.0.0") -> Contract:
    """A contract with every kind of dimension and nearly every kind of measure."""
    measures = [{"name": n, "kind": k, "expression": e, "description": f"{n}."} for n, k, e in _MEASURES]
    by_country = [
        {"name": "country", "column": "country", "description": "Country."},
        {"name": "day", "column": "at", "grain": "day", "description": "UTC day."},
    ]
    by_shelf = [
        {"name": "shelf", "column": "shelf", "description": "Shelf."},
        {"name": "gift", "column": "gift", "description": "A gift?"},
        {"name": "hour", "column": "at", "grain": "hour", "description": "UTC hour."},
    ]
    return Contract.model_validate(
        {
            "domain": "shop", "product": "sales", "version": version, "owner": "shop", "description": "Sales.",
            "stream": {"topic": EVENTS, "partitions": PARTITIONS}, "event_time": "at",
            "deduplication": {"key": "id", "horizon": "P7D"},
            "fields": [{"name": name, "description": name, **rest} for name, rest in _FIELDS],
            "views": [
                {"name": "by_country", "description": "Per country.", "dimensions": by_country, "measures": measures},
                {"name": "by_shelf", "description": "Per shelf.", "dimensions": by_shelf, "measures": measures[:2]},
            ],
        }
    )  # fmt: skip


def event(choice: random.Random) -> Row:
    """(country, hour of 48, gift, shelf, quantity, price in thousandths, customer)."""
    return (
        choice.choice(["France", "Spain", None]), choice.randrange(48),
        choice.choice([True, False]), choice.randrange(3),
        choice.randrange(-3, 9) or 1, choice.randrange(0, 10**7), choice.choice(["a", "b", "c", None]),
    )  # fmt: skip


def group_of(view: View, row: Row) -> Row:
    hour = row[1]
    named = {
        "country": row[0], "day": f"2011-01-0{1 + hour // 24}", "gift": row[2], "shelf": row[3],
        "hour": f"2011-01-0{1 + hour // 24}T{hour % 24:02d}:00:00Z",
    }  # fmt: skip
    return tuple(named[dimension.name] for dimension in view.dimensions)


def states_of(contract: Contract, view: View, row: Row, order: tuple[int, int, int]) -> Row:
    values = {"revenue": row[4] * row[5], "lines": 1, "top": row[5], "average": row[4] * row[5], "customers": row[6]}
    values["newest"] = row[5]
    found: list[Any] = []
    for measure in view.measures:
        whole = measure.kind is MeasureKind.DISTINCT
        found += (None,) if whole else lift(measure.kind, values[measure.name], order, SKETCHES)
    return tuple(found)


def folded(contract: Contract, view: View, events: Sequence[tuple[int, int, Row]]) -> dict[Row, Row]:
    """(partition, position, row) one at a time into group -> states."""
    columns = contract.view_states(view)
    groups: dict[Row, Row] = {}
    for partition, position, row in events:
        group = group_of(view, row)
        known = groups.get(group, tuple(zero(column.op) for column in columns))
        new = states_of(contract, view, row, (row[1] * 3_600_000_000, partition, position))
        groups[group] = tuple(merge(c.op, a, b, SKETCHES) for c, a, b in zip(columns, known, new, strict=True))
    for at, column in enumerate(columns):
        if column.op is StateOp.WHOLE:
            seen = {(group_of(view, row), row[6]) for _, _, row in events if row[6] is not None}
            for group, states in groups.items():
                count = sum(mine == group for mine, _ in seen)
                groups[group] = (*states[:at], count, *states[at + 1 :])
    return groups


class FakeTables:
    """Tables port over pyarrow tables by (path, version); states are stored as Spark stores them."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, int], pa.Table] = {}

    def last_commit(self, path: str) -> TableCommit | None:
        return None

    def version(self, path: str) -> int | None:
        return max((version for name, version in self.tables if name == path), default=None)

    def read(self, path: str, version: int, columns: Sequence[str] | None = None) -> Any:
        return self.tables[path, version].select(list(columns or []))


@dataclass
class World:
    """Events per partition, the log they stand in, a batch and a speed worker that publish."""

    seed: int = 0
    contract: Contract = field(default_factory=shop)
    events: dict[int, list[Row]] = field(default_factory=lambda: {p: [] for p in range(PARTITIONS)})

    def __post_init__(self) -> None:
        self.choice = random.Random(self.seed)
        self.log, self.documents, self.tables = FakeEventLog(), FakeDocuments(), FakeTables()
        self.log.create(EVENTS, PARTITIONS)
        self.log.create(INCREMENTS, PARTITIONS)
        self.stream = self.log.stream(EVENTS)
        self.generation = dict.fromkeys(range(PARTITIONS), -1)
        self.next = {(v.name, p): 0 for v in self.contract.streamed for p in range(PARTITIONS)}
        self.ends: dict[tuple[str, int], set[int]] = {key: {0} for key in self.next}
        self.lost: set[tuple[str, int]] = set()
        self.released = 0

    # --- the stream and the speed worker

    def arrive(self, count: int = 1, partition: int | None = None) -> None:
        for _ in range(count):
            chosen = self.choice.randrange(PARTITIONS) if partition is None else partition
            self.events[chosen].append(event(self.choice))
            self.log.append(EVENTS, b"{}", partition=chosen)

    def send(self, partition: int, record: Record) -> int:
        return self.log.append(INCREMENTS, encode(record), partition=partition).position

    def fence(self, partition: int, *, contract_hash: str | None = None, stream: Any = None) -> None:
        fence = Fence("w", stream or self.stream, contract_hash or self.contract.hash)
        self.generation[partition] = self.send(partition, fence)

    def rebase(
        self, partition: int, position: int | None = None, reason: str = "start", view: str | None = None
    ) -> None:
        positions = {}
        for v in self.contract.streamed:
            if view in (None, v.name):
                at = self.next[v.name, partition] if position is None else position
                positions[v.name] = self.next[v.name, partition] = at
                (self.lost.add if reason == "lost" else self.lost.discard)((v.name, partition))
                self.ends[v.name, partition] = {e for e in self.ends[v.name, partition] if e <= at} | {at}
        self.send(partition, Rebase(self.generation[partition], positions, reason))

    def begin(self) -> None:
        for partition in range(PARTITIONS):
            self.fence(partition)
            self.rebase(partition)

    def increment(self, view: View, partition: int, start: int, end: int, *, epoch_end: bool = False) -> Increment:
        stretch = [(partition, at, self.events[partition][at]) for at in range(start, end)]
        if (view.name, partition) in self.lost:
            stretch *= 2  # a writer that knows no ids counts repeats: whoever merges this is found out
        groups = folded(self.contract, view, stretch)
        count = end - start
        return Increment(
            self.generation[partition], view.name, start, end, epoch_end, 1_700_000_000_000 + end if count else 0,
            Counts(count, count, 0, 0),
            tuple(zip(*groups.keys(), strict=True)), tuple(zip(*groups.values(), strict=True)),
        )  # fmt: skip

    def tick(self, view: View, partition: int, upto: int | None = None, *, epoch_end: bool = False) -> Increment:
        """Publish what one view lacks of one partition (or a part of it)."""
        start = self.next[view.name, partition]
        end = len(self.events[partition]) if upto is None else upto
        said = self.increment(view, partition, start, end, epoch_end=epoch_end)
        self.send(partition, said)
        self.next[view.name, partition] = end
        if epoch_end:
            self.ends[view.name, partition].add(end)
        return said

    def tick_all(self, *, epoch_end: bool = True) -> None:
        for view in self.contract.streamed:
            for partition in range(PARTITIONS):
                self.tick(view, partition, epoch_end=epoch_end)

    # --- batch

    def publish(
        self, covered: Mapping[int, int], *, rollback_of: int | None = None, offsets: bool = False, gaps: Any = ()
    ) -> Release:
        """A release of exactly these positions; `offsets`: readers start at the present end of the increments."""
        self.released += 1
        views = {}
        for view in self.contract.views:
            stretch = [(p, at, self.events[p][at]) for p, end in covered.items() for at in range(end)]
            path = f"gold/{view.name}"
            self.tables.tables[path, self.released] = gold(self.contract, view, folded(self.contract, view, stretch))
            views[view.name] = ReleasedView(path, self.released)
        ends = self.log.bounds(INCREMENTS)
        release = Release(
            number=self.released, contract=self.contract.id, contract_version="1.0.0",
            contract_hash=self.contract.hash, run_key=f"run{self.released}", published="2026-11-21T00:00:00Z",
            coverage=Coverage(self.stream, dict(covered)), bronze_version=1, silver_version=1, quarantine_version=None,
            increments={p: ends[p].end if offsets else 0 for p in ends}, views=views, rollback_of=rollback_of,
            gaps=tuple(gaps),
        )  # fmt: skip
        self.documents.put_new(release_name(self.contract.id, self.released), release.as_json())
        return release

    def truth(self, view: View, vector: Mapping[int, int]) -> dict[Row, Row]:
        stretch = [(p, at, self.events[p][at]) for p, end in vector.items() for at in range(end)]
        return folded(self.contract, view, stretch)


def presented(contract: Contract, view: View, states: Row) -> dict[str, Any]:
    found, at = {}, 0
    for measure in view.measures:
        width = 2 if measure.kind is MeasureKind.AVG else 1
        value = present(measure.kind, states[at : at + width], contract.measure_scale(measure), SKETCHES)
        found[measure.name] = value if value is None or isinstance(value, int) else str(value)
        at += width
    return found


def gold(contract: Contract, view: View, rows: Mapping[Row, Row]) -> pa.Table:
    """Group -> states with the column types that gold has."""
    from datetime import UTC, date, datetime
    from decimal import Decimal

    columns: dict[str, Any] = {}
    for at, dimension in enumerate(view.dimensions):
        values = [group[at] for group in rows]
        if dimension.name == "day":
            columns["day"] = pa.array([date.fromisoformat(v) for v in values], pa.date32())
        elif dimension.name == "hour":
            hours = [datetime.strptime(v, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) for v in values]
            columns["hour"] = pa.array(hours, pa.timestamp("us", tz="UTC"))
        else:
            kind = {"country": pa.string(), "gift": pa.bool_(), "shelf": pa.int64()}[dimension.name]
            columns[dimension.name] = pa.array(values, kind)
    for at, column in enumerate(contract.view_states(view)):
        cells = [states[at] for states in rows.values()]
        exact = pa.decimal128(38, column.scale)
        if column.op.value == "latest":
            fields = [("event_time", pa.int64()), ("partition", pa.int32()), ("position", pa.int64()), ("value", exact)]
            made = [
                None
                if c is None
                else dict(zip([n for n, _ in fields], (*c[:3], Decimal(f"{c[3]}E-{column.scale}")), strict=True))
                for c in cells
            ]  # fmt: skip
            columns[column.name] = pa.array(made, pa.struct(fields))
        elif column.op.value == "union":
            columns[column.name] = pa.array(cells, pa.binary())
        elif column.scale:
            columns[column.name] = pa.array(
                [None if c is None else Decimal(f"{c}E-{column.scale}") for c in cells], exact
            )
        else:
            columns[column.name] = pa.array(cells, pa.int64())
    return pa.table(columns)
