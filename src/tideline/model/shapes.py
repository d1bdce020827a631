"""What the types of fields cannot say: limits that contradict each other, names that clash, unsafe patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from tideline.model import pattern
from tideline.model.field import MAX_NESTING, EventField, FieldType
from tideline.model.problem import Path, Problem

if TYPE_CHECKING:
    from tideline.model.contract import Contract

_NUMBERS = (FieldType.INTEGER, FieldType.DECIMAL)


def problems(contract: Contract) -> Iterator[Problem]:
    """In the order of the fields, each with what is inside it."""
    yield from _members(contract.fields, ("fields",), contract.retired)
    for at, field in enumerate(contract.fields):
        yield from _field(field, field.name, ("fields", at), 1)
    for at, name in enumerate(contract.retired):
        if name in contract.by_name or name in contract.retired[:at]:
            yield Problem(("retired", at), f"{name!r} is a field, or retired twice; only former names are retired")


def _members(fields: tuple[EventField, ...], path: Path, retired: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Former names that would be read twice."""
    names, former = {field.name for field in fields} | set(retired), set[str]()
    for at, field in enumerate(fields):
        if field.renamed_from is None:
            continue
        if field.renamed_from in names | former:
            text = f"{field.name!r} was renamed from {field.renamed_from!r}, which another field or a retired name is"
            yield Problem((*path, at, "renamed_from"), text)
        former.add(field.renamed_from)


def _field(field: EventField, name: str, path: Path, depth: int) -> Iterator[Problem]:
    if depth > MAX_NESTING:
        yield Problem(path, f"{name!r} is nested deeper than {MAX_NESTING} levels")
        return
    for part, text in (*_numbers(field), *_texts(field)):
        yield Problem((*path, part), f"{name!r}: {text}")
    listed = [inner.name for inner in field.fields]
    for at, inner in enumerate(field.fields):
        if inner.name in listed[:at]:
            yield Problem((*path, "fields", at, "name"), f"{name!r} has two members {inner.name!r}")
        yield from _field(inner, f"{name}.{inner.name}", (*path, "fields", at), depth + 1)
    yield from _members(field.fields, (*path, "fields"))
    if field.items is not None:
        yield from _field(field.items, f"{name}[]", (*path, "items"), depth + 1)
    if field.values is not None:
        yield from _field(field.values, f"{name}{{}}", (*path, "values"), depth + 1)


def _numbers(field: EventField) -> Iterator[tuple[str, str]]:
    for part, limit in (("minimum", field.minimum), ("maximum", field.maximum)):
        if limit is None:
            continue
        if field.type not in _NUMBERS:
            yield part, f"{part} is of integers and decimals, this is a {field.type.value}"
        elif not limit.is_finite() or abs(limit) >= Decimal(10) ** 39:
            yield part, f"{part} {limit} is no number of at most 39 digits"
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        yield "minimum", f"minimum {field.minimum} is above maximum {field.maximum}"


def _texts(field: EventField) -> Iterator[tuple[str, str]]:
    if field.min_length > field.max_length:
        yield "min_length", f"minLength {field.min_length} is above maxLength {field.max_length}"
    if field.pattern is not None:
        if field.type is not FieldType.STRING:
            yield "pattern", f"a pattern is of strings, this is a {field.type.value}"
        if field.max_length > pattern.MAX_TEXT:
            yield "pattern", f"a field with a pattern has a maxLength of at most {pattern.MAX_TEXT}"
        try:
            pattern.parse(field.pattern)
        except pattern.PatternError as error:
            yield "pattern", f"the pattern is not one of those allowed: {error}"
            return
    for at, value in enumerate(field.enum):
        if value in field.enum[:at]:
            yield "enum", f"{value!r} is listed twice"
        elif not field.min_length <= len(value) <= field.max_length:
            yield "enum", f"{value!r} has {len(value)} characters, allowed are {field.min_length} to {field.max_length}"
        elif field.pattern is not None and re.fullmatch(field.pattern, value, re.ASCII) is None:
            yield "enum", f"{value!r} does not match the pattern"
