"""Compute the silver rows of a half-open range of UTC event days again from bronze; running it twice changes nothing.

1. judge everything that silver covers, from the pinned bronze version: whether an event of these days counts may hang
   on events of other days, so all of them are asked (the price is one scan of bronze);
2. compare with silver, row by row, exactly; when nothing differs there is no commit, unless the rules changed since;
3. refuse what these days cannot hold: events that move between them and other days, or that bronze has lost;
4. change quarantine: records that count now become `replayed`, counted ones that are refused now are added, none twice;
5. replace the days in silver in one commit; its counts are what changed, so that the sums over all commits stay true.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from spark_jobs import crash_hook, tables
from spark_jobs.job import Job, run
from spark_jobs.transforms import compare, decode, deduplicate, silver
from tideline.batch.commits import Counts, StageCommit, check_conservation, next_batch
from tideline.batch.judged import days_to_restate
from tideline.model.errors import DataError, Fatal
from tideline.model.release import COUNTS
from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def restate(job: Job) -> None:
    """The stage. Raises DataError when the days cannot hold the answer, Lifecycle when another run was first."""
    days = job.cut.request.days
    bronze, last = tables.last(job, "bronze"), tables.last(job, "silver")
    if days is None or bronze is None or last is None:
        raise Fatal("TL-RES-001", "this run restates no days of an existing silver table", fix="start another run")
    version, before = last
    if before.run_key == job.run_key:
        job.say(f"nothing to do: this run committed silver version {version} before")
        return
    job.say(f"days [{days[0]}, {days[1]}) of silver version {version} from bronze version {bronze[0]}")
    rows = _judged(job, bronze[0], before)
    held = tables.read(job, "silver", version)
    differences = job.keep(compare.differences(rows, held, _quarantined(job), job.contract, days))
    counts = _counts(job, differences, days)
    same = counts is None
    foreign = days_to_restate(job.contract, job.documents, job.tables) if same else []
    if same and not any(first < days[1] and days[0] < end for first, end in foreign):
        job.say("nothing to do: the days are as they should be")
        return
    counts = counts or {}
    check_conservation(job.contract, counts)
    words = StageCommit(
        stage="restate",
        run_key=job.run_key,
        contract=job.contract.id,
        contract_hash=job.contract.hash,
        batch=next_batch(before),
        coverage=before.coverage,
        start=dict(before.coverage),
        source_version=bronze[0],
        counts=counts,
        days=(days[0].isoformat(), days[1].isoformat()),
    )
    if same:  # silver's log has to say that these days were judged again, and that it changed nothing
        written = tables.commit(job, "silver", tables.empty(job, "silver"), words)
        job.say(f"the days are as they should be under this contract: silver version {written} says so")
        return
    _change_quarantine(job, rows, differences, words)
    predicate = rendering.in_days(job.contract, days)
    good = silver.to_silver(rows, job.contract, words.batch).where(predicate)
    good = crash_hook.before_commit(job, "silver", good)
    written = tables.commit(job, "silver", good, words, replace_where=predicate)
    crash_hook.after_commit(job)
    job.say(f"the days are silver version {written} (batch {words.batch})")


def _judged(job: Job, bronze_version: int, before: StageCommit) -> DataFrame:
    bronze = tables.read(job, "bronze", bronze_version).where(rendering.before(before.coverage.next))
    rows = job.keep(decode.decoded(bronze, job.contract))
    nothing = tables.empty(job, "silver")
    return deduplicate.judged(rows, job.keep(deduplicate.repeats(rows.where("reason IS NULL"), nothing, job.contract)))


def _quarantined(job: Job) -> DataFrame:
    last = tables.last(job, "quarantine")
    return tables.empty(job, "quarantine") if last is None else tables.read(job, "quarantine", last[0])


def _counts(job: Job, differences: DataFrame, days: tuple[date, date]) -> Counts | None:
    """What changed per partition and verdict; None when nothing did. Raises DataError for what the days cannot hold."""
    from pyspark.sql import functions as F

    kinds = differences.groupBy("partition", "was", "verdict", "kind").agg(F.count("*").alias("n")).collect()
    moved = sum(row.n for row in kinds if row.kind == compare.MOVED)
    lost = sum(row.n for row in kinds if row.kind == compare.LOST)
    if moved:
        raise DataError(
            "TL-RES-002",
            f"{moved} events move between the days [{days[0]}, {days[1]}) and other days under this contract",
            where=f"contract {job.contract.id}",
            fix="restate a range that holds both their old and their new days",
        )
    if lost:
        raise DataError(
            "TL-RES-003",
            f"bronze no longer holds {lost} events that silver has on the days [{days[0]}, {days[1]})",
            where=f"contract {job.contract.id}",
            fix="keep the days as they are, or restore the bronze table",
        )
    if not kinds:
        return None
    counts: dict[int, dict[str, int]] = {}
    for row in kinds:
        of = counts.setdefault(row.partition, dict.fromkeys(COUNTS, 0))
        of[row.was] -= row.n
        of[row.verdict] += row.n
    return counts


def _change_quarantine(job: Job, rows: DataFrame, differences: DataFrame, words: StageCommit) -> None:
    """Step 4 as one MERGE; repeating it after an interruption changes nothing more."""
    place = ["partition", "position"]
    good = differences.where("verdict = 'good' AND was = 'quarantined'").select(*place)
    refused = differences.where("verdict = 'quarantined' AND was = 'good'").select(*place)
    if not (good.limit(1).count() or refused.limit(1).count()):
        return
    tables.ensure(job, "quarantine")
    source = silver.to_quarantine(rows, job.contract, job.run_key).join(refused, place, "left_semi")
    replayed = silver.replayed(rows, job.contract, job.run_key).join(good, place, "left_semi")
    tables.merge_quarantine(job, source.unionByName(replayed), words)


if __name__ == "__main__":
    run("restate", restate)
