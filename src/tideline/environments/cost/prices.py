"""A dated price file: what one unit of a service's usage costs, where that was read, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from tideline.environments.cost.document import Strict, fit, load
from tideline.model.errors import Fatal

OLD_DAYS = 180
FIX = "docs/costs.md says how a price file is written; infra/terraform/prices holds one"
Money = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,12})?$")]
Words = Annotated[str, Field(min_length=1)]


class Tier(Strict):
    """From more than `above` units a month on, each further unit costs `price`."""

    above: Money
    price: Money


class Checked(Strict):
    """When somebody last compared the price, and with what."""

    on: date
    how: Words


class Price(Strict):
    """What `unit` of a service's usage costs; `source` is the name of AWS's public page about it."""

    service: Words
    usage: Words
    unit: Words
    price: Money
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    source: Words
    checked: Checked
    tiers: tuple[Tier, ...] = ()

    @model_validator(mode="after")
    def _rising(self) -> Price:
        bounds = [Decimal(tier.above) for tier in self.tiers]
        if bounds != sorted(set(bounds)) or any(bound <= 0 for bound in bounds):
            raise ValueError("tiers begin above 0 and rise")
        return self

    def of(self, quantity: Decimal) -> Decimal:
        """What so many units cost, each tier at its own price."""
        starts = [Decimal(0), *(Decimal(tier.above) for tier in self.tiers)]
        rates = [Decimal(self.price), *(Decimal(tier.price) for tier in self.tiers)]
        ends: list[Decimal | None] = [*starts[1:], None]
        steps = zip(starts, ends, rates, strict=True)
        parts = (
            rate * ((quantity if end is None else min(quantity, end)) - start)
            for start, end, rate in steps
            if quantity > start
        )
        return sum(parts, Decimal(0))

    @property
    def shown(self) -> str:
        return " / ".join((self.price, *(tier.price for tier in self.tiers)))


class Prices(Strict):
    """Prices of one region on one day in one currency: list prices, without tax, discount or free tier."""

    region: Words
    as_of: date = Field(alias="date")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    note: str = ""
    prices: tuple[Price, ...]

    @model_validator(mode="after")
    def _one_currency_each_once(self) -> Prices:
        seen: set[tuple[str, str]] = set()
        for price in self.prices:
            key = (price.service, price.usage)
            name = " ".join(key)
            if price.currency != self.currency:
                raise ValueError(f"{name} is in {price.currency} and the file in {self.currency}: sums need one")
            if key in seen:
                raise ValueError(f"{name} stands there twice")
            seen.add(key)
        return self

    @property
    def table(self) -> dict[tuple[str, str], Price]:
        return {(price.service, price.usage): price for price in self.prices}

    def age(self, today: date) -> int:
        """Days since the file's date."""
        return (today - self.as_of).days


def read_prices(path: Path) -> Prices:
    """A price file. Raises Fatal with every place that is wrong."""
    return fit(Prices, load(path, FIX), str(path), FIX)


def newest(folder: Path, regions: Sequence[str] = ()) -> Path:
    """The newest `<region>-<yyyy-mm-dd>.json` of a folder, of these regions if they are given."""
    found = [path for path in folder.glob("*-????-??-??.json") if not regions or path.stem[:-11] in regions]
    if not found:
        asked = f" of {', '.join(regions)}" if regions else ""
        raise Fatal("TL-COST-003", f"there is no price file{asked}", where=str(folder), fix=FIX)
    return max(found, key=lambda path: (path.stem[-10:], path.stem))
