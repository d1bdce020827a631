"""How a table follows its contract: what is added, widened, renamed, hidden; never a row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.contract_index import small_contract
from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.rendering import evolution, spark
from tideline.rendering.evolution import Act

PLACE = {"name": "place", "type": "object", "description": "."}
LINES = {"name": "lines", "type": "array", "description": "."}


def contract(*extra: dict[str, Any], **members: Any) -> Contract:
    """The small contract with more fields."""
    plain = small_contract().model_dump(mode="json", exclude_defaults=True)
    return Contract.model_validate(plain | {"fields": [*plain["fields"], *extra]} | members)


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": "."} | more


def schema(of: Contract) -> dict[str, Any]:
    """The table as this contract would create it."""
    fields = [{"name": c.name, "type": evolution.parsed(c.type)} for c in spark.columns("silver", of)]
    return {"type": "struct", "fields": fields}


def said(before: Contract, after: Contract, **how: Any) -> list[str]:
    found = evolution.changes(schema(before), before, after, **how)
    return [change.statement("t") or f"{change.act}: {change.column}" for change in found]


def test_the_same_contract_needs_nothing() -> None:
    one = contract(field("price", "decimal", precision=12, scale=3))
    assert said(one, one) == []


def test_columns_are_added_widened_and_renamed() -> None:
    before = contract(field("price", "decimal", precision=10, scale=2), field("pieces", "integer", bits=32))
    after = contract(
        field("price", "decimal", precision=14, scale=3),
        field("units", "integer", renamed_from="pieces"),
        field("note", "string"),
    )
    assert said(before, after) == [
        "ALTER TABLE t RENAME COLUMN `pieces` TO `units`",
        "ALTER TABLE t ALTER COLUMN `price` TYPE decimal(14,3)",
        "ALTER TABLE t ALTER COLUMN `units` TYPE bigint",
        "ALTER TABLE t ADD COLUMNS (`note` string)",
    ]


def test_parts_of_objects_arrays_and_maps_follow_too() -> None:
    def of(city: dict[str, Any], number: dict[str, Any], *more: dict[str, Any]) -> Contract:
        item = field("item", "object", fields=[field("sku", "string"), number])
        marks = field("marks", "map", values=field("value", "integer", bits=number.get("bits", 64)))
        return contract(PLACE | {"fields": [city, *more]}, LINES | {"items": item}, marks)

    before = of(field("city", "string"), field("number", "integer", bits=32))
    after = of(field("town", "string", renamed_from="city"), field("number", "integer"), field("zip", "string"))
    assert said(before, after) == [
        "ALTER TABLE t RENAME COLUMN `place`.`city` TO `town`",
        "ALTER TABLE t ADD COLUMNS (`place`.`zip` string)",
        "ALTER TABLE t ALTER COLUMN `lines`.`element`.`number` TYPE bigint",
        "ALTER TABLE t ALTER COLUMN `marks`.`value` TYPE bigint",
    ]


def test_going_back_renames_back_hides_what_was_added_and_keeps_what_was_widened() -> None:
    """Nothing that was written is lost: the values come back when the contract does."""
    before = contract(field("price", "decimal", precision=10, scale=2), field("pieces", "integer"))
    after = contract(
        field("price", "decimal", precision=14, scale=3),
        field("units", "integer", renamed_from="pieces"),
        field("note", "string"),
    )
    assert said(after, before) == [
        "ALTER TABLE t RENAME COLUMN `units` TO `pieces`", "keep wide: price", "hide: note",
    ]  # fmt: skip


def test_a_retired_column_is_dropped_only_when_that_is_asked_for() -> None:
    before, after = contract(field("note", "string", deprecated=True)), contract(retired=["note"])
    assert said(before, after) == ["hide: note"]
    assert said(before, after, drop_retired=True) == ["ALTER TABLE t DROP COLUMN `note`"]
    assert said(before, contract(), drop_retired=True) == ["hide: note"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("string", {"type": "integer"}), ("decimal", {"type": "decimal", "precision": 38, "scale": 4})],
    ids=["another kind", "fewer digits before the point"],
)
def test_a_type_that_holds_not_every_value_is_refused(old: str, new: dict[str, Any]) -> None:
    before, after = contract(field("x", old)), contract(field("x", "string") | new)
    if old == "decimal":
        assert said(before, contract(field("x", "decimal", precision=20))) == ["keep wide: x"]
    with pytest.raises(Fatal, match="TL-EVO-001"):
        said(before, after)


def test_a_name_is_not_taken_over_from_a_field_that_stood_beside_it() -> None:
    """Whose values would the column hold?"""
    before = contract(field("a", "string"), field("b", "string"))
    after = contract(field("b", "string", renamed_from="a"))
    with pytest.raises(Fatal, match="TL-EVO-002"):
        said(before, after)


def test_an_interrupted_evolution_finds_what_is_left_to_do() -> None:
    """What stands in the table decides: after each statement the rest is what was to come."""
    before = contract(field("pieces", "integer", bits=32))
    after = contract(field("units", "integer", renamed_from="pieces"), field("note", "string"))
    half = schema(contract(field("units", "integer", bits=32)))
    left = [change.statement("t") for change in evolution.changes(half, before, after)]
    assert left == ["ALTER TABLE t ALTER COLUMN `units` TYPE bigint", "ALTER TABLE t ADD COLUMNS (`note` string)"]


def test_properties_are_set_once_and_only_when_needed() -> None:
    before, after = contract(field("a", "integer", bits=32)), contract(field("b", "integer", renamed_from="a"))
    found = evolution.changes(schema(before), before, after)
    assert evolution.properties(found, {}) == (evolution.MAPPING, evolution.WIDENING)
    done = {"delta.columnMapping.mode": "name", "delta.enableTypeWidening": "true"}
    assert evolution.properties(found, done) == ()
    assert evolution.properties(evolution.changes(schema(before), before, contract()), {}) == ()


@pytest.mark.parametrize("text", ["array<", "struct<a:>", "map<string>", "struct<a:int", "string>", "a b", ""])
def test_a_text_that_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no type|is missing"):
        evolution.parsed(text)


def test_types_are_read_as_they_are_written() -> None:
    text = "struct<`a`:array<map<string,decimal(12,3)>>,`b`:int,`c`:bigint,`d`:timestamp>"
    assert evolution.written(evolution.parsed(text)) == text
    assert Act("keep wide") is Act.KEEP_WIDE
