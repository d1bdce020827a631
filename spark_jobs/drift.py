"""Schema drift of one run: what the decoder noticed becomes a document, and ends the run where the contract says so.

 1. the count of drifting records comes with the counts that refine makes anyway: without drift nothing else is done;
 2. add up by path and kind, over the decoded rows that are kept for the writes;
 3. keep the document, before anything is committed and before a refusal: the proposal needs it;
 4. raise DataError TL-DRF-001 where the contract says `fail`; nothing is committed, the old release stays.
A document is written once. A retry that reads the same under the same contract finds it; one that reads more, or by a
changed contract, writes the next number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spark_jobs.job import Job
from tideline.model.drift import MAX_PATHS, OTHER, FieldDrift, Report, known_paths, name_of, refusal, what_of
from tideline.model.position import Partition, Position
from tideline.ports import Documents

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_NOTICED = "array<array<string>>"
_NUMBERS = 1_000


def handle(
    job: Job, rows: DataFrame, records: int, ranges: tuple[Mapping[Partition, Position], Mapping[Partition, Position]]
) -> None:
    """`rows` have `partition`, `position` and `drift`; `records` of them have a drift. `ranges` are what was read."""
    if not records:  # 1
        return
    report = Report(
        contract=job.contract.id,
        contract_hash=job.contract.hash,
        run_key=job.run_key,
        start=dict(ranges[0]),
        end=dict(ranges[1]),
        records=records,
        fields=_fields(job, rows),  # 2
    )
    name = keep(job.documents, report)  # 3
    job.say(f"{records} records differ from the contract in {', '.join(sorted(report.fields))}: {name}")
    error = refusal(job.contract, report)
    if error is not None:  # 4
        raise error


def keep(documents: Documents, report: Report) -> str:
    """Write the document unless it is there; returns its name."""
    said = report.as_json()
    for number in range(1, _NUMBERS):
        name = name_of(report.contract, report.run_key, number)
        if documents.put_new(name, said) or documents.get(name) == said:
            return name
    raise AssertionError(f"run {report.run_key} failed {_NUMBERS} times, each time with another range")


def _fields(job: Job, rows: DataFrame) -> dict[str, FieldDrift]:
    """Counts by path; beyond 100 paths all share one, so that no flood of names fills a document.

    Fields of the contract come first, then the most frequent names: a flood of new ones cannot hide a changed one.
    """
    from pyspark.sql import functions as F

    noticed = F.explode(F.array_distinct(F.from_json("drift", _NOTICED)))
    place = F.struct("partition", "position")
    found = rows.where("drift IS NOT NULL").select(place.alias("place"), noticed.alias("noticed"))
    found = found.select("place", F.col("noticed")[0].alias("path"), F.col("noticed")[1].alias("kind"))
    by_path = found.groupBy("path").agg(F.count_distinct("place").alias("records"))
    known = F.col("path").isin(list(known_paths(job.contract.fields)))
    most = by_path.orderBy(known.desc(), F.desc("records"), "path").limit(MAX_PATHS + 1).collect()
    if len(most) > MAX_PATHS:
        own = [row.path for row in most[:MAX_PATHS]]
        found = found.withColumn("path", F.when(F.col("path").isin(own), F.col("path")).otherwise(OTHER))
    kinds: dict[str, Counter[str]] = {}
    for row in found.groupBy("path", "kind").agg(F.count_distinct("place").alias("records")).collect():
        kinds.setdefault(row.path, Counter())[row.kind] = row.records
    counted = found.groupBy("path").agg(F.count_distinct("place").alias("records"), F.min("place").alias("first"))
    return {
        row.path: FieldDrift(
            what_of(job.contract, row.path), row.records, kinds[row.path], (row.first.partition, row.first.position)
        )
        for row in counted.collect()
    }
