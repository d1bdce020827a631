"""Which valid events count: the contract's rule, exactly, also for chains of repeats and across runs.

The rule: an event counts iff no *counted* event of its id stands earlier in its partition within the horizon of log
time (ADR 0003). Whether an event counts depends on earlier verdicts, so a window function cannot say it. Sorted by
(partition, id, position) one pass with one remembered event per id can: counted events of an id have rising log times,
since each lies more than the horizon after the one before it, so only the last counted one matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from tideline.model.contract import Contract

REPEAT, CONFLICT = "deduplicated", "id_conflict"
_VERDICTS = "partition int, position bigint, repeat string"


def candidates(rows: DataFrame, contract: Contract, *, counted: bool) -> DataFrame:
    """The narrow rows that the pass needs; `counted` marks events that silver already holds."""
    from pyspark.sql import functions as F

    return rows.select(
        "partition",
        F.col(contract.deduplication.key).alias("id"),
        "position",
        F.unix_micros("log_time").alias("log_us"),
        "payload_hash",
        F.lit(counted).alias("counted"),
    )


def repeats(events: DataFrame, counted: DataFrame, contract: Contract) -> DataFrame:
    """(partition, position, repeat) of each valid event that does not count.

    `events` are decoded rows without a reason; `counted` are silver rows that may stand before them: those of other ids
    are dropped here, those before the horizon should be filtered by the caller, where files can be skipped.
    """
    new = candidates(events, contract, counted=False)
    known = candidates(counted, contract, counted=True)
    known = known.join(new.select("partition", "id"), ["partition", "id"], "left_semi")
    ordered = new.unionByName(known).repartition("partition", "id").sortWithinPartitions("partition", "id", "position")
    horizon_us = contract.deduplication.horizon // timedelta(microseconds=1)

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        judging = Pass(horizon_us)
        for batch in batches:
            found = judging.repeats(batch.to_pydict())
            yield pa.RecordBatch.from_pydict(
                {
                    "partition": pa.array([row[0] for row in found], pa.int32()),
                    "position": pa.array([row[1] for row in found], pa.int64()),
                    "repeat": pa.array([row[2] for row in found], pa.string()),
                }
            )

    return ordered.mapInArrow(judge, _VERDICTS)


class Pass:
    """The one pass over rows sorted by (partition, id, position); remembers the last counted event of one id."""

    def __init__(self, horizon_us: int) -> None:
        self._horizon_us = horizon_us
        self._id: tuple[int, str] | None = None
        self._last: tuple[int, bytes] | None = None

    def repeats(self, columns: dict[str, list[Any]]) -> list[tuple[int, int, str]]:
        """(partition, position, repeat or conflict) of the rows that do not count, in their order."""
        found = []
        names = ("partition", "id", "position", "log_us", "payload_hash", "counted")
        for partition, event_id, position, log_us, payload, counted in zip(*(columns[n] for n in names), strict=True):
            if self._id != (partition, event_id):
                self._id, self._last = (partition, event_id), None
            if counted or self._last is None or self._last[0] < log_us - self._horizon_us:
                self._last = (log_us, payload)
            else:
                found.append((partition, position, REPEAT if payload == self._last[1] else CONFLICT))
        return found


def judged(decoded: DataFrame, repeated: DataFrame) -> DataFrame:
    """Decoded rows with `verdict` (good, quarantined, deduplicated); an id conflict becomes the reason of its row."""
    from pyspark.sql import functions as F

    joined = decoded.join(repeated, ["partition", "position"], "left")
    reason: Column = F.coalesce("reason", F.when(F.col("repeat") == CONFLICT, F.lit(CONFLICT)))
    verdict = (
        F.when(F.col("reason").isNotNull(), F.lit("quarantined"))
        .when(F.col("repeat") == REPEAT, F.lit("deduplicated"))
        .otherwise(F.lit("good"))
    )
    return joined.withColumn("reason", reason).withColumn("verdict", verdict).drop("repeat")
