"""Write, audit, publish with tables in memory: what is right becomes live once, what is wrong never does."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.fakes.documents import FakeDocuments
from tests.fakes.tables import FakeTables
from tideline.batch.audit import Limits, audit_run, last_audit
from tideline.batch.commits import StageCommit
from tideline.batch.cut import Cut, cut_name
from tideline.batch.model import choose_build, model_name, pin_silver
from tideline.batch.publish import publish, rollback
from tideline.batch.release import live_release
from tideline.model.contract import (
    Contract,
    Deduplication,
    Dimension,
    EventField,
    FieldType,
    Measure,
    RowRule,
    Stream,
    View,
)  # fmt: skip
from tideline.model.errors import AuditFailed, DataError, Fatal, Lifecycle, Retriable
from tideline.model.measure import MeasureKind
from tideline.model.position import Coverage, StreamId
from tideline.planning import Request

STREAM = StreamId("t.v1", "one")
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def contract() -> Contract:
    return Contract(
        domain="shop", product="sales", version="1.0.0", owner="o", description="d",
        stream=Stream(topic="t.v1", partitions=1), event_time="at",
        fields=(
            EventField(name="id", type=FieldType.STRING, description="", required=True),
            EventField(name="at", type=FieldType.TIMESTAMP, description="", required=True),
            EventField(name="land", type=FieldType.STRING, description=""),
            EventField(name="price", type=FieldType.DECIMAL, description="", precision=12, scale=3),
        ),
        rules=(RowRule(name="price_not_negative", expression="price >= 0"),),
        deduplication=Deduplication(key="id", horizon=timedelta(days=7)),
        views=(
            View(
                name="by_land", description="", dimensions=(Dimension(name="land", column="land", description=""),),
                measures=(
                    Measure(name="revenue", kind=MeasureKind.SUM, expression="price", description=""),
                    Measure(name="lines", kind=MeasureKind.COUNT, description=""),
                    Measure(name="top", kind=MeasureKind.MAX, expression="price", description=""),
                ),
            ),
        ),
    )  # fmt: skip


class World:
    """A lake in memory on which runs can be played; `rows` are (id, land, price)."""

    def __init__(self) -> None:
        self.contract, self.documents, self.tables = contract(), FakeDocuments(), FakeTables()
        self.rows: list[tuple[str, str | None, str]] = []

    @property
    def live(self):
        return live_release(self.documents, "shop.sales")

    def write(self, key, rows, *, bad_total="0", refused=0, tested=True, stage="refine"):
        """Cut, bronze, silver and gold of one run; `bad_total` is added to the first gold group."""
        start = len(self.rows)
        self.rows += rows
        end = len(self.rows)
        coverage = Coverage(STREAM, {0: end + refused})
        since = 0 if self.live is None else self.live.coverage.at(0)
        counts = {"in": len(rows) + refused, "good": len(rows), "quarantined": refused}
        cut = Cut("shop.sales", self.contract.hash, key, Request(), "2026-11-21T00:00:00Z",
                  Coverage(STREAM, {0: since}), coverage, {0: end})  # fmt: skip
        self.documents.put_new(cut_name("shop.sales", key), cut.as_json())
        self._commit("bronze/shop/sales", None, "ingest", key, coverage, since, counts)
        silver = self._commit("silver/shop/sales", self._silver(), stage, key, coverage, since, counts)
        gold = self._commit("gold/by_land", self._gold(bad_total), "model", key, coverage, since, {}, silver)
        if tested:
            self.documents.put_new(
                model_name("shop.sales", key), {"silver_version": silver, "views": {"by_land": gold}}
            )
        return start

    def _commit(self, path, rows, stage, key, coverage, since, counts, source=None):
        said = StageCommit(stage, key, "shop.sales", self.contract.hash, len(self.tables.commits(path, -1)) + 1,
                           coverage, {0: since}, source, {0: counts} if counts else {})  # fmt: skip
        return self.tables.commit(path, rows, json.loads(said.as_metadata())["tideline"])

    def _silver(self):
        size = range(len(self.rows))
        return pa.table({
            "id": [row[0] for row in self.rows], "land": pa.array([row[1] for row in self.rows], pa.string()),
            "price": pa.array([Decimal(row[2]) for row in self.rows], pa.decimal128(12, 3)),
            "partition": pa.array([0 for _ in size], pa.int32()), "position": pa.array(list(size), pa.int64()),
            "log_time": pa.array([NOW + timedelta(seconds=i) for i in size], pa.timestamp("us", "UTC")),
        })  # fmt: skip

    def _gold(self, bad_total):
        lands = sorted({row[1] for row in self.rows}, key=str)
        prices = [[Decimal(row[2]) for row in self.rows if row[1] == land] for land in lands]
        sums = [sum(own, Decimal(0)) for own in prices]
        sums[0] += Decimal(bad_total)
        return pa.table({
            "land": pa.array(lands, pa.string()), "revenue__sum": pa.array(sums, pa.decimal128(38, 3)),
            "lines__count": [len(own) for own in prices], "top__max": pa.array(map(max, prices), pa.decimal128(12, 3)),
        })  # fmt: skip

    def audit(self, key, limits=None):
        return audit_run(self.contract, key, self.documents, self.tables, limits)

    def publish(self, key):
        return publish(self.contract, key, self.documents, lambda: NOW)


FIRST = [("a", "France", "1.005"), ("b", None, "2.000"), ("c", "France", "0.995")]


@pytest.fixture
def world() -> World:
    return World()


def released(world: World) -> World:
    world.write("r1", FIRST)
    world.audit("r1")
    world.publish("r1")
    return world


def test_a_right_run_becomes_live_and_says_what_it_covers(world):
    release = released(world).live
    assert (release.number, release.run_key, release.coverage) == (1, "r1", Coverage(STREAM, {0: 3}))
    assert release.counts["good"] == 3
    assert all(check.passed for check in release.checks)


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"bad_total": "0.001"}, "totals:by_land"),
        ({"tested": False}, "gold_is_tested"),
        ({"refused": 101}, "quarantine_breaker"),
    ],
)
def test_a_wrong_run_is_refused_by_name_and_the_old_release_stays(world, wrong, check):
    released(world)
    world.write("r2", [("d", "Spain", "5.000")], **wrong)
    with pytest.raises(AuditFailed, match=check):
        world.audit("r2")
    with pytest.raises(AuditFailed, match="TL-PUB-002"):
        world.publish("r2")
    assert world.live.number == 1
    assert not last_audit(world.documents, "shop.sales", "r2").passed


def test_a_broken_rule_in_silver_is_found(world):
    world.write("r1", [("a", "France", "-1.000")])
    with pytest.raises(AuditFailed, match="rule:price_not_negative"):
        world.audit("r1")


def test_an_id_counted_twice_inside_the_horizon_is_found(world):
    world.write("r1", [("a", "France", "1.000"), ("a", "France", "1.000")])
    with pytest.raises(AuditFailed, match="unique:id"):
        world.audit("r1")


def test_a_silver_table_whose_newest_log_file_is_gone_is_found(world):
    released(world)
    world.write("r2", [("d", "Spain", "5.000")])
    world.tables.forget_newest("silver/shop/sales")
    with pytest.raises(AuditFailed, match="coverage_is_the_cut"):
        world.audit("r2")


def test_a_gap_between_two_silver_commits_is_found(world):
    released(world)
    world.write("r2", [("d", "Spain", "5.000")])
    world.tables.tables["silver/shop/sales"].metadata[1]["from"]["0"] = 4
    with pytest.raises(AuditFailed, match="ranges_are_contiguous"):
        world.audit("r2")


def test_records_that_nobody_accounts_for_are_found(world):
    world.write("r1", FIRST)
    world.tables.tables["silver/shop/sales"].metadata[0]["counts"]["0"]["in"] = 4
    with pytest.raises(AuditFailed, match="conservation"):
        world.audit("r1")


def test_the_breaker_allows_what_its_limits_allow(world):
    world.write("r1", FIRST, refused=101)
    assert world.audit("r1", Limits(quarantine_percent=98)).passed


def test_every_stage_may_run_twice(world):
    released(world)
    before = dict(world.documents.texts)
    world.audit("r1")
    assert world.publish("r1").number == 1
    assert world.documents.texts == before


def test_a_publish_with_an_unknown_outcome_finds_its_own_release(world):
    world.write("r1", FIRST)
    world.audit("r1")
    world.documents.fail_after = 1
    with pytest.raises(Retriable):
        world.publish("r1")
    assert world.publish("r1").number == 1


def test_publishing_without_an_audit_is_refused(world):
    world.write("r1", FIRST)
    with pytest.raises(Fatal, match="TL-PUB-001"):
        world.publish("r1")


def test_an_overtaken_run_stops_and_moves_nothing_back(world):
    world.write("r1", FIRST)
    world.audit("r1")
    world.write("r2", [("d", "Spain", "5.000")])
    # r2 started where r1 ended, and r1 is released after it
    world.tables.tables["silver/shop/sales"].metadata[1]["from"]["0"] = 3
    world.tables.tables["silver/shop/sales"].metadata[1]["counts"]["0"]["in"] = 1
    world.audit("r2")
    assert world.publish("r2").number == 1
    with pytest.raises(Lifecycle, match="TL-PUB-005"):
        world.publish("r1")
    assert world.live.run_key == "r2"


def test_a_rollback_is_a_new_release_with_the_old_content_and_repeats_harmlessly(world):
    released(world)
    world.write("r2", [("d", "Spain", "5.000")])
    world.audit("r2")
    world.publish("r2")
    for _ in range(2):
        back = rollback("shop.sales", 1, "rollback-1", world.documents, lambda: NOW)
        assert (back.number, back.rollback_of, back.coverage) == (3, 2, Coverage(STREAM, {0: 3}))
    assert world.live.number == 3


def test_a_rollback_to_an_unknown_number_names_the_known_ones(world):
    released(world)
    with pytest.raises(Fatal, match="releases are 1 to 1"):
        rollback("shop.sales", 9, "rollback-1", world.documents, lambda: NOW)


@pytest.mark.parametrize(
    ("stage", "good", "whole"),
    [("refine", 10**6, False), ("restate", 10**6, True), ("refine", 3, True)],
)
def test_gold_is_built_in_part_only_from_refine_batches_on_a_large_table(world, stage, good, whole):
    released(world)
    name = "releases/shop.sales/00000000000000000001.json"
    world.documents.texts[name] = world.documents.texts[name].replace('"good": 3', f'"good": {good}')
    gold = world.tables.tables["gold/by_land"]
    world.write("r2", [("d", "Spain", "5.000")], stage=stage)
    gold.rows.pop(), gold.metadata.pop()
    silver = pin_silver(world.contract, world.tables)
    assert choose_build(world.contract, silver, world.live, world.tables).whole is whole


def test_coverage_that_moves_back_in_one_partition_is_no_overtaking_but_an_error(world):
    from tideline.batch.audit import Audit
    from tideline.batch.publish import _check_forward

    released(world)
    other = Audit("r2", world.contract.hash, (), Coverage(STREAM, {0: 2, 1: 9}), 1, 1)
    with pytest.raises(DataError, match=r"TL-PUB-006.*0: 3 -> 2"):
        _check_forward(world.live, other, "r2")
