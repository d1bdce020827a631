"""A missed deadline says whose run was late, in a line that can be found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

from tideline_airflow.deadline import alert, missed

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
