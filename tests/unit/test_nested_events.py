"""Nested values, enums, patterns, former names and drift, through both ways of the decoder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.cases import cases, contract
from tideline.adapters.json_events import EventDecoder, Rejection, arrow_schema
from tideline.adapters.json_events.arrow import arrow_array, arrow_type
from tideline.model.contract import Contract, Drift, DriftAction

ORDERS = contract("shop_orders")
DECODER = EventDecoder(ORDERS)
ITEM: dict[str, Any] = {"sku": "pen-1", "quantity": 2, "price": "1.5"}
ORDER: dict[str, Any] = {
    "order_id": "o-1", "ordered_at": "2026-03-28T10:00:00.000001Z", "channel": "web", "total": "10", "items": [ITEM],
}  # fmt: skip
RECORDS = [record for case in cases("shop_orders") for record in case.records if record.value is not None]


def outcome(decoder: EventDecoder = DECODER, **changes: Any) -> Any:
    result = decoder.decode(b"o-1", json.dumps({**ORDER, **changes}).encode())
    return result.reason if isinstance(result, Rejection) else dict(zip(decoder.columns, result, strict=True))


def changed(**changes: Any) -> EventDecoder:
    return EventDecoder(Contract.model_validate(ORDERS.model_dump() | changes))


EVOLVING = changed(drift=Drift(new_fields=DriftAction.EVOLVE))


def test_cells_of_nested_values_are_tuples_lists_and_sorted_dicts() -> None:
    """Members in the contract's order whatever the event's, absent ones null, exact leaves."""
    row = outcome(
        shipping={"cost": 3.25, "country": "PT", "promised_at": "2026-03-30T14:30:00.25"},
        items=[ITEM, {**ITEM, "price": 7, "notes": ["a", None]}],
        attributes={"z": "1", "a": None},
        fees={"card": 1e-1},
    )
    assert row["shipping"] == ("PT", None, None, 3_250, 1_774_877_400_250_000, None)
    assert row["items"] == [("pen-1", 2, 15_000, None), ("pen-1", 2, 70_000, ["a", None])]
    assert list(row["attributes"].items()) == [("a", None), ("z", "1")]
    assert row["fees"] == {"card": 10} and row["is_express"] is None and row["goes_abroad"] is False


def test_a_former_name_is_read_where_the_new_one_is_absent() -> None:
    assert outcome(voucher="AB-1")["coupon"] == "AB-1"
    assert outcome(voucher="AB-1", coupon="AB-1") == "unknown_field:voucher"
    assert outcome(shipping={"country": "PT", "town": "Faro"})["shipping"][1] == "Faro"
    assert outcome(remark=[{"any": "thing"}])["coupon"] is None


def test_unknown_members_and_changed_types_are_noticed_whatever_the_outcome() -> None:
    """One event tells of everything that is new in it, also of what stands behind the first trouble."""
    assert outcome(shipping={"country": "PT", "zip": 1, "po": None}, extra=[1], items=[{**ITEM, "w": 1.5}])
    noticed = {
        ("extra", "array"),
        ("shipping.zip", "integer"),
        ("shipping.po", "null"),
        ("items[].w", "number"),
    }
    assert set(DECODER.noticed) == noticed
    assert outcome(items=[{**ITEM, "sku": {"no": 1}}], extra=True) == "wrong_type:items[].sku"
    assert set(DECODER.noticed) == {("extra", "boolean"), ("items[].sku", "object")}
    assert outcome(total="x", **{"a b": "c"}) == "wrong_type:total"
    assert set(DECODER.noticed) == {("?", "string"), ("total", "string")}
    assert outcome(channel="fax") == "not_in_enum:channel" and DECODER.noticed == ()
    assert isinstance(outcome(), dict) and DECODER.noticed == ()


def test_what_is_noticed_is_bounded() -> None:
    assert outcome(**{f"n{at}": 1 for at in range(300)}) == "unknown_field:n0"
    assert len(DECODER.noticed) == 64


def test_an_evolving_contract_accepts_what_is_new_and_notices_it() -> None:
    """At every level; members of another type stay refused, and of two names of one field the former is ignored."""
    evolving = EVOLVING
    row = outcome(evolving, extra=1, shipping={"country": "PT", "zip": "1"}, items=[{**ITEM, "w": 1}])
    assert row["shipping"][0] == "PT" and row["items"] == [("pen-1", 2, 15_000, None)]
    assert set(evolving.noticed) == {("extra", "integer"), ("shipping.zip", "string"), ("items[].w", "integer")}
    assert outcome(evolving, extra=1, priority="high") == "wrong_type:priority"
    assert set(evolving.noticed) == {("extra", "integer"), ("priority", "string")}
    assert outcome(evolving, coupon="AB-1", voucher="CD-2")["coupon"] == "AB-1"
    assert evolving.noticed == (("voucher", "string"),)
    assert outcome(evolving, extra=1, items=[]) == "rule:has_items"


def test_a_map_and_an_array_hold_no_more_than_is_allowed() -> None:
    assert outcome(items=[ITEM] * 5) == "out_of_range:items"
    assert outcome(attributes={f"k{at:04d}": "v" for at in range(1_001)}) == "oversize"
    wide = changed(stream={"topic": "t", "partitions": 1, "max_event_bytes": 1_048_576})
    assert outcome(wide, attributes={f"k{at:04d}": "v" for at in range(1_001)}) == "out_of_range:attributes"
    assert len(outcome(wide, attributes={f"k{at:04d}": "v" for at in range(1_000)})["attributes"]) == 1_000


@pytest.mark.parametrize("field", ORDERS.fields, ids=lambda field: field.name)
def test_every_column_becomes_arrow_exactly(field: Any) -> None:
    """The cells of all good golden events, nulls at every level, no row at all."""
    rows = [DECODER.decode(record.key, record.value) for record in RECORDS]
    at = ORDERS.columns.index(field.name)
    cells = [row[at] for row in rows if isinstance(row, tuple)]
    array = arrow_array(field, cells)
    array.validate(full=True)
    assert array.type == arrow_type(field) == arrow_schema(ORDERS).field(field.name).type
    assert [value is None for value in array.to_pylist()] == [cell is None for cell in cells]
    assert len(arrow_array(field, [])) == 0
    if field.name == "items":
        prices = [[item["price"] for item in value] for value in array.to_pylist()]
        assert [[int(p.scaleb(4)) for p in each] for each in prices] == [[c[2] for c in cell] for cell in cells]


_SMALL = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text("aP-1", max_size=4), st.just("AB-1"))
_ANY = st.recursive(
    _SMALL,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["country", "city", "town", "sku", "quantity", "price", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=8,
)


_NAMES = [*ORDER, "priority", "coupon", "voucher", "remark", "extra", "gift", "shipping", "attributes", "fees"]
_MEMBERS = {
    "shipping": ["country", "city", "town", "cost", "promised_on"],
    "attributes": ["partner", "x"],
    "fees": ["a"],
}


@settings(derandomize=True, deadline=None, max_examples=600)
@given(st.lists(st.tuples(st.sampled_from(["", *_MEMBERS, "items"]), st.integers(0, 20), _ANY), max_size=3))
def test_both_ways_agree_on_any_nested_value(changes: list[tuple[str, int, Any]]) -> None:
    """The quick way is only a short cut, whatever stands in whichever member; no input raises."""
    event = {**ORDER, "shipping": {"country": "PT", "city": "x"}, "attributes": {"partner": "north"}, "fees": {"a": 1}}
    event["items"], parts = [dict(ITEM)], dict(event)
    for into, at, value in changes:
        held = parts[into] if into in _MEMBERS else event["items"][0] if into else event
        names = _MEMBERS.get(into) or ([*ITEM, "notes", "extra"] if into else [n for n in _NAMES if n != "items"])
        held[names[at % len(names)]] = value
    value = json.dumps(event).encode()
    for decoder in (DECODER, EVOLVING):
        result = decoder.decode(b"o-1", value)
        quick = decoder.noticed
        assert decoder._slowly(b"o-1", value) == result
        assert decoder.noticed == quick


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.data())
def test_no_mutation_of_an_order_raises_and_both_ways_agree(data: Any) -> None:
    record = data.draw(st.sampled_from(RECORDS))
    value = bytearray(record.value or b"")
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3)):
        if at < len(value):
            value[at] = byte
    if len(value) <= ORDERS.stream.max_event_bytes:
        assert DECODER._slowly(record.key, bytes(value)) == DECODER.decode(record.key, bytes(value))
