"""Compatibility: what the comparer calls compatible, the decoder reads; two codes that have to agree."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.versions import contract_of, edited, some_contract, some_event
from tideline.adapters.json_events import EventDecoder, Rejection, Row
from tideline.model.change import Code, compare, judge, keeps_verdicts, needs_rebuild
from tideline.model.compatibility import Change, Kind, Level
from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType
from tideline.model.field_change import pairs

EVENTS = 25
_random = st.integers(0, 2**32).map(Random)


def broken(old: Contract, new: Contract, changes: tuple[Change, ...], event: tuple[bytes, bytes]) -> str:
    """What these changes promise about one event and the decoders do not keep; nothing when all is kept.

    Nothing is promised about an event with members that the old contract does not describe but lets pass (drift).
    """
    reader = EventDecoder(old)
    before, after = reader.decode(*event), EventDecoder(new).decode(*event)
    if reader.noticed and not isinstance(before, Rejection):
        return ""
    if isinstance(before, Rejection):
        if isinstance(after, Rejection):
            return ""
        return "" if any(change.forward for change in changes) else f"refused as {before.reason}, now it counts"
    if any(change.backward for change in changes):
        return ""
    if isinstance(after, Rejection):
        return f"it counted, now it is refused as {after.reason}"
    if needs_rebuild(changes):
        return ""
    return _otherwise(old, new, before, after)


def _otherwise(old: Contract, new: Contract, before: Row, after: Row) -> str:
    """Whether a part that both rows have differs, or a part that silver would not have is there."""
    for was, now in pairs(old.fields, new.fields):
        held = None if now is None else _plain(now, after[new.columns.index(now.name)], was)
        if was is None and held is not None:
            return f"{now.name if now else ''} has a value that silver lacks"
        if (
            was is not None
            and now is not None
            and held != _plain(was, before[old.columns.index(was.name)], now, old=True)
        ):
            return f"{was.name} was read as {before}, is read as {after}"
    for column in new.derived:
        at = old.columns.index(column.name) if column.name in old.columns else None
        if at is None or before[at] != after[new.columns.index(column.name)]:
            return f"{column.name} differs"
    return ""


def _plain(field: EventField, value: Any, other: EventField | None, *, old: bool = False) -> Any:
    """A decoded value without its layout: decimals as numbers, objects by the new names of what both versions have."""
    if value is None:
        return None
    if field.type is FieldType.DECIMAL:
        return Decimal(value).scaleb(-field.scale)
    if field.type is FieldType.OBJECT:
        both = (
            pairs(field.fields, other.fields if other else ())
            if old
            else pairs(other.fields if other else (), field.fields)
        )
        members = {inner.name: held for inner, held in zip(field.fields, value, strict=True)}
        shared = [(was, now) for was, now in both if was and now]
        return {
            now.name: _plain(was if old else now, members[(was if old else now).name], now if old else was, old=old)
            for was, now in shared
        }
    if field.items is not None:
        inner = other.items if other else None
        return [_plain(field.items, item, inner, old=old) for item in value]
    if field.values is not None:
        inner = other.values if other else None
        return {key: _plain(field.values, item, inner, old=old) for key, item in value.items()}
    return value


@given(_random)
def test_nothing_changed_is_no_change(random: Random) -> None:
    contract = some_contract(random)
    assert compare(contract, contract) == ()


@given(_random)
def test_no_difference_goes_unseen(random: Random) -> None:
    """Whatever else than the version differs is told, and told the same every time."""
    old = some_contract(random)
    new = edited(random, old, 1)
    assert compare(old, new) or old == new
    assert compare(old, new) == compare(old, new)


@given(_random)
def test_what_is_called_compatible_reads_the_same_events_the_same(random: Random) -> None:
    """Backward: what counted is read to the same values. Forward: what is refused stays refused."""
    old = some_contract(random)
    new = edited(random, old, random.choice([1, 1, 1, 2, 3]))
    changes = compare(old, new)
    for _ in range(EVENTS):
        event = some_event(random, random.choice([old, new]))
        assert broken(old, new, changes, event) == "", (changes, event)


@given(_random)
def test_kept_verdicts_are_kept_in_both_directions(random: Random) -> None:
    """Where nothing breaks, an event is refused by both versions or by none."""
    old = some_contract(random)
    new = edited(random, old, 1)
    if keeps_verdicts(compare(old, new)):
        for _ in range(EVENTS):
            event = some_event(random, random.choice([old, new]))
            decoders = EventDecoder(old), EventDecoder(new)
            refused = [isinstance(decoder.decode(*event), Rejection) for decoder in decoders]
            assert refused[0] is refused[1] or decoders[0].noticed, event


@given(_random)
def test_a_chain_of_compatible_steps_reads_the_events_of_every_version(random: Random) -> None:
    """backward_transitive: each version is judged against all before it, so the last reads the first one's events."""
    versions = [some_contract(random)]
    for _ in range(4):
        draft = edited(random, versions[0], 1)
        judgement = judge(versions, draft)
        if not judgement.blocked and not judgement.older:
            versions.insert(0, draft)
    decoder = EventDecoder(versions[0])
    for version in versions[1:]:
        old = EventDecoder(version)
        for _ in range(EVENTS):
            event = some_event(random, version)
            if not isinstance(old.decode(*event), Rejection):
                assert not isinstance(decoder.decode(*event), Rejection), event


@given(_random)
def test_widening_one_way_is_narrowing_the_other(random: Random) -> None:
    old = some_contract(random)
    new = edited(random, old, random.choice([1, 2]))
    there = {change.path for change in compare(old, new) if change.code is Code.WIDENED}
    back = {change.path: change.code for change in compare(new, old) if change.kind in (Kind.WIDENED, Kind.NARROWED)}
    for path in there & back.keys():
        assert back[path] is Code.NARROWED
    named = {change.path for change in compare(old, new) if change.kind is Kind.FIELD_RENAMED}
    assert there - back.keys() == set() or named


@given(_random)
def test_the_version_that_is_asked_for_satisfies_the_judgement(random: Random) -> None:
    old = some_contract(random)
    new = edited(random, old, 2).model_copy(update={"version": "1.0.0"})
    asked = judge([old], new)
    if compare(old, new):
        assert asked.needed > Level.NONE and asked.version is not None
        assert judge([old], new.model_copy(update={"version": asked.version})).version is None
    else:
        assert asked.version is None


def _with(*fields: dict[str, Any], **parts: Any) -> Contract:
    described = [{"description": "A field.", **field} for field in fields]
    made = contract_of(described, **parts)
    assert made is not None
    return made


TEXT, WHOLE = {"name": "f", "type": "string"}, {"name": "f", "type": "integer"}
MONEY = {"name": "f", "type": "decimal", "precision": 5, "scale": 2}
LIST = {"name": "f", "type": "array", "items": {"name": "item", "type": "integer", "description": "One."}}
FORMER = {"name": "g", "type": "string", "renamed_from": "f"}
SMALL = {"topic": "retail.sales.v1", "partitions": 4, "max_event_bytes": 256}
WITNESSES: list[tuple[Code, Contract, Contract, Any]] = [
    (Code.FIELD_ADDED_REQUIRED, _with(TEXT), _with(TEXT, WHOLE | {"name": "g", "required": True}), {"f": "a"}),
    (Code.FIELD_REMOVED, _with(TEXT), _with(WHOLE | {"name": "g"}), {"f": "a"}),
    (Code.NAME_REUSED, _with(TEXT, retired=["g"]), _with(TEXT, WHOLE | {"name": "g"}), {"f": "a", "g": "ab"}),
    (Code.FORMER_NAME_DROPPED, _with(FORMER), _with(FORMER | {"renamed_from": None}), {"f": "a"}),
    (Code.FORMER_NAME_DROPPED, _with(TEXT, retired=["g"]), _with(TEXT), {"g": 1}),
    (Code.RETYPED, _with(TEXT), _with(WHOLE), {"f": "a"}),
    (Code.NARROWED, _with(MONEY), _with(MONEY | {"precision": 4, "scale": 1}), {"f": "1.25"}),
    (Code.NARROWED, _with(WHOLE), _with(WHOLE | {"bits": 32}), {"f": 2**31}),
    (Code.REQUIRED, _with(TEXT), _with(TEXT | {"required": True}), {}),
    (Code.ENUM_NARROWED, _with(TEXT), _with(TEXT | {"enum": ["a"]}), {"f": "b"}),
    (Code.LIMIT_TIGHTER, _with(TEXT), _with(TEXT | {"max_length": 2}), {"f": "abc"}),
    (Code.LIMIT_TIGHTER, _with(TEXT), _with(TEXT | {"min_length": 2}), {"f": "a"}),
    (Code.LIMIT_TIGHTER, _with(WHOLE), _with(WHOLE | {"minimum": 0}), {"f": -1}),
    (Code.LIMIT_TIGHTER, _with(MONEY), _with(MONEY | {"maximum": 9}), {"f": "9.01"}),
    (Code.LIMIT_TIGHTER, _with(LIST), _with(LIST | {"max_items": 1}), {"f": [1, 2]}),
    (Code.PATTERN_CHANGED, _with(TEXT), _with(TEXT | {"pattern": "a+", "max_length": 256}), {"f": "b"}),
    (Code.EVENT_SMALLER, _with(TEXT), _with(TEXT, stream=SMALL), {"f": "a" * 256}),
    (Code.RULE_ADDED, _with(WHOLE), _with(WHOLE, rules=[{"name": "r", "expression": "f > 0"}]), {"f": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "old", "new", "members"), WITNESSES, ids=[str(w[0].name) for w in WITNESSES])
def test_each_break_has_an_event_that_shows_it(code: Code, old: Contract, new: Contract, members: Any) -> None:
    """And a comparer that did not see the break would fail the law above."""
    import json

    event = (b"e", json.dumps({"event_id": "e", "at": "2011-01-04T10:00:00Z", **members}).encode())
    changes = compare(old, new)
    assert code in {change.code for change in changes if change.backward}
    assert broken(old, new, changes, event) == ""
    assert broken(old, new, (), event) != ""


@pytest.mark.parametrize(
    ("old", "new"), [(new, old) for code, old, new, _ in WITNESSES if code is not Code.NAME_REUSED]
)
def test_the_way_back_of_a_break_is_forward_only(old: Contract, new: Contract) -> None:
    """Whatever narrows in one direction widens in the other, and then old events stay readable."""
    changes = [change for change in compare(old, new) if change.code not in (Code.FIELD_REMOVED, Code.RETYPED)]
    assert not [change for change in changes if change.backward]
