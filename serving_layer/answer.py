"""From a snapshot and a query to rows: merge batch with head, roll up states, present last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from serving_layer.gold import Group, Rows, States
from serving_layer.problems import stands_still
from serving_layer.query import Query
from serving_layer.view_state import Snapshot, ViewState
from tideline.model.measure import AVERAGE_SCALE, MeasureKind, Sketches, present, zero
from tideline.model.position import Range

_INT64 = range(-(2**63), 2**64)


@dataclass(frozen=True, slots=True)
class Result:
    """All rows of an answer as states, in order, with the `meta` that belongs to them; pages are cut from it."""

    rows: tuple[tuple[Group, States], ...]
    dimensions: tuple[int, ...]
    meta: dict[str, Any]
    text: str


def compute(view: ViewState, snapshot: Snapshot, query: Query) -> Result:
    """Pure in the snapshot, so that it may run beside the writer."""
    head: Rows = snapshot.head if query.consistency == "merged" else {}
    batch = {g: s for g, s in snapshot.batch.items() if _passes(query, g)}
    speed = {g: s for g, s in head.items() if _passes(query, g)}
    merged = dict(batch)
    for group, states in speed.items():
        known = merged.get(group)
        merged[group] = states if known is None else view.merge(known, states)
    whole = query.dimensions == tuple(range(len(view.view.dimensions)))
    rows = merged if whole else _rolled_up(view, merged, query.dimensions)
    meta = describe(view, snapshot, query.consistency)
    meta["parts"] = {"batch_rows": len(batch), "speed_rows": len(speed)}
    return Result(tuple(sorted(rows.items(), key=_order)), query.dimensions, meta, query.text)


def _passes(query: Query, group: Group) -> bool:
    return all(condition.passes(group) for condition in query.filters)


def _order(row: tuple[Group, States]) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is not None, value if value is not None else 0) for value in row[0])


def _rolled_up(view: ViewState, rows: Rows, dimensions: Sequence[int]) -> dict[Group, States]:
    rolled: dict[Group, States] = {}
    for group, states in rows.items():
        key = tuple(group[at] for at in dimensions)
        known = rolled.get(key)
        rolled[key] = states if known is None else view.merge(known, states)
    if not dimensions and not rolled:
        rolled[()] = tuple(zero(column.op) for column in view.contract.view_states(view.view))
    return rolled


def describe(view: ViewState, snapshot: Snapshot, consistency: str) -> dict[str, Any]:
    """The `meta` of an answer but its parts and cursor. A batch answer reaches exactly as far as its release."""
    release, stream = snapshot.release, snapshot.stream
    batch_only = consistency == "batch"
    merged = snapshot.covered if batch_only else snapshot.merged
    gaps = () if batch_only else snapshot.gaps
    said = None if release is None else release.number
    still = [
        stands_still(gap.partition, merged[gap.partition], gap.missing, said, view.contract.id)
        for gap in gaps
        if gap.still
    ]
    as_of = None if batch_only or snapshot.as_of_ms is None else _utc(snapshot.as_of_ms)
    return {
        "contract": {"id": view.contract.id, "version": view.contract.version, "hash": view.contract.hash},
        "view": view.view.name,
        "consistency": consistency,
        "complete": not gaps,
        "lacks": [_lack(gap.partition, gap.missing) for gap in gaps],
        "gaps": [] if release is None else [_lack(loss.partition, loss.missing) for loss in release.gaps],
        "problems": still,
        "release": said,
        "coverage": {
            "stream": None if stream is None else {"name": stream.name, "identity": stream.identity},
            "batch": {str(p): n for p, n in snapshot.covered.items()},
            "merged": {str(p): n for p, n in merged.items()},
        },
        "as_of": as_of or (None if release is None else release.published),
    }


def _lack(partition: int, missing: Range) -> dict[str, int]:
    return {"partition": partition, "from": missing.start, "to": missing.end}


def _utc(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def etag(view: ViewState, snapshot: Snapshot, query: Query) -> str:
    """Changes whenever the body could: query, contract, release, reach, and what is lacking."""
    meta = describe(view, snapshot, query.consistency)
    told = (query.text, query.limit, query.cursor, sorted(meta.items(), key=lambda item: item[0]))
    return '"' + hashlib.sha256(repr(told).encode()).hexdigest()[:32] + '"'


def present_rows(view: ViewState, result: Result, start: int, limit: int, sketches: Sketches) -> list[dict[str, Any]]:
    """One page as JSON objects; decimals are text with exactly the measure's digits."""
    names = [view.view.dimensions[at].name for at in result.dimensions]
    return [
        {**dict(zip(names, group, strict=True)), **_measures(view, states, sketches)}
        for group, states in result.rows[start : start + limit]
    ]


def _measures(view: ViewState, states: States, sketches: Sketches) -> dict[str, Any]:
    presented: dict[str, Any] = {}
    at = 0
    for measure in view.view.measures:
        scale = view.contract.measure_scale(measure)
        width = 2 if measure.kind is MeasureKind.AVG else 1
        presented[measure.name] = _plain(present(measure.kind, states[at : at + width], scale, sketches))
        at += width
    return presented


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        return orjson.Fragment(str(value).encode())
    return value


def digits(view: ViewState, measure_name: str) -> int:
    """Digits after the point with which a measure is presented; 0 means a JSON integer (or text as it is)."""
    measure = next(m for m in view.view.measures if m.name == measure_name)
    return AVERAGE_SCALE if measure.kind is MeasureKind.AVG else view.contract.measure_scale(measure)
