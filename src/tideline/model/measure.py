"""Measures as commutative monoids: what makes batch and speed parts of one answer mergeable in any order.

Every measure kind declares `zero`, `lift` (one event -> state), `merge` and `present`. States are exact and plain:
an int (counts and decimals scaled to integers), a text, bytes (a sketch), a tuple, or None for "no value yet".
The one exception is `distinct`, which only batch-only views have: its state is of all rows of a group or of none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

State = Any
AVERAGE_SCALE = 6  # digits after the point of a presented average


class MeasureKind(StrEnum):
    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    APPROX_DISTINCT = "approx_distinct"
    LATEST = "latest"
    DISTINCT = "distinct"


class StateOp(StrEnum):
    """How one stored state column merges; a measure is built of one or two of them."""

    ADD = "add"
    MIN = "min"
    MAX = "max"
    UNION = "union"
    LATEST = "latest"
    WHOLE = "whole"


class NotMergeable(TypeError):
    """Two parts of a figure met that can only be computed whole: an answer made of them would be wrong."""


class Sketches(Protocol):
    """Approximate distinct counting, kept outside the model because a library does it."""

    def of(self, value: str | int) -> bytes: ...
    def union(self, left: bytes, right: bytes) -> bytes: ...
    def estimate(self, state: bytes) -> int: ...


@dataclass(frozen=True, slots=True)
class StateColumn:
    """One stored column of a measure: its name in gold and on the wire, its merge and its decimal scale."""

    name: str
    op: StateOp
    scale: int = 0


def merges(kind: MeasureKind) -> bool:
    """Whether parts of a figure of this kind can be put together, as batch and speed, or roll-ups, do."""
    return all(column.op is not StateOp.WHOLE for column in state_columns("", kind))


def zero(op: StateOp) -> State:
    return 0 if op is StateOp.ADD else None


def merge(op: StateOp, left: State, right: State, sketches: Sketches) -> State:
    """Associative and commutative, with `zero(op)` as its neutral element; WHOLE raises NotMergeable."""
    if left is None:
        return right
    if right is None:
        return left
    if op is StateOp.ADD:
        return left + right
    if op is StateOp.MIN:
        return min(left, right)
    if op is StateOp.MAX:
        return max(left, right)
    if op is StateOp.LATEST:
        return max(left, right, key=lambda state: tuple(state[:3]))
    if op is StateOp.WHOLE:
        raise NotMergeable("a number of different values cannot be made of the numbers of two parts")
    return sketches.union(left, right)


def state_columns(name: str, kind: MeasureKind, scale: int = 0) -> tuple[StateColumn, ...]:
    """The columns in which a measure's state is stored: `name__part`."""
    parts: Mapping[MeasureKind, tuple[tuple[str, StateOp, int], ...]] = {
        MeasureKind.COUNT: (("count", StateOp.ADD, 0),),
        MeasureKind.SUM: (("sum", StateOp.ADD, scale),),
        MeasureKind.MIN: (("min", StateOp.MIN, scale),),
        MeasureKind.MAX: (("max", StateOp.MAX, scale),),
        MeasureKind.AVG: (("sum", StateOp.ADD, scale), ("count", StateOp.ADD, 0)),
        MeasureKind.APPROX_DISTINCT: (("sketch", StateOp.UNION, 0),),
        MeasureKind.LATEST: (("latest", StateOp.LATEST, scale),),
        MeasureKind.DISTINCT: (("distinct", StateOp.WHOLE, 0),),
    }
    return tuple(StateColumn(f"{name}__{part}", op, digits) for part, op, digits in parts[kind])


def lift(kind: MeasureKind, value: State, order: tuple[int, int, int], sketches: Sketches) -> tuple[State, ...]:
    """The state of one event. `value` is None or the exact value (decimals scaled to int); nulls do not count.

    `order` is (event time in microseconds, partition, position): what `latest` compares. A count without an
    expression is lifted from any value that is not None. `distinct` has no state of one event: NotMergeable.
    """
    if kind is MeasureKind.DISTINCT:
        raise NotMergeable("a number of different values is not made of events one by one")
    if value is None:
        return tuple(zero(column.op) for column in state_columns("", kind))
    lifts: Mapping[MeasureKind, Callable[[], tuple[State, ...]]] = {
        MeasureKind.COUNT: lambda: (1,),
        MeasureKind.SUM: lambda: (value,),
        MeasureKind.MIN: lambda: (value,),
        MeasureKind.MAX: lambda: (value,),
        MeasureKind.AVG: lambda: (value, 1),
        MeasureKind.APPROX_DISTINCT: lambda: (sketches.of(value),),
        MeasureKind.LATEST: lambda: ((*order, value),),
    }
    return lifts[kind]()


def present(kind: MeasureKind, state: tuple[State, ...], scale: int, sketches: Sketches) -> State:
    """What a person reads: int, Decimal, text or None. Averages round half away from zero to six digits."""
    first = state[0]
    if kind is MeasureKind.COUNT:
        return first
    if kind is MeasureKind.AVG:
        total, count = state
        return None if not count else _average(total, count, scale)
    if kind is MeasureKind.DISTINCT:
        return first or 0
    if kind is MeasureKind.APPROX_DISTINCT:
        return 0 if first is None else sketches.estimate(first)
    if kind is MeasureKind.LATEST:
        first = None if first is None else first[3]
    return _unscaled(first, scale)


def unscale(value: int, scale: int) -> Decimal:
    """The exact Decimal of a scaled integer, with exactly `scale` digits after the point, of any size."""
    return Decimal(f"{value}E-{scale}")


def _unscaled(value: State, scale: int) -> State:
    return unscale(value, scale) if scale and isinstance(value, int) else value


def _average(total: int, count: int, scale: int) -> Decimal:
    """`total / count` rounded once, half away from zero, in integers: no context precision is involved."""
    numerator = abs(total) * 10**AVERAGE_SCALE
    denominator = count * 10**scale
    rounded = (2 * numerator + denominator) // (2 * denominator)
    return unscale(-rounded if total < 0 else rounded, AVERAGE_SCALE)
