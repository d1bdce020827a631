"""A missed deadline says whose run was late, in a line that can be found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

from tideline_airflow.deadline import IntervalEnd, alert, missed

from tideline.settings import settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TIDELINE_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_a_contract_without_a_deadline_has_no_alert() -> None:
    assert alert(None, "retail-data", "gold") is None


def test_a_miss_is_a_line_with_a_code_the_dag_the_run_and_the_owner(home: Path) -> None:
    context = {
        "dag_run": {"dag_id": "retail.sales", "dag_run_id": "scheduled__1", "state": "running"},
        "deadline": {"deadline_time": "2011-01-05T02:00:00+00:00"},
    }
    line = missed("retail-data", "gold", 7200.0, context)
    assert (home / "logs" / "deadlines.log").read_text() == line + "\n"
    assert line.startswith("TL-AIR-010 ")
    facts = json.loads(line[line.index("{") :])
    assert (facts["dag"], facts["run"], facts["owner"], facts["tier"]) == (
        "retail.sales", "scheduled__1", "retail-data", "gold",
    )  # fmt: skip
    missed("retail-data", "gold", 7200.0, None)
    assert len((home / "logs" / "deadlines.log").read_text().splitlines()) == 2


@dataclass(frozen=True)
class Run:
    """What the reference asks Airflow's database for."""

    run_type: str
    data_interval_end: datetime | None
    run_after: datetime


class Session:
    """A database that holds one run, or none."""

    def __init__(self, run: Run | None) -> None:
        self.run = run

    def execute(self, _asked: object) -> Session:
        return self

    def one_or_none(self) -> Run | None:
        return self.run


END, ASKED = datetime(2011, 1, 5, tzinfo=UTC), datetime(2011, 1, 5, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("run", "moment"),
    [
        (Run("scheduled", END, END), END),
        (Run("manual", END, ASKED), ASKED),
        (Run("backfill", END, ASKED), None),
        (None, None),
    ],
)
def test_a_deadline_counts_from_the_end_of_the_interval_and_a_backfill_has_none(
    run: Run | None, moment: datetime | None
) -> None:
    assert IntervalEnd()._evaluate_with(session=Session(run), dag_id="retail.sales", run_id="x") == moment
