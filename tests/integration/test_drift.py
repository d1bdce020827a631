"""Schema drift through ingest, refine and restate on a real broker and a real Spark server."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from spark_jobs.evolve import evolve
from spark_jobs.refine import refine
from spark_jobs.restate import restate
from tests.fakes.contract_index import small_contract
from tests.integration.test_spark_jobs import Product
from tideline import wiring
from tideline.batch.commits import totals
from tideline.deploy.order import Order, place_order
from tideline.model.contract import Contract
from tideline.model.errors import DataError
from tideline.planning import Kind, Request
from tideline.proposing.evidence import gather, reports
from tideline.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark]
COLOUR = {"name": "colour", "type": "string", "max_length": 64, "description": "Seen in drifting events."}
DAYS = Request(Kind.RESTATE, (date(2026, 1, 2), date(2026, 1, 3)))
_numbers = itertools.count(1)


class Drifting(Product):
    """A product of its own whose events may carry more than the contract knows."""

    def __init__(self, settings: Settings, **drift: str) -> None:
        super().__init__(settings)
        self.contract = small_contract(f"drifting{next(_numbers)}", drift=drift)
        self.topic = self.contract.stream.topic
        self.log.create(self.topic, 4, {"message.timestamp.type": "LogAppendTime"})

    def send_one(self, id_: str, **members: Any) -> None:
        event = {"event_id": id_, "at": "2026-01-02T10:00:00Z", "country": "France", "quantity": 1, **members}
        self.send(id_, raw=json.dumps(event).encode())

    def with_colour(self) -> Contract:
        fields = [field.model_dump(mode="json") for field in self.contract.fields]
        drift = self.contract.drift.model_dump(mode="json")
        return small_contract(self.contract.product, drift=drift, fields=[*fields, COLOUR])

    def apply(self, after: Contract) -> None:
        """What `tideline apply` does to silver: it follows the changed contract."""
        order = Order(1, "2026-01-01T00:00:00Z", {after.id: after}, {after.id: self.contract})
        self.contract = after
        self.stage(evolve, place_order(wiring.documents(self.settings), order).key)

    def document(self, key: str) -> dict[str, Any] | None:
        return wiring.documents(self.settings).get(f"drift/{self.contract.id}/{key}.json")


@pytest.fixture
def settings(kafka: Settings, spark: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    assert kafka == spark
    monkeypatch.setenv("SPARK_REMOTE", spark.spark_remote)
    for path in (spark.lake.folder / "_tideline" / "deployments").glob("*"):
        path.unlink()  # deployments are numbered per installation, and the session shares one
    yield spark


def test_what_evolves_counts_at_once_and_a_restate_fills_the_new_column_from_bronze(settings: Settings) -> None:
    """The event counts under the old contract, the document says what was seen, and no value is lost meanwhile."""
    product = Drifting(settings, new_fields="evolve")
    product.send_one("a", colour="red")
    product.send_one("b")
    product.send_one("c", colour="blue", quantity="many")
    product.run("r1")
    assert product.rows("silver", "event_id") == [("a",), ("b",)]
    assert product.rows("quarantine", "position", "reason") == [(2, "wrong_type:quantity")]
    said = product.document("r1")
    assert said is not None
    assert (said["records"], said["from"]["0"], said["to"]["0"]) == (2, 0, 3)
    assert said["fields"] == {
        "colour": {"what": "new", "records": 2, "kinds": {"string": 2}, "first": [0, 0]},
        "quantity": {"what": "changed", "records": 1, "kinds": {"string": 1}, "first": [0, 2]},
    }
    documents, tables = wiring.documents(settings), wiring.tables(settings)
    evidence = gather(product.contract, reports(documents, product.contract.id), tables)
    assert evidence.drifted["colour"].samples.kinds == {"string": 2}
    product.apply(product.with_colour())
    product.cut("fill", DAYS)
    product.stage(restate, "fill")
    assert product.rows("silver", "event_id", "colour") == [("a", "red"), ("b", None)]
    assert totals(product.last("silver")[1].counts)["good"] == 0
    product.send_one("d", colour="green")
    product.run("r2")
    assert product.rows("silver", "event_id", "colour")[-1] == ("d", "green")
    assert product.document("r2") is None, "without drift there is no document"


def test_a_contract_that_fails_on_drift_commits_nothing_until_it_knows_the_field(settings: Settings) -> None:
    """The run ends with 65 and names the field; a retry says the same; under the changed contract everything counts."""
    product = Drifting(settings, new_fields="fail")
    product.send_one("a")
    product.send_one("b", colour="red")
    for _ in range(2):
        with pytest.raises(
            DataError, match=r"TL-DRF-001 .*colour \(new, 1 records\).*tideline contract propose"
        ) as caught:
            product.run("r1")
        assert caught.value.exit_code == 65
    assert product.versions()[0] is not None, "bronze has the records"
    assert wiring.tables(settings).last_commit(f"silver/retail/{product.contract.product}") is None
    assert product.rows("quarantine", "position") == []
    assert len(reports(wiring.documents(settings), product.contract.id)) == 1
    product.apply(product.with_colour())
    product.cut("r2")
    product.stage(refine, "r2")
    assert product.rows("silver", "event_id", "colour") == [("a", None), ("b", "red")]


def test_a_flood_of_names_gives_a_bounded_document_and_hides_no_changed_field(settings: Settings) -> None:
    """Changed fields and the most frequent names are told one by one, the rest as one."""
    product = Drifting(settings, changed_fields="fail")
    for number in range(110):
        product.send_one(f"e{number}", **{f"a{number % 105}": 1})
    product.send_one("changed", quantity="many")
    with pytest.raises(DataError, match=r"TL-DRF-001 .*: quantity \(changed, 1 records\)\. Fix"):
        product.run("r1")
    said = product.document("r1")
    assert said is not None
    assert (said["records"], len(said["fields"]), said["fields"]["(other)"]["records"]) == (111, 101, 6)
    assert said["fields"]["a0"] == {"what": "new", "records": 2, "kinds": {"integer": 2}, "first": [0, 0]}
