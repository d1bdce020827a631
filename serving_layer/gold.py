"""Gold rows as states: what a pinned table version says, in the same plain values as the increments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from tideline.model.contract import Contract, Dimension, Grain, View
from tideline.model.errors import DataError
from tideline.model.measure import StateColumn

Group = tuple[Any, ...]
States = tuple[Any, ...]
Rows = Mapping[Group, States]

_EXACT = Context(prec=100)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def gold_columns(contract: Contract, view: View) -> list[str]:
    """The columns that serving reads: dimensions and states; presented measures stay in the lake."""
    return [dimension.name for dimension in view.dimensions] + [c.name for c in contract.view_states(view)]


def gold_rows(contract: Contract, view: View, table: Any) -> dict[Group, States]:
    """A pyarrow table with `gold_columns` as group -> states; raises DataError TL-SRV-003 when a group occurs twice."""
    dimensions = [_converted(table, d.name, _dimension_reader(d)) for d in view.dimensions]
    columns = [_converted(table, c.name, _state_reader(c)) for c in contract.view_states(view)]
    groups = list(zip(*dimensions, strict=True))
    rows = dict(zip(groups, zip(*columns, strict=True), strict=True))
    if len(rows) != len(groups):
        raise DataError(
            "TL-SRV-003",
            f"{len(groups) - len(rows)} rows of gold repeat a group that is there already",
            where=f"view {view.name}",
            fix="build the view again: tideline run model",
        )
    return rows


def _converted(table: Any, name: str, read: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else read(value) for value in table.column(name).to_pylist()]


def _dimension_reader(dimension: Dimension) -> Callable[[Any], Any]:
    if dimension.grain is Grain.HOUR:
        return lambda value: value.strftime("%Y-%m-%dT%H:00:00Z") if isinstance(value, datetime) else value
    return lambda value: value.isoformat() if isinstance(value, date) else value


def _state_reader(column: StateColumn) -> Callable[[Any], Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return int(value.scaleb(column.scale, _EXACT))
        if isinstance(value, datetime):
            return _microseconds(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, dict):
            return tuple(plain(part) for part in value.values())
        return value

    return plain


def _microseconds(value: datetime) -> int:
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)
