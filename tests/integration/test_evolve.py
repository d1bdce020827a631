"""Silver follows a changed contract on a real Spark server: columns change, rows do not, and going back is a change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from spark_jobs.evolve import evolve
from spark_jobs.ingest import ingest
from spark_jobs.refine import refine
from spark_jobs.restate import restate
from tests.integration.test_spark_jobs import Product
from tideline import wiring
from tideline.batch.cut import table_path
from tideline.batch.judged import days_to_restate
from tideline.deploy.order import Order, place_order
from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.planning import Kind, Request
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark]
OLD = [
    {"name": "price", "type": "decimal", "precision": 10, "scale": 2, "description": "Each."},
    {"name": "pieces", "type": "integer", "bits": 32, "description": "How many."},
]
NEW = [
    {"name": "price", "type": "decimal", "precision": 14, "scale": 3, "description": "Each."},
    {"name": "units", "type": "integer", "renamed_from": "pieces", "description": "How many."},
    {"name": "note", "type": "string", "description": "What was said."},
]


class Evolving(Product):
    """A product whose contract changes; deployments are ordered as `tideline apply` orders them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.old, self.new = self._with(OLD), self._with(NEW)
        self.contract = self.old
        self.documents = wiring.documents(settings)

    def _with(self, more: list[dict[str, Any]]) -> Contract:
        plain = self.contract.model_dump(mode="json", exclude_defaults=True)
        return Contract.model_validate(plain | {"fields": [*plain["fields"], *more]})

    def sell(self, id_: str, at: str = "2026-01-02T10:00:00Z", **members: Any) -> None:
        event = {"event_id": id_, "at": at, "country": "France", "quantity": 1, **members}
        self.send(id_, raw=json.dumps(event).encode())

    def order(
        self, number: int, before: Contract, after: Contract, *, rebuild: bool = False, drop: bool = False
    ) -> str:
        rebuilds = {after.id: before.hash} if rebuild else {}
        order = Order(number, "2026-01-01T00:00:00Z", {after.id: after}, {before.id: before}, rebuilds, drop)
        assert place_order(self.documents, order) == order
        return order.key

    def follow(self, number: int, before: Contract, after: Contract, **how: bool) -> None:
        self.contract = after
        self.stage(evolve, self.order(number, before, after, **how))

    def restate(self, key: str, first: date, end: date) -> None:
        self.cut(key, Request(Kind.RESTATE, (first, end)))
        self.stage(restate, key)


@pytest.fixture
def product(kafka: Settings, spark: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Evolving]:
    assert kafka == spark
    monkeypatch.setenv("SPARK_REMOTE", spark.spark_remote)
    made = Evolving(spark)
    for path in (spark.lake.folder / "_tideline" / "deployments").glob("*"):
        path.unlink()  # the services are shared by the session; deployments are numbered per installation
    yield made


def test_columns_are_added_widened_and_renamed_and_going_back_loses_nothing(product: Evolving) -> None:
    """Old rows keep their values under the new names; runs go on; back under the old contract after a restate."""
    product.sell("a", price="1.25", pieces=3)
    product.run("r1")
    product.follow(1, product.old, product.new)
    version, words = product.last("silver")
    assert (words.stage, words.contract_hash, words.replaces, words.rebuild) == (
        "evolve", product.new.hash, product.old.hash, False,
    )  # fmt: skip
    product.stage(evolve, "apply-1")
    assert product.last("silver")[0] == version, "following again changes nothing"

    product.sell("b", price="2.125", units=5_000_000_000, note="new")
    product.sell("c", at="2026-01-04T10:00:00Z", price="2.25", pieces=4)
    product.run("r2")
    assert product.rows("silver", "event_id", "price", "units", "note") == [
        ("a", Decimal("1.250"), 3, None), ("b", Decimal("2.125"), 5_000_000_000, "new"),
        ("c", Decimal("2.250"), 4, None),
    ]  # fmt: skip

    product.follow(2, product.new, product.old, rebuild=True)
    product.sell("d", price="9.75", pieces=1)
    product.cut("r3")
    product.stage(ingest, "r3")
    with pytest.raises(Fatal, match=r"TL-REF-003 .*\[2026-01-02, 2026-01-05\)"):
        product.stage(refine, "r3")
    product.restate("s1", date(2026, 1, 2), date(2026, 1, 3))
    with pytest.raises(Fatal, match=r"TL-REF-003 .*\[2026-01-03, 2026-01-05\)"):
        product.stage(refine, "r3")
    product.restate("s2", date(2026, 1, 3), date(2026, 1, 5))
    assert product.last("silver")[1].stage == "restate", "also days in which nothing changed are told to be judged"
    product.stage(refine, "r3")
    assert product.rows("silver", "event_id", "price", "pieces") == [
        ("a", Decimal("1.250"), 3), ("c", Decimal("2.250"), 4), ("d", Decimal("9.750"), 1),
    ]  # fmt: skip
    assert product.rows("quarantine", "position", "reason") == [(1, "out_of_range:price")]
    assert product.rows("silver", "note") == [(None,)] * 3

    product.follow(3, product.old, product.new)
    assert days_to_restate(product.contract, product.documents, wiring.tables(product.settings)) == []
    product.restate("s3", date(2026, 1, 1), date(2026, 1, 5))
    assert ("b", 5_000_000_000, "new") in product.rows("silver", "event_id", "units", "note")


def test_a_retired_column_is_dropped_when_asked_for_and_can_be_restored(product: Evolving) -> None:
    """The drop is a commit of metadata: the version before it still has the column."""
    product.contract = product.new
    product.sell("a", price="1.125", units=3, note="kept")
    product.run("r1")
    plain = product.new.model_dump(mode="json", exclude_defaults=True)
    kept = [field for field in plain["fields"] if field["name"] != "note"]
    after = Contract.model_validate(plain | {"fields": kept, "retired": ["note"]})
    before, _ = product.last("silver")
    product.follow(1, product.new, after, drop=True)
    tables, path = wiring.tables(product.settings), table_path("silver", product.contract)
    schema = tables.schema(path)
    assert schema is not None
    assert "note" not in {field["name"] for field in schema["fields"]}
    assert tables.read(path, before, ["note"]).to_pydict() == {"note": ["kept"]}


def test_killed_between_two_statements_and_started_again(product: Evolving) -> None:
    """The job is killed after its first statement; the next one does the rest and commits once."""
    product.sell("a", price="1.25", pieces=3)
    product.run("r1")
    key = product.order(1, product.old, product.new)
    command = [sys.executable, str(REPOSITORY / "spark_jobs" / "evolve.py"), "--contract", product.contract.id]
    env = {**os.environ, **product.settings.as_environment(), "TIDELINE_CRASH_AT": "evolve.statement"}
    (product.settings.home / "run" / "crash-point").unlink(missing_ok=True)
    for code in (-9, 0):
        done = subprocess.run([*command, "--run-key", key], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
    product.contract = product.new
    assert product.last("silver")[1].stage == "evolve"
    assert product.rows("silver", "event_id", "units", "price", "note") == [("a", 3, Decimal("1.250"), None)]
