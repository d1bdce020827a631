"""Made-up values for any field, nested ones too: within its limits, and those that the contract's expressions name."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tideline.adapters.json_events.scalars import bounds
from tideline.model import expression, pattern
from tideline.model.contract import Contract, EventField, FieldType
from tideline.model.errors import Fatal
from tideline.model.expression import Call, Column, Element, Literal, Node
from tideline.model.measure import unscale

Asked = Mapping[str, tuple[str | Decimal, ...]]
_ABSENT_OF = 5  # one in so many optional values is left out
_ITEMS = 3
_OTHER_KEYS = ("note", "origin")
_COMPARED = ("=", "in")


@dataclass(frozen=True, slots=True)
class Moment:
    """What values are made from: a number that differs between events, a product, wall-clock time without a zone."""

    number: int
    product: int
    when: datetime
    whole: bool = False  # no optional value is left out


def asked_for(contract: Contract) -> Asked:
    """The literals with which the contract's expressions compare each place; `attributes['x']` also names a key."""
    texts = [rule.expression for rule in contract.rules] + [column.expression for column in contract.derived]
    texts += [measure.expression for view in contract.views for measure in view.measures if measure.expression]
    found: dict[str, list[str | Decimal]] = {}
    for text in texts:
        for place, values in _compared(expression.parse(text)):
            known = found.setdefault(place, [])
            known += [value for value in values if value not in known]
    return {place: tuple(values) for place, values in found.items()}


def _compared(node: Node) -> Iterator[tuple[str, list[str | Decimal]]]:
    if isinstance(node, Element):
        yield expression.written(node), []
    if not isinstance(node, Call):
        return
    for argument in node.args:
        yield from _compared(argument)
    first, *others = node.args
    if node.op in _COMPARED and isinstance(first, Column | Element):
        yield expression.written(first), [value for other in others for value in _literal(other)]


def _literal(node: Node) -> list[str | Decimal]:
    if isinstance(node, Call) and node.op == "negate":
        return [-value for value in _literal(node.args[0]) if isinstance(value, Decimal)]
    return [node.value] if isinstance(node, Literal) else []


def value_of(field: EventField, path: str, moment: Moment, asked: Asked) -> Any:
    """A JSON value that the field allows, or None where an optional one is left out."""
    turn = _turn(path, moment)
    if not field.required and not moment.whole and turn % _ABSENT_OF == 0:
        return None
    if field.fields:
        members = {inner.name: value_of(inner, f"{path}.{inner.name}", moment, asked) for inner in field.fields}
        return {name: value for name, value in members.items() if value is not None}
    if field.items is not None:
        numbers = range(min(1 + turn % _ITEMS, field.max_items))
        return [value_of(field.items, f"{path}[]{at}", moment, asked) for at in numbers]
    if field.values is not None:
        return _entries(field.values, path, moment, asked)
    wanted = [value for value in map(_of_type(field), asked.get(path, ())) if value is not None]
    return wanted[turn % len(wanted)] if wanted and turn // 7 % 2 else _SCALARS[field.type](field, turn, moment)


def _turn(path: str, moment: Moment) -> int:
    """A number that differs between events and places, the same for the same."""
    return zlib.crc32(f"{path}/{moment.number}".encode())


def _entries(values: EventField, path: str, moment: Moment, asked: Asked) -> dict[str, Any]:
    """Some of the keys that expressions name, and one that none does."""
    named = [place.removeprefix(f"{path}['").removesuffix("']") for place in asked if place.startswith(f"{path}['")]
    turn = _turn(path, moment)
    keys = [key for at, key in enumerate(named) if (turn >> at) % 2 or moment.whole] + [_OTHER_KEYS[turn % 2]]
    return {key: value_of(values, f"{path}['{key}']", moment, asked) for key in dict.fromkeys(keys)}


def _of_type(field: EventField) -> Callable[[str | Decimal], Any]:
    """A literal of an expression as a value of the field; None when it is of another kind."""

    def converted(value: str | Decimal) -> Any:
        if isinstance(value, str):
            return value if field.type is FieldType.STRING else None
        if field.type is FieldType.DECIMAL:
            return str(value)
        return int(value) if field.type is FieldType.INTEGER and value == int(value) else None

    return converted


def _string(field: EventField, turn: int, moment: Moment) -> str:
    if field.enum:
        return field.enum[turn % len(field.enum)]
    if field.pattern is None:
        return f"{field.name}-{moment.product % 40}".ljust(field.min_length, "x")[: field.max_length]
    for number in (turn, 0):
        found = pattern.example(field.pattern, number, field.min_length, field.max_length)
        if found is not None:
            return found
    raise Fatal(
        "TL-REP-004",
        f"no text was found that matches the pattern of {field.name!r}",
        fix="replay events from a file: tideline replay --input",
    )


def _integer(field: EventField, turn: int, moment: Moment) -> int:
    return _within(moment.number % 100, turn, *bounds(field))


def _decimal(field: EventField, turn: int, moment: Moment) -> str:
    scaled = _within(moment.number % 9 * 10**field.scale, turn, *bounds(field))
    return str(scaled // 10**field.scale) if scaled % 10**field.scale == 0 else f"{unscale(scaled, field.scale):f}"


def _within(value: int, turn: int, least: int, greatest: int) -> int:
    return value if least <= value <= greatest else least + turn % (min(greatest - least, 99) + 1)


_SCALARS: dict[FieldType, Callable[[EventField, int, Moment], str | int | bool]] = {
    FieldType.STRING: _string,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.TIMESTAMP: lambda field, _, moment: moment.when.isoformat() + ("" if field.timezone else "Z"),
    FieldType.DATE: lambda _, __, moment: moment.when.date().isoformat(),
    FieldType.BOOLEAN: lambda _, turn, __: turn % 2 == 0,
}
