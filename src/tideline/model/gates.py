"""The gates of a contract: which of them are measured, what they look at, and whether each one can be measured at all.

Metrics count rows, the same in SQL and in the speed layer's checks. A null is a missing value, and no invalid one.
`duplicateValues` counts the rows whose values occurred already; rows with a null among them are not looked at.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from tideline.model import expression, gate_query, pattern
from tideline.model.compiled import NESTED, Compiled, Kind, ValueType, compile_expression
from tideline.model.contract import Contract, Dimension, Grain, Measure
from tideline.model.field import Masking
from tideline.model.measure import AVERAGE_SCALE, MeasureKind
from tideline.model.problem import Problem
from tideline.model.quality import Action, Comparison, Gate, Metric, Unit

PER_ROW = frozenset({Metric.NULL_VALUES, Metric.MISSING_VALUES, Metric.INVALID_VALUES, Metric.BREACHES})
_OVER_COLUMNS = frozenset(set(Metric) - {Metric.ROW_COUNT, Metric.BREACHES, Metric.SQL})
_TWO_LIMITS = (Comparison.BETWEEN, Comparison.NOT_BETWEEN)
_SILVER = {
    "partition": ValueType(Kind.NUMBER, 10), "position": ValueType(Kind.NUMBER, 20),
    "log_time": ValueType(Kind.TIMESTAMP), "batch": ValueType(Kind.NUMBER, 20),
}  # fmt: skip
_COUNTED = ValueType(Kind.NUMBER, 20)
_MEASURED = frozenset(
    {"metric", "table", "columns", "expression", "query", "valid_values", "missing_values", "pattern", "run_only"}
)


def measured(contract: Contract) -> tuple[Gate, ...]:
    """The gates that need a look at a table; that the key is unique is proved by each audit anyway."""
    return tuple(gate for gate in contract.gates if not proved_by_deduplication(contract, gate))


def proved_by_deduplication(contract: Contract, gate: Gate) -> bool:
    """Whether a gate only repeats that no key counts twice, which holds inside the horizon of deduplication."""
    none = gate.comparison is Comparison.MUST_BE and gate.limits[0] == 0
    key = gate.columns == (contract.deduplication.key,)
    return gate.metric is Metric.DUPLICATE_VALUES and gate.table is None and key and none


def definition(gate: Gate) -> str:
    """Twelve hex digits, others when another number would be measured; limits and actions are judged later."""
    said = {name: value for name, value in gate.model_dump(mode="json").items() if name in _MEASURED}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def columns_of(contract: Contract, table: str | None) -> Mapping[str, ValueType]:
    """What gates on silver (None) or on a view may look at, as expressions see it."""
    if table is None:
        derived = {column.name: ValueType(Kind.BOOLEAN) for column in contract.derived}
        return {**contract.types, **derived, **_SILVER}
    view = contract.view(table)
    return {d.name: _dimension(contract, d) for d in view.dimensions} | {
        m.name: _presented(contract, m) for m in view.measures
    }


def _dimension(contract: Contract, dimension: Dimension) -> ValueType:
    if dimension.grain is not None:
        return ValueType(Kind.DATE if dimension.grain is Grain.DAY else Kind.TIMESTAMP)
    return contract.types.get(dimension.column, ValueType(Kind.BOOLEAN))


def _presented(contract: Contract, measure: Measure) -> ValueType:
    if measure.expression is None or measure.kind in (
        MeasureKind.COUNT, MeasureKind.APPROX_DISTINCT, MeasureKind.DISTINCT,
    ):  # fmt: skip
        return _COUNTED
    if measure.kind is MeasureKind.AVG:
        return ValueType(Kind.NUMBER, 38, AVERAGE_SCALE)
    if measure.kind is MeasureKind.SUM:
        return ValueType(Kind.NUMBER, 38, contract.measure_scale(measure))
    return contract.compile(measure.expression).type


def compile_gate(contract: Contract, gate: Gate) -> Compiled:
    """The condition of a `breaches` gate over the columns of its table; raises ExpressionError."""
    types = columns_of(contract, gate.table)
    places = contract.places if gate.table is None else {name: (at,) for at, name in enumerate(types)}
    known = {name: kind for name, kind in types.items() if name in places}
    return compile_expression(expression.parse(str(gate.expression)), places, known)


def exact(text: str, kind: ValueType) -> Decimal | str | bool:
    """A value of the contract's text as a value of a column: number, text, day or truth; raises ValueError."""
    if kind.kind is Kind.NUMBER:
        if re.fullmatch(r"-?[0-9]{1,38}(\.[0-9]{1,38})?", text) is None:
            raise ValueError("a number is written as -12 or 12.50")
        return Decimal(text)
    if kind.kind is Kind.BOOLEAN:
        if text not in ("true", "false"):
            raise ValueError("true or false")
        return text == "true"
    if kind.kind is Kind.DATE:
        return date.fromisoformat(text).isoformat()
    if kind.kind is not Kind.TEXT:
        raise ValueError(f"no list of values fits a {kind.kind.value}")
    return text


def problems(contract: Contract) -> Iterator[Problem]:
    """What keeps a gate from being measured, or makes it say nothing."""
    names = [rule.name for rule in contract.rules]
    for at, gate in enumerate(contract.gates):
        path: tuple[str | int, ...] = ("gates", at)
        if gate.name in names:
            yield Problem((*path, "name"), f"quality rule {gate.name!r} is defined twice")
        names.append(gate.name)
        if gate.table is not None and gate.table not in {view.name for view in contract.views}:
            views = ", ".join(view.name for view in contract.views)
            yield Problem((*path, "table"), f"gate {gate.name!r}: no view {gate.table!r}; views are {views}")
            continue
        try:
            found = list(_parts(contract, gate))
        except expression.ExpressionError:
            continue  # the view itself is wrong, which is told there
        for part, text in found:
            yield Problem((*path, part), f"gate {gate.name!r}: {text}")


def _parts(contract: Contract, gate: Gate) -> Iterator[tuple[str, str]]:
    """(part of the gate, what is wrong with it)."""
    yield from _limits(gate)
    if gate.action is Action.QUARANTINE:
        yield "action", "a gate looks at a table and quarantines no event; it can fail or warn"
    if gate.run_only and gate.table is not None:
        yield "run_only", "a view does not know which run added a row; only gates of the event have the scope run"
    if bool(gate.columns) is not (gate.metric in _OVER_COLUMNS):
        yield "columns", f"{gate.metric.value} {'takes no columns' if gate.columns else 'needs a column'}"
        return
    yield from _columns(contract, gate)
    if gate.metric is Metric.BREACHES:
        yield from _condition(contract, gate)
    elif gate.metric is Metric.SQL:
        yield from (("query", text) for text in _query(contract, gate))


def _limits(gate: Gate) -> Iterator[tuple[str, str]]:
    two = gate.comparison in _TWO_LIMITS
    if len(gate.limits) != 1 + two:
        yield "limits", f"{gate.comparison.value} takes {'two limits' if two else 'one limit'}"
    elif two and not gate.limits[0] < gate.limits[1]:
        yield "limits", f"{gate.comparison.value} takes the smaller limit first"
    if gate.metric is Metric.ROW_COUNT and gate.unit is Unit.PERCENT:
        yield "unit", "a number of rows is no percentage of them"


def _columns(contract: Contract, gate: Gate) -> Iterator[tuple[str, str]]:
    types = columns_of(contract, gate.table)
    for name in gate.columns:
        if name not in types:
            yield "columns", f"no column {name!r}; columns are {', '.join(types)}"
            continue
        if types[name].kind in NESTED and gate.metric is not Metric.NULL_VALUES:
            yield "columns", f"{gate.metric.value} looks at single values, {name!r} is a {types[name].kind.value}"
            continue
        for part, values in (("valid_values", gate.valid_values), ("missing_values", gate.missing_values)):
            for value in values:
                try:
                    exact(value, types[name])
                except ValueError as error:
                    yield part, f"{value[:40]!r} is no value of {name!r}: {error}"
        if gate.pattern is not None and types[name].kind is not Kind.TEXT:
            yield "pattern", f"a pattern is for texts, {name!r} is a {types[name].kind.value}"
        elif gate.pattern is not None and gate.table is None and contract.paths[name].max_length > pattern.MAX_TEXT:
            yield (
                "pattern",
                f"a pattern is for texts of at most {pattern.MAX_TEXT} characters: give {name!r} a maxLength",
            )
    if gate.metric is Metric.INVALID_VALUES and not gate.valid_values and gate.pattern is None:
        yield "metric", "invalidValues needs validValues or a pattern"
    if gate.metric is Metric.MISSING_VALUES and not gate.missing_values:
        yield "metric", "missingValues needs the values that mean missing; nullValues counts nulls"
    if gate.pattern is not None:
        yield from _pattern(gate.pattern)


def _pattern(text: str) -> Iterator[tuple[str, str]]:
    try:
        pattern.parse(text)
    except pattern.PatternError as error:
        yield "pattern", str(error)


def _condition(contract: Contract, gate: Gate) -> Iterator[tuple[str, str]]:
    try:
        found = compile_gate(contract, gate).type.kind
    except expression.ExpressionError as error:
        yield "expression", str(error)
    else:
        if found is not Kind.BOOLEAN:
            yield "expression", f"a {found.value} is no condition"


def _query(contract: Contract, gate: Gate) -> Iterator[str]:
    query = str(gate.query)
    known = [*columns_of(contract, gate.table), *(("payload_hash",) if gate.table is None else ())]
    yield from gate_query.problems(query, known)
    if gate.table is None:
        omitted = {field.name for field in contract.fields if field.masking is Masking.OMIT}
        for name in sorted(gate_query.names(query) & omitted):
            yield f"{name!r} is masked with omit: no query sees it"
