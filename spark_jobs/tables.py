"""Delta tables as the jobs write them: one commit with data, counts and Coverage, whose outcome is never guessed.

The protocol of `commit`, in numbered steps:
 1. append (or replace days) in one Delta transaction that carries (txnAppId, txnVersion = batch) and the metadata;
 2. after it, and after any error of it, read the table's log: what is committed there is the only truth;
 3. our run key at our batch: done; another run's at that batch: that run took over, stop; neither: the error stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from spark_jobs.job import Job, as_retriable
from tideline.batch.commits import StageCommit, next_batch
from tideline.batch.cut import table_path
from tideline.model.errors import DataError, Fatal, Lifecycle, Retriable, TidelineError
from tideline.ports import TableCommit
from tideline.rendering import evolution
from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

_LOOK_BACK = 100
MERGE = """
MERGE INTO delta.`{}` AS held USING tideline_changes AS new
ON held.partition = new.partition AND held.position = new.position
WHEN MATCHED AND held.status <> new.status AND new.status = 'replayed' THEN UPDATE SET status = new.status
WHEN MATCHED AND held.status <> new.status THEN UPDATE SET *
WHEN NOT MATCHED AND new.status = 'open' THEN INSERT *
"""


def last(job: Job, layer: str) -> tuple[int, StageCommit] | None:
    """Version and words of the newest commit by Tideline; read without an engine."""
    found = job.tables.last_commit(table_path(layer, job.contract))
    commit = StageCommit.read(found)
    return None if found is None or commit is None else (found.version, commit)


def ensure(job: Job, layer: str) -> None:
    """Make the table if it is missing, and make it known to the metastore if it is not."""
    name, location = rendering.table_name(layer, job.contract), job.location(table_path(layer, job.contract))
    new = job.tables.version(table_path(layer, job.contract)) is None
    if not new and job.spark.catalog.tableExists(name):
        return
    job.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {layer}")
    render = rendering.create_table if new else rendering.register_table
    job.spark.sql(render(layer, job.contract, location))
    if job.tables.version(table_path(layer, job.contract)) is None:
        raise Fatal(
            "TL-SPK-008",
            f"{name} is in the metastore already, at another place than {location}",
            where=f"contract {job.contract.id}",
            fix=f"give each home its own Spark server, or: DROP TABLE {name}",
        )
    job.say(f"{'created' if new else 'registered'} {name}")


def empty(job: Job, layer: str) -> DataFrame:
    """No rows, with the columns of a layer's table."""
    return job.spark.createDataFrame([], rendering.schema(rendering.columns(layer, job.contract)))


def read(job: Job, layer: str, version: int) -> DataFrame:
    """A pinned version of a layer's table."""
    location = job.location(table_path(layer, job.contract))
    return job.spark.read.format("delta").option("versionAsOf", version).load(location)


def commit(job: Job, layer: str, rows: DataFrame, words: StageCommit, *, replace_where: str | None = None) -> int:
    """Write `rows` and `words` as one commit; returns its version. Raises Lifecycle when another run was first."""

    def write() -> None:
        writer = _fitted(job, layer, rows).write.format("delta").option("txnAppId", words.txn_app)
        writer = writer.option("txnVersion", words.batch).option("userMetadata", words.as_metadata())
        if replace_where is None:
            writer = writer.mode("append")
        else:
            writer = writer.mode("overwrite").option("replaceWhere", replace_where)
        writer.save(job.location(table_path(layer, job.contract)))

    return _once(job, layer, words, write)


def _fitted(job: Job, layer: str, rows: DataFrame) -> DataFrame:
    """The rows as the table holds them: hidden columns are null, narrower values are widened; nothing is left out."""
    from pyspark.sql.types import StructType

    said = job.tables.schema(table_path(layer, job.contract))
    if said is None:
        return rows
    held = StructType.fromJson(evolution.plain(said))
    if held == _nullable(rows.schema):
        return rows
    if lacking := [name for name in rows.columns if name not in held.names]:
        raise Fatal(
            "TL-SPK-009",
            f"the table lacks {', '.join(lacking)}",
            where=f"table {rendering.table_name(layer, job.contract)}",
            fix="tideline apply",
        )
    return rows.to(held)


def _nullable(schema: StructType) -> StructType:
    from pyspark.sql.types import StructType

    return StructType.fromJson(evolution.plain(json.loads(schema.json())))


def merge_quarantine(job: Job, changes: DataFrame, words: StageCommit) -> int:
    """Add refused records that quarantine lacks and set the status of those it has; one commit, returns its version."""
    found = last(job, "quarantine")
    own = replace(words, batch=next_batch(found[1] if found else None), counts={})
    own = own if found is None else replace(own, coverage=found[1].coverage, start=dict(found[1].coverage))
    changes.createOrReplaceTempView("tideline_changes")
    location = job.location(table_path("quarantine", job.contract)).replace("`", "``")
    with _session_words(job.spark, own):
        return _once(job, "quarantine", own, lambda: job.spark.sql(MERGE.format(location)).collect())


@contextmanager
def _session_words(spark: SparkSession, words: StageCommit) -> Iterator[None]:
    """SQL statements take transaction and metadata from the session, where they must not stay."""
    named = {
        "spark.databricks.delta.write.txnAppId": words.txn_app,
        "spark.databricks.delta.write.txnVersion": str(words.batch),
        "spark.databricks.delta.commitInfo.userMetadata": words.as_metadata(),
    }
    for name, value in named.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in named:
            spark.conf.unset(name)


def _once(job: Job, layer: str, words: StageCommit, write: Callable[[], object]) -> int:
    try:
        write()  # 1
    except Exception as error:
        version = committed(job, layer, words)  # 2
        if version is not None:
            job.say(f"{layer} version {version} was committed although Spark reported {type(error).__name__}")
            return version
        raise retriable(job, layer, error) from error
    version = committed(job, layer, words)
    if version is None:
        raise DataError(
            "TL-SPK-003",
            f"Spark reported a commit of batch {words.batch}, but the table's log does not hold it",
            where=f"table {rendering.table_name(layer, job.contract)}",
            fix="do not start another run before the file system has been checked: a log file is missing",
        )
    return version


def committed(job: Job, layer: str, words: StageCommit) -> int | None:
    """Step 3: the version in which this run committed this batch, None if nobody did; Lifecycle if another run did."""
    newest = last(job, layer)
    if newest is None or newest[1].batch < words.batch:
        return None
    version, found = newest if newest[1].batch == words.batch else _older(job, layer, words.batch)
    if found.run_key == words.run_key:
        return version
    raise Lifecycle(
        "TL-SPK-002",
        f"batch {words.batch} was committed by run {found.run_key} meanwhile; nothing of this run was written",
        where=f"table {rendering.table_name(layer, job.contract)}",
        fix="nothing is lost: what this run was to take is taken by that run or by the next",
    )


def _older(job: Job, layer: str, batch: int) -> tuple[int, StageCommit]:
    location = job.location(table_path(layer, job.contract)).replace("`", "``")
    history = job.spark.sql(f"DESCRIBE HISTORY delta.`{location}` LIMIT {_LOOK_BACK}")
    for row in history.select("version", "userMetadata").collect():
        said = json.loads(row.userMetadata or "null")
        found = StageCommit.read(TableCommit(row.version, said)) if said else None
        if found is not None and found.batch == batch:
            return row.version, found
    raise Lifecycle(
        "TL-SPK-004",
        f"more than {_LOOK_BACK} commits were made since batch {batch}",
        where=f"table {rendering.table_name(layer, job.contract)}",
        fix="start a new run",
    )


def retriable(job: Job, layer: str, error: Exception) -> Exception:
    """Nobody committed our batch: a lost server or a conflict may be tried again, the rest is as it is."""
    if isinstance(error, TidelineError):
        return error
    if any(word in type(error).__name__ + str(error)[:2_000] for word in ("Concurrent", "DELTA_METADATA_CHANGED")):
        return Retriable(
            "TL-SPK-005",
            "another writer changed the table at the same time",
            where=f"table {rendering.table_name(layer, job.contract)}",
            fix="run the stage again with the same run key",
        )
    return as_retriable(error) or error
