"""Runs dbt inside the driver of a Spark job: no server, no port; each connection is a Spark session of its own.

dbt-spark's method `session` runs everything in the one session that the process has, and switches ANSI off before each
statement. A setting of one model (its commit's metadata, ANSI) would reach the others, or nobody. So its connection is
replaced here: a new session of the driver's Spark, as the Spark server gives one to each Thrift connection. The macros
and their settings then mean the same on both ways.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tideline.batch.dbt import FACTS, Node, Places, failure

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tideline.settings import Settings

TARGET, SCHEMA = "driver", "gold"  # of dbt_project/profiles.yml


@dataclass(frozen=True, slots=True)
class DriverDbt:
    """A Runner: `spark` opens the driver's session when it is needed, `say` is told what dbt found wrong.

    `held` gives the places of the contract's gold tables that exist, by name. A driver's catalog begins empty: what is
    not named there dbt would make anew, whole.
    """

    spark: Callable[[], SparkSession]
    say: Callable[[str], None]
    held: Callable[[], Mapping[str, str]]

    def __call__(self, words: Sequence[str], facts: Mapping[str, Any], place: str, settings: Settings) -> list[Node]:
        """Run a dbt command as `run_dbt` does, with the same errors but TL-DBT-001 and 004: there is no server to be
        away, and who waits for the job ends it in time.
        """
        from dbt.cli.main import dbtRunner

        places, spark = Places.of(place, settings), self.spark()
        spark.sql(f"create schema if not exists {SCHEMA}")
        for name, location in sorted(self.held().items()):
            spark.sql(f"create table if not exists {SCHEMA}.{name} using delta location '{location}'")
        with _sessions_of(spark), _variable(FACTS, json.dumps(dict(facts))):
            done = dbtRunner().invoke([*places.words(words), "--target", TARGET])
        nodes = places.nodes()
        if not done.success:
            self._tell(done)
            kind = type(done.exception).__name__ if done.exception else "a failure"
            raise failure(nodes, kind, "the driver's standard output")
        return nodes

    def _tell(self, done: Any) -> None:
        """The job's machine, and dbt's log with it, is gone soon: what one needs is said in the job's own log."""
        if done.exception is not None:
            self.say(f"dbt: {done.exception}")
        for result in getattr(done.result, "results", ()):
            if result.status in ("error", "fail"):
                self.say(f"dbt: {result.node.name}: {result.message}\n{getattr(result.node, 'compiled_code', '')}")


@contextmanager
def _sessions_of(spark: SparkSession) -> Iterator[None]:
    """Within, dbt's connections are new sessions of `spark`; dbt-spark looks its class up when it opens one."""
    from dbt.adapters.spark import session
    from dbt_common.exceptions import DbtRuntimeError
    from pyspark.errors import PySparkException

    class Cursor(session.Cursor):  # type: ignore[misc]
        def __init__(self, own: SparkSession) -> None:
            super().__init__()
            self._own = own

        def execute(self, sql: str, *parameters: Any) -> None:
            self._rows = None
            try:
                self._df = self._own.sql(sql % parameters if parameters else sql)
            except PySparkException as error:
                raise DbtRuntimeError(str(error)) from error

    class Connection:
        def __init__(self, *, server_side_parameters: Mapping[str, str]) -> None:
            self._own = spark.newSession()
            for name, value in server_side_parameters.items():
                self._own.conf.set(name, value)

        def cursor(self) -> Cursor:
            return Cursor(self._own)

    before = session.Connection
    session.Connection = Connection
    try:
        yield
    finally:
        session.Connection = before


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
