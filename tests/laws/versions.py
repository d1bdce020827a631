"""Random contracts with nested fields, random edits of them, and random events near the edges of what they allow."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from pydantic import ValidationError

from tests.fakes.contract_index import small_contract
from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType

Plain = dict[str, Any]
NAMES = ("alpha", "beta", "gamma", "delta")
FIXED = ("event_id", "at")
_TEXTS = ("", "a", "ab", "aab", "b", "bbbb", "abcabcab", "red", "green", "é")
_NUMBERS = (
    "0",
    "1",
    "-1",
    "7",
    "99",
    "100",
    "1.5",
    "-0.25",
    "99.99",
    "999.999",
    "123456789",
    "2147483648",
    "-2147483649",
)


def contract_of(fields: list[Plain], **parts: Any) -> Contract | None:
    """A contract of these fields, or None when its parts contradict each other."""
    always = [
        {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
        {"name": "at", "type": "timestamp", "required": True, "description": "When."},
    ]
    view = {
        "name": "by_day", "description": "Events of each day.",
        "dimensions": [{"name": "day", "column": "at", "grain": "day", "description": "UTC day."}],
        "measures": [{"name": "events", "kind": "count", "description": "Events."}],
    }  # fmt: skip
    try:
        return small_contract(**{"fields": [*always, *fields], "views": [view], **parts})
    except ValidationError:
        return None


def some_field(random: Random, name: str, depth: int = 2) -> Plain:
    """A field of any type; objects, arrays and maps while `depth` lasts."""
    scalars = ["string", "integer", "decimal", "boolean", "date", "timestamp"]
    kind = random.choice(scalars + (["object", "array", "map"] if depth else []))
    field: Plain = {"name": name, "type": kind, "description": f"About {name}.", "required": random.random() < 0.3}
    if kind == "object":
        names = random.sample(NAMES, random.randint(1, 3))
        field["fields"] = [some_field(random, inner, depth - 1) for inner in names]
    elif kind in ("array", "map"):
        field["items" if kind == "array" else "values"] = some_field(random, "item", depth - 1)
        field["max_items"] = random.choice([1, 2, 3])
    for edit in _CONSTRAINTS.get(kind, ()):
        if random.random() < 0.4:
            edit(random, field)
    return field


def some_contract(random: Random) -> Contract:
    """A valid contract with up to four fields of its own, perhaps a rule and a derived column."""
    while True:
        fields = [some_field(random, name) for name in random.sample(NAMES, random.randint(1, 4))]
        made = contract_of(
            fields,
            rules=_rules(random, fields),
            derived=[{"name": "known", "expression": f"{fields[0]['name']} is not null", "description": "Known."}],
            drift={"new_fields": random.choice(["quarantine", "evolve"])},
            retired=random.sample(("old_one", "old_two"), random.randint(0, 2)),
        )
        if made is not None:
            return made


def edited(random: Random, contract: Contract, edits: int) -> Contract:
    """The contract after some random edits, each of which left it valid."""
    done, tries = contract, 0
    while edits and tries < 60:
        tries += 1
        draft = copy.deepcopy(done.model_dump(mode="json"))
        random.choice(_EDITS)(random, draft)
        try:
            made = Contract.model_validate(draft)
        except (ValidationError, ValueError):
            continue
        if made != done:
            done, edits = made, edits - 1
    return done


def _rules(random: Random, fields: list[Plain]) -> list[Plain]:
    found = []
    for field in fields:
        if field["type"] in ("integer", "decimal") and random.random() < 0.5:
            found.append(
                {"name": f"{field['name']}_holds", "expression": f"{field['name']} >= {random.choice([0, 1])}"}
            )
    return found


def _lists(random: Random, draft: Plain) -> list[Any]:
    """A random list of fields: the event's own or an object's."""
    lists = [draft["fields"]]
    for at in lists:
        for field in at:
            inner = field.get("items") or field.get("values") or field
            if inner.get("fields"):
                lists.append(inner["fields"])
    return random.choice([at for at in lists if at])


def _one(random: Random, draft: Plain) -> Plain:
    """A random field anywhere; the key and the event time seldom."""
    fields = [field for field in _every(draft["fields"]) if field["name"] not in FIXED or random.random() < 0.1]
    return random.choice(fields or draft["fields"])


def _every(fields: list[Plain]) -> Iterator[Plain]:
    for field in fields:
        yield field
        yield from _every(field.get("fields") or [])
        yield from _every([inner for inner in (field.get("items"), field.get("values")) if inner])


def _text_limits(random: Random, field: Plain) -> None:
    field["min_length"] = random.choice([0, 0, 1, 2])
    field["max_length"] = random.choice([2, 3, 8, 4_096])


def _text_enum(random: Random, field: Plain) -> None:
    field["enum"] = random.choice([[], ["a"], ["a", "b"], ["b", "a"], ["red", "green"], ["a", "b", "red"]])


def _text_pattern(random: Random, field: Plain) -> None:
    field["pattern"] = random.choice([None, "[ab]*", "[a-z]+", "a.*"])
    field["max_length"] = min(field.get("max_length", 256), 256)


def _number_limits(random: Random, field: Plain) -> None:
    field["minimum"] = random.choice([None, "-1", "0", "1"])
    field["maximum"] = random.choice([None, "7", "99", "100"])


def _integer_bits(random: Random, field: Plain) -> None:
    field["bits"] = random.choice([32, 64])


def _digits(random: Random, field: Plain) -> None:
    scale = random.choice([0, 1, 2, 3])
    field["scale"], field["precision"] = scale, scale + random.choice([1, 2, 3, 9])


_CONSTRAINTS: dict[str, tuple[Any, ...]] = {
    "string": (_text_limits, _text_enum, _text_pattern),
    "integer": (_number_limits, _integer_bits),
    "decimal": (_digits, _number_limits),
}


def _add(random: Random, draft: Plain) -> None:
    lists = _lists(random, draft)
    lists.append(some_field(random, random.choice([*NAMES, "extra", "old_one"]), 1))


def _remove(random: Random, draft: Plain) -> None:
    lists = _lists(random, draft)
    lists.remove(random.choice(lists))


def _deprecate(random: Random, draft: Plain) -> None:
    field = _one(random, draft)
    field["deprecated"] = not field["deprecated"]


def _retire(random: Random, draft: Plain) -> None:
    going = [field for field in draft["fields"] if field["deprecated"]] or draft["fields"]
    field = random.choice(going)
    draft["fields"].remove(field)
    draft["retired"] = [*draft["retired"], field["name"]]


def _forget(random: Random, draft: Plain) -> None:
    draft["retired"] = random.choice([[], ["old_one"], ["old_two", "old_one"]])


def _rename(random: Random, draft: Plain) -> None:
    field = random.choice(_lists(random, draft))
    was, now = field["name"], random.choice([*NAMES, "newer"])
    field["name"], field["renamed_from"] = now, random.choice([was, was, was, None])
    for part in (*draft["rules"], *draft["derived"]):
        part["expression"] = part["expression"].replace(was, now)


def _constrain(random: Random, draft: Plain) -> None:
    field = _one(random, draft)
    for edit in _CONSTRAINTS.get(field["type"], ()):
        if random.random() < 0.6:
            edit(random, field)
    if field["type"] in ("array", "map"):
        field["max_items"] = random.choice([1, 2, 3])


def _need(random: Random, draft: Plain) -> None:
    field = _one(random, draft)
    field["required"] = not field["required"]


def _retype(random: Random, draft: Plain) -> None:
    field = _one(random, draft)
    kept = {key: field[key] for key in ("name", "description", "required", "renamed_from", "deprecated")}
    field.clear()
    field.update(some_field(random, kept["name"], 1) | kept)


def _zone(random: Random, draft: Plain) -> None:
    for field in _every(draft["fields"]):
        if field["type"] == "timestamp":
            field["timezone"] = random.choice([None, "Europe/London"])


def _rule(random: Random, draft: Plain) -> None:
    draft["rules"] = random.choice([draft["rules"][1:], _rules(random, draft["fields"]), draft["rules"][::-1]])


def _derive(random: Random, draft: Plain) -> None:
    name = random.choice([field["name"] for field in draft["fields"]])
    column = {"name": random.choice(["known", "seen"]), "expression": f"{name} is not null", "description": "Known."}
    draft["derived"] = random.choice([[], [column], [*draft["derived"], column]])


def _allow(random: Random, draft: Plain) -> None:
    draft["drift"]["new_fields"] = random.choice(["quarantine", "evolve", "fail"])


def _bytes(random: Random, draft: Plain) -> None:
    draft["stream"]["max_event_bytes"] = random.choice([256, 65_536])


def _shuffle(random: Random, draft: Plain) -> None:
    random.shuffle(_lists(random, draft))


def _word(random: Random, draft: Plain) -> None:
    _one(random, draft)["description"] = random.choice(["Other words.", "More words."])


_EDITS = (
    _add, _add, _remove, _deprecate, _retire, _forget, _rename, _rename, _constrain, _constrain, _constrain, _constrain,
    _need, _need, _retype, _zone, _rule, _derive, _allow, _bytes, _shuffle, _word,
)  # fmt: skip


def some_event(random: Random, contract: Contract) -> tuple[bytes, bytes]:
    """Key and value of an event that carries only what the contract describes, mostly near the edges of it."""
    event = _members(random, contract.fields)
    for name in contract.retired:
        if random.random() < 0.5:
            event[name] = random.choice([None, "ab", 7])
    key = contract.by_name[contract.deduplication.key]
    id_ = event.get(key.name) or event.get(key.renamed_from or "") or ""
    return str(id_).encode(), json.dumps(event).encode()


def _members(random: Random, fields: tuple[EventField, ...]) -> Plain:
    event: Plain = {}
    for field in fields:
        name = field.renamed_from if field.renamed_from and random.random() < 0.4 else field.name
        if field.required or random.random() < 0.7:
            event[name] = _value(random, field)
        elif random.random() < 0.3:
            event[name] = None
    return event


def _value(random: Random, field: EventField) -> Any:
    if field.type is FieldType.OBJECT:
        return _members(random, field.fields)
    if field.items is not None:
        return [_held(random, field.items) for _ in range(random.randint(0, min(field.max_items, 4)))]
    if field.values is not None:
        keys = random.sample(("k", "l", "m", ""), random.randint(0, min(field.max_items, 4)))
        return {key: _held(random, field.values) for key in keys}
    if field.type is FieldType.STRING:
        fitting = [text for text in (*_TEXTS, "a" * 200) if field.min_length <= len(text) <= field.max_length]
        return random.choice([*(field.enum or fitting or _TEXTS)])
    if field.type is FieldType.INTEGER:
        return int(Decimal(random.choice([n for n in _NUMBERS if "." not in n and _fits(field, n)] or ["0"])))
    if field.type is FieldType.DECIMAL:
        return random.choice([n for n in _NUMBERS if _fits(field, n)] or ["0"])
    if field.type is FieldType.BOOLEAN:
        return random.choice([True, False])
    if field.type is FieldType.DATE:
        return random.choice(["2011-01-04", "2012-02-29"])
    moment = random.choice(["2011-01-04T10:00:00", "2011-07-04T10:00:00.25"])
    return moment if field.timezone else f"{moment}Z"


def _held(random: Random, field: EventField) -> Any:
    return _value(random, field) if field.required or random.random() < 0.8 else None


def _fits(field: EventField, text: str) -> bool:
    number = Decimal(text)
    low, high = field.minimum, field.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        return False
    if field.type is FieldType.INTEGER:
        return -(2 ** (field.bits - 1)) <= number < 2 ** (field.bits - 1)
    scaled = number.scaleb(field.scale)
    return scaled == scaled.to_integral_value() and abs(scaled) < 10**field.precision
