"""A DAG of several contracts in Airflow's own task runner: each goes its own way, and bears its name."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract, write_index
from tideline.local import airflow_home
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(580)]
pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

FAKE = """#!/bin/sh
echo "$2 $3" >> {folder}/calls
[ "$2.$3" = retail.product_1.refine ] && {{ echo "TL-TST-065 the fake was told to fail"; exit 65; }}
exit 0
"""
RUN = """
import json, sys
from tideline_airflow.dags import declare_batch
(dag,) = declare_batch()
run = dag.test()
states = {f"{t.rendered_map_index or t.map_index}.{t.task_id}": t.state for t in run.get_task_instances()}
json.dump({"state": run.state, "tasks": states}, open(sys.argv[1], "w"), default=str)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of a group of four contracts, in which the refine of one is told to fail; `calls` in their order."""
    folder = tmp_path_factory.mktemp("groups")
    own = Settings(home=folder / "home")
    airflow_home.prepare(own)
    (folder / "tideline").write_text(FAKE.format(folder=folder))
    (folder / "tideline").chmod(0o755)
    contracts = [
        small_contract(product, deadline="PT2H") for product in ("sales", "product_0", "product_1", "product_2")
    ]
    index = write_index(folder / "index.json", *contracts)
    of_airflow = {
        "AIRFLOW_HOME": airflow_home.home(own),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home.home(own) / 'airflow.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": REPOSITORY / "plugins",
        "AIRFLOW__CORE__DAGS_FOLDER": REPOSITORY / "dags",
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        **{name: str(value) for name, value in of_airflow.items()},
        "TIDELINE_INDEX": str(index),
        "TIDELINE_DAGS": "grouped",
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-c", RUN, str(folder / "facts.json")]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with sqlite3.connect(airflow_home.home(own) / "airflow.db") as database:
        asked = (
            "SELECT data, deadline_time, run_after, missed FROM deadline JOIN callback ON callback.id = callback_id "
        )
        alerts = database.execute(asked + "JOIN dag_run ON dag_run.id = dagrun_id").fetchall()
    calls = (folder / "calls").read_text().splitlines()
    return {**json.loads((folder / "facts.json").read_text()), "calls": calls, "alerts": alerts}


@pytest.mark.parametrize("id_", ["retail.product_0", "retail.product_2", "retail.sales"])
def test_each_contract_goes_through_its_stages_in_order_whatever_happens_to_another(
    ran: dict[str, Any], id_: str
) -> None:
    stages = ["cut", "ingest", "refine", "model", "audit", "publish"]
    stages += ["marts"] if id_ == "retail.sales" else []
    assert [call.split()[1] for call in ran["calls"] if call.split()[0] == id_] == stages
    assert {ran["tasks"][f"{id_}.{stage}"] for stage in stages} == {"success"}


def test_who_fails_stops_where_it_failed_and_the_run_says_so(ran: dict[str, Any]) -> None:
    assert [call for call in ran["calls"] if "product_1" in call] == [
        f"retail.product_1 {stage}" for stage in ("cut", "ingest", "refine")
    ]
    assert ran["state"] == "failed" and ran["tasks"]["retail.product_1.refine"] == "failed"
    assert ran["tasks"]["retail.product_0.marts"] == "skipped", "it has no models in marts"


def test_the_run_has_the_deadline_that_its_contracts_promise(ran: dict[str, Any]) -> None:
    ((callback, due, begun, missed),) = ran["alerts"]
    assert "tideline_airflow.deadline.missed" in callback and not missed
    assert datetime.fromisoformat(due) - datetime.fromisoformat(begun) == timedelta(hours=2)


def test_the_pools_that_the_tasks_name_are_made_with_the_home(ran: dict[str, Any], tmp_path: Path) -> None:
    """And set again when the settings say another number."""
    for slots in (2, 3):
        own = Settings(home=tmp_path, spark_slots=slots)
        airflow_home.prepare(own)
        with sqlite3.connect(airflow_home.home(own) / "airflow.db") as database:
            pools = dict(database.execute("SELECT pool, slots FROM slot_pool"))
        assert {name: pools[name] for name in airflow_home.pools(own)} == airflow_home.pools(own)
        assert airflow_home.prepared(own).exists() and len(list(airflow_home.home(own).glob(".prepared-*"))) == 1
