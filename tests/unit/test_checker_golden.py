"""The ledger and the golden cases say the same: two readings of a contract that share no code."""

from __future__ import annotations

from decimal import localcontext

import pytest

from tests.checker.oracle import Checker
from tests.checker.promise import Contract
from tests.golden.cases import Case, cases, source

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_ledger_reads_every_record_as_the_case_expects(case: Case) -> None:
    """Each refused record for its reason, nested values with the path of the field."""
    contract = Contract(source(case.product))
    refused = {(entry["partition"], entry["position"]): entry["reason"] for entry in case.expect["quarantine"]}
    for record in case.records:
        expected = refused.get((record.partition, record.position))
        if expected != "id_conflict":
            read = contract.read(record.key, record.value)
            assert (read if isinstance(read, str) else None) == expected


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_ledger_finds_every_figure_of_the_case_right(case: Case) -> None:
    """The expected rows as an answer have no violation; with one digit changed they have."""
    checker = Checker(Contract(source(case.product)))
    for record in case.records:
        checker.add(record.partition, record.position, record.key, record.value, record.log_time_ms)
    merged = {str(record.partition): record.position + 1 for record in case.records}
    checker.read = {int(partition): end for partition, end in merged.items()}
    meta = {"consistency": "merged", "complete": True, "lacks": [], "next_cursor": None}
    for view, rows in case.expect["views"].items():
        said = {**meta, "view": view, "coverage": {"batch": {}, "merged": merged}}
        with localcontext(prec=200):
            assert checker.check({"url": f"/v1/x/{view}", "body": {"data": rows, "meta": said}}) == []
            for measure in ("lines", "orders"):
                if rows and measure in rows[0]:
                    wrong = [{**rows[0], measure: rows[0][measure] + 1}, *rows[1:]]
                    found = checker.check({"url": f"/v1/x/{view}", "body": {"data": wrong, "meta": said}})
                    assert [violation["kind"] for violation in found] == ["wrong_value"]
