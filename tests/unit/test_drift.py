"""Drift reports: what is counted, kept once, and when it ends a run."""

from __future__ import annotations

from typing import Any

import pytest

from spark_jobs.drift import keep
from tests.fakes.contract_index import small_contract
from tests.fakes.documents import FakeDocuments
from tideline.model.contract import Contract, Drift
from tideline.model.drift import OTHER, FieldDrift, Report, Tally, What, known_paths, name_of, refusal, what_of
from tideline.model.errors import DataError

FIELDS: list[dict[str, Any]] = [
    {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
    {"name": "at", "type": "timestamp", "required": True, "description": "When."},
    {
        "name": "lines",
        "type": "array",
        "description": "Lines.",
        "items": {
            "name": "item",
            "type": "object",
            "description": "A line.",
            "fields": [{"name": "sku", "type": "string", "description": "Article."}],
        },
    },
    {
        "name": "attributes",
        "type": "map",
        "description": "Others.",
        "values": {"name": "value", "type": "string", "description": "A text."},
    },
]
CONTRACT = small_contract(fields=FIELDS, views=[])


def report(contract: Contract = CONTRACT, end: int = 10, start: int = 0, **fields: int) -> Report:
    """A report in which every given path drifted in so many records."""
    found = {path: FieldDrift(what_of(contract, path), records, first=(0, 3)) for path, records in fields.items()}
    return Report(contract.id, contract.hash, "r1", {0: start}, {0: end}, sum(fields.values()), found)


def promising(**drift: str) -> Contract:
    return CONTRACT.model_copy(update={"drift": Drift.model_validate(drift)})


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("colour", "new"), ("at", "changed"), ("lines", "changed"), ("lines[]", "changed"), ("lines[].sku", "changed"),
        ("lines[].size", "new"), ("attributes{}", "changed"), ("at.zone", "new"), ("?", "new"), ("lines[].?", "new"),
    ],
)  # fmt: skip
def test_what_the_contract_knows_has_changed_the_rest_is_new(path: str, what: str) -> None:
    assert what_of(CONTRACT, path) == what


def test_the_paths_of_a_contract_are_those_that_can_change() -> None:
    paths = list(known_paths(CONTRACT.fields))
    assert paths == ["event_id", "at", "lines", "lines[]", "lines[].sku", "attributes", "attributes{}"]
    assert all(what_of(CONTRACT, path) is What.CHANGED for path in paths)


def test_a_record_counts_once_per_path_and_kind() -> None:
    """However many items of an array carry the same new member."""
    tally = Tally(CONTRACT)
    whats = tally.see((0, 7), (("lines[].size", "integer"), ("lines[].size", "string"), ("at", "integer")))
    assert tally.see((1, 2), (("lines[].size", "integer"),)) == {What.NEW}
    assert whats == {What.NEW, What.CHANGED}
    size = tally.fields["lines[].size"]
    assert (size.records, dict(size.kinds), size.first, size.last) == (2, {"integer": 2, "string": 1}, (0, 7), (1, 2))
    assert tally.records == 2


def test_a_tally_of_many_paths_has_one_place_for_the_rest() -> None:
    tally = Tally(CONTRACT)
    for number in range(200):
        tally.see((0, number), ((f"x{number}", "string"), (f"y{number}", "string")))
    assert len(tally.fields) == 101
    assert sum(found.records for path, found in tally.fields.items() if path != OTHER) == 100
    assert (tally.fields[OTHER].records, tally.fields[OTHER].first) == (150, (0, 50))


def test_a_document_says_the_same_after_reading() -> None:
    own = report(colour=3, at=1)
    assert Report.from_json(own.as_json()).as_json() == own.as_json()
    for broken in ({}, {**own.as_json(), "fields": {"x": {"what": "odd"}}}, {**own.as_json(), "from": None}):
        with pytest.raises(DataError, match="TL-DRF-002"):
            Report.from_json(broken)


def test_a_report_lies_within_one_that_read_at_least_the_same() -> None:
    assert report(end=5).within(report(end=9))
    assert report(start=5, end=5).within(report(start=7, end=9))
    assert not report(end=9).within(report(end=5))
    assert not report(start=0).within(report(start=1))


def test_only_what_the_contract_does_not_stand_ends_the_run() -> None:
    """New and changed fields have promises of their own; the error names them, most frequent first, and the command."""
    own = report(colour=3, at=1, size=9)
    assert refusal(promising(), own) is None
    assert refusal(promising(new_fields="evolve"), own) is None
    both = refusal(promising(new_fields="fail", changed_fields="fail"), own)
    assert both is not None
    assert "size (new, 9 records), colour (new, 3 records), at (changed, 1 records)" in both.what
    assert "tideline contract propose retail.sales" in both.fix
    assert both.code == "TL-DRF-001"
    changed = refusal(promising(new_fields="evolve", changed_fields="fail"), own)
    assert changed is not None and "colour" not in changed.what


def test_a_document_is_written_once_and_found_by_a_retry() -> None:
    """The same content has one document also when the write's answer was lost; other content has the next number."""
    documents = FakeDocuments()
    assert keep(documents, report(colour=3)) == name_of("retail.sales", "r1")
    assert keep(documents, report(colour=3)) == "drift/retail.sales/r1.json"
    assert keep(documents, report(colour=5, end=20)) == "drift/retail.sales/r1.2.json"
    assert keep(documents, report(colour=3)) == "drift/retail.sales/r1.json"
    assert len(documents.texts) == 2
