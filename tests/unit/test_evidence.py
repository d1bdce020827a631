"""Evidence of drift: which records are looked at, how many, and where they are when bronze has lost them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from tests.fakes.contract_index import small_contract
from tests.fakes.documents import FakeDocuments
from tests.fakes.tables import FakeTables
from tideline.batch.cut import table_path
from tideline.model.drift import FieldDrift, Report, What, name_of
from tideline.proposing import evidence
from tideline.proposing.evidence import gather, reports

CONTRACT = small_contract()


def tables(layer: str, *members: dict[str, Any]) -> FakeTables:
    """One layer with an event per position."""
    rows = []
    for position, more in enumerate(members):
        event = {"event_id": f"e{position}", "at": "2026-01-02T10:00:00Z", **more}
        raw = {"key": event["event_id"].encode(), "value": json.dumps(event).encode()}
        rows.append({"partition": 0, "position": position, **raw, "reason": "unknown_field:colour", "status": "open"})
    made = FakeTables()
    made.commit(table_path(layer, CONTRACT), pa.Table.from_pylist(rows), None)
    return made


def report(end: int, first: int, path: str = "colour", key: str = "r1", start: int = 0) -> Report:
    fields = {path: FieldDrift(What.NEW, end - first, first=(0, first))}
    return Report(CONTRACT.id, CONTRACT.hash, key, {0: start}, {0: end}, end - first, fields)


def test_the_first_record_of_each_path_is_looked_at_before_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a rare path is seen although the look is bounded."""
    monkeypatch.setattr(evidence, "MAX_ROWS", 5)
    found = gather(CONTRACT, [report(100, 90)], tables("bronze", *[{}] * 90, *[{"colour": "red"}] * 10))
    assert found.rows == 5
    assert found.drifted["colour"].samples.kinds == {"string": 1}
    assert found.drifted["colour"].records == 10


def test_looking_ends_when_every_path_has_enough_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_VALUES", 3)
    found = gather(CONTRACT, [report(50, 0)], tables("bronze", *[{"colour": "red"}] * 50))
    assert (found.rows, found.drifted["colour"].samples.seen) == (3, 3)


def test_what_bronze_has_lost_is_taken_from_quarantine() -> None:
    found = gather(CONTRACT, [report(2, 1)], tables("quarantine", {}, {"colour": "red"}))
    assert found.drifted["colour"].samples.seen == 1
    assert gather(CONTRACT, [report(2, 1)], FakeTables()).unseen.keys() == {"colour"}


def test_documents_come_oldest_first_and_none_that_was_read_again() -> None:
    """Whatever their names sort like; a retry's second document replaces the first one of the same range."""
    documents = FakeDocuments()
    for name, own in (
        (name_of(CONTRACT.id, "z-first"), report(10, 0, key="z-first")),
        (name_of(CONTRACT.id, "a-second"), report(20, 10, key="a-second", start=10)),
        (name_of(CONTRACT.id, "m-third"), report(30, 20, key="m-third", start=20)),
        (name_of(CONTRACT.id, "m-third", 2), report(40, 20, "size", key="m-third", start=20)),
        ("drift/retail.other/r1.json", report(50, 0)),
    ):
        documents.put_new(name, own.as_json())
    found = reports(documents, CONTRACT.id)
    assert [(one.run_key, one.end[0]) for one in found] == [("z-first", 10), ("a-second", 20), ("m-third", 40)]
    assert [one.run_key for one in reports(documents, CONTRACT.id, "a-second")] == ["a-second", "m-third"]
