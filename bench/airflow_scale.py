"""A real Airflow with thousands of contracts loaded: is the scheduler well, how soon does a triggered run start.

Run: python bench/airflow_scale.py [--contracts 5000] [--dags grouped|contract] [--port 28080]. It starts the API
server, the scheduler and the DAG processor on SQLite in a home of its own, with a `tideline` command that does nothing,
waits until every DAG is there, and prints: that time, the time of `GET /api/v2/dags?limit=50`, the seconds from a
trigger to the first running task (of five triggers), the worst age of the scheduler's heartbeat, and how many tasks
were over a minute after the last trigger.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import command, surroundings
from engine_contracts import write_contracts

from tideline.local import airflow_home
from tideline.local.airflow_api import AirflowApi
from tideline.model.errors import TidelineError
from tideline.settings import Settings

FAKE = "#!/bin/sh\nexit 0\n"
LIMIT_S = 1_800.0
WATCHED_S = 60.0
STATES = ("success", "running", "failed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--contracts", type=int, default=5_000)
    parser.add_argument("--dags", choices=["grouped", "contract"], default="grouped")
    parser.add_argument("--port", type=int, default=28_080)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tideline-bench-") as scratch:
        place = Path(scratch)
        write_contracts(place / "contracts", asked.contracts)
        variables = {**surroundings(place), "TIDELINE_DAGS": asked.dags, "TIDELINE_AIRFLOW_PORT": str(asked.port)}
        command(variables, "compile")
        with airflow(place, variables, asked.port) as api:
            found = measure(api, asked.contracts, asked.dags)
    print(json.dumps(found, indent=1))


@contextmanager
def airflow(place: Path, variables: dict[str, str], port: int) -> Iterator[AirflowApi]:
    """The three services of `tideline up`, with our configuration of Airflow, until the block ends."""
    fake = place / "bin" / "tideline"
    fake.parent.mkdir()
    fake.write_text(FAKE)
    fake.chmod(0o755)
    own = Settings(home=place / "home", index=place / "out" / "index.json", airflow_port=port)
    airflow_home.prepare(own)
    (airflow_home.home(own) / "airflow.cfg").write_text(airflow_home.configuration(own))
    variables = {**variables, "PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}"}
    variables = {name: value for name, value in variables.items() if not name.startswith("AIRFLOW")}
    running = []
    try:
        for service in airflow_home.airflow_services(own):
            log = (place / f"{service.name}.log").open("wb")
            running.append(
                subprocess.Popen(
                    service.command, env={**variables, **service.env}, stdout=log, stderr=log, start_new_session=True
                )
            )
        yield AirflowApi(own.airflow_url, airflow_home.password_file(own), timeout_s=60)
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def measure(api: AirflowApi, contracts: int, mode: str) -> dict[str, Any]:
    begun = time.monotonic()
    total = until("the DAGs", lambda: loaded(api, contracts if mode == "contract" else None))
    parsed = time.monotonic() - begun
    asked = time.monotonic()
    first = api._call("GET", "/api/v2/dags?limit=50")["dags"]
    listing = time.monotonic() - asked
    say(f"{total} DAGs after {parsed:.1f} s, list of 50 in {listing:.3f} s")
    worst = Heartbeat(api)
    starts, used = [], []
    for number in range(5):
        dag_id = first[number * len(first) // 5]["dag_id"]
        used.append(dag_id)
        starts.append(start_of(api, dag_id, f"bench-{number}"))
        say(f"{dag_id}: {starts[-1]:.1f} s to the first running task, heartbeat at worst {worst.worst:.1f} s old")
    begun = time.monotonic()
    threading.Event().wait(WATCHED_S)
    return {
        "contracts": contracts, "mode": mode, "dags": total, "cpus": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0], "all_loaded_s": round(parsed, 1), "list_of_50_s": round(listing, 3),
        "trigger_to_running_s": [round(start, 1) for start in starts], "worst_heartbeat_age_s": round(worst.end(), 1),
        "watched_s": round(time.monotonic() - begun, 1), "runs": {
            dag_id: {state: tasks_of(api, dag_id, state) for state in STATES} for dag_id in used
        },
    }  # fmt: skip


class Heartbeat:
    """Looks at the scheduler's heartbeat twice a second; Airflow calls it unhealthy after 30 s."""

    def __init__(self, api: AirflowApi) -> None:
        self._api, self._over, self.worst = api, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        self._over.set()
        self._thread.join()
        return self.worst

    def _look(self) -> None:
        while not self._over.wait(0.5):
            try:
                beat = self._api._call("GET", "/api/v2/monitor/health")["scheduler"]["latest_scheduler_heartbeat"]
            except TidelineError:
                continue
            if beat:
                age = datetime.now(UTC) - datetime.fromisoformat(beat.replace("Z", "+00:00"))
                self.worst = max(self.worst, age.total_seconds())


def loaded(api: AirflowApi, wanted: int | None) -> int:
    """The number of DAGs once it is the wanted one, or (None) once it no longer grows."""
    count = int(api._call("GET", "/api/v2/dags?limit=1")["total_entries"])
    if wanted is None:
        threading.Event().wait(3)
        wanted = int(api._call("GET", "/api/v2/dags?limit=1")["total_entries"])
    return count if count and count >= wanted else 0


def start_of(api: AirflowApi, dag_id: str, run_id: str) -> float:
    """Seconds from switching the DAG on and triggering it to the first task that runs or ran.

    Airflow makes the scheduled run too, and a contract has one run at a time: whichever of them is first counts.
    """
    begun = time.monotonic()
    until("an answer", lambda: switched_on(api, dag_id, run_id))

    def started() -> bool:
        runs = [run["dag_run_id"] for run in api.runs(dag_id)]
        return any(task["start_date"] for run in runs for task in api.tasks(dag_id, run))

    until("a running task", started)
    return time.monotonic() - begun


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def switched_on(api: AirflowApi, dag_id: str, run_id: str) -> bool:
    """SQLite refuses a write while the scheduler writes for long; who asks again is served."""
    api.unpause(dag_id)
    if run_id not in {run["dag_run_id"] for run in api.runs(dag_id)}:
        api.trigger(dag_id, run_id)
    return True


def tasks_of(api: AirflowApi, dag_id: str, state: str) -> int:
    """Task instances of all runs of a DAG in a state."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?limit=1&state={state}"
    return int(api._call("GET", path)["total_entries"])


def until(what: str, found: Callable[[], Any]) -> Any:
    moment, end = threading.Event(), time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            if value := found():
                return value
        except TidelineError:
            pass
        moment.wait(0.25)
    raise SystemExit(f"no {what} within {LIMIT_S:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
