"""Append raw records to bronze: exactly `[bronze coverage, cut)`, in one commit that carries its Coverage.

1. what this run key, or a newer run, has committed already is not done again;
2. the log must still hold the whole range; nothing is ever skipped but what was accepted as lost;
3. read it with explicit start and end offsets, count per partition;
4. commit rows, counts and Coverage as one Delta transaction (spark_jobs/tables.py).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spark_jobs import crash_hook, tables
from spark_jobs.job import Job, run
from spark_jobs.transforms.bronze import to_bronze
from tideline.batch.commits import Counts, StageCommit, check_conservation, next_batch, totals
from tideline.batch.cut import check_range_is_held
from tideline.batch.losses import accepted_losses
from tideline.model.errors import DataError
from tideline.model.position import Coverage, Partition, Range

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# How Spark signs in to MSK: the library is AWS's own, brought by the environment (tideline env package).
BY_IAM = {
    "kafka.security.protocol": "SASL_SSL",
    "kafka.sasl.mechanism": "AWS_MSK_IAM",
    "kafka.sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "kafka.sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}


def ingest(job: Job) -> None:
    """The stage. Raises PositionLost when the log lacks a part of the range, Lifecycle when another run was first."""
    last = tables.last(job, "bronze")
    before = last[1] if last else None
    if last is not None and last[1].run_key == job.run_key:
        job.say(f"nothing to do: this run committed bronze version {last[0]} before")
        return
    start = before.coverage if before else job.cut.start
    ranges = open_ranges(start, job.cut.to)  # 1
    if not ranges:
        job.say("nothing to do: bronze covers the cut")
        return
    losses = accepted_losses(job.documents, job.contract.id, start.stream)
    read_from = check_range_is_held(job.contract, start, job.log, losses)  # 2
    held = {p: Range(min(max(read_from[p], range_.start), range_.end), range_.end) for p, range_ in ranges.items()}
    for partition, range_ in ranges.items():
        lost = len(range_) - len(held[partition])
        job.say(
            f"partition {partition} {range_} = {len(range_)} positions" + (f", {lost} of them lost" if lost else "")
        )
    tables.ensure(job, "bronze")
    rows = job.keep(to_bronze(_records(job, held), job.contract, job.cut))  # 3
    counts = _counts(rows, held)
    words = StageCommit(
        stage="ingest",
        run_key=job.run_key,
        contract=job.contract.id,
        contract_hash=job.contract.hash,
        batch=next_batch(before),
        coverage=start.advance({partition: range_.end for partition, range_ in ranges.items()}),
        start=dict(start),
        counts=counts,
    )
    check_conservation(job.contract, counts)
    version = tables.commit(job, "bronze", crash_hook.before_commit(job, "bronze", rows), words)  # 4
    crash_hook.after_commit(job)
    job.say(f"{totals(counts)['in']} records are bronze version {version} (batch {words.batch})")


def open_ranges(start: Coverage, to: Coverage) -> dict[Partition, Range]:
    """What of the cut is not covered yet; a partition in which a newer run is ahead has nothing open."""
    return start.ranges_to(Coverage(to.stream, {p: max(end, start.at(p)) for p, end in to}))


def _records(job: Job, ranges: dict[Partition, Range]) -> DataFrame:
    topic = job.contract.stream.topic
    sign_in = BY_IAM if job.settings.kafka_iam_region else {}
    return (
        job.spark.read.format("kafka")
        .options(**sign_in)
        .option("kafka.bootstrap.servers", job.settings.kafka_bootstrap)
        .option("kafka.isolation.level", "read_committed")
        .option("assign", json.dumps({topic: sorted(ranges)}))
        .option("startingOffsets", json.dumps({topic: {str(p): r.start for p, r in ranges.items()}}))
        .option("endingOffsets", json.dumps({topic: {str(p): r.end for p, r in ranges.items()}}))
        .option("includeHeaders", "true")
        .option("failOnDataLoss", "true")
        .load()
    )


def _counts(rows: DataFrame, ranges: dict[Partition, Range]) -> Counts:
    """Records per partition; every record has to lie inside its range."""
    from pyspark.sql import functions as F

    found = rows.groupBy("partition").agg(F.count("*"), F.min("position"), F.max("position")).collect()
    for partition, records, first, newest in found:
        range_ = ranges.get(partition, Range(0, 0))
        if records > len(range_) or first not in range_ or newest not in range_:
            raise DataError(
                "TL-ING-001",
                f"{records} records at [{first}, {newest + 1}) were read for the range {range_}",
                where=f"partition {partition}",
                fix="run the stage again; nothing was committed",
            )
    records_of = {partition: records for partition, records, _, _ in found}
    return {partition: {"in": (n := records_of.get(partition, 0)), "good": n} for partition in ranges}


if __name__ == "__main__":
    run("ingest", ingest)
