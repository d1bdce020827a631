"""Made-up events for any contract, the same for the same seed; a wholesaler's sales where the fields are known.

Values are skewed as in life: few products and countries make most of the lines. Times run through two weeks of 2011
that hold the night in which Europe changes its clocks, in business hours of the field's zone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.local.journal import PlannedEvent
from tideline.local.values import Asked, Moment, asked_for, value_of
from tideline.model.contract import Contract, EventField, FieldType
from tideline.model.errors import Fatal

FIRST_DAY = datetime(2011, 3, 21, tzinfo=UTC)
DAYS = 14
_ATTEMPTS, _STEP = 60, 7_919
PRODUCTS = 300
COUNTRIES = (
    "United Kingdom", "Germany", "France", "EIRE", "Spain", "Netherlands", "Belgium", "Switzerland", "Portugal",
    "Australia", "Norway", "Italy",
)  # fmt: skip
_COUNTRY_WEIGHTS = (60, 9, 8, 7, 3, 3, 2, 2, 2, 2, 1, 1)
_COLOURS = ("RED", "BLUE", "IVORY", "PINK", "GREEN", "VINTAGE", "RETRO SPOT", "CHRISTMAS", "FRENCH", "PAISLEY")
_THINGS = (
    "LANTERN",
    "MUG",
    "T-LIGHT HOLDER",
    "LUNCH BAG",
    "CUSHION",
    "DOORMAT",
    "BUNTING",
    "CAKE TIN",
    "CLOCK",
    "FRAME",
)


@dataclass(frozen=True, slots=True)
class Line:
    """What one event tells of; `when` is wall-clock time without a zone, `pence` the price of one unit."""

    number: int
    invoice: str
    product: int
    quantity: int
    pence: int
    customer: str | None
    country: str
    when: datetime


# fields with a meaning that the generator knows; all others get a value of their type
_KNOWN: dict[str, Callable[[Line], str | int | None]] = {
    "invoice_no": lambda line: line.invoice,
    "stock_code": lambda line: f"{20_000 + line.product}",
    "description": lambda line: f"{_COLOURS[line.product % 10]} {_THINGS[line.product // 10 % 10]}",
    "quantity": lambda line: line.quantity,
    "unit_price": lambda line: f"{line.pence // 100}.{line.pence % 100:02d}",
    "customer_id": lambda line: line.customer,
    "country": lambda line: line.country,
}


def events(contract: Contract, seed: int, count: int = 20_000) -> Iterator[PlannedEvent]:
    """`count` valid events in the order of their times; ids carry the seed, so that two seeds never collide."""
    decoder, asked = EventDecoder(contract), asked_for(contract)
    for line in _lines(Random(f"{seed}/lines"), count):  # noqa: S311 - has to be repeatable, not secret
        event_id = f"g{seed}-{line.number:07d}"
        yield PlannedEvent("sale", event_id, _valid(contract, event_id, line, asked, decoder))


def _valid(contract: Contract, event_id: str, line: Line, asked: Asked, decoder: EventDecoder) -> bytes:
    """An event of the line that keeps the contract's rules; values differ from attempt to attempt."""
    reason = ""
    for attempt in range(_ATTEMPTS):
        event = _event(contract, event_id, replace(line, number=line.number + attempt * _STEP), asked)
        value = json.dumps(event).encode()
        result = decoder.decode(event_id.encode(), value)
        if not isinstance(result, Rejection):
            return value
        reason = result.reason
    raise Fatal(
        "TL-REP-005",
        f"{_ATTEMPTS} made-up events of {contract.id} were all refused, the last one for {reason}",
        fix="replay events from a file: tideline replay --input",
    )


def _event(contract: Contract, event_id: str, line: Line, asked: Asked) -> dict[str, Any]:
    key = contract.deduplication.key
    made = {field.name: event_id if field.name == key else _value(field, line, asked) for field in contract.fields}
    return {name: value for name, value in made.items() if value is not None}


def example(contract: Contract, field: EventField) -> Any:
    """A value of a field in which nothing is left out."""
    return value_of(field, field.name, Moment(1, 1, FIRST_DAY.replace(tzinfo=None), whole=True), asked_for(contract))


def _lines(random: Random, count: int) -> Iterator[Line]:
    """Invoices of one to twelve lines; now and then one is cancelled line by line, and one always at the middle."""
    made, invoice, cancelled = 0, 0, False
    kept: list[Line] = []
    while made < count:
        lines = _invoice(random, f"{540_000 + invoice}", made, count)
        if kept and (random.random() < 0.01 or (not cancelled and made >= count // 2)):
            order = random.choice(_orders(kept))
            lines = [_cancelled(line, made + i, lines[0].when) for i, line in enumerate(order)]
            cancelled = True
        else:
            kept = (kept + lines)[-200:]
        invoice += 1
        yield from lines[: count - made]
        made += len(lines)


def _invoice(random: Random, invoice: str, made: int, count: int) -> list[Line]:
    when = _moment(made, count) + timedelta(seconds=random.randrange(60))
    country = random.choices(COUNTRIES, _COUNTRY_WEIGHTS)[0]
    customer = None if random.random() < 0.2 else str(12_346 + int(random.paretovariate(1.2) * 7) % 4_000)
    lines = []
    for i in range(random.randint(1, 12)):
        product = int(PRODUCTS * random.random() ** 3)
        pence = (product * 37) % 1_200 + 19 + 5 * random.randrange(3)
        quantity = random.choice((1, 1, 2, 3, 4, 6, 6, 12, 12, 24, 48))
        lines.append(Line(made + i, invoice, product, quantity, pence, customer, country, when))
    return lines


def _moment(made: int, count: int) -> datetime:
    """Spread over the days, between 8 and 20 o'clock, in order."""
    seconds = made * DAYS * 12 * 3600 // max(count, 1)
    day, second = divmod(seconds, 12 * 3600)
    return FIRST_DAY.replace(tzinfo=None) + timedelta(days=day, hours=8, seconds=second)


def _orders(kept: list[Line]) -> list[list[Line]]:
    names = dict.fromkeys(line.invoice for line in kept)
    return [[line for line in kept if line.invoice == name] for name in names]


def _cancelled(line: Line, number: int, when: datetime) -> Line:
    """A new event that takes a line back; its invoice number starts with C."""
    return replace(line, number=number, invoice=f"C{line.invoice}", quantity=-line.quantity, when=when)


def _value(field: EventField, line: Line, asked: Asked) -> Any:
    known = _KNOWN[field.name](line) if field.name in _KNOWN and not field.enum and field.pattern is None else None
    optional = field.name in _KNOWN and known is None and not field.required
    if field.type is FieldType.STRING and (optional or isinstance(known, str)):
        return known
    if (field.type is FieldType.INTEGER and isinstance(known, int)) or (field.type is FieldType.DECIMAL and known):
        return known
    return value_of(field, field.name, Moment(line.number, line.product, line.when), asked)


def missing_hour(zone: str, year: int = 2011) -> datetime | None:
    """A local time that the zone skipped in that year, or None when it changed no clock forward."""
    moment = datetime(year, 1, 1, 0, 30)  # noqa: DTZ001 - a wall-clock time is what is looked for
    while moment.year == year:
        there = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        if there.replace(tzinfo=None) != moment:
            return moment
        moment += timedelta(hours=1)
    return None
