"""From samples to a field: the narrowest type that reads every value seen, or the reason why there is none.

Nothing is guessed in silence: what the values leave open becomes a remark, decided (what was assumed, to be confirmed)
or undecided (then there is no field). No remark holds a value or a name that may be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tideline.model import personal
from tideline.model.field import MAX_NESTING, EventField, FieldType, Masking
from tideline.model.samples import Form, Numbers, Samples, Texts

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PRECISIONS = (9, 18, 38)  # what columnar formats keep in 4, 8 and 16 bytes
_MAX_SCALE = 18
_MAX_TEXT = 1_048_576
_MAX_ITEMS = 100_000
_ENUM_ROWS = 50
_ENUM_REPEATS = 10
_SPARSE_MEMBERS, _SPARSE_SHARE = 16, 0.2
_KINDS = {"string": "a text", "number": "a number", "boolean": "a boolean", "object": "an object", "array": "an array"}


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person has to know about one place: `path` is dotted, `[]` is an item, `{}` a value of a map."""

    path: str
    text: str
    decided: bool


@dataclass(frozen=True, slots=True)
class Inferred:
    """The field, or None when no type reads all values; a member that has none is left out and remarked."""

    field: EventField | None
    remarks: tuple[Remark, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the field reads every value that was seen."""
        return self.field is not None and all(remark.decided for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class Ways:
    """How to read samples.

    `texts_only`: every value came as text (CSV), so `12` is an integer. `enums`: few different texts in many rows are
    an enum. `required`: a member of every object without a null is required.
    """

    texts_only: bool = False
    enums: bool = True
    required: bool = True


def infer(name: str, samples: Samples, ways: Ways = Ways(), *, of: int | None = None) -> Inferred:
    """The field `name` of `samples`; `of` is how many events there were, when some had no such member."""
    inference = _Inference(ways)
    found = inference.decide(name, samples, name, 1)
    if found is not None and ways.required and not samples.nulls and samples.seen == (of or samples.seen):
        found = found.model_copy(update={"required": True})
    return Inferred(found, tuple(inference.remarks))


class _Undecided(Exception):
    """There is no type for a place; carries the remark that says why."""

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.remark = Remark(path, text, decided=False)


@dataclass(slots=True)
class _Inference:
    ways: Ways
    remarks: list[Remark] = field(default_factory=list)

    def decide(self, name: str, samples: Samples, path: str, level: int) -> EventField | None:
        """The field at a place, None (with a remark) when it is undecided."""
        try:
            if _NAME.fullmatch(name) is None:
                raise _Undecided(path, "its name is not [a-z][a-z0-9_]*, at most 63 long, so no field can have it")
            typed = self._typed(samples, path, level)
        except _Undecided as undecided:
            self.remarks.append(undecided.remark)
            return None
        count = samples.seen - samples.nulls
        described = f"Seen in {count} value{'s' if count != 1 else ''}."
        return EventField(name=name, description=described, **typed, **self._protection(name, samples, typed, path))

    def _typed(self, samples: Samples, path: str, level: int) -> dict[str, Any]:
        kinds = samples.kinds
        if level > MAX_NESTING:
            raise _Undecided(path, f"it lies deeper than {MAX_NESTING} levels")
        if not kinds:
            raise _Undecided(path, "no value but null was seen" if samples.seen else "no value was seen")
        if set(kinds) == {"number", "string"} and Form.DECIMAL in samples.texts.forms:
            both = Numbers(fractional=True)
            both.merge(samples.numbers)
            both.merge(samples.texts.numbers)
            return self._number(both, path)
        if len(kinds) > 1:
            listed = ", ".join(f"{_KINDS[kind]} in {count}" for kind, count in kinds.items())
            raise _Undecided(path, f"its values are of different kinds: {listed}")
        if samples.booleans:
            return {"type": FieldType.BOOLEAN}
        if samples.numbers.count:
            return self._number(samples.numbers, path)
        if samples.texts.count:
            return self._text(samples.texts, path)
        return self._array(samples, path, level) if samples.arrays else self._object(samples, path, level)

    def _number(self, numbers: Numbers, path: str) -> dict[str, Any]:
        if not numbers.fractional and numbers.bits <= 64:
            return {"type": FieldType.INTEGER, "bits": numbers.bits}
        digits = numbers.whole + numbers.scale
        if digits > _PRECISIONS[-1] or numbers.scale > _MAX_SCALE:
            text = (
                f"it needs {numbers.whole} digits before and {numbers.scale} after the point; 38 in all, 18 after fit"
            )
            raise _Undecided(path, text)
        precision = next(size for size in _PRECISIONS if size >= digits)
        return {"type": FieldType.DECIMAL, "precision": precision, "scale": numbers.scale}

    def _text(self, texts: Texts, path: str) -> dict[str, Any]:
        if self.ways.texts_only:
            if Form.BOOLEAN in texts.forms:
                return {"type": FieldType.BOOLEAN}
            if Form.DECIMAL in texts.forms:
                return self._number(texts.numbers, path)
        elif Form.DECIMAL in texts.forms and texts.numbers.fractional:
            self._assumed(path, "every text is a number; if amounts are meant, make it a number")
        if Form.TIMESTAMP in texts.forms:
            return {"type": FieldType.TIMESTAMP}
        if Form.LOCAL_TIMESTAMP in texts.forms:
            self._assumed(path, "the times carry no offset, UTC is assumed")
            return {"type": FieldType.TIMESTAMP, "timezone": "UTC"}
        if Form.DATE in texts.forms:
            return {"type": FieldType.DATE}
        if texts.longest > _MAX_TEXT:
            raise _Undecided(path, f"its texts have up to {texts.longest} characters, {_MAX_TEXT} fit")
        return {"type": FieldType.STRING, "max_length": _power(texts.longest, 64), "enum": self._enum(texts)}

    def _enum(self, texts: Texts) -> tuple[str, ...]:
        values = texts.distinct or set()
        few = len(values) * _ENUM_REPEATS <= texts.count and texts.count >= _ENUM_ROWS
        plain = all(0 < len(value) <= 64 for value in values)
        return tuple(sorted(values)) if self.ways.enums and few and plain and not texts.personal else ()

    def _array(self, samples: Samples, path: str, level: int) -> dict[str, Any]:
        if samples.longest > _MAX_ITEMS:
            raise _Undecided(path, f"its arrays have up to {samples.longest} items, {_MAX_ITEMS} fit")
        if samples.items is None:
            reason = "only empty arrays were seen" if not samples.longest else f"it has more than {MAX_NESTING} levels"
            raise _Undecided(path, reason)
        item = self.decide("item", samples.items, f"{path}[]", level + 1)
        if item is None:
            raise _Undecided(path, "its items have no type")
        if samples.items.nulls:
            self._assumed(f"{path}[]", "some items are null")
        longest = {"max_items": _items(samples.longest)} if samples.longest > 1_000 else {}
        return {"type": FieldType.ARRAY, "items": item, **longest}

    def _object(self, samples: Samples, path: str, level: int) -> dict[str, Any]:
        if not samples.longest:
            raise _Undecided(path, "only empty objects were seen")
        if level == MAX_NESTING:
            raise _Undecided(path, f"it has more than {MAX_NESTING} levels")
        odd = sum(_NAME.fullmatch(name) is None for name in samples.members)
        if samples.merged is not None or odd or _sparse(samples):
            return self._map(samples, path, level, odd)
        fields = []
        for name, member in samples.members.items():
            found = self.decide(name, member, f"{path}.{name}", level + 1)
            if found is not None:
                always = self.ways.required and member.seen == samples.objects and not member.nulls
                fields.append(found.model_copy(update={"required": always}))
        if not fields:
            raise _Undecided(path, "none of its members has a type")
        return {"type": FieldType.OBJECT, "fields": tuple(fields)}

    def _map(self, samples: Samples, path: str, level: int, odd: int) -> dict[str, Any]:
        """Members whose names are data, if one type reads all their values."""
        if samples.longest > _MAX_ITEMS:
            raise _Undecided(path, f"its objects have up to {samples.longest} members, {_MAX_ITEMS} fit")
        own = _Inference(self.ways)
        value = own.decide("value", samples.together(), f"{path}{{}}", level + 1)
        if value is None or not all(remark.decided for remark in own.remarks):
            why = f"{odd} of its members have names that no field can have" if odd else "its members differ too much"
            raise _Undecided(path, f"{why}, and their values have no type in common")
        self.remarks += own.remarks
        self._assumed(path, "the names of its members look like data, so it is a map")
        longest = {"max_items": _items(samples.longest)} if samples.longest > 1_000 else {}
        return {"type": FieldType.MAP, "values": value, **longest}

    def _protection(self, name: str, samples: Samples, typed: dict[str, Any], path: str) -> dict[str, Any]:
        """Whatever looks personal is protected until somebody says that it is not; an object by what is in it."""
        inner = [*typed.get("fields", ()), typed.get("items"), typed.get("values")]
        seen = samples.texts.personal.most_common(1)
        suspect = personal.by_name(name) or (seen[0][0] if seen else None)
        if suspect is None and not any(part is not None and part.pii for part in inner):
            return {}
        if suspect is not None:
            self._assumed(path, f"it looks like {suspect}, so it is protected; confirm, or take pii away")
        return {"pii": True, "masking": Masking.SILVER_ONLY, "classification": "confidential"}

    def _assumed(self, path: str, text: str) -> None:
        self.remarks.append(Remark(path, text, decided=True))


def _sparse(samples: Samples) -> bool:
    """Many different members of which each object has few: their names are data."""
    present = sum(member.seen for member in samples.members.values())
    possible = len(samples.members) * samples.objects
    return len(samples.members) > _SPARSE_MEMBERS and present < _SPARSE_SHARE * possible


def _power(size: int, least: int) -> int:
    """The least power of two that is not smaller, so that a slightly longer value still fits."""
    return max(least, 1 << max(0, size - 1).bit_length())


def _items(size: int) -> int:
    return min(_MAX_ITEMS, _power(size, 1))
