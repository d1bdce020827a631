"""Runs dbt as its own process against the Spark server, and reads what it did; its talk goes to a log file.

What other ways of running it share is here as well: its words, its folders, and what its results mean.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tideline.model.errors import DataError, Fatal, Retriable, TidelineError
from tideline.settings import Settings

LIMIT_S = 1_500
FACTS = "TIDELINE_DBT_RUN"  # the variable that the macros read
CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\]")  # as Spark begins its messages


@dataclass(frozen=True, slots=True)
class Node:
    """One model or test that dbt ran: `kind` is model, test or unit_test; `status` as dbt names it.

    `condition` is Spark's name for what went wrong, "" without one. Its text may quote a value: that stays in the log.
    """

    kind: str
    name: str
    status: str
    seconds: float
    condition: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.condition})" if self.condition else self.name


def run_dbt(words: Sequence[str], facts: Mapping[str, Any], place: str, settings: Settings) -> list[Node]:
    """Run a dbt command; `facts` reach the macros in one variable, `place` names its target folder and its log.

    Raises Retriable (no Spark server, or a model failed outside), DataError (a data test failed), Fatal (dbt refused).
    """
    _check_server(settings)
    places = Places.of(place, settings)
    command = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", *places.words(words)]
    environment = {**os.environ, **settings.as_environment(), FACTS: json.dumps(dict(facts))}
    output = places.logs / "output.log"
    with output.open("ab") as log:
        try:
            done = subprocess.run(command, env=environment, stdout=log, stderr=log, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Retriable("TL-DBT-004", f"dbt took longer than {LIMIT_S} s", where=str(output)) from error
    nodes = places.nodes()
    if done.returncode:
        raise failure(nodes, f"exit code {done.returncode}", str(output))
    return nodes


@dataclass(frozen=True, slots=True)
class Places:
    """Where one kind of dbt command reads and writes; its last results are gone when it is made."""

    project: Path
    target: Path
    logs: Path

    @staticmethod
    def of(place: str, settings: Settings) -> Places:
        made = Places(settings.dbt_project, settings.home / "dbt" / place, settings.logs / "dbt" / place)
        for folder in (made.target, made.logs):
            folder.mkdir(parents=True, exist_ok=True)
        made.results.unlink(missing_ok=True)
        return made

    @property
    def results(self) -> Path:
        return self.target / "run_results.json"

    def words(self, words: Sequence[str]) -> list[str]:
        """dbt's command line."""
        made = ["--quiet", *words, "--project-dir", str(self.project), "--profiles-dir", str(self.project)]
        return [*made, "--target-path", str(self.target), "--log-path", str(self.logs)]

    def nodes(self) -> list[Node]:
        """What the command did to models and tests; nothing when it ended before that."""
        if not self.results.exists():
            return []
        found = []
        for result in json.loads(self.results.read_text())["results"]:
            kind, _, name = str(result["unique_id"]).split(".", 2)
            name = name.split(".")[0] if kind == "test" else name
            seconds, named = round(float(result["execution_time"]), 1), CONDITION.search(result["message"] or "")
            found.append(Node(kind, name, str(result["status"]), seconds, named[1] if named else ""))
        return found


def _check_server(settings: Settings) -> None:
    try:
        socket.create_connection((settings.host, settings.spark_thrift_port), 5).close()
    except OSError as error:
        raise Retriable(
            "TL-DBT-001",
            f"the Spark server does not answer on {settings.host}:{settings.spark_thrift_port}",
            fix="tideline up, then run the stage again",
        ) from error


def failure(nodes: Sequence[Node], how: str, log: str) -> TidelineError:
    """What a command that did not succeed means: its models, its data tests, or `how` it ended before these."""
    broken = [node.name for node in nodes if node.kind in ("test", "unit_test") and node.status == "fail"]
    failed = [str(node) for node in nodes if node.status == "error"]
    if failed:
        return Retriable("TL-DBT-002", f"dbt could not run {', '.join(failed)}", where=log)
    if broken:
        return DataError(
            "TL-DBT-003",
            f"data tests failed: {', '.join(broken)}; nothing was published",
            where=log,
            fix="look at the rows with the test's SQL (named in the log), mend the cause, start a new run",
        )
    return Fatal("TL-DBT-005", f"dbt ended with {how} before it ran anything", where=log)
