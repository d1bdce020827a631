"""Quantities with prices: rows that add up exactly, by part and in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from tideline.environments.cost.computing import airflow, services, spark
from tideline.environments.cost.keeping import backup, keys, second_region, storage
from tideline.environments.cost.moving import event_log, network, ways_in
from tideline.environments.cost.prices import FIX, Price, Prices
from tideline.environments.cost.use import Case, Use
from tideline.environments.cost.watching import audit, monitoring, queries
from tideline.model.errors import Fatal

FORMULAS = (
    event_log,
    ways_in,
    spark,
    airflow,
    services,
    network,
    storage,
    second_region,
    backup,
    queries,
    keys,
    monitoring,
    audit,
)
Table = Mapping[tuple[str, str], Price]
_MILLIONTH = Decimal("0.000001")
_DIGITS = 60  # enough that no sum of rows is ever rounded


@dataclass(frozen=True, slots=True)
class Row:
    """A use with its price: `cost` is what it typically is, `most` what the limits of autoscaling let through."""

    use: Use
    price: Price
    cost: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """The rows of an environment, and what they add up to."""

    environment: str
    size: str
    prices: Prices
    rows: tuple[Row, ...]

    @property
    def total(self) -> Decimal:
        return _sum(row.cost for row in self.rows)

    @property
    def most(self) -> Decimal:
        return _sum(row.most for row in self.rows)

    def parts(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Typical and most by part, in the order of the formulas."""
        names = dict.fromkeys(row.use.part for row in self.rows)
        return {
            name: (
                _sum(row.cost for row in self.rows if row.use.part == name),
                _sum(row.most for row in self.rows if row.use.part == name),
            )
            for name in names
        }


def uses(case: Case) -> list[Use]:
    """Everything that is used in a month, quantities to a millionth; what is off gives no row."""
    return [use for formula in FORMULAS for use in formula(case)]


def estimate(case: Case, prices: Prices) -> Estimate:
    """Price every use. Raises Fatal that names every price that the file lacks, or has for another unit."""
    found, table = uses(case), prices.table
    lacking = sorted({text for use in found if (text := _lacking(use, table))})
    if lacking:
        raise Fatal("TL-COST-006", f"prices are missing: {'; '.join(lacking)}", where=_name(prices), fix=FIX)
    return Estimate(case.facts.environment, case.facts.size, prices, tuple(_priced(use, table) for use in found))


def _lacking(use: Use, table: Table) -> str:
    price = table.get((use.service, use.usage))
    if price is None:
        return f"{use.service}, {use.usage} (by {use.unit})"
    return "" if price.unit == use.unit else f"{use.service}, {use.usage} (by {use.unit}, found by {price.unit})"


def _priced(use: Use, table: Table) -> Row:
    price = table[use.service, use.usage]
    with localcontext(prec=_DIGITS, rounding=ROUND_HALF_EVEN):
        typical = use.quantity.quantize(_MILLIONTH)
        most = typical if use.most is None else max(use.most.quantize(_MILLIONTH), typical)
        return Row(use, price, price.of(typical), price.of(most))


def _sum(amounts: Iterator[Decimal]) -> Decimal:
    with localcontext(prec=_DIGITS):
        return sum(amounts, Decimal(0))


def _name(prices: Prices) -> str:
    return f"prices of {prices.region} of {prices.as_of}"
