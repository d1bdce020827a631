"""The columnar fold: a batch of decoded rows becomes, per view and partition, groups with their exact states.

It must equal `tideline.model.measure`, which folds one event at a time; a law test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import polars as pl

from speed_layer.expressions import is_arithmetic, place, places, to_polars
from tideline.model import expression
from tideline.model.compiled import Kind
from tideline.model.contract import Contract, Dimension, FieldType, Grain, Measure, View
from tideline.model.field import NESTED
from tideline.model.measure import MeasureKind
from tideline.model.position import Partition, Position, Range

Row = tuple[Any, ...]
Columns = tuple[tuple[Any, ...], ...]
PARTITION, POSITION = " partition", " position"  # no contract can name a column so
_HOUR_US, _DAY_US = 3_600_000_000, 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAFE_DIGITS = 38 - 6  # sums of up to a million values of so many digits fit 128 bits
_TYPES: Mapping[FieldType, Any] = {
    FieldType.STRING: pl.String,
    FieldType.DATE: pl.String,
    FieldType.INTEGER: pl.Int64,
    FieldType.TIMESTAMP: pl.Int64,
    FieldType.DECIMAL: pl.Int128,
    FieldType.BOOLEAN: pl.Boolean,
}
_COMPUTED: Mapping[Kind, Any] = {
    Kind.NUMBER: pl.Int128,
    Kind.BOOLEAN: pl.Boolean,
    Kind.TIMESTAMP: pl.Int64,
    Kind.TEXT: pl.String,
    Kind.DATE: pl.String,
}


class Sketches(Protocol):
    """Builds the state of many distinct values at once."""

    def of_many(self, values: Iterable[str | int]) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of one view and partition as columns of equal length, in wire order; `rows` of them."""

    dimensions: Columns
    states: Columns

    @property
    def rows(self) -> int:
        return len(self.dimensions[0])


@dataclass(frozen=True, slots=True)
class _Part:
    """One aggregate: the polars expressions to compute and how their group values become state columns."""

    aggregates: tuple[pl.Expr, ...]
    finish: Callable[[tuple[list[Any], ...]], tuple[list[Any], ...]]


class Fold:
    """Folds batches for all views of a contract; holds no state between batches."""

    def __init__(self, contract: Contract, sketches: Sketches) -> None:
        self._contract = contract
        self._views = {view.name: _ViewFold(contract, view, sketches) for view in contract.streamed}
        wanted = {contract.event_time}.union(*(fold.columns for fold in self._views.values()))
        kinds = {field.name: _TYPES[field.type] for field in contract.fields if field.type not in NESTED}
        kinds |= {column.name: pl.Boolean for column in contract.derived}
        self._columns = [(at, name, kinds[name]) for at, name in enumerate(contract.columns) if name in wanted]
        self._closures = {text: contract.compile(text) for text in sorted(wanted - set(contract.columns))}

    def frame(
        self, rows: Sequence[Row], partitions: Sequence[Partition], positions: Sequence[Position]
    ) -> pl.DataFrame:
        """The counted rows of one tick as a frame, ordered by event time and position (which `latest` relies on)."""
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._contract.columns)
        series = [pl.Series(name, columns[at], dtype=kind) for at, name, kind in self._columns]
        for text, compiled in self._closures.items():
            series.append(pl.Series(text, [compiled.of(row) for row in rows], dtype=_COMPUTED[compiled.type.kind]))
        series.append(pl.Series(PARTITION, partitions, dtype=pl.Int64))
        series.append(pl.Series(POSITION, positions, dtype=pl.Int64))
        return pl.DataFrame(series).sort(self._contract.event_time, POSITION)

    def groups(self, view: str, frame: pl.DataFrame, starts: Mapping[Partition, Position]) -> dict[Partition, Groups]:
        """The groups of one view by partition, of rows at or past the partition's start; without rows: not named."""
        mine = frame
        for partition, start in starts.items():
            if start > 0 and not frame.is_empty():
                mine = mine.filter((pl.col(PARTITION) != partition) | (pl.col(POSITION) >= start))
        return {} if mine.is_empty() else self._views[view].groups(mine)

    def groups_of(self, view: str, frame: pl.DataFrame, partition: Partition, part: Range) -> Groups | None:
        """The groups of one view and partition, of rows in a range; None without rows."""
        at = pl.col(POSITION)
        mine = frame.filter((pl.col(PARTITION) == partition) & (at >= part.start) & (at < part.end))
        return None if mine.is_empty() else self._views[view].groups(mine)[partition]

    def empty(self, view: str) -> Groups:
        """No groups, with the view's number of columns."""
        found = self._contract.view(view)
        return Groups(((),) * len(found.dimensions), ((),) * len(self._contract.view_states(found)))


class _ViewFold:
    def __init__(self, contract: Contract, view: View, sketches: Sketches) -> None:
        self._contract, self._view, self._sketches = contract, view, sketches
        self.columns: set[str] = {dimension.column for dimension in view.dimensions}  # also texts of expressions
        parts = [self._part(measure) for measure in view.measures]
        names: list[tuple[str, ...]] = []
        self._aggregates: list[pl.Expr] = []
        for part in parts:
            made = tuple(f"s{len(self._aggregates) + offset}" for offset in range(len(part.aggregates)))
            self._aggregates += [expr.alias(name) for expr, name in zip(part.aggregates, made, strict=True)]
            names.append(made)
        self._finish = [(part.finish, made) for part, made in zip(parts, names, strict=True)]
        self._keys = [_key(dimension).alias(f"d{at}") for at, dimension in enumerate(view.dimensions)]

    def groups(self, frame: pl.DataFrame) -> dict[Partition, Groups]:
        grouped = frame.group_by(pl.col(PARTITION), *self._keys, maintain_order=True).agg(self._aggregates)
        found: dict[Partition, Groups] = {}
        for (partition,), part in grouped.partition_by(PARTITION, as_dict=True, maintain_order=True).items():
            values = part.to_dict(as_series=False)
            dimensions = tuple(
                tuple(_texts(values[f"d{at}"], dimension.grain)) for at, dimension in enumerate(self._view.dimensions)
            )
            states: list[tuple[Any, ...]] = []
            for finish, names in self._finish:
                states += map(tuple, finish(tuple(values[name] for name in names)))
            found[int(str(partition))] = Groups(dimensions, tuple(states))
        return found

    def _part(self, measure: Measure) -> _Part:
        if measure.expression is None:
            return _Part((pl.len(),), lambda found: found)
        value, digits = self._value(measure.expression)
        if measure.kind is MeasureKind.COUNT:
            return _Part((value.count(),), lambda found: found)
        if measure.kind is MeasureKind.MIN:
            return _Part((value.min(),), lambda found: found)
        if measure.kind is MeasureKind.MAX:
            return _Part((value.max(),), lambda found: found)
        if measure.kind is MeasureKind.APPROX_DISTINCT:
            of = self._sketches.of_many
            return _Part((value.drop_nulls().unique(),), lambda found: ([of(v) if v else None for v in found[0]],))
        if measure.kind is MeasureKind.LATEST:
            there = value.is_not_null()
            order = [pl.col(name).filter(there).last() for name in (self._contract.event_time, PARTITION, POSITION)]
            return _Part((*order, value.filter(there).last()), _latest)
        total = (value.cast(pl.Int128).sum(),) if digits <= _SAFE_DIGITS else (value.drop_nulls().implode(),)
        if measure.kind is MeasureKind.AVG:
            return _Part((*total, value.count()), lambda found: (_totals(found[0]), found[1]))
        return _Part(total, lambda found: (_totals(found[0]),))

    def _value(self, text: str) -> tuple[pl.Expr, int]:
        """The polars expression of a measure and how many digits its values can have."""
        node = expression.parse(text)
        digits = self._contract.compile(text).type.digits
        column = place(node)
        if column is None and is_arithmetic(node):
            self.columns |= places(node)
            return to_polars(node, self._contract.scales), digits
        self.columns.add(column or text)
        return pl.col(column or text), digits


def _totals(values: list[Any]) -> list[int]:
    return [sum(value) if isinstance(value, list) else int(value) for value in values]


def _latest(found: tuple[list[Any], ...]) -> tuple[list[Any], ...]:
    return ([None if state[3] is None else state for state in zip(*found, strict=True)],)


def _key(dimension: Dimension) -> pl.Expr:
    column = pl.col(dimension.column)
    if dimension.grain is None:
        return column
    return column.floordiv(_HOUR_US if dimension.grain is Grain.HOUR else _DAY_US)


def _texts(values: list[Any], grain: Grain | None) -> list[Any]:
    """Hours and days since the epoch as the wire's text; other dimensions as they are."""
    if grain is None:
        return values
    if grain is Grain.DAY:
        return [None if value is None else (_EPOCH + timedelta(days=value)).date().isoformat() for value in values]
    return [None if value is None else f"{_EPOCH + timedelta(hours=value):%Y-%m-%dT%H}:00:00Z" for value in values]
