"""Quality rules of a contract: those that judge one event, and gates that judge a table before it is released."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from pydantic import Field

from tideline.model.field import Name, Path, Value


class Action(StrEnum):
    """What a breach does: the event is quarantined, the release is refused, or it is counted and told."""

    QUARANTINE = "quarantine"
    FAIL = "fail"
    WARN = "warn"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Metric(StrEnum):
    """What a gate measures; the first five are the standard's library."""

    ROW_COUNT = "rowCount"
    NULL_VALUES = "nullValues"
    MISSING_VALUES = "missingValues"
    INVALID_VALUES = "invalidValues"
    DUPLICATE_VALUES = "duplicateValues"
    BREACHES = "breaches"
    SQL = "sql"


class Comparison(StrEnum):
    """How the measured number is compared; between is inclusive of both limits."""

    MUST_BE = "mustBe"
    MUST_NOT_BE = "mustNotBe"
    GREATER_THAN = "mustBeGreaterThan"
    GREATER_OR_EQUAL = "mustBeGreaterOrEqualTo"
    LESS_THAN = "mustBeLessThan"
    LESS_OR_EQUAL = "mustBeLessOrEqualTo"
    BETWEEN = "mustBeBetween"
    NOT_BETWEEN = "mustNotBeBetween"


class Unit(StrEnum):
    ROWS = "rows"
    PERCENT = "percent"


class RowRule(Value):
    """A rule that each event has to keep; a breach sends the event to quarantine under the rule's name."""

    name: Name
    expression: str
    description: str = ""
    severity: Severity = Severity.ERROR
    dimension: str | None = None


class Gate(Value):
    """A number measured on a table of the contract and compared with limits before a release is published.

    `table` is None for silver, else the name of a view. `columns` are what the metric looks at (none for rowCount,
    breaches and sql); `expression` is the condition that rows of `breaches` violate; `query` is one SELECT of one
    number, in which `${table}` stands for the table. With `run_only` only rows that the run added are measured.
    """

    name: Name
    metric: Metric
    table: Name | None = None
    columns: tuple[Path, ...] = ()
    expression: str | None = None
    query: str | None = None
    valid_values: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    pattern: str | None = None
    comparison: Comparison
    limits: tuple[Decimal, ...] = Field(min_length=1, max_length=2)
    unit: Unit = Unit.ROWS
    run_only: bool = False
    action: Action = Action.FAIL
    severity: Severity = Severity.ERROR
    dimension: str | None = None
    description: str = ""

    def number(self, found: Decimal, rows: int | None) -> Fraction:
        """The finding in the gate's unit: a percentage is exact, of no rows it is 0; a query has no rows (None)."""
        if self.unit is Unit.ROWS or rows is None:
            return Fraction(found)
        return Fraction(found) * 100 / rows if rows else Fraction(0)

    def holds(self, measured: Decimal | Fraction) -> bool:
        """Whether the measured number is within the limits: the one judge of gates."""
        return meets(Fraction(measured), self.comparison, self.limits)

    @property
    def promise(self) -> str:
        """The comparison in words: `mustBeLessThan 1 percent`."""
        limits = " and ".join(f"{limit:f}" for limit in self.limits)
        unit = "" if self.metric is Metric.SQL and self.unit is Unit.ROWS else f" {self.unit.value}"
        return f"{self.comparison.value} {limits}{unit}"


def meets(number: Fraction, comparison: Comparison, limits: Sequence[Decimal]) -> bool:
    """Whether a number is within the limits."""
    first, last = Fraction(limits[0]), Fraction(limits[-1])
    return {
        Comparison.MUST_BE: number == first,
        Comparison.MUST_NOT_BE: number != first,
        Comparison.GREATER_THAN: number > first,
        Comparison.GREATER_OR_EQUAL: number >= first,
        Comparison.LESS_THAN: number < first,
        Comparison.LESS_OR_EQUAL: number <= first,
        Comparison.BETWEEN: first <= number <= last,
        Comparison.NOT_BETWEEN: not first <= number <= last,
    }[comparison]


def outcomes(comparison: Comparison, limits: Sequence[Decimal], unit: Unit) -> frozenset[bool]:
    """What a gate over counted rows can ever say: one that can only say one thing is a mistake.

    Rows are 0, 1, 2 ... without end, percentages 0 to 100. The verdict changes at limits only, so that numbers at them
    and between them stand for all.
    """
    if unit is Unit.ROWS:
        whole = {0} | {math.floor(limit) + step for limit in limits for step in (-1, 0, 1, 2)}
        numbers = [Fraction(number) for number in whole if number >= 0]
    else:
        marks = sorted({Fraction(0), Fraction(100)} | {Fraction(limit) for limit in limits if 0 <= limit <= 100})
        numbers = marks + [(one + next_one) / 2 for one, next_one in pairwise(marks)]
    return frozenset(meets(number, comparison, limits) for number in numbers)
