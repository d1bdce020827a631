"""The golden cases through Spark: the given log as bronze, the real transforms, the answers of the other layers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import pytest

from tests.golden.cases import PRODUCTS, Case, cases, contract
from tideline.adapters.json_events import EventDecoder
from tideline.adapters.sketches import HllSketches
from tideline.model import reference
from tideline.model.contract import Contract
from tideline.model.expression import parse, to_sql
from tideline.model.field import EventField
from tideline.rendering import spark as rendering
from tideline.settings import Settings

pytestmark = pytest.mark.spark
CASES = cases()
STRIDE = 1_000  # each case gets partitions of its own, so that one Spark job judges all cases of a product
EXACT = Context(prec=100)
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
def session(spark: Settings) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(spark.spark_remote).create()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def judged(session: Any) -> dict[str, Judged]:
    """All cases of each product in one job: silver rows, quarantine rows and counts."""
    return {product: judge(session, product) for product in PRODUCTS}


def judge(session: Any, product: str) -> Judged:
    from spark_jobs.transforms import deduplicate, silver

    own = contract(product)
    rows = decoded(session, product)
    nothing = session.createDataFrame([], rendering.schema(rendering.columns("silver", own)))
    result = deduplicate.judged(rows, deduplicate.repeats(rows.where("reason IS NULL"), nothing, own)).persist()
    return Judged(
        silver=silver.to_silver(result, own, 1).toArrow().to_pylist(),
        quarantine=silver.to_quarantine(result, own, "run").toArrow().to_pylist(),
        verdicts={
            (r.partition, r.verdict): r["count"] for r in result.groupBy("partition", "verdict").count().collect()
        },
    )


def decoded(session: Any, product: str) -> Any:
    """The records of all cases of a product as bronze, decoded by Spark's workers."""
    from spark_jobs.transforms import decode

    own = contract(product)
    columns = [column for column in rendering.columns("bronze", own) if column.name in decode.INPUT]
    given = [
        (at * STRIDE + r.partition, r.position, EPOCH + timedelta(milliseconds=r.log_time_ms), r.key, r.value)
        for at, case in enumerate(CASES)
        if case.product == product
        for r in case.records
    ]
    return decode.decoded(session.createDataFrame(given, rendering.schema(columns)), own)


@pytest.mark.parametrize(("at", "case"), list(enumerate(CASES)), ids=str)
def test_spark_judges_as_the_case_expects(judged: dict[str, Judged], at: int, case: Case) -> None:
    """Counts, quarantine reasons and every figure of every view are those of the case."""
    own, found = contract(case.product), judged[case.product]
    assert found.counts(at) == case.expect["counts"]
    quarantine = [
        {"partition": row["partition"] % STRIDE, "position": row["position"], "reason": row["reason"]}
        for row in found.quarantine
        if row["partition"] // STRIDE == at
    ]
    assert sorted(quarantine, key=lambda row: (row["partition"], row["position"])) == case.expect["quarantine"]
    good = [_event(own, row) for row in found.silver if row["partition"] // STRIDE == at]
    sketches = HllSketches()
    for view in own.views:
        rows = reference.rows(own, view, reference.fold(own, view, good, sketches), sketches)
        assert rows == case.expect["views"][view.name]


def test_silver_holds_every_nested_value_exactly(judged: dict[str, Judged]) -> None:
    """What Spark's table holds is what the decoder gives for the same record, cell by cell."""
    own, found = contract("shop_orders"), judged["shop_orders"]
    decoder = EventDecoder(own)
    records = {(at * STRIDE + r.partition, r.position): r for at, case in enumerate(CASES) for r in case.records}
    assert len(found.silver) > 20
    for row in found.silver:
        record = records[row["partition"], row["position"]]
        assert _event(own, row).row == decoder.decode(record.key, record.value)


@pytest.mark.parametrize("product", PRODUCTS)
def test_expressions_mean_in_spark_what_they_mean_in_the_decoder(session: Any, product: str) -> None:
    """Rules, derived columns, dimensions and measures as SQL over the decoded rows, against the contract's closures."""
    own, rows = contract(product), decoded(session, product).where("reason IS NULL")
    texts = [rule.expression for rule in own.rules] + [column.expression for column in own.derived]
    texts += [measure.expression for view in own.views for measure in view.measures if measure.expression]
    texts += [dimension.column for view in own.views for dimension in view.dimensions]
    texts = sorted({text for text in texts if text in own.paths or text not in own.columns})
    asked = [f"{to_sql(parse(text))} as e{at}" for at, text in enumerate(texts)]
    found = rows.selectExpr(*own.columns, *asked).toArrow().to_pylist()
    assert len(found) > 20
    for row in found:
        cells = tuple(_cell(own.by_name.get(name), row[name]) for name in own.columns)
        for at, text in enumerate(texts):
            compiled, value = own.compile(text), row[f"e{at}"]
            if isinstance(value, Decimal):
                value = int(value.scaleb(compiled.type.scale, EXACT))
            assert _plain(value) == compiled.of(cells), text


def test_spark_compares_what_holds_maps(session: Any) -> None:
    """The form in which a restate compares rows tells each difference, however maps are ordered inside."""
    field = EventField.model_validate(
        {
            "name": "o", "type": "object", "description": "d",
            "fields": [
                {
                    "name": "a", "type": "array", "description": "d",
                    "items": {
                        "name": "item", "type": "map", "description": "d",
                        "values": {"name": "value", "type": "integer", "bits": 32, "description": "d"},
                    },
                }
            ],
        }
    )  # fmt: skip
    values = [
        "named_struct('a', array(map('x', 1, 'y', 2)))", "named_struct('a', array(map('y', 2, 'x', 1)))",
        "named_struct('a', array(map('x', 1, 'y', null)))", "named_struct('a', array(map('x', 1)))",
        "named_struct('a', array(null))", "named_struct('a', null)", "null",
    ]  # fmt: skip
    typed = [f"cast({value} as {rendering.spark_type(field)})" for value in values]
    source = session.range(1).selectExpr(*[f"{value} as v{at}" for at, value in enumerate(typed)])
    pairs = [(a, b) for a in range(len(values)) for b in range(len(values))]
    forms = [f"{rendering.comparable(field, f'v{a}')} <=> {rendering.comparable(field, f'v{b}')}" for a, b in pairs]
    same = source.selectExpr(*[f"{form} as p{at}" for at, form in enumerate(forms)]).collect()[0]
    for at, (a, b) in enumerate(pairs):
        assert same[at] is (a == b or {a, b} == {0, 1}), (values[a], values[b])


def test_decoded_rows_tell_of_drift(session: Any) -> None:
    """A JSON list of path and kind for what the contract does not know; null for everything else."""
    found = {row["drift"] for row in decoded(session, "shop_orders").select("drift").collect()}
    assert None in found
    assert '[["shipping.street", "string"], ["shipping.zip", "integer"], ["surprise", "integer"]]' in {
        json.dumps(sorted(json.loads(text))) for text in found if text
    }


def _event(own: Contract, row: dict[str, Any]) -> reference.Judged:
    values = tuple(_cell(own.by_name.get(name), row[name]) for name in own.columns)
    log_ms = (row["log_time"] - EPOCH) // timedelta(milliseconds=1)
    return reference.Judged(row["partition"] % STRIDE, row["position"], log_ms, row["payload_hash"], values)


def _cell(field: EventField | None, value: Any) -> Any:
    """The decoder's form of a silver value."""
    if value is None or field is None:
        return value
    if field.items is not None:
        return [_cell(field.items, item) for item in value]
    if field.values is not None:
        return {key: _cell(field.values, held) for key, held in value}
    if field.fields:
        return tuple(_cell(inner, value[inner.name]) for inner in field.fields)
    return int(value.scaleb(field.scale, EXACT)) if isinstance(value, Decimal) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value.isoformat() if isinstance(value, date) else value
