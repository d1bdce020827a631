"""What one row counts before it has a price, and the case that all formulas read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from tideline.environments.cost.assumptions import Assumptions
from tideline.environments.cost.facts import Facts
from tideline.environments.cost.sizes import Size

HOURS = Decimal(730)  # of a month, as AWS counts
DAYS = HOURS / 24
THOUSAND, MILLION = Decimal(1000), Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Use:
    """So many `unit`s of a service's usage in a month; `most` is what the limits let through, `how` the formula."""

    part: str
    what: str
    service: str
    usage: str
    unit: str
    quantity: Decimal
    how: str
    most: Decimal | None = None


@dataclass(frozen=True)
class Case:
    """An environment of a size under a load, with everything assumed."""

    facts: Facts
    size: Size
    assumed: Assumptions

    def a(self, name: str) -> Decimal:
        return self.assumed.of(name)

    @property
    def events_gb(self) -> Decimal:
        """Of a month, before compression."""
        return self.size.load.events_gb_per_day * DAYS

    @property
    def lake_gb_per_day(self) -> dict[str, Decimal]:
        """What is added to each zone a day, compressed."""
        day = self.size.load.events_gb_per_day
        return {zone: day * self.a(f"{zone}_ratio") for zone in ("bronze", "silver", "gold", "quarantine")}

    @property
    def archive_gb_per_day(self) -> Decimal:
        """What Firehose adds to bronze a day; nothing rewrites it."""
        return self.size.load.events_gb_per_day * self.a("archive_ratio") if self.facts.archive else Decimal(0)

    @property
    def runs(self) -> Decimal:
        """Of a month: a run takes one contract through all its stages."""
        return self.size.load.contracts * self.a("runs_per_day") * DAYS

    @property
    def written_gb(self) -> Decimal:
        """Into the lake in a month, with what compaction writes again."""
        return sum(self.lake_gb_per_day.values(), Decimal(0)) * (1 + self.a("rewrites")) * DAYS

    @property
    def puts(self) -> Decimal:
        return self.runs * self.a("puts_per_run") + self.written_gb * THOUSAND / self.a("object_mb")

    @property
    def gets(self) -> Decimal:
        scanned = self.size.load.athena_tb_scanned_per_month * MILLION / self.a("scan_mb_per_get")
        return self.runs * self.a("gets_per_run") + scanned

    @property
    def delivered_files(self) -> Decimal:
        return self.events_gb * self.a("delivered_share") * THOUSAND / self.a("delivered_file_mb")

    @property
    def speed_tasks(self) -> Decimal:
        """Enough for the average load, between the limits of autoscaling."""
        load = self.size.load
        a_second = load.events_gb_per_day * 1_000_000_000 / load.event_bytes / 86_400
        needed = (a_second / self.a("events_per_speed_task")).to_integral_value(ROUND_CEILING)
        return min(max(needed, Decimal(self.size.speed.minimum)), Decimal(self.size.speed.maximum))

    @property
    def serving_tasks(self) -> Decimal:
        """Enough for the load, between the limits of autoscaling."""
        needed = (self.size.load.requests_per_second / self.a("requests_per_task")).to_integral_value(ROUND_CEILING)
        return min(max(needed, Decimal(self.size.serving.minimum)), Decimal(self.size.serving.maximum))
