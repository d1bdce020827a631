"""Gates on a real Spark server: every metric counts what it says, a broken fail is refused, a broken warn is told."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.golden.rendering import PLACE
from tests.integration.gold_lake import empty_gold
from tideline import wiring
from tideline.batch.audit import audit_run
from tideline.batch.commits import StageCommit
from tideline.batch.cut import Cut, cut_name
from tideline.batch.model import Gold, build_views, model_name, table_path
from tideline.batch.publish import publish
from tideline.batch.release import live_release
from tideline.model.contract import Contract
from tideline.model.errors import AuditFailed
from tideline.model.position import Coverage, StreamId
from tideline.planning import Request
from tideline.rendering import spark as rendering
from tideline.rendering.dbt import render
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]
STREAM = StreamId("shop.orders.v1", "one")
NOW = datetime(2026, 11, 21, tzinfo=UTC)
SAID = json.loads((PLACE / "given.json").read_text(encoding="utf-8"))
SAID["views"][0]["dimensions"][0]["name"] = "from"  # a word of SQL, as a route or a transfer has it
Order = tuple[str, str | None, str | None, str | None, str | None]


def orders() -> Contract:
    """The golden contract of the renderings: every metric, a batch-only view, nested columns and omitted members."""
    return Contract.model_validate(SAID)


FIRST: list[Order] = [  # id, status, amount, customer, city
    ("a", "open", "1.50", "c1", "Paris"),
    ("b", "open", "-2.00", "c2", "Paris"),
    ("c", "none", "1.50", "c1", "Paris"),
    ("d", None, None, "c3", "Rome"),
    ("e", "${x}x", "1.50", "c4", None),
]
EXPECTED = {
    "orders_arrive": ("5", 5),
    "customers_known": ("0", 5),
    "phones_known": ("4", 5),
    "states": ("1", 5),  # ${x}x is neither listed nor of small letters
    "amounts": ("0", 5),
    "no_double_orders": ("0", 5),
    "paid_has_amount": ("0", 5),
    "highest": ("1.50", None),
    "cities_have_buyers": ("0", 3),
}


class Shop:
    """A lake with the silver of the golden contract, and a dbt project that holds this contract alone."""

    def __init__(self, settings: Settings) -> None:
        from pyspark.sql import SparkSession

        self.session = SparkSession.builder.remote(settings.spark_remote).create()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")
        empty_gold(self.session)
        self.settings, self.contract = settings, orders()
        self.documents, self.tables = wiring.documents(settings), wiring.tables(settings)
        self.count, self.batch = 0, 0
        for name in ("macros", "tests", "dbt_project.yml", "profiles.yml"):
            copy = shutil.copytree if (REPOSITORY / "dbt_project" / name).is_dir() else shutil.copyfile
            copy(REPOSITORY / "dbt_project" / name, settings.dbt_project / name)
        self.compile()

    def compile(self) -> None:
        for name, text in render({self.contract.id: self.contract}).items():
            path = self.settings.dbt_project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def write(self, key: str, rows: list[Order]) -> None:
        """Cut, bronze and silver of one run."""
        self.batch += 1
        start, self.count = self.count, self.count + len(rows)
        coverage = Coverage(STREAM, {0: self.count})
        cut = Cut(self.contract.id, self.contract.hash, key, Request(), "2026-11-21T00:00:00Z",
                  Coverage(STREAM, {0: start}), coverage, {0: 0})  # fmt: skip
        self.documents.put_new(cut_name(self.contract.id, key), cut.as_json())
        counts = {0: {"in": len(rows), "good": len(rows)}}
        self._commit("bronze", "ingest", key, coverage, start, counts, [(start,)], "position bigint")
        listed = [self._row(start + at, *row) for at, row in enumerate(rows)]
        schema = rendering.schema(rendering.columns("silver", self.contract))
        self._commit("silver", "refine", key, coverage, start, counts, listed, schema)

    def _row(self, at: int, key: str, status: Any, amount: Any, customer: Any, city: Any) -> tuple[Any, ...]:
        lines = [{"sku": "s", "engraving": "x"}, None] if at % 2 else None
        shipping = None if city is None else {"city": city, "street": "x" if at == 0 else None}
        return (
            key, NOW + timedelta(seconds=at), status, None if amount is None else Decimal(amount), customer,
            "1" if at % 2 == 0 else None, shipping, lines, {"k": "v"}, at % 2 == 0,
            0, at, NOW + timedelta(seconds=at), b"x", self.batch,
        )  # fmt: skip

    def _commit(
        self, layer: str, stage: str, key: str, coverage: Coverage, start: int, counts: Any, rows: Any, schema: str
    ) -> None:
        said = StageCommit(stage, key, self.contract.id, self.contract.hash, self.batch, coverage, {0: start},
                           counts=counts)  # fmt: skip
        frame = self.session.createDataFrame(rows, schema)
        self.session.sql(f"set spark.databricks.delta.commitInfo.userMetadata={said.as_metadata()}")
        place = self.settings.lake.place(table_path(layer, self.contract))
        frame.write.format("delta").mode("append").save(place)

    def run(self, key: str, rows: list[Order]) -> Any:
        """One run from its rows to its release; raises what stops it."""
        self.write(key, rows)
        build_views(self.contract, key, Gold(self.documents, self.tables, self.settings, lambda _line: None))
        audit_run(self.contract, key, self.documents, self.tables)
        return publish(self.contract, key, self.documents, lambda: NOW)

    def found(self, key: str) -> dict[str, tuple[str | None, int | None]]:
        document = self.documents.get(model_name(self.contract.id, key))
        assert document is not None
        return {found["name"]: (found["measured"], found["counted"]) for found in document["gates"]}


@pytest.fixture
def shop(spark: Settings, tmp_path: Any) -> Iterator[Shop]:
    project = tmp_path / "dbt_project"
    project.mkdir()
    shop = Shop(spark.model_copy(update={"home": tmp_path / "home", "dbt_project": project}))
    yield shop
    shop.session.stop()


def test_gates_measure_judge_and_keep_the_old_release(shop: Shop) -> None:
    """Each metric by its number; fail refuses, warn publishes; the distinct count and the omitted members in gold."""
    with pytest.raises(AuditFailed, match=r"gate:states: .*1 of 5 rows, promised mustBe 0 rows; action fail"):
        shop.run("r1", FIRST)
    assert shop.found("r1") == EXPECTED
    assert live_release(shop.documents, shop.contract.id) is None

    gates = [gate | ({"action": "warn"} if gate["name"] == "states" else {}) for gate in SAID["gates"]]
    gates = [gate | ({"limits": ["3"]} if gate["name"] == "phones_known" else {}) for gate in gates]
    shop.contract = Contract.model_validate(SAID | {"gates": gates})
    shop.compile()
    release = shop.run("r2", [("f", "open", "1.50", "n/a", "Rome")])
    warned = {check.name: check.detail for check in release.checks if check.warning}
    assert set(warned) == {"gate:states", "gate:phones_known", "gate:customers_known"}
    assert warned["gate:customers_known"] == (
        "missingValues of customer_id on silver: 1 of 6 rows, promised mustBeLessThan 2.5 percent; action warn"
    )
    assert shop.found("r2")["orders_arrive"] == ("6", 6), "what no release held yet is of this run"

    gold = shop.tables.read("gold/buyers_by_city", release.views["buyers_by_city"].version).to_pylist()
    assert {row["from"]: (row["buyers"], row["amount"]) for row in gold} == {
        "Paris": (2, Decimal("1.00")), "Rome": (2, Decimal("1.50")), None: (1, Decimal("1.50")),
    }  # fmt: skip

    twice = [("g", "paid", "0.00", "c9", "Rome"), ("h", "open", "9999.99", "c9", "Rome")]
    with pytest.raises(AuditFailed) as refused:
        shop.run("r3", twice)
    assert "gate:paid_has_amount" in str(refused.value) and "gate:amounts" in str(refused.value)
    assert "9999.99" not in str(refused.value)
    assert shop.found("r3")["orders_arrive"] == ("2", 2)
    live = live_release(shop.documents, shop.contract.id)
    assert live is not None and live.run_key == "r2"
