"""The real Airflow scheduler runs a contract against a `tideline` command that notes its calls and fails on order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tideline_airflow.request import run_key

from tests.fakes.contract_index import small_contract, write_index
from tideline.local import airflow_home
from tideline.local.airflow_api import FINISHED, AirflowApi
from tideline.model.errors import Fatal, Retriable
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(420)]
pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

STAGES = ["cut", "ingest", "refine", "model", "audit", "publish"]
FAKE = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path({folder!r})
words = sys.argv[1:]
with open(here / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
gate = here / ("gate." + words[4])
if gate.exists() and words[2] == "cut":
    gate.read_text()  # a pipe: until somebody opens it for writing
orders = here / (words[1] + "." + words[2])
codes = orders.read_text().split() if orders.exists() else []
if codes:
    orders.write_text(" ".join(codes[1:]))
    print("TL-TST-0" + codes[0] + " the fake was told to fail. Fix: nothing.", file=sys.stderr)
    sys.exit(int(codes[0]))
print("the fake ran", *words)
"""


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def wait_for(what: str, found: Callable[[], Any], limit_s: float = 60.0) -> Any:
    until, moment = time.monotonic() + limit_s, threading.Event()
    while True:
        try:
            if value := found():
                return value
        except (Retriable, Fatal) as error:
            what = f"{what} ({error})" if time.monotonic() > until else what
        assert time.monotonic() < until, f"no {what} within {limit_s:.0f} s"
        moment.wait(0.3)


@dataclass
class Airflow:
    """A running Airflow with the contract retail.sales, and the calls that its tasks made."""

    api: AirflowApi
    folder: Path

    def calls(self, key: str) -> list[list[str]]:
        """The arguments of each call under one run key, after the contract: stage and the days, if any."""
        notes = self.folder / "calls"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [[words[2], *words[5:]] for words in map(json.loads, lines) if words[4] == key]

    def order(self, stage: str, *exit_codes: int) -> None:
        (self.folder / f"retail.sales.{stage}").write_text(" ".join(map(str, exit_codes)))

    def run(self, run_id: str, conf: dict[str, Any] | None = None) -> str:
        self.api.trigger("retail.sales", run_id, conf)
        return self.finish(run_id)

    def finish(self, run_id: str) -> str:
        def state() -> str | None:
            found = self.api.run_state("retail.sales", run_id)
            return found if found in FINISHED else None

        return str(wait_for(f"end of {run_id}", state))


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    folder = tmp_path_factory.mktemp("airflow")
    fake = folder / "bin" / "tideline"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(python=sys.executable, folder=str(folder)))
    fake.chmod(0o755)
    late = small_contract("late", deadline="PT1S")
    index = write_index(folder / "index.json", small_contract(), late)
    port, *log_ports = free_ports(4)
    with (folder / "airflow.log").open("wb") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("airflow")), "standalone"],
            env=_environment(folder, index, port, log_ports),
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            api = AirflowApi(f"http://127.0.0.1:{port}", folder / "passwords.json")
            wait_for(
                "parsed DAGs", lambda: all(map(api.has_dag, ("retail.sales.marts", "retail.sales", "retail.late"))), 240
            )
            for pool in airflow_home.pools(Settings()):
                api._call("POST", "/api/v2/pools", {"name": pool, "slots": 2})
            yield Airflow(api, folder)
        finally:
            process.send_signal(signal.SIGINT)  # the one signal that `airflow standalone` passes on to its parts
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(5)


def _environment(folder: Path, index: Path, port: int, log_ports: list[int]) -> dict[str, str]:
    of_airflow = {
        "CORE__DAGS_FOLDER": REPOSITORY / "dags",
        "CORE__PLUGINS_FOLDER": REPOSITORY / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__PARALLELISM": 3,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__WORKERS": 1,
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "LOGGING__WORKER_LOG_SERVER_PORT": log_ports[0],
        "LOGGING__TRIGGER_LOG_SERVER_PORT": log_ports[1],
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": True,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.2,
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 1,
    }
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
        **{f"AIRFLOW__{name}": str(value) for name, value in of_airflow.items()},
        "AIRFLOW_HOME": str(folder),
        "TIDELINE_HOME": str(folder / "home"),
        "TIDELINE_INDEX": str(index),
        "TIDELINE_SERVING_PORT": str(log_ports[2]),
        "PATH": f"{folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def plain(stages: list[str]) -> list[list[str]]:
    return [[stage] for stage in stages]


def test_a_scheduled_run_calls_each_stage_once_in_order_and_its_release_starts_the_marts(airflow: Airflow) -> None:
    for dag_id in ("retail.sales.marts", "retail.sales"):
        airflow.api.unpause(dag_id)
    scheduled = wait_for("scheduled run", lambda: airflow.api.runs("retail.sales"))[0]["dag_run_id"]
    assert airflow.finish(scheduled) == "success"
    assert airflow.calls(run_key(scheduled)) == plain(STAGES)
    marts = wait_for("marts run", lambda: [run for run in airflow.api.runs("retail.sales.marts") if run["end_date"]])
    assert [(run["run_type"], run["state"]) for run in marts] == [("asset_triggered", "success")]
    assert airflow.calls(run_key(marts[0]["dag_run_id"])) == [["marts"]]
    airflow.api._call("PATCH", "/api/v2/dags/retail.sales.marts", {"is_paused": True})


def test_exit_code_75_is_tried_again_under_the_same_key_and_then_succeeds(airflow: Airflow) -> None:
    airflow.order("ingest", 75)
    assert airflow.run("manual+1:a") == "success"
    assert airflow.calls("manual_1_a") == plain(["cut", "ingest", *STAGES[1:]])


def test_what_no_retry_can_mend_fails_at_once_and_later_stages_do_not_run(airflow: Airflow) -> None:
    airflow.order("refine", 65)
    assert airflow.run("broken") == "failed"
    assert airflow.calls("broken") == plain(STAGES[:3])
    states = {task["task_id"]: task["state"] for task in airflow.api.tasks("retail.sales", "broken")}
    assert states["refine"] == "failed" and states["publish"] == "upstream_failed"
    log = "".join(path.read_text() for path in (airflow.folder / "logs").rglob("*run_id=broken/task_id=refine/*"))
    assert "TL-TST-065 the fake was told to fail" in log


def test_a_cleared_stage_runs_again_under_the_same_key_with_all_that_follow(airflow: Airflow) -> None:
    asked = {"dry_run": False, "dag_run_id": "broken", "only_failed": True, "task_ids": ["refine"]}
    airflow.api._call("POST", "/api/v2/dags/retail.sales/clearTaskInstances", {**asked, "include_downstream": True})
    wait_for("the cleared run", lambda: airflow.api.run_state("retail.sales", "broken") == "success")
    assert airflow.calls("broken") == plain(STAGES[:3] + STAGES[2:])


def test_a_backfill_restates_each_of_its_days_exactly_once(airflow: Airflow) -> None:
    span = {"from_date": "2011-01-04T00:00:00Z", "to_date": "2011-01-05T00:00:00Z", "max_active_runs": 1}
    airflow.api._call("POST", "/api/v2/backfills", {"dag_id": "retail.sales", "run_backwards": False, **span})

    def finished() -> list[dict[str, Any]]:
        runs = [run for run in airflow.api.runs("retail.sales") if run["run_type"] == "backfill"]
        return runs if len(runs) == 2 and all(run["state"] in FINISHED for run in runs) else []

    runs = wait_for("two backfill runs", finished, 90)
    assert [run["state"] for run in runs] == ["success", "success"]
    first, second = (airflow.calls(run_key(run["dag_run_id"])) for run in runs)
    assert first == [[stage, "--restate", "2011-01-04", "2011-01-05"] for stage in STAGES]
    assert second == [[stage, "--restate", "2011-01-05", "2011-01-06"] for stage in STAGES]


def test_a_manual_run_restates_the_days_of_its_conf_and_a_wrong_conf_fails_at_once(airflow: Airflow) -> None:
    assert airflow.run("days", {"restate": ["2011-01-04", "2011-01-07"]}) == "success"
    assert airflow.calls("days") == [[stage, "--restate", "2011-01-04", "2011-01-07"] for stage in STAGES]
    assert airflow.run("wrong", {"restate": "yesterday"}) == "failed"
    assert airflow.calls("wrong") == []


def test_the_page_is_registered_and_a_task_links_to_the_answer(airflow: Airflow) -> None:
    call = airflow.api._call
    views = [view["url_route"] for p in call("GET", "/api/v2/plugins")["plugins"] for view in p["external_views"]]
    assert {"tideline", "tideline-coverage"} <= set(views)
    assert call("GET", "/tideline/status")["problem"], "no serving layer runs in this test"
    links = call("GET", "/api/v2/dags/retail.sales/dagRuns/days/taskInstances/publish/links")["extra_links"]
    assert links["Live answer (API)"].endswith("/v1/retail/sales_by_country")


def test_a_run_that_is_not_published_in_time_is_told_while_it_runs(airflow: Airflow) -> None:
    """The scheduler sees the miss and the executor runs the callback: no triggerer, and the run itself goes on."""
    told = airflow.folder / "home" / "logs" / "deadlines.log"

    def lines(run_id: str) -> list[dict[str, Any]]:
        found = told.read_text().splitlines() if told.exists() else []
        assert all(line.startswith("TL-AIR-010 the run was not published in time {") for line in found)
        facts = [json.loads(line[line.index("{") :]) for line in found]
        return [fact for fact in facts if (fact["dag"], fact["run"]) == ("retail.late", run_id)]

    def ended(run_id: str) -> bool:
        return airflow.api.run_state("retail.late", run_id) == "success"

    airflow.api.unpause("retail.late")
    scheduled = wait_for("scheduled run", lambda: airflow.api.runs("retail.late"))[0]["dag_run_id"]
    wait_for("end of the scheduled run", lambda: ended(scheduled), 120)
    wait_for("line about the scheduled run, whose interval ended long ago", lambda: lines(scheduled), 120)
    gate = airflow.folder / "gate.held"
    os.mkfifo(gate)
    try:
        airflow.api.trigger("retail.late", "held")
        facts = wait_for("line about the held run", lambda: lines("held"), 120)[0]
        assert airflow.api.run_state("retail.late", "held") not in FINISHED
    finally:
        opened = gate.rename(gate.with_name("opened"))
        with suppress(OSError):  # nobody reads: the stage has not come to the gate yet, and will find none
            os.close(os.open(opened, os.O_WRONLY | os.O_NONBLOCK))
    assert (facts["owner"], facts["tier"], facts["deadline_s"]) == ("retail-data", "gold", 1.0)
    assert facts["state"] in ("queued", "running")
    wait_for("end of the held run", lambda: ended("held"), 120)
    assert len(lines("held")) == 1
