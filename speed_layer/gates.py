"""Cheap checks of quality gates on fresh events: counts since the worker began, for /status and /metrics.

They tell early what the gates of the next run will find. No figure depends on them: batch measures silver itself. Only
metrics that look at single rows can be counted here; a contract without such gates costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from speed_layer.status import Status
from tideline.model.compiled import Kind, ValueType, compile_expression
from tideline.model.contract import Contract
from tideline.model.expression import parse
from tideline.model.gates import PER_ROW, compile_gate, exact, measured
from tideline.model.position import Position
from tideline.model.quality import Gate, Metric

Row = tuple[Any, ...]
Breach = Callable[[Row], bool]
_NOT_A_VALUE = object()


class GateWatch:
    """Counts the events that break a gate; one per worker."""

    def __init__(self, contract: Contract, status: Status) -> None:
        silver = [gate for gate in measured(contract) if gate.metric in PER_ROW and gate.table is None]
        own = [gate for gate in silver if contract.places.keys() >= set(gate.columns)]  # an event has no place yet
        self._breaches = {gate.name: breach(contract, gate) for gate in own}
        self._status = status

    def see(self, rows: Sequence[Row], positions: Sequence[Position], fresh: Position) -> None:
        """Take in the counted events of one batch from position `fresh` on: what lies before was counted already."""
        if not self._breaches:
            return
        mine = rows if positions and positions[0] >= fresh else [
            row for row, position in zip(rows, positions, strict=True) if position >= fresh
        ]  # fmt: skip
        for name, breaks in self._breaches.items():
            self._status.check(name, sum(map(breaks, mine)), len(mine))


def breach(contract: Contract, gate: Gate) -> Breach:
    """Whether a decoded row breaks a gate: the same rows that the gate's SQL counts."""
    if gate.metric is Metric.BREACHES:
        of = compile_gate(contract, gate).of
        return lambda row: of(row) is False
    wrong = [_wrong(contract, gate, name) for name in gate.columns]
    return wrong[0] if len(wrong) == 1 else lambda row: any(one(row) for one in wrong)


def _wrong(contract: Contract, gate: Gate, name: str) -> Breach:
    cell = compile_expression(parse(name), contract.places, {**contract.types, **_derived(contract)})
    of, kind = cell.of, cell.type
    missing = frozenset(_scaled(value, kind) for value in gate.missing_values)
    if gate.metric is not Metric.INVALID_VALUES:
        return lambda row: (value := of(row)) is None or (bool(missing) and value in missing)
    valid = frozenset(_scaled(value, kind) for value in gate.valid_values)
    pattern = None if gate.pattern is None else re.compile(gate.pattern, re.ASCII)

    def breaks(row: Row) -> bool:
        value = of(row)
        if value is None or value in missing:
            return False
        return (bool(valid) and value not in valid) or (pattern is not None and pattern.fullmatch(value) is None)

    return breaks


def _derived(contract: Contract) -> dict[str, ValueType]:
    return {column.name: ValueType(Kind.BOOLEAN) for column in contract.derived}


def _scaled(text: str, kind: ValueType) -> Any:
    """The value as a decoded row has it; a number with more digits than its column is the value of no row."""
    value = exact(text, kind)
    if not isinstance(value, Decimal):
        return value
    whole = Fraction(value) * 10**kind.scale
    return whole.numerator if whole.denominator == 1 else _NOT_A_VALUE
