"""What a data product promises: the strict, frozen form of a contract from which everything downstream derives.

Reading the YAML (ODCS v3.2.0) is `adapters/odcs.py`; this module knows types, rules and views only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from tideline.model import expression
from tideline.model.compiled import Compiled, Kind, ValueType, compile_expression
from tideline.model.field import EventField, FieldType, Masking, Name, Path, Value
from tideline.model.measure import MeasureKind, StateColumn, StateOp, state_columns
from tideline.model.quality import Gate, RowRule


class DerivedField(Value):
    """A silver column computed from the event by the closed grammar; it is never null-checked."""

    name: Name
    type: Literal[FieldType.BOOLEAN] = FieldType.BOOLEAN
    expression: str
    description: str


class Grain(StrEnum):
    HOUR = "hour"
    DAY = "day"


class Dimension(Value):
    """What a view groups by: a column as it is, or a UTC timestamp truncated to a grain."""

    name: Name
    column: Path
    grain: Grain | None = None
    description: str


class Measure(Value):
    """What a view adds up: `kind` over an exact expression (a count needs none)."""

    name: Name
    kind: MeasureKind
    expression: str | None = None
    description: str


class View(Value):
    """One aggregate, defined once and computed by batch and speed from this definition.

    A `batch_only` view may have measures that do not merge: the speed layer leaves it out, serving answers from gold.
    """

    name: Name
    description: str
    batch_only: bool = False
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)


class Deduplication(Value):
    """An event counts iff no counted event of its id stands earlier in its partition within the horizon of log time."""

    key: Name
    horizon: timedelta


class Stream(Value):
    """Where the events come from. The message key must be the deduplication key, so that repeats share a partition."""

    topic: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    partitions: int = Field(ge=1, le=10_000)
    max_event_bytes: int = Field(default=65_536, ge=256, le=1_048_576)


class DriftAction(StrEnum):
    """What a member that the contract does not know does: its event counts, is quarantined, or stops the run."""

    EVOLVE = "evolve"
    QUARANTINE = "quarantine"
    FAIL = "fail"


class Drift(Value):
    """How events are handled that differ from the contract: unknown members, and known ones of another type.

    EVOLVE: the event counts, the member waits in bronze and a proposal is kept (`tideline contract propose`).
    """

    new_fields: DriftAction = DriftAction.QUARANTINE
    changed_fields: Literal[DriftAction.QUARANTINE, DriftAction.FAIL] = DriftAction.QUARANTINE


class Compatibility(StrEnum):
    """Which earlier versions a new one has to fit: the last one, or (transitive) every one.

    BACKWARD: whoever reads by the new version reads old data. FORWARD: by the old version, new data. FULL: both.
    """

    NONE = "none"
    BACKWARD = "backward"
    BACKWARD_TRANSITIVE = "backward_transitive"
    FORWARD = "forward"
    FORWARD_TRANSITIVE = "forward_transitive"
    FULL = "full"
    FULL_TRANSITIVE = "full_transitive"


class Contract(Value):
    """A data product: identity, event, rules, views. `id` is `domain.product`.

    `family` is the product of the file when the file describes several (`source` is its path below the contracts
    folder). `retired` are members that events may still carry and that no column keeps any more. `deadline` is how long
    after the end of its interval a run has to have published. `consumes` are other contracts whose data it needs.
    """

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
    deadline: timedelta | None = None
    family: str | None = None
    source: str | None = None
    consumes: tuple[str, ...] = ()
    compatibility: Compatibility = Compatibility.BACKWARD_TRANSITIVE
    drift: Drift = Drift()
    stream: Stream
    fields: tuple[EventField, ...] = Field(min_length=1)
    derived: tuple[DerivedField, ...] = ()
    rules: tuple[RowRule, ...] = ()
    gates: tuple[Gate, ...] = ()
    retired: tuple[Name, ...] = ()
    event_time: Name
    deduplication: Deduplication
    views: tuple[View, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.domain}.{self.product}"

    @cached_property
    def hash(self) -> str:
        """First 16 hex digits of the SHA-256 of what decides figures: not of prose, owners or schedules.

        What stands at its default is left out, so that a new key of the model changes no hash of older contracts.
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(_deciding(said), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @cached_property
    def by_name(self) -> dict[str, EventField]:
        return {field.name: field for field in self.fields}

    @cached_property
    def scales(self) -> dict[str, int]:
        """Digits after the point by dotted path; `map{}` stands for a map's values."""
        own = {path: field.scale for path, field in self.paths.items() if field.type is FieldType.DECIMAL}
        maps = {f"{path}{{}}": field.values for path, field in self.paths.items()}
        return own | {
            path: held.scale for path, held in maps.items() if held is not None and held.type is FieldType.DECIMAL
        }

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of a decoded row and of silver: the event's fields, then the derived ones."""
        return tuple(field.name for field in self.fields) + tuple(column.name for column in self.derived)

    @cached_property
    def types(self) -> dict[str, ValueType]:
        """The fields as expressions see them, by dotted path."""
        return {path: _value_type(field) for path, field in self.paths.items()}

    @cached_property
    def paths(self) -> dict[str, EventField]:
        """Every field that has one place in an event: the event's own and, through objects, their members."""
        return dict(_paths(self.fields))

    @cached_property
    def places(self) -> dict[str, tuple[int, ...]]:
        """Where a decoded row holds each path: the cell of the row, then the cell of the object in it, and so on."""
        derived = {column.name: (len(self.fields) + at,) for at, column in enumerate(self.derived)}
        return dict(_places(self.fields)) | derived

    def personal(self, path: str) -> bool:
        """Whether what stands at a path is personal data: the field itself, what it is in, or what is in it."""
        parts = path.split(".")
        around = [self.paths.get(".".join(parts[:end])) for end in range(1, len(parts))]
        there = self.paths.get(path)
        return any(field is not None and field.pii for field in around) or (there is not None and _personal(there))

    def compile(self, text: str) -> Compiled:
        """An expression over the fields, ready to run on decoded rows; raises ExpressionError."""
        found = self._compiled.get(text)
        if found is None:
            found = self._compiled[text] = compile_expression(expression.parse(text), self.places, self.types)
        return found

    @cached_property
    def _compiled(self) -> dict[str, Compiled]:
        """What was compiled before: as many as the contract has expressions."""
        return {}

    @property
    def streamed(self) -> tuple[View, ...]:
        """The views that the speed layer folds; the others are answered from gold alone."""
        return tuple(view for view in self.views if not view.batch_only)

    def view(self, name: str) -> View:
        return next(view for view in self.views if view.name == name)

    def measure_scale(self, measure: Measure) -> int:
        """Digits after the point of the measure's exact values."""
        return self.compile(measure.expression).type.scale if measure.expression else 0

    def measure_states(self, measure: Measure) -> tuple[StateColumn, ...]:
        return state_columns(measure.name, measure.kind, self.measure_scale(measure))

    def view_states(self, view: View) -> tuple[StateColumn, ...]:
        """Every stored state column of a view, in the order of gold and of the wire."""
        return tuple(column for measure in view.measures for column in self.measure_states(measure))

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Contract:
        """A contradiction is an error, or is collected when the caller passes `context={"problems": []}`."""
        from tideline.model.consistency import problems  # it speaks about contracts, so it cannot be imported earlier

        found = problems(self)
        if isinstance(info.context, dict) and "problems" in info.context:
            info.context["problems"].extend(found)
        elif found:
            raise ValueError(found[0].text)
        return self


_KINDS = {
    FieldType.STRING: Kind.TEXT, FieldType.INTEGER: Kind.NUMBER, FieldType.DECIMAL: Kind.NUMBER,
    FieldType.TIMESTAMP: Kind.TIMESTAMP, FieldType.DATE: Kind.DATE, FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.OBJECT: Kind.OBJECT, FieldType.ARRAY: Kind.ARRAY, FieldType.MAP: Kind.MAP,
}  # fmt: skip


def _value_type(field: EventField) -> ValueType:
    kind = _KINDS[field.type]
    if field.type is FieldType.DECIMAL:
        return ValueType(kind, field.precision, field.scale)
    if kind is Kind.NUMBER:
        return ValueType(kind, 20 if field.bits == 64 else 10)
    return ValueType(kind, element=None if field.values is None else _value_type(field.values))


def _paths(fields: tuple[EventField, ...], before: str = "") -> Iterator[tuple[str, EventField]]:
    for field in fields:
        yield before + field.name, field
        yield from _paths(field.fields, f"{before}{field.name}.")


def _places(
    fields: tuple[EventField, ...], before: str = "", place: tuple[int, ...] = ()
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for at, field in enumerate(fields):
        yield before + field.name, (*place, at)
        yield from _places(field.fields, f"{before}{field.name}.", (*place, at))


def _personal(field: EventField) -> bool:
    return field.pii or any(_personal(inner) for inner in field.inner)


_PROSE = frozenset(
    {
        "description", "version", "owner", "tier", "tags", "schedule", "freshness", "retention", "classification",
        "masking", "deadline", "family", "source", "consumes", "compatibility", "gates", "deprecated", "severity",
        "dimension",
    }
)  # fmt: skip


def _deciding(value: Any) -> Any:
    """The value without what no figure depends on, so that a better description starts nothing anew."""
    if isinstance(value, dict):
        return {key: _deciding(inner) for key, inner in value.items() if key not in _PROSE}
    return [_deciding(inner) for inner in value] if isinstance(value, list) else value


def dump_index_entry(contract: Contract) -> dict[str, Any]:
    """The contract as plain JSON for the compiled index, without what stands at its default."""
    return contract.model_dump(mode="json", exclude_defaults=True)


__all__ = [
    "Compatibility", "Contract", "Deduplication", "DerivedField", "Dimension", "Drift", "DriftAction", "EventField",
    "FieldType", "Gate", "Grain", "Masking", "Measure", "RowRule", "StateOp", "Stream", "View", "dump_index_entry",
]  # fmt: skip
