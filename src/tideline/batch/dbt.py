"""Runs dbt as its own process and reads what it did from its result file; its talk goes to a log file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tideline.model.errors import DataError, Fatal, Retriable
from tideline.settings import Settings

LIMIT_S = 1_500


@dataclass(frozen=True, slots=True)
class Node:
    """One model or test that dbt ran: `kind` is model, test or unit_test; `status` as dbt names it."""

    kind: str
    name: str
    status: str
    seconds: float


def run_dbt(words: Sequence[str], facts: Mapping[str, Any], place: str, settings: Settings) -> list[Node]:
    """Run a dbt command; `facts` reach the macros in one variable, `place` names its target folder and its log.

    Raises Retriable (no Spark server, or a model failed outside), DataError (a data test failed), Fatal (dbt refused).
    """
    _check_server(settings)
    target, logs = settings.home / "dbt" / place, settings.logs / "dbt" / place
    for folder in (target, logs):
        folder.mkdir(parents=True, exist_ok=True)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    command = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--quiet", *words]
    command += ["--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project)]
    command += ["--target-path", str(target), "--log-path", str(logs)]
    environment = {**os.environ, **settings.as_environment(), "TIDELINE_DBT_RUN": json.dumps(dict(facts))}
    output = logs / "output.log"
    with output.open("ab") as log:
        try:
            done = subprocess.run(command, env=environment, stdout=log, stderr=log, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Retriable("TL-DBT-004", f"dbt took longer than {LIMIT_S} s", where=str(output)) from error
    nodes = _nodes(results)
    if done.returncode:
        _explain(nodes, done.returncode, output)
    return nodes


def _check_server(settings: Settings) -> None:
    try:
        socket.create_connection((settings.host, settings.spark_thrift_port), 5).close()
    except OSError as error:
        raise Retriable(
            "TL-DBT-001",
            f"the Spark server does not answer on {settings.host}:{settings.spark_thrift_port}",
            fix="tideline up, then run the stage again",
        ) from error


def _nodes(results: Path) -> list[Node]:
    if not results.exists():
        return []
    listed = json.loads(results.read_text())["results"]
    found = []
    for result in listed:
        kind, _, name = str(result["unique_id"]).split(".", 2)
        name = name.split(".")[0] if kind == "test" else name
        found.append(Node(kind, name, str(result["status"]), round(float(result["execution_time"]), 1)))
    return found


def _explain(nodes: Sequence[Node], code: int, log: Path) -> None:
    broken = [node.name for node in nodes if node.kind in ("test", "unit_test") and node.status == "fail"]
    failed = [node.name for node in nodes if node.status == "error"]
    if failed:
        raise Retriable("TL-DBT-002", f"dbt could not run {', '.join(failed)}", where=str(log))
    if broken:
        raise DataError(
            "TL-DBT-003",
            f"data tests failed: {', '.join(broken)}; nothing was published",
            where=str(log),
            fix="look at the rows with the test's SQL (named in the log), mend the cause, start a new run",
        )
    raise Fatal("TL-DBT-005", f"dbt ended with exit code {code} before it ran anything", where=str(log))
