"""Quality rules of a contract: those that judge one event, and gates that judge a table before it is released."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from tideline.model.field import Name, Value


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
    columns: tuple[Name, ...] = ()
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

    def holds(self, measured: Decimal) -> bool:
        """Whether the measured number is within the limits."""
        first, last = self.limits[0], self.limits[-1]
        return {
            Comparison.MUST_BE: measured == first,
            Comparison.MUST_NOT_BE: measured != first,
            Comparison.GREATER_THAN: measured > first,
            Comparison.GREATER_OR_EQUAL: measured >= first,
            Comparison.LESS_THAN: measured < first,
            Comparison.LESS_OR_EQUAL: measured <= first,
            Comparison.BETWEEN: first <= measured <= last,
            Comparison.NOT_BETWEEN: not first <= measured <= last,
        }[self.comparison]

    @property
    def promise(self) -> str:
        """The comparison in words: `mustBeLessThan 1 percent`."""
        return f"{self.comparison.value} {' and '.join(map(str, self.limits))} {self.unit.value}"
