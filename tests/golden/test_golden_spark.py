"""The golden cases through Spark: the given log as bronze, the real transforms, the answers of the other layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.golden.cases import Case, cases, contract
from tideline.adapters.sketches import HllSketches
from tideline.model import reference
from tideline.model.contract import Contract, FieldType
from tideline.rendering import spark as rendering
from tideline.settings import Settings

pytestmark = pytest.mark.spark
CASES = cases()
STRIDE = 1_000  # each case gets partitions of its own, so that one Spark job judges all cases
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Judged:
    """What Spark said: rows as plain dicts."""

    silver: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    verdicts: dict[tuple[int, str], int]

    def counts(self, at: int) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (partition, verdict), number in self.verdicts.items():
            if partition // STRIDE == at:
                zeros = {"in": 0, "good": 0, "quarantined": 0, "deduplicated": 0}
                counts = found.setdefault(str(partition % STRIDE), zeros)
                counts["in"] += number
                counts[verdict] += number
        return found


@pytest.fixture(scope="module")
def judged(spark: Settings) -> Iterator[Judged]:
    """All cases in one job: silver rows, quarantine rows and counts."""
    from pyspark.sql import SparkSession

    from spark_jobs.transforms import decode, deduplicate, silver

    own = contract()
    session = SparkSession.builder.remote(spark.spark_remote).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    columns = [column for column in rendering.columns("bronze", own) if column.name in decode.INPUT]
    given = [
        (at * STRIDE + r.partition, r.position, EPOCH + timedelta(milliseconds=r.log_time_ms), r.key, r.value)
        for at, case in enumerate(CASES)
        for r in case.records
    ]
    bronze = session.createDataFrame(given, rendering.schema(columns))
    rows = decode.decoded(bronze, own)
    nothing = session.createDataFrame([], rendering.schema(rendering.columns("silver", own)))
    result = deduplicate.judged(rows, deduplicate.repeats(rows.where("reason IS NULL"), nothing, own)).persist()
    yield Judged(
        silver=silver.to_silver(result, own, 1).toArrow().to_pylist(),
        quarantine=silver.to_quarantine(result, own, "run").toArrow().to_pylist(),
        verdicts={
            (r.partition, r.verdict): r["count"] for r in result.groupBy("partition", "verdict").count().collect()
        },
    )
    session.stop()


@pytest.mark.parametrize(("at", "case"), list(enumerate(CASES)), ids=str)
def test_spark_judges_as_the_case_expects(judged: Judged, at: int, case: Case) -> None:
    """Counts, quarantine reasons and every figure of every view are those of the case."""
    own = contract()
    assert judged.counts(at) == case.expect["counts"]
    quarantine = [
        {"partition": row["partition"] % STRIDE, "position": row["position"], "reason": row["reason"]}
        for row in judged.quarantine
        if row["partition"] // STRIDE == at
    ]
    assert sorted(quarantine, key=lambda row: (row["partition"], row["position"])) == case.expect["quarantine"]
    good = [_event(own, row) for row in judged.silver if row["partition"] // STRIDE == at]
    sketches = HllSketches()
    for view in own.views:
        rows = reference.rows(own, view, reference.fold(own, view, good, sketches), sketches)
        assert rows == case.expect["views"][view.name]


def _event(own: Contract, row: dict[str, Any]) -> reference.Judged:
    values = tuple(_exact(own, name, row[name]) for name in own.columns)
    log_ms = (row["log_time"] - EPOCH) // timedelta(milliseconds=1)
    return reference.Judged(row["partition"] % STRIDE, row["position"], log_ms, row["payload_hash"], values)


def _exact(own: Contract, name: str, value: Any) -> Any:
    """The decoder's form of a silver value."""
    if isinstance(value, Decimal):
        return int(value * 10 ** own.by_name[name].scale)
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    if isinstance(value, date):
        assert own.by_name[name].type is FieldType.DATE
        return value.isoformat()
    return value
