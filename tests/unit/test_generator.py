"""Made-up and real events: repeatable, valid, and broken in all the ways that are promised."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from tests.golden.cases import contract
from tests.unit.sales import SALES
from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.local import generator, online_retail
from tideline.local.journal import PlannedEvent
from tideline.local.mishaps import Mix, disturb, kinds
from tideline.model.contract import Contract
from tideline.model.errors import Fatal

RETAIL = Path(__file__).parents[3] / "shared" / "data" / "online_retail"


@pytest.fixture(scope="module")
def stream() -> list[PlannedEvent]:
    return list(disturb(generator.events(SALES, 7), SALES, Mix(), 7))


def test_the_same_seed_gives_the_same_stream_and_another_another(stream: list[PlannedEvent]) -> None:
    assert stream == list(disturb(generator.events(SALES, 7), SALES, Mix(), 7))
    assert stream[:100] != list(disturb(generator.events(SALES, 8), SALES, Mix(), 8))[:100]


def test_sales_are_skewed_over_products_countries_and_two_weeks() -> None:
    lines = [json.loads(event.value) for event in generator.events(SALES, 7)]
    assert len(lines) == 20_000
    countries = Counter(line["country"] for line in lines)
    assert len(countries) == 12
    assert countries["United Kingdom"] > 8_000
    assert 250 <= len({line["stock_code"] for line in lines}) <= 300
    days = {line["invoice_ts"][:10] for line in lines}
    assert len(days) == 14
    assert any("customer_id" not in line for line in lines)


def test_a_cancelled_order_takes_back_what_was_sold() -> None:
    """At least one, also in a short stream; its quantities are negative and its ids new."""
    for count in (400, 20_000):
        lines = [json.loads(event.value) for event in generator.events(SALES, 7, count)]
        taken = [line for line in lines if line["invoice_no"].startswith("C")]
        assert taken
        assert all(line["quantity"] < 0 for line in taken)
        sold = {(line["invoice_no"], line["stock_code"], -line["quantity"]) for line in lines}
        assert all((line["invoice_no"][1:], line["stock_code"], line["quantity"]) in sold for line in taken)
        assert len({line["event_id"] for line in lines}) == count


def test_repeats_are_exact_and_some_lie_far_apart(stream: list[PlannedEvent]) -> None:
    """Far ones straddle whatever cut a batch chooses."""
    first = {event.key: n for n, event in reversed(list(enumerate(stream))) if event.kind in ("sale", "late")}
    value = {event.key: event.value for event in stream if event.kind == "sale"}
    apart = [n - first[event.key] for n, event in enumerate(stream) if event.kind == "duplicate"]
    assert all(value[event.key] == event.value for event in stream if event.kind == "duplicate")
    assert len(apart) > 200
    assert min(apart) > 0
    assert sum(distance > 2_000 for distance in apart) > 50


def test_late_events_arrive_after_younger_ones(stream: list[PlannedEvent]) -> None:
    newest, late = "", 0
    for event in stream:
        if event.kind not in ("sale", "late"):
            continue
        time = json.loads(event.value)["invoice_ts"]
        late += event.kind == "late" and time < newest
        newest = max(newest, time)
    assert late > 100


def test_conflicts_share_an_id_that_was_sent_with_another_payload(stream: list[PlannedEvent]) -> None:
    seen: dict[str, bytes] = {}
    found = 0
    for event in stream:
        if event.kind == "conflict":
            found += 1
            assert json.loads(seen[event.key]) != json.loads(event.value)
            assert json.loads(event.value)["event_id"] == event.key
        elif event.kind != "broken":
            seen[event.key] = event.value
    assert found > 10


def test_every_kind_of_broken_record_is_refused_for_its_own_reason(stream: list[PlannedEvent]) -> None:
    """The ways differ, and none of them passes as a good event by accident."""
    ways = kinds(SALES)
    assert len(ways) >= 10
    broken = [event for event in stream if event.kind == "broken"]
    assert len(broken) >= len(ways)
    values = [event.value for event in broken[: len(ways)]]
    assert len(set(values)) == len(ways)
    keys = Counter(event.key for event in stream)
    assert all(keys[event.key] == 1 for event in broken)


def test_the_skipped_hour_is_found() -> None:
    assert generator.missing_hour("Europe/London") == datetime.fromisoformat("2011-03-27T01:30:00")
    assert generator.missing_hour("UTC") is None


def test_real_lines_keep_their_text(tmp_path: Path) -> None:
    """Prices exact, customers without the float's tail, empty fields absent, quotes and blanks as they are."""
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    rows = '536365,85123A," 6"" HEART, ",6,2010-12-01 08:26:00,2.550,17850.0,United Kingdom\n'
    rows += "C1,D,,-1,2011-01-04 10:00:00,1E-3,,EIRE\n"
    with gzip.open(tmp_path / "2010-12.csv.gz", "wt") as file:
        file.write(head + rows)
    first, second = online_retail.events(tmp_path)
    assert first.key == "or-2010-12-000001"
    assert json.loads(first.value) == {
        "event_id": "or-2010-12-000001", "invoice_no": "536365", "stock_code": "85123A", "description": ' 6" HEART, ',
        "quantity": 6, "invoice_ts": "2010-12-01T08:26:00", "unit_price": "2.550", "customer_id": "17850",
        "country": "United Kingdom",
    }  # fmt: skip
    assert set(json.loads(second.value)) == {
        "event_id", "invoice_no", "stock_code", "quantity", "invoice_ts", "unit_price", "country",
    }  # fmt: skip
    assert json.loads(second.value)["unit_price"] == "1E-3"


def test_a_folder_without_data_or_with_other_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="TL-REP-002"):
        list(online_retail.events(tmp_path))
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("a,b\n1,2\n")
    with pytest.raises(Fatal, match="TL-REP-003"):
        list(online_retail.events(tmp_path))


@pytest.mark.skipif(not RETAIL.is_dir(), reason="the online retail data set is not beside the project")
def test_all_lines_of_the_real_data_set_are_read_once() -> None:
    keys = [event.key for event in online_retail.events(RETAIL)]
    assert len(keys) == len(set(keys)) == 320_705


def test_nested_events_are_valid_and_broken_ones_are_not() -> None:
    """Every event of a contract with rules, limits and nested values counts; every broken one is refused; conflicts are
    valid by themselves."""
    orders = contract("shop_orders")
    decoder = EventDecoder(orders)
    made = list(disturb(generator.events(orders, 7, 3_000), orders, Mix(broken=3.0), 7))
    assert made == list(disturb(generator.events(orders, 7, 3_000), orders, Mix(broken=3.0), 7))
    results = {(event.kind, isinstance(decoder.decode(event.key.encode(), event.value), Rejection)) for event in made}
    assert results == {(kind, kind == "broken") for kind in ("sale", "late", "duplicate", "conflict", "broken")}
    reasons = {decoder.decode(e.key.encode(), e.value) for e in made if e.kind == "broken"}
    wanted = ["not_in_enum:channel", "pattern:items[].sku", "out_of_range:items[].quantity", "wrong_type:shipping"]
    assert {Rejection(reason) for reason in wanted} <= reasons
    events = [json.loads(event.value) for event in made if event.kind == "sale"]
    assert {event["channel"] for event in events} == {"web", "shop", "phone"}
    assert {event.get("attributes", {}).get("partner") for event in events} == {None, "north", "south"}
    assert {"shipping" in event for event in events} == {True, False}


def test_a_contract_whose_rules_no_made_up_event_keeps_is_told() -> None:
    orders = contract("shop_orders").model_dump()
    orders["rules"] = [{"name": "impossible", "expression": "total < 0"}]
    with pytest.raises(Fatal, match="TL-REP-005"):
        list(generator.events(Contract.model_validate(orders), 7, 1))
