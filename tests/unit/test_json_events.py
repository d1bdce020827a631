"""The decoder: exact values, a precise reason for whatever it refuses, and no input that harms it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.cases import cases, contract
from tests.laws.logs import CONTRACT as EVERY_KIND
from tideline.adapters.json_events import EventDecoder, Rejection, arrow_schema, payload_hash

DECODER = EventDecoder(contract())
SALE: dict[str, Any] = {
    "event_id": "e-1", "invoice_no": "C1", "stock_code": "85123A", "description": None, "quantity": 6,
    "invoice_ts": "2011-07-01T10:00:00.25", "unit_price": "2.55", "country": "France",
}  # fmt: skip
ROW = ("e-1", "C1", "85123A", None, 6, 1_309_510_800_250_000, 2_550, None, "France", True)


def outcome(*, key: bytes | None = b"e-1", text: str | None = None, **changes: Any) -> Any:
    event = {name: value for name, value in {**SALE, **changes}.items() if value != "absent"}
    result = DECODER.decode(key, (json.dumps(event) if text is None else text).encode())
    return result.reason if isinstance(result, Rejection) else result


def test_a_valid_event_becomes_a_row_of_plain_exact_values() -> None:
    """Decimals scaled, times in microseconds UTC, absent and null alike, derived columns last."""
    assert outcome() == ROW
    assert DECODER.columns[-1] == "is_cancellation" and len(ROW) == len(DECODER.columns)
    assert outcome(description="absent", customer_id="absent") == outcome(customer_id=None)


@pytest.mark.parametrize(
    ("written", "scaled"),
    [("2.55", 2550), ("0", 0), ("-0.000", 0), ("0.0010000", 1), ("1e2", 100_000), ("25E-1", 2500), ("0E999999999", 0)],
)
def test_a_decimal_is_exact_as_number_and_as_text(written: str, scaled: int) -> None:
    text = json.dumps(SALE)
    for shown in (written, f'"{written}"'):
        assert outcome(text=text.replace('"2.55"', shown))[6] == scaled


@pytest.mark.parametrize("whole", [0, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
def test_integers_are_exact_in_all_64_bits(whole: int) -> None:
    expected = "rule:quantity_not_zero" if whole == 0 else whole
    result = outcome(quantity=whole)
    assert (result if isinstance(result, str) else result[4]) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": 2**63}, "out_of_range:quantity"),
        ({"quantity": True}, "wrong_type:quantity"),
        ({"quantity": "absent"}, "missing_field:quantity"),
        ({"country": None}, "missing_field:country"),
        ({"country": "x" * 61}, "out_of_range:country"),
        ({"country": ["France"]}, "wrong_type:country"),
        ({"unit_price": "2.5501"}, "out_of_range:unit_price"),
        ({"unit_price": "1e400"}, "out_of_range:unit_price"),
        ({"unit_price": "9" * 5_000}, "out_of_range:unit_price"),
        ({"unit_price": "+1"}, "wrong_type:unit_price"),
        ({"unit_price": "٣"}, "wrong_type:unit_price"),
        ({"unit_price": {"a": 1}}, "wrong_type:unit_price"),
        ({"unit_price": None}, "missing_field:unit_price"),
        ({"unit_price": "-0.001"}, "rule:unit_price_not_negative"),
        ({"invoice_ts": "2011-03-27T01:30:00"}, "nonexistent_local_time:invoice_ts"),
        ({"invoice_ts": "2011-07-01T10:00:60"}, "out_of_range:invoice_ts"),
        ({"invoice_ts": "2011-07-01T24:00:00"}, "out_of_range:invoice_ts"),
        ({"invoice_ts": "0000-01-01T00:00:00"}, "out_of_range:invoice_ts"),
        ({"invoice_ts": "2011-07-01T10:00:00.1234567"}, "out_of_range:invoice_ts"),
        ({"invoice_ts": "2011-07-01 10:00:00"}, "wrong_type:invoice_ts"),
        ({"invoice_ts": "2011-07-01T10:00:00+01:00"}, "wrong_type:invoice_ts"),
        ({"colour": 1}, "unknown_field:colour"),
        ({"a name\nwith everything": 1}, "unknown_field:?"),
        ({"key": b"e-2"}, "key_is_not_id"),
        ({"key": None}, "key_is_not_id"),
    ],
)
def test_the_reason_names_the_field_and_never_the_value(changes: dict[str, Any], reason: str) -> None:
    assert outcome(**changes) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_value"), (b"", "malformed_json"), (b"{", "malformed_json"), (b"\xff", "malformed_json"),
        (b"null", "not_an_object"), (b"[1]", "not_an_object"), (b"[1", "malformed_json"), (b"{}x", "malformed_json"),
        (b"{}", "missing_field:event_id"), (b'{"event_id": NaN}', "malformed_json"),
        (b'{"event_id": "\\ud800"}', "malformed_json"), (b'{"event_id": "\xed\xa0\x80"}', "malformed_json"),
        (b'{"x": "\xff"}', "malformed_json"), (b" " * 8_193, "oversize"), (b"1" * 8_000, "not_an_object"),
        (b'{"event_id": 1' + b"0" * 8_000 + b"}", "wrong_type:event_id"), (b"\xef\xbb\xbf{}", "malformed_json"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_event_have_a_reason_too(value: bytes | None, reason: str) -> None:
    assert DECODER.decode(b"e-1", value) == Rejection(reason)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"unit_price":['])
def test_depth_is_malformed_whatever_the_callers_stack_is(opening: bytes) -> None:
    """100,000 levels neither crash nor hang, and the reason does not depend on how deep the caller is itself."""
    decoder = EventDecoder(
        contract().model_copy(update={"stream": contract().stream.model_copy(update={"max_event_bytes": 1_048_576})})
    )

    def deeper(levels: int, value: bytes) -> Any:
        return decoder.decode(b"", value) if levels == 0 else deeper(levels - 1, value)

    for depth in (40, 900, 100_000):
        value = (opening * depth)[:1_000_000]
        assert {deeper(levels, value) for levels in (0, 500)} == {Rejection("malformed_json")}


def test_the_last_of_repeated_members_counts() -> None:
    text = json.dumps(SALE)[:-1]
    assert outcome(text=text + ', "quantity": 7}')[4] == 7
    assert outcome(text='{"quantity": "x", ' + text[1:] + "}")[4] == 6
    assert outcome(text=text + ', "quantity": "x"}') == "wrong_type:quantity"


def cost(of: Callable[[], Any]) -> float:
    """CPU seconds, the least of three times, so that nobody else on the machine counts."""
    costs = []
    for _ in range(3):
        started = time.process_time()
        of()
        costs.append(time.process_time() - started)
    return min(costs)


@pytest.mark.parametrize(
    "value",
    [
        b'{"unit_price":"' + b"1" * 1_000_000 + b'"}', b'"\\' * 500_000, b'{"a":1,' * 140_000, b'"' * 1_000_000,
        b'{"items":[' + b"{}," * 340_000 + b"{}]}", b"{" + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}",
        b'{"coupon":"' + b"A" * 1_000_000 + b'"}',
        b'{"order_id":"a","ordered_at":"2011-01-01T00:00:00Z","channel":"web","total":1,"shipping":{'
        + b",".join(b'"%d":1' % n for n in range(80_000)) + b"}}",
    ],
    ids=lambda value: value[:12].decode(),
)  # fmt: skip
def test_no_input_is_slow(value: bytes) -> None:
    """The worst inputs of the largest size take some ten times what the standard library needs to read a megabyte."""
    reference = cost(lambda: json.loads(b"[" + b'{"a":1},' * 125_000 + b"1]"))
    for product in ("retail_sales", "shop_orders"):
        own = contract(product)
        large = own.model_copy(update={"stream": own.stream.model_copy(update={"max_event_bytes": 1_048_576})})
        decoder = EventDecoder(large)
        assert isinstance(decoder.decode(b"", value), Rejection)
        assert cost(lambda of=decoder: of.decode(b"", value)) < 40 * reference


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.data())
def test_no_mutation_of_an_event_raises_and_both_ways_agree(data: Any) -> None:
    """The quick way is only a short cut: the slow way alone gives the same row or the same reason."""
    records = [record for case in cases("retail_sales") for record in case.records if record.value is not None]
    record = data.draw(st.sampled_from(records))
    value = bytearray(record.value or b"")
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3)):
        if at < len(value):
            value[at] = byte
    result = DECODER.decode(record.key, bytes(value))
    assert isinstance(result, tuple | Rejection)
    if len(value) <= 8_192:
        assert DECODER._slowly(record.key, bytes(value)) == result


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.one_of(st.none(), st.binary(max_size=40)), st.one_of(st.none(), st.binary(max_size=200)))
def test_no_bytes_raise(key: bytes | None, value: bytes | None) -> None:
    assert isinstance(DECODER.decode(key, value), Rejection)


def test_a_field_may_have_any_name_and_an_optional_decimal_may_be_null() -> None:
    decoder = EventDecoder(EVERY_KIND)
    at = '"event_id": "e", "at": "2011-01-01T00:00:00Z"'
    assert decoder.decode(b"e", f'{{{at}, "amount": null}}'.encode()) == ("e", 1_293_840_000_000_000, *[None] * 4)
    assert decoder.decode(b"e", f'{{{at}, "amount": 1.5}}'.encode()) == (
        "e", 1_293_840_000_000_000, None, None, 150, None,
    )  # fmt: skip
    assert decoder.decode(b"e", b'{"event_id": "e", "at": "2011-01-01T00:00:00"}') == Rejection("wrong_type:at")


def test_the_payload_hash_is_128_bits_of_the_raw_value() -> None:
    assert payload_hash(b"") == bytes.fromhex("cae66941d9efbd404e4d88758ea67670")
    assert payload_hash(b"{}") != payload_hash(b"{ }")


def test_the_arrow_schema_has_the_columns_of_a_row() -> None:
    schema = arrow_schema(contract())
    assert tuple(schema.names) == DECODER.columns
    assert str(schema.field("unit_price").type) == "decimal128(12, 3)"
    assert str(schema.field("invoice_ts").type) == "timestamp[us, tz=UTC]"
