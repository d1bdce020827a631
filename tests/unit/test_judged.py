"""Which days of silver are judged under other rules than the contract's, from silver's own commits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract
from tests.fakes.documents import FakeDocuments
from tests.fakes.tables import FakeTables
from tideline.batch.commits import StageCommit
from tideline.batch.judged import days_to_restate
from tideline.model.contract import Contract
from tideline.model.position import Coverage, StreamId
from tideline.model.release import Release, release_name
from tideline.ports import DataFile

LOOSE = small_contract()
STRICT = small_contract(rules=[{"name": "enough", "expression": "quantity >= 10"}])
WIDER = small_contract(fields=[*LOOSE.fields, {"name": "note", "type": "string", "description": "Said."}])
COVERAGE = Coverage(StreamId("retail.sales.v1", "one"), {0: 10})
ALL = [(date(2026, 1, 2), date(2026, 1, 6))]


class Silver:
    """Silver of one product with the days 2 to 5 January, and its commits."""

    def __init__(self) -> None:
        self.documents, self.tables = FakeDocuments(), FakeTables()

    def commit(self, stage: str, contract: Contract, **said: Any) -> int:
        words = StageCommit(stage, "r", contract.id, contract.hash, 1, COVERAGE, **said)
        version = self.tables.commit("silver/retail/sales", None, json.loads(words.as_metadata())["tideline"])
        ends = [datetime(2026, 1, day, 23, tzinfo=UTC) for day in (2, 5)]
        self.tables.tables["silver/retail/sales"].files = [DataFile(100, 2, {"at": ends[0]}, {"at": ends[1]})]
        return version

    def release(self, contract: Contract, version: int) -> None:
        release = Release(1, contract.id, "1", contract.hash, "r", "2026-01-01T00:00:00Z", COVERAGE, 0, version, None)
        self.documents.put_new(release_name(contract.id, 1), release.as_json())

    def left(self, contract: Contract) -> list[tuple[date, date]]:
        return days_to_restate(contract, self.documents, self.tables)


def test_one_contract_leaves_nothing_and_another_one_every_day() -> None:
    silver = Silver()
    assert silver.left(LOOSE) == []
    silver.commit("refine", LOOSE)
    assert silver.left(LOOSE) == []
    assert silver.left(STRICT) == ALL


def test_a_restate_of_some_days_leaves_the_others_also_when_it_was_the_last_commit() -> None:
    """The shortfall of the first audit: the newest commit had the new hash, and older days were never looked at."""
    silver = Silver()
    silver.commit("refine", LOOSE)
    silver.commit("restate", STRICT, days=("2026-01-03", "2026-01-04"))
    assert silver.left(STRICT) == [(date(2026, 1, 2), date(2026, 1, 3)), (date(2026, 1, 4), date(2026, 1, 6))]
    silver.commit("restate", STRICT, days=("2026-01-04", "2026-02-01"))
    assert silver.left(STRICT) == [(date(2026, 1, 2), date(2026, 1, 3))]
    silver.commit("restate", STRICT, days=("2026-01-01", "2026-01-03"))
    assert silver.left(STRICT) == []
    assert silver.left(LOOSE) == ALL


def test_an_evolution_that_changes_no_verdict_takes_the_old_rows_over() -> None:
    silver = Silver()
    silver.commit("refine", LOOSE)
    silver.commit("evolve", WIDER, replaces=LOOSE.hash)
    assert silver.left(WIDER) == []
    silver.commit("refine", WIDER)
    assert silver.left(WIDER) == []
    assert silver.left(LOOSE) == ALL, "going back is a change of its own"


def test_an_evolution_that_needs_a_rebuild_leaves_every_day() -> None:
    silver = Silver()
    silver.commit("refine", WIDER)
    silver.commit("evolve", LOOSE, replaces=WIDER.hash, rebuild=True)
    assert silver.left(LOOSE) == ALL
    silver.commit("restate", LOOSE, days=("2026-01-02", "2026-01-06"))
    assert silver.left(LOOSE) == []


def test_an_evolution_that_was_taken_back_before_anything_was_judged_leaves_nothing() -> None:
    silver = Silver()
    silver.commit("refine", WIDER)
    silver.commit("evolve", LOOSE, replaces=WIDER.hash, rebuild=True)
    silver.commit("evolve", WIDER, replaces=LOOSE.hash)
    assert silver.left(WIDER) == []


@pytest.mark.parametrize(("released", "left"), [(WIDER, []), (STRICT, ALL)])
def test_what_is_released_was_audited_so_older_commits_are_not_read(
    released: Contract, left: list[tuple[date, date]]
) -> None:
    silver = Silver()
    silver.commit("refine", STRICT)
    silver.release(released, silver.commit("restate", released, days=("2026-01-02", "2026-01-06")))
    silver.commit("refine", WIDER)
    assert silver.left(WIDER) == left


def test_a_table_without_statistics_is_read() -> None:
    import pyarrow as pa

    silver = Silver()
    silver.commit("refine", LOOSE)
    table = silver.tables.tables["silver/retail/sales"]
    table.files = [replace(table.files[0], low={}, high={})]
    table.rows[-1] = pa.table({"at": pa.array([datetime(2026, 3, 1, 5, tzinfo=UTC)], pa.timestamp("us", "UTC"))})
    assert silver.left(STRICT) == [(date(2026, 3, 1), date(2026, 3, 2))]


def test_days_out_of_retention_are_not_asked_for() -> None:
    """Bronze need not have them any more, so nobody could judge them again: a run would be refused for ever."""
    silver = Silver()
    silver.commit("refine", LOOSE)
    asked = (STRICT, silver.documents, silver.tables)
    oldest = date(2026, 1, 4)
    assert days_to_restate(*asked, oldest + STRICT.retention) == [(oldest, date(2026, 1, 6))]
    assert days_to_restate(*asked, date(2026, 1, 2) + STRICT.retention) == ALL
    assert days_to_restate(*asked, date(2026, 1, 6) + STRICT.retention) == []
