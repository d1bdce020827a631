"""What was seen of one field's values: enough to tell its type, in bounded memory, in whatever order they came.

Samples form a commutative monoid (`Samples()` is its neutral element, `merge` its operation), but for the order in
which members are listed. Numbers are judged by their text, because a float has lost digits already.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from tideline.model import lexical, personal
from tideline.model.field import MAX_NESTING

MAX_MEMBERS = 128
MAX_DISTINCT = 12
_UTC = ZoneInfo("UTC")


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def parse(text: str | bytes) -> Any:
    """JSON with every number as a Number; raises ValueError for what is no JSON (UTF-8, no NaN, no abyss of levels)."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
        return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


class Form(StrEnum):
    """What a text may be read as."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    LOCAL_TIMESTAMP = "local timestamp"
    DATE = "date"


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise lexical.NotWritten
    return text == "true"


_READ: dict[Form, Callable[[str], object]] = {
    Form.BOOLEAN: _boolean,
    Form.INTEGER: lexical.integer,
    Form.DECIMAL: lexical.extent,
    Form.TIMESTAMP: lambda text: lexical.timestamp(text, None),
    Form.LOCAL_TIMESTAMP: lambda text: lexical.timestamp(text, _UTC),
    Form.DATE: lexical.day,
}


def _has_form(form: Form, text: str) -> bool:
    try:
        _READ[form](text)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Numbers:
    """Digits before and after the point that hold every number; `bits` of the widest whole one (65: more than 64)."""

    count: int = 0
    whole: int = 0
    scale: int = 0
    bits: int = 32
    fractional: bool = False

    def see(self, text: str) -> None:
        whole, scale = lexical.extent(text)
        self.count += 1
        self.whole, self.scale = max(self.whole, whole), max(self.scale, scale)
        if not text.lstrip("-").isdigit():
            self.fractional = True
        elif self.bits < 65:
            value = int(text) if whole < 20 else 2**64
            needed = 65 if value not in lexical.INT64 else 64 if not -(2**31) <= value < 2**31 else 32
            self.bits = max(self.bits, needed)

    def merge(self, other: Numbers) -> None:
        self.count += other.count
        self.whole, self.scale = max(self.whole, other.whole), max(self.scale, other.scale)
        self.bits, self.fractional = max(self.bits, other.bits), self.fractional or other.fractional


@dataclass(slots=True)
class Texts:
    """`forms` are those that every text has; `distinct` the different texts, None once they are more than 12."""

    count: int = 0
    longest: int = 0
    forms: set[Form] = field(default_factory=lambda: set(Form))
    numbers: Numbers = field(default_factory=Numbers)
    distinct: set[str] | None = field(default_factory=set)
    personal: Counter[str] = field(default_factory=Counter)

    def see(self, text: str) -> None:
        self.count += 1
        self.longest = max(self.longest, len(text))
        self.forms = {form for form in self.forms if _has_form(form, text)}
        if Form.DECIMAL in self.forms:
            self.numbers.see(text)
        if self.distinct is not None:
            self._distinguish({text})
        suspect = personal.by_text(text)
        if suspect is not None:
            self.personal[suspect] += 1

    def _distinguish(self, texts: set[str]) -> None:
        assert self.distinct is not None
        self.distinct |= texts
        if len(self.distinct) > MAX_DISTINCT:
            self.distinct = None

    def merge(self, other: Texts) -> None:
        self.count, self.longest = self.count + other.count, max(self.longest, other.longest)
        self.forms &= other.forms
        self.numbers.merge(other.numbers)
        self.personal += other.personal
        if other.distinct is None:
            self.distinct = None
        elif self.distinct is not None:
            self._distinguish(other.distinct)


@dataclass(slots=True)
class Samples:
    """The values of one place in the events: counts by kind, and what was seen inside of objects and arrays.

    `members` become one (`merged`) when objects have more than 128 different ones: then their names are data.
    """

    seen: int = 0
    nulls: int = 0
    booleans: int = 0
    objects: int = 0
    arrays: int = 0
    longest: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    texts: Texts = field(default_factory=Texts)
    members: dict[str, Samples] = field(default_factory=dict)
    merged: Samples | None = None
    items: Samples | None = None

    @property
    def kinds(self) -> dict[str, int]:
        """How many values of each JSON kind there were; null is no kind."""
        found = {
            "boolean": self.booleans, "number": self.numbers.count, "string": self.texts.count,
            "object": self.objects, "array": self.arrays,
        }  # fmt: skip
        return {kind: count for kind, count in found.items() if count}

    def see(self, value: Any, level: int = 1) -> None:
        """Take in one value as `parse` gives it; what lies deeper than a contract can say is not looked at."""
        self.seen += 1
        if value is None:
            self.nulls += 1
        elif isinstance(value, bool):
            self.booleans += 1
        elif isinstance(value, Number | int):
            self.numbers.see(str(value))
        elif isinstance(value, str):
            self.texts.see(value)
        elif isinstance(value, dict):
            self._see_object(value, level)
        elif isinstance(value, list):
            self.arrays, self.longest = self.arrays + 1, max(self.longest, len(value))
            for item in value if level < MAX_NESTING else ():
                self.items = self.items or Samples()
                self.items.see(item, level + 1)
        else:
            raise TypeError(f"numbers are exact texts here, not {type(value).__name__}")

    def _see_object(self, value: dict[str, Any], level: int) -> None:
        self.objects, self.longest = self.objects + 1, max(self.longest, len(value))
        for name, member in value.items() if level < MAX_NESTING else ():
            if self.merged is not None:
                self.merged.see(member, level + 1)
            else:
                self.members.setdefault(name, Samples()).see(member, level + 1)
                self._bound()

    def _bound(self) -> None:
        if len(self.members) > MAX_MEMBERS:
            self.merged, self.members = self.together(), {}

    def together(self) -> Samples:
        """The values of all members as the values of one place."""
        if self.merged is not None:
            return self.merged
        one = Samples()
        for member in self.members.values():
            one.merge(member)
        return one

    def merge(self, other: Samples) -> Self:
        """Add what another has seen at the same place."""
        for name in ("seen", "nulls", "booleans", "objects", "arrays"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest = max(self.longest, other.longest)
        self.numbers.merge(other.numbers)
        self.texts.merge(other.texts)
        if self.merged is not None or other.merged is not None:
            one = Samples().merge(self.together()).merge(other.together())
            self.merged, self.members = one, {}
        else:
            for name, member in other.members.items():
                self.members.setdefault(name, Samples()).merge(member)
            self._bound()
        if other.items is not None:
            self.items = (self.items or Samples()).merge(other.items)
        return self
