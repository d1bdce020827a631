"""What a data product promises: the strict, frozen form of a contract from which everything downstream derives.

Reading the YAML (ODCS v3.2.0) is `adapters/odcs.py`; this module knows types, rules and views only.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tideline.model import expression
from tideline.model.compiled import Compiled, Kind, ValueType, compile_expression
from tideline.model.measure import MeasureKind, StateColumn, StateOp, state_columns

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    DATE = "date"
    BOOLEAN = "boolean"


class EventField(_Value):
    """One field of the event. `timezone` names the zone of a source timestamp that carries none (UTC in silver)."""

    name: Name
    type: FieldType
    description: str
    required: bool = False
    precision: int = Field(default=38, ge=1, le=38)
    scale: int = Field(default=0, ge=0, le=18)
    timezone: str | None = None
    pii: bool = False
    classification: str = "internal"
    max_length: int = Field(default=4_096, ge=1, le=1_048_576)


class DerivedField(_Value):
    """A silver column computed from the event by the closed grammar; it is never null-checked."""

    name: Name
    type: Literal[FieldType.BOOLEAN] = FieldType.BOOLEAN
    expression: str
    description: str


class RowRule(_Value):
    """A rule that each event has to keep; a breach sends the event to quarantine under the rule's name."""

    name: Name
    expression: str
    description: str = ""


class Grain(StrEnum):
    HOUR = "hour"
    DAY = "day"


class Dimension(_Value):
    """What a view groups by: a column as it is, or a UTC timestamp truncated to a grain."""

    name: Name
    column: Name
    grain: Grain | None = None
    description: str


class Measure(_Value):
    """What a view adds up: `kind` over an exact expression (a count needs none)."""

    name: Name
    kind: MeasureKind
    expression: str | None = None
    description: str


class View(_Value):
    """One aggregate, defined once and computed by batch and speed from this definition."""

    name: Name
    description: str
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)


class Deduplication(_Value):
    """An event counts iff no counted event of its id stands earlier in its partition within the horizon of log time."""

    key: Name
    horizon: timedelta


class Stream(_Value):
    """Where the events come from. The message key must be the deduplication key, so that repeats share a partition."""

    topic: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    partitions: int = Field(ge=1, le=10_000)
    max_event_bytes: int = Field(default=65_536, ge=256, le=1_048_576)


class Contract(_Value):
    """A data product: identity, event, rules, views. `id` is `domain.product`."""

    domain: Name
    product: Name
    version: str
    owner: str
    tier: Literal["gold", "silver", "bronze"] = "silver"
    description: str
    tags: tuple[str, ...] = ()
    schedule: str = "0 0 * * *"
    freshness: timedelta = timedelta(seconds=60)
    retention: timedelta = timedelta(days=3650)
    stream: Stream
    fields: tuple[EventField, ...] = Field(min_length=1)
    derived: tuple[DerivedField, ...] = ()
    rules: tuple[RowRule, ...] = ()
    event_time: Name
    deduplication: Deduplication
    views: tuple[View, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.domain}.{self.product}"

    @cached_property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of what the contract means (not of its text)."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def by_name(self) -> dict[str, EventField]:
        return {field.name: field for field in self.fields}

    @cached_property
    def scales(self) -> dict[str, int]:
        return {field.name: field.scale for field in self.fields if field.type is FieldType.DECIMAL}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of a decoded row and of silver: the event's fields, then the derived ones."""
        return tuple(field.name for field in self.fields) + tuple(column.name for column in self.derived)

    @cached_property
    def types(self) -> dict[str, ValueType]:
        """The fields as expressions see them."""
        return {field.name: _value_type(field) for field in self.fields}

    def compile(self, text: str) -> Compiled:
        """An expression over the fields, ready to run on decoded rows; raises ExpressionError."""
        return compile_expression(
            expression.parse(text), {name: at for at, name in enumerate(self.columns)}, self.types
        )

    def view(self, name: str) -> View:
        return next(view for view in self.views if view.name == name)

    def measure_scale(self, measure: Measure) -> int:
        """Digits after the point of the measure's exact values."""
        return expression.scale(expression.parse(measure.expression), self.scales) if measure.expression else 0

    def measure_states(self, measure: Measure) -> tuple[StateColumn, ...]:
        return state_columns(measure.name, measure.kind, self.measure_scale(measure))

    def view_states(self, view: View) -> tuple[StateColumn, ...]:
        """Every stored state column of a view, in the order of gold and of the wire."""
        return tuple(column for measure in view.measures for column in self.measure_states(measure))

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        for problem in _problems(self):
            raise ValueError(problem)
        return self


_KINDS = {
    FieldType.STRING: Kind.TEXT, FieldType.INTEGER: Kind.NUMBER, FieldType.DECIMAL: Kind.NUMBER,
    FieldType.TIMESTAMP: Kind.TIMESTAMP, FieldType.DATE: Kind.DATE, FieldType.BOOLEAN: Kind.BOOLEAN,
}  # fmt: skip


def _value_type(field: EventField) -> ValueType:
    kind = _KINDS[field.type]
    if field.type is FieldType.DECIMAL:
        return ValueType(kind, field.precision, field.scale)
    return ValueType(kind, 20 if kind is Kind.NUMBER else 0)


def _problems(contract: Contract) -> list[str]:
    """What the types cannot say: every name resolves, names are unique, keys fit. First entry is raised."""
    names = [field.name for field in contract.fields] + [field.name for field in contract.derived]
    found = [f"column {name!r} is defined twice" for name in sorted({n for n in names if names.count(n) > 1})]
    views = [view.name for view in contract.views]
    found += [f"view {name!r} is defined twice" for name in sorted({n for n in views if views.count(n) > 1})]
    time, key = contract.by_name.get(contract.event_time), contract.by_name.get(contract.deduplication.key)
    if time is None or time.type is not FieldType.TIMESTAMP or not time.required:
        found.append(f"eventTime {contract.event_time!r} must be a required timestamp column")
    if key is None or key.type is not FieldType.STRING or not key.required:
        found.append(f"the deduplication key {contract.deduplication.key!r} must be a required string column")
    for name, text in _expressions(contract):
        found += _expression_problems(contract, name, text)
    for view in contract.views:
        found += _view_problems(contract, view, names)
    return found


def _expressions(contract: Contract) -> list[tuple[str, str]]:
    listed = [(f"rule {rule.name!r}", rule.expression) for rule in contract.rules]
    return listed + [(f"derived column {column.name!r}", column.expression) for column in contract.derived]


def _expression_problems(contract: Contract, place: str, text: str) -> list[str]:
    try:
        used = expression.columns(expression.parse(text))
    except expression.ExpressionError as error:
        return [f"{place}: {error}"]
    allowed = ", ".join(contract.by_name)
    return [f"{place}: no column {name!r}; columns are {allowed}" for name in sorted(used - set(contract.by_name))]


def _view_problems(contract: Contract, view: View, columns: list[str]) -> list[str]:
    names = [dimension.name for dimension in view.dimensions] + [measure.name for measure in view.measures]
    found = [f"view {view.name!r}: {n!r} is defined twice" for n in sorted({n for n in names if names.count(n) > 1})]
    for dimension in view.dimensions:
        place = f"view {view.name!r}, dimension {dimension.name!r}"
        if dimension.column not in columns:
            found.append(f"{place}: no column {dimension.column!r}; columns are {', '.join(columns)}")
            continue
        field = contract.by_name.get(dimension.column)
        is_time = field is not None and field.type is FieldType.TIMESTAMP
        if is_time != (dimension.grain is not None):
            found.append(f"{place}: a timestamp needs a grain (hour or day), other columns take none")
        if field is not None and field.type is FieldType.DECIMAL:
            found.append(f"{place}: a decimal is no dimension")
        if field is not None and field.pii:
            found.append(f"{place}: {dimension.column!r} is PII and cannot be served as a dimension")
    for measure in view.measures:
        place = f"view {view.name!r}, measure {measure.name!r}"
        if measure.expression is None:
            if measure.kind is not MeasureKind.COUNT:
                found.append(f"{place}: {measure.kind.value} needs an expression")
            continue
        problems = _expression_problems(contract, place, measure.expression)
        found += problems or _measure_problems(contract, measure, place)
    return found


def _measure_problems(contract: Contract, measure: Measure, place: str) -> list[str]:
    numeric = {FieldType.INTEGER, FieldType.DECIMAL}
    node = expression.parse(str(measure.expression))
    fields = [contract.by_name[name] for name in sorted(expression.columns(node))]
    if measure.kind in (MeasureKind.SUM, MeasureKind.AVG) and any(field.type not in numeric for field in fields):
        named = ", ".join(field.name for field in fields)
        return [f"{place}: {measure.kind.value} adds numbers; {named} is not all numeric"]
    if measure.kind is MeasureKind.APPROX_DISTINCT and not (
        isinstance(node, expression.Column) and fields[0].type in (FieldType.STRING, FieldType.INTEGER)
    ):
        return [f"{place}: approx_distinct counts one string or integer column"]
    if not isinstance(node, expression.Column) and any(field.type not in numeric for field in fields):
        return [f"{place}: an expression over more than one column has to be numeric"]
    if measure.kind in (MeasureKind.MIN, MeasureKind.MAX, MeasureKind.LATEST) and any(f.pii for f in fields):
        return [f"{place}: {fields[0].name!r} is PII and cannot be served as a value"]
    return []


def dump_index_entry(contract: Contract) -> dict[str, Any]:
    """The contract as plain JSON for the compiled index."""
    return contract.model_dump(mode="json")


__all__ = [
    "Contract", "Deduplication", "DerivedField", "Dimension", "EventField", "FieldType", "Grain", "Measure",
    "RowRule", "StateOp", "Stream", "View", "dump_index_entry",
]  # fmt: skip
