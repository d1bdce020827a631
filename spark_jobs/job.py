"""What every job script shares: arguments, the world it runs in, readable lines, and errors as exit codes.

A script runs by path: `python spark_jobs/ingest.py --contract retail.sales --run-key KEY`. With SPARK_REMOTE set the
session is a Spark Connect one, under spark-submit a classic one; nothing else differs.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tideline import wiring
from tideline.batch.cut import Cut, read_cut
from tideline.model.contract import Contract
from tideline.model.errors import Retriable, TidelineError
from tideline.ports import Documents, EventLog, Tables
from tideline.settings import Settings, settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_LOST = (
    "UNAVAILABLE",
    "Connection refused",
    "Connection reset",
    "SESSION_CLOSED",
    "Socket closed",
    "OPERATION_NOT_FOUND",
    "RETRIES_EXCEEDED",
    "INVALID_HANDLE",
)


@dataclass
class Job:
    """One run of one stage: whom it works for, where its data is, and the session, opened only when it is needed."""

    stage: str
    contract: Contract
    run_key: str
    settings: Settings
    documents: Documents
    tables: Tables
    started: float = field(default_factory=time.monotonic)
    _kept: list[DataFrame] = field(default_factory=list)

    @cached_property
    def cut(self) -> Cut:
        return read_cut(self.contract, self.run_key, self.documents)

    @cached_property
    def log(self) -> EventLog:
        return wiring.event_log(self.settings)

    @cached_property
    def spark(self) -> SparkSession:
        """A session in UTC; opening it costs 1-2 s, so a stage with nothing to do never asks for it."""
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate()
        _give_up_after(session, retries=9)
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return session

    def keep(self, rows: DataFrame) -> DataFrame:
        """Rows that several actions read, computed once; `close` gives the memory of the shared server back."""
        self._kept.append(rows.persist())
        return rows

    def close(self) -> None:
        """Free what was kept and end the session; a server that is gone has nothing left to free."""
        if "spark" not in self.__dict__:
            return
        try:
            _give_up_after(self.spark, retries=1)
            for rows in self._kept:
                rows.unpersist()
            self.spark.stop()
        except Exception as error:  # noqa: BLE001 - the outcome of the stage is decided; this must not change it
            if as_retriable(error) is None:
                self.say(f"the session was not closed cleanly ({type(error).__name__})")

    def location(self, path: str) -> str:
        """Where a table is, for Spark; `path` is relative to the lake."""
        return self.settings.lake.place(path)

    def say(self, text: str) -> None:
        """One line of the job's own log, with the seconds since its start."""
        print(f"{time.monotonic() - self.started:6.1f} s  {self.stage}: {text}", flush=True)  # noqa: T201 - its log


def run(stage: str, work: Callable[[Job], None], contract_of: Callable[[str, str], Contract] | None = None) -> None:
    """Read the arguments, do the work, exit. `contract_of(contract id, run key)` finds the contract; it is the one of
    the compiled index unless told.
    """
    asked = arguments(f"The {stage} stage of one run.").parse_args()
    carry_out(stage, asked, work, contract_of)


def arguments(what: str) -> argparse.ArgumentParser:
    """What every script is started with."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--contract", required=True)
    parser.add_argument("--run-key", required=True)
    return parser


def carry_out(
    stage: str,
    asked: argparse.Namespace,
    work: Callable[[Job], None],
    contract_of: Callable[[str, str], Contract] | None = None,
) -> None:
    """Do the work and exit: 0, the error's own code, or 1 for a bug with its trace in a named file."""
    try:
        contract = (contract_of or _compiled)(asked.contract, asked.run_key)
        own = settings()
        with closing(Job(stage, contract, asked.run_key, own, wiring.documents(own), wiring.tables(own))) as job:
            work(job)
    except TidelineError as error:
        _fail(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last door of the script: one line for a person, the trace to a file
        mapped = as_retriable(error)
        if mapped is not None:
            _fail(str(mapped), mapped.exit_code)
        _fail(f"TL-BUG-002 unexpected {type(error).__name__} in {stage}; the trace is in {_keep_trace(stage)}", 1)


def as_retriable(error: Exception) -> Retriable | None:
    """A lost Spark server is something to try again later; anything else is not known here."""
    text = str(error)
    kind = type(error)
    if kind.__module__.startswith("grpc") or any(word in text for word in _LOST):
        return Retriable(
            "TL-SPK-001",
            f"the Spark server went away ({kind.__name__})",
            fix="run the stage again with the same run key; tideline status shows whether Spark is up",
        )
    return None


def _compiled(contract_id: str, _run_key: str) -> Contract:
    from tideline.index import load_contract

    return load_contract(settings().index, contract_id)


def _give_up_after(session: SparkSession, retries: int) -> None:
    """A Connect client retries a lost server for ten minutes; the scheduler does that better: 9 are half a minute.

    A classic session has no client, and says so by an error.
    """
    if type(session).__module__.startswith("pyspark.sql.connect."):
        from pyspark.sql.connect.client.retries import DefaultPolicy

        session.client.set_retry_policies([DefaultPolicy(max_retries=retries, max_backoff=5_000)])


def _fail(line: str, code: int) -> None:
    sys.stdout.flush()
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the one line that a person and Airflow read
    sys.exit(code)


def _keep_trace(stage: str) -> str:
    """Where the trace is: in a file, or in the error stream of a driver, whose files are gone with it."""
    if settings().lake.remote:
        traceback.print_exc()
        return "the lines above"
    path = settings().logs / f"spark-job-{stage}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(traceback.format_exc())
    return str(path)
