"""`tideline offsets --verify`: every contradiction between log, tables and release is found, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.documents import FakeDocuments
from tests.fakes.event_log import FakeEventLog
from tests.unit.sales import SALES
from tideline.batch.commits import StageCommit
from tideline.model.errors import PositionLost
from tideline.model.position import Coverage, StreamId
from tideline.model.release import Release, ReleasedView, release_name
from tideline.ports import TableCommit
from tideline.standing import contradictions, look

TOPIC = SALES.stream.topic


@dataclass
class Tables:
    """Tables by path: present version and the metadata of the newest commit."""

    commits: dict[str, TableCommit] = field(default_factory=dict)

    def last_commit(self, path: str) -> TableCommit | None:
        return self.commits.get(path)

    def version(self, path: str) -> int | None:
        return self.commits[path].version if path in self.commits else None

    def read(self, path: str, version: int, columns: Any = None) -> Any:
        raise NotImplementedError


class Setting:
    """A sound state, which each test breaks in one way."""

    def __init__(self) -> None:
        self.log, self.documents, self.tables = FakeEventLog(), FakeDocuments(), Tables()
        self.log.create(TOPIC, 2)
        for n in range(20):
            self.log.append(TOPIC, b"v", partition=n % 2)
        self.stream = self.log.stream(TOPIC)
        self.commit("bronze", 8, 3)
        self.commit("silver", 6, 3)
        self.tables.commits["gold/v"] = TableCommit(2, {})
        self.release(5)

    def commit(self, layer: str, at: int, version: int, stream: StreamId | None = None, good: int = 5) -> None:
        coverage = Coverage(stream or self.stream, {0: at, 1: at})
        counts = {0: {"in": 5, "good": good}}
        said = StageCommit(layer, "r", SALES.id, SALES.hash, 1, coverage, {0: 0, 1: 0}, None, counts)
        metadata = json.loads(said.as_metadata())["tideline"]
        self.tables.commits[f"{layer}/retail/sales"] = TableCommit(version, metadata)

    def release(self, at: int, silver_version: int = 3) -> None:
        release = Release(
            1, SALES.id, "1.0.0", SALES.hash, "r", "2026-01-01T00:00:00Z", Coverage(self.stream, {0: at, 1: at}), 3,
            silver_version, None, views={"v": ReleasedView("gold/v", 2)},
        )  # fmt: skip
        self.documents.texts[release_name(SALES.id, 1)] = json.dumps(release.as_json())

    def codes(self) -> list[str]:
        return [error.code for error in contradictions(look(SALES, self.log, self.documents, self.tables))]


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_sound_state_has_no_contradiction(setting: Setting) -> None:
    assert setting.codes() == []
    rows = look(SALES, setting.log, setting.documents, setting.tables).rows()
    assert rows[0] == {
        "partition": 0, "log_start": 0, "log_end": 10, "bronze": 8, "bronze_lag": 2, "silver": 6, "silver_lag": 4,
        "release": 5, "release_lag": 5,
    }  # fmt: skip


def test_before_the_first_run_there_is_nothing_to_contradict(setting: Setting) -> None:
    setting.tables.commits.clear()
    setting.documents.texts.clear()
    assert setting.codes() == []


def test_a_range_lost_before_ingest_is_named_exactly(setting: Setting) -> None:
    setting.log.truncate(TOPIC, 1, 9)
    (error,) = contradictions(look(SALES, setting.log, setting.documents, setting.tables))
    assert isinstance(error, PositionLost)
    assert (error.partition, error.missing, error.exit_code) == (1, (8, 9), 66)


def test_a_log_truncated_up_to_bronze_is_fine(setting: Setting) -> None:
    setting.log.truncate(TOPIC, 1, 8)
    assert setting.codes() == []


def test_a_recreated_topic_is_found_before_positions_are_compared(setting: Setting) -> None:
    setting.log.delete(TOPIC)
    setting.log.create(TOPIC, 2)
    assert setting.codes() == ["TL-OFF-001"] * 3


@pytest.mark.parametrize(("layer", "at"), [("silver", 9), ("silver", 4), ("bronze", 11)])
def test_a_layer_out_of_order_is_found(setting: Setting, layer: str, at: int) -> None:
    setting.commit(layer, at, 3)
    assert setting.codes() == ["TL-OFF-002"] * 2


def test_a_table_older_than_its_release_is_found(setting: Setting) -> None:
    """A deleted newest log file opens the older table without an error; the release knows better."""
    setting.release(5, silver_version=4)
    assert setting.codes() == ["TL-OFF-003"]
    del setting.tables.commits["gold/v"]
    assert setting.codes() == ["TL-OFF-003"] * 2


def test_records_that_are_not_accounted_for_are_found(setting: Setting) -> None:
    setting.commit("silver", 6, 3, good=4)
    assert setting.codes() == ["TL-COM-002"]
