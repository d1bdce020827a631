"""Laws of table evolution: it arrives, from wherever it was interrupted, and the way back loses no column."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.contract_index import small_contract
from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.rendering import evolution, spark
from tideline.rendering.evolution import Act, ColumnChange

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.one_of(
    st.sampled_from([{"type": "string"}, {"type": "integer", "bits": 32}, {"type": "integer"}]),
    st.builds(
        lambda whole, scale: {"type": "decimal", "precision": whole + scale, "scale": scale},
        st.integers(8, 12),
        st.integers(0, 4),
    ),
)


@st.composite
def fields(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    """Fields of different names; some are objects, arrays or maps of them, some were renamed."""
    made = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(["scalar", "scalar", "object", "array", "map"])) if depth else "scalar"
        field: dict[str, Any] = {"name": name, "description": "."}
        if draw(st.booleans()):
            field["renamed_from"] = f"old_{draw(NAMES)}" if draw(st.booleans()) else draw(NAMES)
        if kind == "object":
            field |= {"type": "object", "fields": draw(fields(depth - 1))}
        elif kind in ("array", "map"):
            part = draw(SCALARS) if draw(st.booleans()) else {"type": "object", "fields": draw(fields(depth - 1))}
            field |= {"type": kind, "items" if kind == "array" else "values": {"name": "x", "description": ".", **part}}
        else:
            field |= draw(SCALARS)
        made.append(field)
    return made


def contract(extra: list[dict[str, Any]]) -> Contract:
    """Built without the contract's own checks: the laws hold for more than what a contract may say."""
    base = small_contract()
    whole = [field.model_dump(mode="json") for field in base.fields]
    parts = [type(base.fields[0]).model_validate(field) for field in [*whole, *extra]]
    return base.model_copy(update={"fields": tuple(parts)})


def table(of: Contract) -> dict[str, Any]:
    listed = [{"name": c.name, "type": evolution.parsed(c.type)} for c in spark.columns("silver", of)]
    return {"type": "struct", "fields": listed}


def altered(schema: dict[str, Any], change: ColumnChange) -> dict[str, Any]:
    """What Spark makes of one statement."""
    schema = copy.deepcopy(schema)
    *way, last = change.path
    place: Any = schema
    for name in way:
        place = _inside(place, name)
    ends = {"element": "elementType", "value": "valueType"}
    if change.act is Act.WIDEN and place["type"] != "struct":
        place[ends[last]] = evolution.parsed(str(change.after))
    elif change.act is Act.ADD:
        assert last not in {field["name"] for field in place["fields"]}
        place["fields"].append({"name": last, "type": evolution.parsed(str(change.after))})
    elif change.act is Act.DROP:
        place["fields"] = [field for field in place["fields"] if field["name"] != last]
    elif change.act in (Act.WIDEN, Act.RENAME):
        (field,) = (field for field in place["fields"] if field["name"] == last)
        assert change.act is Act.WIDEN or change.after not in {f["name"] for f in place["fields"]}
        renamed = {"name": change.after}
        field |= renamed if change.act is Act.RENAME else {"type": evolution.parsed(str(change.after))}
    return schema


def _inside(place: Any, name: str) -> Any:
    if place["type"] == "array":
        return place["elementType"]
    if place["type"] == "map":
        return place["valueType"]
    return next(field["type"] for field in place["fields"] if field["name"] == name)


def left(schema: dict[str, Any], before: Contract, after: Contract) -> list[ColumnChange]:
    """What is still to be done; None of it when the rest is only told."""
    found = evolution.changes(schema, before, after)
    return [change for change in found if change.act not in (Act.HIDE, Act.KEEP_WIDE)]


@given(fields(), fields(), st.integers(0, 6))
def test_it_arrives_from_wherever_it_was_interrupted(
    old: list[dict[str, Any]], new: list[dict[str, Any]], done: int
) -> None:
    """Some statements are done, the job dies, another one looks at the table and does the rest: nothing is left."""
    before, after = contract(old), contract(new)
    schema = table(before)
    try:
        planned = left(schema, before, after)
    except Fatal:
        return
    for change in planned[:done]:
        schema = altered(schema, change)
    for change in left(schema, before, after):
        schema = altered(schema, change)
    assert left(schema, before, after) == []


@given(fields(), fields())
def test_no_column_is_ever_lost(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    """As many columns as before, or more: each is there under its name or a new one."""
    before, after = contract(old), contract(new)
    schema = table(before)
    try:
        planned = left(schema, before, after)
    except Fatal:
        return
    names = {field["name"] for field in schema["fields"]}
    for change in planned:
        if change.act is Act.RENAME and len(change.path) == 1:
            names = (names - {change.path[0]}) | {str(change.after)}
        schema = altered(schema, change)
    assert names <= {field["name"] for field in schema["fields"]}
