"""Fault tests only: stops a job exactly where it hurts, once, when TIDELINE_CRASH_AT names the place.

`STAGE.pre_commit`: all data files are written and the Delta commit does not happen, because one more task of the
write, which adds no row, waits. It writes the name of the place to `$TIDELINE_HOME/run/crash-point`; whoever runs the
test kills the Spark server then. `STAGE.post_commit`: the commit is done and the job kills itself before it can say so.
The name in that file disarms the place, so that a retry with the same environment goes through; remove the file to arm
it again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spark_jobs.job import Job
from tideline.batch.cut import table_path

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

LIMIT_S = 600.0


def marker(home: Path) -> Path:
    return home / "run" / "crash-point"


def before_commit(job: Job, layer: str, rows: DataFrame) -> DataFrame:
    """The rows as they are; with `STAGE.pre_commit` armed, plus one task that waits after the data files are there."""
    place = f"{job.stage}.pre_commit"
    if not _armed(job, place):
        return rows
    folder = Path(job.location(table_path(layer, job.contract)))
    known, flag = {path.name for path in folder.rglob("*.parquet")}, marker(job.settings.home)
    flag.parent.mkdir(parents=True, exist_ok=True)

    def hold(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            _await(lambda: any(_complete(path) for path in folder.rglob("*.parquet") if path.name not in known))
            with flag.open("a") as text:
                text.write(place + "\n")
            _await(lambda: False)
        return iter(())

    held = job.spark.range(0, 1, 1, 1).mapInArrow(hold, rows.schema)
    return rows.unionAll(held)


def after_commit(job: Job, name: str = "post_commit") -> None:
    """With `STAGE.post_commit` (or another name) armed, dies by SIGKILL: committed, and nobody was told."""
    place = f"{job.stage}.{name}"
    if _armed(job, place):
        flag = marker(job.settings.home)
        flag.parent.mkdir(parents=True, exist_ok=True)
        with flag.open("a") as text:
            text.write(place + "\n")
        os.kill(os.getpid(), signal.SIGKILL)


def _armed(job: Job, place: str) -> bool:
    flag = marker(job.settings.home)
    return place in job.settings.crash_at.split(",") and (not flag.exists() or place not in flag.read_text().split())


def _complete(path: Path) -> bool:
    """A parquet file ends with its magic number once its writer has closed it."""
    try:
        with path.open("rb") as file:
            file.seek(-4, os.SEEK_END)
            return file.read() == b"PAR1"
    except OSError:
        return False


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("nobody killed the Spark server at the crash point")
        time.sleep(0.05)
