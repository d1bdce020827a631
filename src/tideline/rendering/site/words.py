"""Values of a contract in the words of a person: lengths of time, types and limits of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType
from tideline.model.quality import Comparison, Metric

_UNITS = (("year", 31_536_000), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

COMPARISONS = {
    Comparison.MUST_BE: "=", Comparison.MUST_NOT_BE: "≠", Comparison.GREATER_THAN: ">",
    Comparison.GREATER_OR_EQUAL: "≥", Comparison.LESS_THAN: "<", Comparison.LESS_OR_EQUAL: "≤",
    Comparison.BETWEEN: "between", Comparison.NOT_BETWEEN: "not between",
}  # fmt: skip


def span(length: timedelta | None) -> str:
    """The length in the greatest unit that says it exactly: `10 years`, `90 seconds`."""
    if length is None:
        return ""
    seconds = int(length.total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds and seconds % size == 0), _UNITS[-1])
    count = seconds // size
    return f"{count:,} {unit}{'s' if count != 1 else ''}"


def kind(field: EventField) -> str:
    """`decimal(12,3)`, `list of object`, `map of string`."""
    if field.type is FieldType.DECIMAL:
        return f"decimal({field.precision},{field.scale})"
    if field.items is not None:
        return f"list of {kind(field.items)}"
    if field.values is not None:
        return f"map of {kind(field.values)}"
    return f"integer, {field.bits} bits" if field.type is FieldType.INTEGER else field.type.value


def limits(field: EventField) -> Iterator[tuple[str, str]]:
    """What a value has to keep, as name and value."""
    if field.type is FieldType.STRING and not field.enum:
        least = f"{field.min_length} to " if field.min_length else "up to "
        yield "length", f"{least}{field.max_length:,} characters"
    if field.pattern is not None:
        yield "pattern", field.pattern
    if field.minimum is not None:
        yield "at least", f"{field.minimum:f}"
    if field.maximum is not None:
        yield "at most", f"{field.maximum:f}"
    if field.type is FieldType.TIMESTAMP:
        yield "time", f"clock of {field.timezone}" if field.timezone else "with its offset"
    if field.items is not None or field.values is not None:
        yield "size", f"up to {field.max_items:,}"
    if field.renamed_from is not None:
        yield "former name", field.renamed_from
    if field.pii and field.masking is not None:
        yield "masking", field.masking.value


def metric(of: Metric) -> str:
    """`nullValues` as `null values`."""
    return re.sub(r"(?=[A-Z])", " ", of.value).lower()


def everything(fields: tuple[EventField, ...]) -> Iterator[EventField]:
    """Every field, the nested ones too."""
    for field in fields:
        yield field
        yield from everything(field.inner)


def personal(contract: Contract) -> int:
    return sum(field.pii for field in everything(contract.fields))
