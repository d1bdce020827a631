"""Validate, quarantine and deduplicate into silver: exactly `[silver coverage, bronze coverage)`.

 1. what silver covers already is not done again;
 2. read the range from the pinned bronze version, decode it with the decoder of both layers;
 3. find repeats, against silver within the horizon and inside the range;
 4. count per partition; the counts must add up before anything is written, and drift must be allowed (drift.py);
 5. commit refused records to quarantine, under a Coverage of its own: a retry does not write them again;
 6. commit the good rows with counts and Coverage to silver.
The same script computes days again when the cut of its run says so (spark_jobs/restate.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from spark_jobs import crash_hook, drift, tables
from spark_jobs.job import Job, run
from spark_jobs.transforms import decode, deduplicate, silver
from tideline.batch.commits import Counts, StageCommit, check_conservation, next_batch, totals
from tideline.batch.judged import days_to_restate, shown
from tideline.model.errors import Fatal
from tideline.model.position import Coverage
from tideline.model.release import COUNTS
from tideline.planning import Kind
from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True)
class Span:
    """What one refine reads: bronze at a version, from silver's coverage on; without `last` there is no silver yet."""

    bronze_version: int
    start: Coverage
    end: Coverage
    last: StageCommit | None
    silver_version: int | None


def refine(job: Job) -> None:
    """The stage. Raises DataError when records do not add up, Lifecycle when another run was first."""
    if job.cut.request.kind is Kind.RESTATE:
        raise Fatal("TL-REF-002", "this run restates days", fix="run spark_jobs/restate.py, or tideline run")
    span = _span(job)
    if span is None:
        return
    for layer in ("quarantine", "silver"):
        tables.ensure(job, layer)
    rows = judge(job, span)
    counts, drifting = _counts(rows, span)
    check_conservation(job.contract, counts)  # 4
    drift.handle(job, rows, drifting, (span.start.next, span.end.next))
    sums = totals(counts)
    job.say(", ".join(f"{name} {sums[name]}" for name in COUNTS))
    words = StageCommit(
        stage="refine",
        run_key=job.run_key,
        contract=job.contract.id,
        contract_hash=job.contract.hash,
        batch=next_batch(span.last),
        coverage=span.end,
        start=dict(span.start),
        source_version=span.bronze_version,
        counts=counts,
    )
    if sums["quarantined"]:
        _quarantine(job, rows, words)  # 5
    good = silver.to_silver(rows, job.contract, words.batch)
    version = tables.commit(job, "silver", crash_hook.before_commit(job, "silver", good), words)  # 6
    crash_hook.after_commit(job)
    job.say(f"{sums['good']} rows are silver version {version} (batch {words.batch})")


def _span(job: Job) -> Span | None:
    bronze, last = tables.last(job, "bronze"), tables.last(job, "silver")
    if bronze is None:
        job.say("nothing to do: there is no bronze yet")
        return None
    _refuse_other_rules(job, last[1] if last else None)
    end = bronze[1].coverage
    start = last[1].coverage if last else Coverage(end.stream, dict.fromkeys(end.next, 0))
    if start.covers(end):  # 1
        job.say("nothing to do: silver covers bronze")
        return None
    for partition, range_ in start.ranges_to(end).items():
        job.say(f"partition {partition} {range_} of bronze version {bronze[0]}")
    return Span(bronze[0], start, end, last[1] if last else None, last[0] if last else None)


def _refuse_other_rules(job: Job, last: StageCommit | None) -> None:
    """New rows stand beside rows of the same rules only. Days that are restated already are not named again."""
    if last is None:
        return
    today = date.fromisoformat(job.cut.ingest_time[:10])
    if not (foreign := days_to_restate(job.contract, job.documents, job.tables, today)):
        return
    first, end = foreign[0][0], foreign[-1][1]
    raise Fatal(
        "TL-REF-003",
        f"silver's days {shown(foreign)} are not judged under contract hash {job.contract.hash}; "
        f"its last commit is of {last.contract_hash}",
        where=f"contract {job.contract.id}",
        fix=f"tideline apply, if that was not done; else tideline run {job.contract.id} --restate {first} {end}",
    )


def judge(job: Job, span: Span) -> DataFrame:
    """Steps 2 and 3: the records of the span with verdict and reason, kept for the counts and both writes."""
    from pyspark.sql import functions as F

    bronze = tables.read(job, "bronze", span.bronze_version)
    records = bronze.where(rendering.in_ranges(span.start.ranges_to(span.end)))
    rows = job.keep(decode.decoded(records, job.contract))
    events = rows.where("reason IS NULL")
    if span.silver_version is None:
        known = tables.empty(job, "silver")
    else:
        oldest_us = events.agg(F.min(F.unix_micros("log_time"))).collect()[0][0]
        known = tables.read(job, "silver", span.silver_version)
        if oldest_us is not None:  # a literal, so that Delta skips the files before it
            horizon_us = job.contract.deduplication.horizon // timedelta(microseconds=1)
            known = known.where(f"log_time >= timestamp_micros({oldest_us - horizon_us})")
    repeated = job.keep(deduplicate.repeats(events, known, job.contract))
    return deduplicate.judged(rows, repeated)


def _counts(rows: DataFrame, span: Span) -> tuple[Counts, int]:
    """Records per partition and verdict, and how many differ from the contract in shape."""
    from pyspark.sql import functions as F

    found = rows.groupBy("partition", "verdict").agg(F.count("*"), F.count("drift")).collect()
    counts = {partition: dict.fromkeys(COUNTS, 0) for partition in span.start.ranges_to(span.end)}
    for partition, verdict, number, _ in found:
        counts[partition][verdict] = number
        counts[partition]["in"] += number
    return counts, sum(row[3] for row in found)


def _quarantine(job: Job, rows: DataFrame, words: StageCommit) -> None:
    """Refused records that quarantine does not hold yet; what an interrupted attempt wrote lies before its Coverage."""
    found = tables.last(job, "quarantine")
    held = found[1] if found else None
    if held is not None and held.coverage.covers(words.coverage):
        job.say("quarantine holds the refused records already")
        return
    refused = rows if held is None else rows.where(f"NOT ({rendering.before(held.coverage.next)})")
    own = replace(words, batch=next_batch(held), counts={}, start=dict(held.coverage) if held else words.start)
    version = tables.commit(job, "quarantine", silver.to_quarantine(refused, job.contract, job.run_key), own)
    job.say(f"refused records are quarantine version {version}")


if __name__ == "__main__":
    run("refine", refine)
