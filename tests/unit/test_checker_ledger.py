"""The ledger by itself: what it makes of events, what it says of answers, and its line protocol."""

from __future__ import annotations

import base64
import copy
import http.server
import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.checker.oracle import Checker
from tests.checker.prober import Acknowledged, Prober
from tests.checker.promise import Contract
from tideline.settings import REPOSITORY

SALES = REPOSITORY / "contracts" / "retail" / "sales.odcs.yaml"
SALE: dict[str, Any] = {
    "event_id": "a", "invoice_no": "5", "stock_code": "S", "quantity": 2, "invoice_ts": "2011-01-04T10:00:00",
    "unit_price": "1.25", "customer_id": None, "country": "France",
}  # fmt: skip
URL = "/v1/retail/sales_by_country_and_day"


def event(**changes: Any) -> bytes:
    return json.dumps({**SALE, **changes}).encode()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "no_value"),
        (b"x" * 8193, "oversize"),
        (b"{", "malformed_json"),
        (b'{"quantity": NaN}', "malformed_json"),
        (b"[1]", "not_an_object"),
        (event(country=None), "missing_field:country"),
        (event(quantity="2"), "wrong_type:quantity"),
        (event(quantity=True), "wrong_type:quantity"),
        (event(quantity=2**63), "out_of_range:quantity"),
        (event(unit_price="1.2501"), "out_of_range:unit_price"),
        (event(unit_price="1234567890"), "out_of_range:unit_price"),
        (event(unit_price="one"), "wrong_type:unit_price"),
        (event(country="x" * 61), "out_of_range:country"),
        (event(invoice_ts="2011-01-04"), "wrong_type:invoice_ts"),
        (event(invoice_ts="2011-01-04T10:00:00Z"), "wrong_type:invoice_ts"),
        (event(invoice_ts="2011-02-29T10:00:00"), "out_of_range:invoice_ts"),
        (event(invoice_ts="2011-03-27T01:30:00"), "nonexistent_local_time:invoice_ts"),
        (event(colour="red"), "unknown_field:colour"),
        (event(event_id="b"), "key_is_not_id"),
        (event(unit_price="-0.001"), "rule:unit_price_not_negative"),
        (event(quantity=0), "rule:quantity_not_zero"),
    ],
)
def test_a_bad_event_has_the_documented_reason(raw: bytes | None, reason: str) -> None:
    assert Contract(SALES).read(b"a", raw) == reason


def test_prices_are_exact_however_they_are_written() -> None:
    written = [b'"unit_price": 1.1', b'"unit_price": "1.10"', b'"unit_price": 11e-1']
    rows = [Contract(SALES).read(b"a", event().replace(b'"unit_price": "1.25"', text)) for text in written]
    assert {str(row["unit_price"]) for row in rows if isinstance(row, dict)} == {"1.100"} and len(rows) == 3


@pytest.fixture
def checker() -> Checker:
    """France on 4 January: two sales (one of them repeated), Spain after midnight in summer."""
    found = Checker(Contract(SALES))
    found.add(0, 0, b"a", event())
    found.add(0, 1, b"b", event(event_id="b", quantity=-1, unit_price="0.5"))
    found.add(0, 2, b"b", event(event_id="b", quantity=-1, unit_price="0.5"))
    found.add(1, 0, b"c", event(event_id="c", country="Spain", invoice_ts="2011-07-04T00:30:00"))
    return found


def answer(**merged: int) -> dict[str, Any]:
    france = {"revenue": "2.000", "quantity": 1, "lines": 2, "highest_unit_price": "1.250", "average_line": "1.000000"}
    spain = {"revenue": "2.500", "quantity": 2, "lines": 1, "highest_unit_price": "1.250", "average_line": "2.500000"}
    meta = {
        "view": "sales_by_country_and_day", "consistency": "merged", "complete": True, "lacks": [], "next_cursor": None,
        "coverage": {"batch": {"0": 1}, "merged": {"0": 3, "1": 1}},
    }  # fmt: skip
    rows = [
        {"country": "France", "day": "2011-01-04", **france, "customers": 0},
        {"country": "Spain", "day": "2011-07-03", **spain, "customers": 0},
    ]
    return {"url": URL, "body": {"data": rows, "meta": meta}}


def kinds(checker: Checker, changed: dict[str, Any]) -> set[str]:
    return {violation["kind"] for violation in checker.check(changed)}


def test_a_right_answer_has_no_violation(checker: Checker) -> None:
    assert checker.check(answer()) == []


@pytest.mark.parametrize(
    ("measure", "wrong"),
    [("revenue", "2.001"), ("revenue", "2.0"), ("revenue", 2.0), ("revenue", 2), ("lines", 3), ("lines", "2"),
     ("lines", True), ("average_line", "1.00000"), ("highest_unit_price", None), ("customers", 1)],
)  # fmt: skip
def test_a_value_that_differs_in_any_digit_or_type_is_wrong(checker: Checker, measure: str, wrong: Any) -> None:
    changed = answer()
    changed["body"]["data"][0][measure] = wrong
    assert kinds(checker, changed) == {"wrong_value"}


def test_missing_and_invented_groups_are_told_apart(checker: Checker) -> None:
    missing, invented = answer(), answer()
    missing["body"]["data"].pop()
    invented["body"]["data"][1]["day"] = "2011-07-04"
    assert kinds(checker, missing) == {"missing_group"}
    assert kinds(checker, invented) == {"missing_group", "invented_group"}


def test_positions_never_go_back_for_one_client(checker: Checker) -> None:
    older = answer()
    older["body"]["meta"]["coverage"]["merged"]["1"] = 0
    older["body"]["data"].pop()
    assert checker.check({**answer(), "client": "one"}) == []
    assert kinds(checker, {**older, "client": "two"}) == set()
    assert kinds(checker, {**older, "client": "one"}) == {"regress"}


def test_an_acknowledged_event_has_to_be_covered(checker: Checker) -> None:
    assert kinds(checker, {**answer(), "acked": {"0": 3}}) == set()
    assert kinds(checker, {**answer(), "acked": {"0": 4}}) == {"lost_ack"}


def test_completeness_has_to_be_honest(checker: Checker) -> None:
    gap, shy, greedy = answer(), answer(), answer()
    gap["body"]["meta"]["lacks"] = [{"partition": 0, "from": 0, "to": 1}]
    shy["body"]["meta"]["complete"] = False
    greedy["body"]["meta"]["coverage"]["batch"]["0"] = 9
    for wrong in (gap, shy, greedy):
        assert "dishonest_complete" in kinds(checker, wrong)


def test_roll_ups_filters_and_pages_are_checked_too(checker: Checker) -> None:
    total = answer()
    total["url"] += "?dimensions="
    row = {"revenue": "4.500", "quantity": 3, "lines": 3, "highest_unit_price": "1.250", "average_line": "1.500000"}
    total["body"]["data"] = [{**row, "customers": 0}]
    assert checker.check(total) == []
    filtered, page = answer(), answer()
    filtered["url"] += "?country.in=Spain,Eire&day.gte=2011-02-01"
    assert kinds(checker, filtered) == {"invented_group"}
    filtered["body"]["data"].pop(0)
    assert checker.check(filtered) == []
    page["url"] += "?limit=1"
    page["body"]["data"].pop()
    assert kinds(checker, page) == {"missing_group"}
    page["body"]["meta"]["next_cursor"] = "more"
    assert checker.check(page) == []


def test_nothing_is_judged_beyond_what_is_known_and_it_is_judged_later(checker: Checker) -> None:
    early = answer()
    early["body"]["meta"]["coverage"]["merged"]["1"] = 2
    assert kinds(checker, copy.deepcopy(early)) == {"unknown_positions"}
    checker.add(1, 1, b"d", b"{")
    assert checker.check(early) == []


def journal(path: Path, *events: tuple[str, bytes, int | None]) -> Path:
    lines: list[dict[str, Any]] = []
    for n, (key, value, position) in enumerate(events):
        lines.append({"n": n, "phase": "intent", "key": key, "value": base64.b64encode(value).decode()})
        if position is not None:
            lines.append({"n": n, "phase": "ok", "partition": 0, "position": position})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_program_answers_each_line_and_ends_with_a_summary(tmp_path: Path) -> None:
    told = journal(tmp_path / "j", ("a", event(), 0), ("a", event(), 1), ("x", b"{", 2), ("y", b"{", None))
    right = answer()
    right["body"]["meta"]["coverage"]["merged"] = {"0": 3}
    right["body"]["data"] = [{**right["body"]["data"][0], "revenue": "2.500", "quantity": 2, "lines": 1}]
    right["body"]["data"][0]["average_line"] = "2.500000"
    asked = [{"cmd": "totals", "vector": {"0": 3}}, right, {"cmd": "settled", "vector": {"0": 2}}, {"url": URL}]
    program = [sys.executable, "-m", "tests.checker.oracle", "--contract", str(SALES), "--journal", str(told)]
    lines = "".join(json.dumps(line) + "\n" for line in asked)
    done = subprocess.run(program, input=lines, cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    totals, verdict, settled, broken = map(json.loads, done.stdout.splitlines())
    assert (totals["in"], totals["good"], totals["deduplicated"], totals["quarantined"]) == (3, 1, 1, 1)
    assert totals["reasons"] == {"malformed_json": 1}
    assert totals["sums"]["sales_by_country_and_day"] == {"revenue": "2.500", "quantity": "2"}
    assert verdict == {"violations": []}
    assert settled["violations"] == [{"kind": "lost_ack", "partition": 0, "acked": 2}]
    assert broken["violations"][0]["kind"] == "wrong_shape"
    assert json.loads(done.stderr)["violations"] == {"lost_ack": 1, "wrong_shape": 1}
    assert done.returncode == 1


def test_the_prober_keeps_what_two_clients_saw_and_what_was_due(tmp_path: Path) -> None:
    told = journal(tmp_path / "j", ("a", event(), 0), ("a", event(), 4))
    body, seen = json.dumps(answer()["body"]).encode(), threading.Semaphore(0)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
            seen.release()

        def log_message(self, *_: Any) -> None:
            """Keep the test's output quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = io.StringIO()
    prober = Prober(f"http://127.0.0.1:{server.server_port}", [URL], out, Acknowledged(told), slo_s=0.0)
    prober.start()
    assert all(seen.acquire(timeout=20) for _ in range(8))
    prober.stop()
    server.shutdown()
    server.server_close()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == prober.answers >= 8 and prober.unanswered == 0
    assert {line["client"] for line in lines} == {"client-1", "client-2"}
    assert lines[-1]["acked"] == {"0": 5} and lines[-1]["body"] == answer()["body"]


def test_the_ledger_imports_nothing_of_the_product() -> None:
    code = (
        "import sys, tests.checker.oracle, tests.checker.prober; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    ours = {
        "tideline",
        "speed_layer",
        "serving_layer",
        "spark_jobs",
        "tideline_airflow",
        "polars",
        "pyspark",
        "pydantic",
    }
    assert not ours & set(done.stdout.split())
