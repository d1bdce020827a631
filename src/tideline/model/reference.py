"""What the platform promises, one event at a time and slowly: what laws and golden tests expect, no product path.

A log is any sequence of records per partition in position order. Judging is the decoder's; this module says which of
the judged events count (the deduplication of the contract) and what a view is of those that count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tideline.model.contract import Contract, Dimension, Grain, Measure, View
from tideline.model.measure import Sketches, lift, merge, merges, present, zero
from tideline.model.position import Partition, Position

Row = tuple[Any, ...]
Group = tuple[Any, ...]
States = tuple[Any, ...]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the UTC clock, without the cost of carrying a zone
_MICROSECONDS = {Grain.HOUR: 3_600_000_000, Grain.DAY: 86_400_000_000}


@dataclass(frozen=True, slots=True)
class Judged:
    """One record after decoding: `row` is a tuple of the contract's columns, or `reason` says why there is none."""

    partition: Partition
    position: Position
    log_time_ms: int
    payload_hash: bytes
    row: Row | None = None
    reason: str = ""


@dataclass(slots=True)
class Outcome:
    """What became of a stretch of the log."""

    good: list[Judged] = field(default_factory=list)
    quarantined: list[tuple[Partition, Position, str]] = field(default_factory=list)
    counts: dict[Partition, dict[str, int]] = field(default_factory=dict)

    def count(self, partition: Partition, what: str) -> None:
        zeros = {"in": 0, "good": 0, "quarantined": 0, "deduplicated": 0}
        counts = self.counts.setdefault(partition, zeros)
        counts["in"] += 1
        counts[what] += 1


def judge(contract: Contract, records: Iterable[Judged], already: Iterable[Judged] = ()) -> Outcome:
    """Which records count. `already` are counted events of earlier positions (what a cut leaves behind it).

    An event counts iff no counted event of its id stands earlier in its partition with
    `log_time >= its log_time - horizon`. One that does not count is a repeat when its payload is the payload of that
    counted event (the newest one inside the horizon), else it is quarantined as `id_conflict`.
    """
    key_at = contract.columns.index(contract.deduplication.key)
    horizon_ms = contract.deduplication.horizon.total_seconds() * 1000
    counted: dict[tuple[Partition, str], list[Judged]] = {}
    for event in sorted(already, key=lambda event: (event.partition, event.position)):
        counted.setdefault((event.partition, _row(event)[key_at]), []).append(event)
    outcome = Outcome()
    for event in sorted(records, key=lambda event: (event.partition, event.position)):
        if event.row is None:
            _quarantine(outcome, event, event.reason)
            continue
        earlier = counted.setdefault((event.partition, event.row[key_at]), [])
        inside = [first for first in earlier if first.log_time_ms >= event.log_time_ms - horizon_ms]
        if not inside:
            earlier.append(event)
            outcome.good.append(event)
            outcome.count(event.partition, "good")
        elif inside[-1].payload_hash == event.payload_hash:
            outcome.count(event.partition, "deduplicated")
        else:
            _quarantine(outcome, event, "id_conflict")
    return outcome


def _quarantine(outcome: Outcome, event: Judged, reason: str) -> None:
    outcome.quarantined.append((event.partition, event.position, reason))
    outcome.count(event.partition, "quarantined")


def _row(event: Judged) -> Row:
    if event.row is None:
        raise ValueError("an event that counts has a row")
    return event.row


def fold(contract: Contract, view: View, events: Iterable[Judged], sketches: Sketches) -> dict[Group, States]:
    """The stored states of a view per group of dimension values (day and hour as text, as on the wire)."""
    members: dict[Group, list[Judged]] = {}
    for event in events:
        row = _row(event)
        members.setdefault(tuple(_dimension(contract, dimension, row) for dimension in view.dimensions), []).append(
            event
        )
    return {
        group: tuple(state for measure in view.measures for state in _states(contract, measure, own, sketches))
        for group, own in members.items()
    }


def merge_groups(
    contract: Contract, view: View, left: Mapping[Group, States], right: Mapping[Group, States], sketches: Sketches
) -> dict[Group, States]:
    """The union of two parts of one answer, state by state."""
    groups = dict(left)
    for group, states in right.items():
        groups[group] = _merged(contract, view, groups.get(group), states, sketches)
    return groups


def _merged(contract: Contract, view: View, left: States | None, right: States, sketches: Sketches) -> States:
    columns = contract.view_states(view)
    left = tuple(zero(column.op) for column in columns) if left is None else left
    return tuple(merge(column.op, a, b, sketches) for column, a, b in zip(columns, left, right, strict=True))


def _states(contract: Contract, measure: Measure, events: Sequence[Judged], sketches: Sketches) -> States:
    """The state of one measure over the events of a group: merged one by one, or of all at once when it is whole."""
    value = (lambda _row: 1) if measure.expression is None else contract.compile(measure.expression).of
    if not merges(measure.kind):
        return (len({value(_row(event)) for event in events} - {None}),)
    columns = contract.measure_states(measure)
    states = tuple(zero(column.op) for column in columns)
    for event in events:
        order = (_row(event)[contract.columns.index(contract.event_time)], event.partition, event.position)
        lifted = lift(measure.kind, value(_row(event)), order, sketches)
        states = tuple(merge(c.op, a, b, sketches) for c, a, b in zip(columns, states, lifted, strict=True))
    return states


def _dimension(contract: Contract, dimension: Dimension, row: Row) -> Any:
    value = _at(row, contract.places[dimension.column])
    return value if dimension.grain is None or value is None else truncate(value, dimension.grain)


def _at(row: Row, place: tuple[int, ...]) -> Any:
    value: Any = row
    for at in place:
        value = None if value is None else value[at]
    return value


def truncate(microseconds: int, grain: Grain) -> str:
    """A UTC time cut to its day (`2011-01-04`) or hour (`2011-01-04T10:00:00Z`)."""
    start = microseconds // _MICROSECONDS[grain] * _MICROSECONDS[grain]
    moment = _EPOCH + timedelta(microseconds=start)
    return moment.date().isoformat() if grain is Grain.DAY else moment.isoformat(timespec="seconds") + "Z"


def rows(contract: Contract, view: View, groups: Mapping[Group, States], sketches: Sketches) -> list[dict[str, Any]]:
    """The rows of a view as the API shows them: decimals as text, ordered by dimensions, null first."""
    ordered = sorted(groups, key=lambda group: tuple((value is not None, value) for value in group))
    return [_shown(contract, view, group, groups[group], sketches) for group in ordered]


def _shown(contract: Contract, view: View, group: Group, states: States, sketches: Sketches) -> dict[str, Any]:
    row = dict(zip((dimension.name for dimension in view.dimensions), group, strict=True))
    at = 0
    for measure in view.measures:
        width = len(contract.measure_states(measure))
        value = present(measure.kind, states[at : at + width], contract.measure_scale(measure), sketches)
        row[measure.name] = value if value is None or isinstance(value, (int, str)) else f"{value:f}"
        at += width
    return row


def judged(
    decode: Callable[[bytes | None, bytes | None], Any],
    payload_hash: Callable[[bytes], bytes],
    records: Sequence[Any],
) -> list[Judged]:
    """Decode records (anything with partition, position, log_time_ms, key, value) for `judge`."""
    found: list[Judged] = []
    for record in records:
        result = decode(record.key, record.value)
        row = result if isinstance(result, tuple) else None
        reason = "" if row is not None else str(result.reason)
        digest = payload_hash(record.value) if record.value is not None else b""
        found.append(Judged(record.partition, record.position, record.log_time_ms, digest, row, reason))
    return found


__all__ = ["Judged", "Outcome", "fold", "judge", "judged", "merge_groups", "rows", "truncate"]
