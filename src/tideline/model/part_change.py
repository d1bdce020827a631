"""What changed in a contract, part by part: promises, stream, fields, keys, derived columns, rules, gates, views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any

from tideline.model.compatibility import Code, Told
from tideline.model.contract import Contract, Dimension, DriftAction, Measure, View
from tideline.model.field_change import Names, compare_fields, renames
from tideline.model.meaning import Meanings
from tideline.model.quality import Action, Comparison, Gate

_IDENTITY = {
    "owner": Code.PROSE, "description": Code.PROSE, "tags": Code.PROSE, "tier": Code.PROMISE,
    "schedule": Code.PROMISE, "freshness": Code.PROMISE, "deadline": Code.PROMISE, "consumes": Code.PROMISE,
    "compatibility": Code.PROMISE,
}  # fmt: skip
_LOWER = {Comparison.LESS_THAN, Comparison.LESS_OR_EQUAL}
_HIGHER = {Comparison.GREATER_THAN, Comparison.GREATER_OR_EQUAL}


def compare_parts(old: Contract, new: Contract) -> Iterator[Told]:
    """The differences of two versions in the order of the contract's parts."""
    meanings = Meanings(renames(old.fields, new.fields))
    yield from _identity(old, new)
    yield from _stream(old, new)
    yield from _fields(old, new)
    yield from _deduplication(old, new, meanings)
    yield from _derived(old, new, meanings)
    yield from _rules(old, new, meanings)
    yield from _gates(old, new, meanings)
    yield from _views(old.views, new.views, meanings)


def _identity(old: Contract, new: Contract) -> Iterator[Told]:
    yield from (Told(code, (name,), b, a) for name, code in _IDENTITY.items() for b, a in _differing(old, new, name))
    for was, now in _differing(old, new, "retention"):
        code = Code.RETENTION_SHORTER if new.retention < old.retention else Code.PROMISE
        yield Told(code, ("retention",), was, now)
    before, after = old.drift.new_fields, new.drift.new_fields
    if before is not after:
        code = Code.DRIFT_STRICTER if before is DriftAction.EVOLVE else Code.DRIFT_LOOSER
        forward = after is DriftAction.EVOLVE
        yield Told(code, ("drift", "newFields"), before.value, after.value, forward=forward)
    for was, now in _differing(old.drift, new.drift, "changed_fields"):
        yield Told(Code.PROMISE, ("drift", "changedFields"), was, now)


def _stream(old: Contract, new: Contract) -> Iterator[Told]:
    was, now = old.stream, new.stream
    for before, after in _differing(was, now, "topic"):
        yield Told(Code.TOPIC, ("stream", "topic"), before, after)
    for before, after in _differing(was, now, "partitions"):
        code = Code.PARTITIONS_MORE if now.partitions > was.partitions else Code.PARTITIONS_FEWER
        yield Told(code, ("stream", "partitions"), before, after)
    for before, after in _differing(was, now, "max_event_bytes"):
        code = Code.EVENT_LARGER if now.max_event_bytes > was.max_event_bytes else Code.EVENT_SMALLER
        yield Told(code, ("stream", "maxEventBytes"), before, after)


def _fields(old: Contract, new: Contract) -> Iterator[Told]:
    open_before, open_now = (contract.drift.new_fields is DriftAction.EVOLVE for contract in (old, new))
    names = Names(old.retired, new.retired, open_before, open_now)
    yield from compare_fields(old.fields, new.fields, ("fields",), names)
    known, now = {field.name for field in old.fields}, {field.name for field in new.fields}
    for name in old.retired:
        if name not in new.retired and name not in now:
            yield Told(Code.FORMER_NAME_DROPPED, ("retired", name), name, backward=not open_now)
    for name in new.retired:
        if name not in old.retired and name not in known:
            yield Told(Code.FORMER_NAME_ADDED, ("retired", name), None, name, forward=not open_before)
    yield from _order(("retired",), old.retired, new.retired)


def _deduplication(old: Contract, new: Contract, meanings: Meanings) -> Iterator[Told]:
    was, now = old.deduplication, new.deduplication
    if meanings.moved(was.key) != now.key:
        yield Told(Code.KEY, ("deduplication", "key"), was.key, now.key)
    if was.horizon != now.horizon:
        yield Told(Code.HORIZON, ("deduplication", "horizon"), _text(was.horizon), _text(now.horizon))
    if meanings.moved(old.event_time) != new.event_time:
        yield Told(Code.EVENT_TIME, ("eventTime",), old.event_time, new.event_time)


def _derived(old: Contract, new: Contract, meanings: Meanings) -> Iterator[Told]:
    before = {column.name: column for column in old.derived}
    for column in new.derived:
        path, was = ("derived", column.name), before.pop(column.name, None)
        if was is None:
            yield Told(Code.DERIVED_ADDED, path, None, column.expression)
            continue
        yield from _expression(Code.DERIVED_CHANGED, path, was.expression, column.expression, meanings)
        yield from _prose(path, was, column, "description")
    yield from (Told(Code.DERIVED_REMOVED, ("derived", name), was.expression) for name, was in before.items())
    yield from _order(("derived",), old.derived, new.derived)


def _rules(old: Contract, new: Contract, meanings: Meanings) -> Iterator[Told]:
    before, now = {rule.name: rule for rule in old.rules}, {rule.name for rule in new.rules}
    gone = {name: rule for name, rule in before.items() if name not in now}
    for rule in new.rules:
        path, was = ("rules", rule.name), before.get(rule.name)
        if was is None:
            was = next((r for r in gone.values() if meanings.same(r.expression, rule.expression)), None)
            if was is None:
                yield Told(Code.RULE_ADDED, path, None, rule.expression)
                continue
            del gone[was.name]
            yield Told(Code.RULE_RENAMED, path, was.name, rule.name)
        yield from _expression(Code.RULE_CHANGED, path, was.expression, rule.expression, meanings)
        yield from _prose(path, was, rule, "description", "severity", "dimension")
    yield from (Told(Code.RULE_REMOVED, ("rules", name), rule.expression) for name, rule in gone.items())
    yield from _order(("rules",), old.rules, new.rules)


def _gates(old: Contract, new: Contract, meanings: Meanings) -> Iterator[Told]:
    before = {gate.name: gate for gate in old.gates}
    for gate in new.gates:
        path, was = ("gates", gate.name), before.pop(gate.name, None)
        if was is None:
            yield Told(Code.GATE_ADDED, path, None, _promise(gate))
            continue
        if not _measures_the_same(was, gate, meanings) or (was.limits, was.action) != (gate.limits, gate.action):
            code = Code.GATE_TIGHTER if _is_tighter(was, gate, meanings) else Code.GATE_CHANGED
            yield Told(code, path, _promise(was), _promise(gate))
        yield from _prose(path, was, gate, "description", "severity", "dimension")
    yield from (Told(Code.GATE_REMOVED, ("gates", name), _promise(gate)) for name, gate in before.items())
    yield from _order(("gates",), old.gates, new.gates)


_LOOKED_AT = ("metric", "table", "query", "valid_values", "missing_values", "pattern", "comparison", "unit", "run_only")


def _measures_the_same(was: Gate, now: Gate, meanings: Meanings) -> bool:
    return (
        all(getattr(was, name) == getattr(now, name) for name in _LOOKED_AT)
        and tuple(meanings.moved(column) for column in was.columns) == now.columns
        and meanings.same(was.expression, now.expression)
    )


def _is_tighter(was: Gate, now: Gate, meanings: Meanings) -> bool:
    """Whether whoever relied on the old gate can rely on the new one."""
    if not _measures_the_same(was, now, meanings) or (was.action is Action.FAIL and now.action is not Action.FAIL):
        return False
    first, last = was.limits[0], was.limits[-1]
    if now.comparison in _LOWER:
        return now.limits[0] <= first
    if now.comparison in _HIGHER:
        return now.limits[0] >= first
    if now.comparison is Comparison.BETWEEN:
        return first <= now.limits[0] and now.limits[-1] <= last
    return was.limits == now.limits


def _promise(gate: Gate) -> str:
    about = gate.expression or gate.query or ", ".join(gate.columns)
    on = f" on {gate.table}" if gate.table else ""
    return f"{gate.metric.value}{f' of {about}' if about else ''}{on} {gate.promise}, else {gate.action.value}"


def _views(old: Sequence[View], new: Sequence[View], meanings: Meanings) -> Iterator[Told]:
    before = {view.name: view for view in old}
    for view in new:
        path, was = ("views", view.name), before.pop(view.name, None)
        if was is None:
            yield Told(Code.VIEW_ADDED, path)
            continue
        if was.batch_only != view.batch_only:
            yield Told(Code.VIEW_BATCH_ONLY if view.batch_only else Code.VIEW_LIVE, path)
        yield from _dimensions(was.dimensions, view.dimensions, (*path, "dimensions"), meanings)
        yield from _measures(was.measures, view.measures, (*path, "measures"), meanings)
        yield from _prose(path, was, view, "description")
    yield from (Told(Code.VIEW_REMOVED, ("views", name)) for name in before)
    yield from _order(("views",), old, new)


def _dimensions(
    old: Sequence[Dimension], new: Sequence[Dimension], path: tuple[str, ...], meanings: Meanings
) -> Iterator[Told]:
    before = {dimension.name: dimension for dimension in old}
    for dimension in new:
        was, shown = before.pop(dimension.name, None), _by(dimension)
        if was is None:
            yield Told(Code.DIMENSION_ADDED, (*path, dimension.name), None, shown)
            continue
        if (meanings.moved(was.column), was.grain) != (dimension.column, dimension.grain):
            yield Told(Code.DIMENSION_CHANGED, (*path, dimension.name), _by(was), shown)
        yield from _prose((*path, dimension.name), was, dimension, "description")
    yield from (Told(Code.DIMENSION_REMOVED, (*path, name), _by(was)) for name, was in before.items())
    yield from _order(path, old, new)


def _measures(
    old: Sequence[Measure], new: Sequence[Measure], path: tuple[str, ...], meanings: Meanings
) -> Iterator[Told]:
    before = {measure.name: measure for measure in old}
    for measure in new:
        was, place = before.pop(measure.name, None), (*path, measure.name)
        if was is None:
            yield Told(Code.MEASURE_ADDED, place, None, _over(measure))
            continue
        if was.kind is not measure.kind or not meanings.same(was.expression, measure.expression):
            yield Told(Code.MEASURE_CHANGED, place, _over(was), _over(measure))
        elif was.expression != measure.expression:
            yield Told(Code.PROSE, (*place, "expression"), was.expression, measure.expression)
        yield from _prose(place, was, measure, "description")
    yield from (Told(Code.MEASURE_REMOVED, (*path, name), _over(was)) for name, was in before.items())
    yield from _order(path, old, new)


def _by(dimension: Dimension) -> str:
    return dimension.column if dimension.grain is None else f"{dimension.column} by {dimension.grain.value}"


def _over(measure: Measure) -> str:
    return f"{measure.kind.value}({measure.expression or ''})"


def _expression(code: Code, path: tuple[str, ...], was: str, now: str, meanings: Meanings) -> Iterator[Told]:
    """Another meaning is a change of that code, other spacing or a renamed column is prose."""
    if not meanings.same(was, now):
        yield Told(code, path, was, now)
    elif was != now:
        yield Told(Code.PROSE, (*path, "expression"), was, now)


def _prose(path: tuple[str, ...], was: Any, now: Any, *names: str) -> Iterator[Told]:
    yield from (Told(Code.PROSE, (*path, name), b, a) for name in names for b, a in _differing(was, now, name))


def _order(path: tuple[str, ...], old: Sequence[Any], new: Sequence[Any]) -> Iterator[Told]:
    """The parts that both versions have stand in another order."""
    before, after = ([part if isinstance(part, str) else part.name for part in parts] for parts in (old, new))
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Told(Code.ORDER, path)


def _differing(was: Any, now: Any, name: str) -> Iterator[tuple[str, str]]:
    """Nothing, or once both values as texts."""
    before, after = getattr(was, name), getattr(now, name)
    if before != after:
        yield _text(before), _text(after)


def _text(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return f"{seconds / 86_400:g} d" if seconds % 86_400 == 0 else f"{seconds:g} s"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, Enum):
        return str(value.value)
    return "none" if value is None else str(value)
