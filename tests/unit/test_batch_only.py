"""Batch-only views everywhere but in serving: speed leaves them out, the cut waits for none, the audit proves them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pyarrow as pa
import pytest

from speed_layer.__main__ import hands
from speed_layer.crew import Crew
from speed_layer.health import Health
from speed_layer.status import Metrics
from tests.fakes.speed_world import World as SpeedWorld
from tests.fakes.tables import FakeTables
from tests.golden.rendering import PLACE
from tests.unit.test_cut import World as CutWorld
from tests.unit.test_cut import both, contract
from tideline.adapters.increments import Increment, decode
from tideline.adapters.sketches import HllSketches
from tideline.batch.reconciliation import checks
from tideline.model import reference
from tideline.model.contract import Contract
from tideline.settings import Settings

ORDERS = Contract.model_validate_json((PLACE / "given.json").read_text(encoding="utf-8"))
BUYERS = ORDERS.view("buyers_by_city")


def batch_only(promise: Contract, *names: str) -> Contract:
    views = tuple(v.model_copy(update={"batch_only": True}) if v.name in names else v for v in promise.views)
    return promise.model_copy(update={"views": views})


def test_the_speed_layer_publishes_nothing_of_it(tmp_path: Path) -> None:
    world = SpeedWorld(tmp_path)
    world.contract = batch_only(world.contract, "by_hour")
    world.append("a", 0, at="2011-01-04T10:30:00Z", quantity=1)
    worker = world.worker()
    worker.start()
    worker.tick()
    topic = f"tideline.increments.{world.contract.id}"
    reader = world.log.reader(topic, dict.fromkeys(world.log.bounds(topic), 0))
    said = [decode(record.value) for record in reader.poll(0, 1_000)]
    folded = {record.view for record in said if isinstance(record, Increment)}
    others = {view.name for view in world.contract.views} - {"by_hour"}
    assert folded == others
    assert all(set(views) == others for views in worker.status.next.values())


def test_a_contract_with_nothing_to_fold_is_idle_and_ready(tmp_path: Path) -> None:
    """No worker, no topic, no trouble: readiness does not wait for it."""
    promise = batch_only(contract(), "by_id", "other")
    crew = Crew({promise.id: promise}, Metrics(None), hands(Settings(home=tmp_path), Event()))
    health = Health("127.0.0.1", 0, crew.snapshots)
    try:
        crew.step()
        assert crew.snapshots()[promise.id]["state"] == "idle"
        with urlopen(f"http://127.0.0.1:{health._server.server_address[1]}/readyz") as answer:
            assert json.load(answer) == {"ready": True, "contracts": {promise.id: "idle"}}
    except HTTPError as error:
        pytest.fail(f"not ready: {error.read().decode()}")
    finally:
        health.close()
        crew.end()


def test_the_cut_asks_followed_views_only() -> None:
    """The epoch end of the followed views is a cut, although no increment names the batch-only view."""
    world = CutWorld()
    view = world.contract.views[0].model_copy(update={"name": "nightly", "batch_only": True})
    world.contract = world.contract.model_copy(update={"views": (*world.contract.views, view)})
    for partition in (0, 1):
        world.events(partition, 9)
        world.fence(partition)
        world.speed(partition, *both(0, 0, 7, epoch_end=True), *both(0, 7, 9))
    assert dict(world.cut().to) == {0: 7, 1: 7}


def _rows(*orders: tuple[str | None, str | None, str | None]) -> list[reference.Judged]:
    """Orders of (customer, city, amount in cents as text) as the decoder gives them."""
    found = []
    for at, (customer, city, amount) in enumerate(orders):
        row = {"order_id": f"o{at}", "ordered_at": at, "customer_id": customer, "amount": amount and int(amount)}
        row["shipping"] = None if city is None else (city, None)
        found.append(reference.Judged(0, at, 0, b"", tuple(row.get(name) for name in ORDERS.columns)))
    return found


GIVEN = _rows(("a", "Paris", "100"), ("a", "Paris", "50"), ("b", "Paris", None), (None, "Rome", "7"), ("a", None, "1"))


def test_the_reference_counts_different_values_of_a_group() -> None:
    groups = reference.fold(ORDERS, BUYERS, GIVEN, HllSketches())
    assert groups == {("Paris",): (2, 150), ("Rome",): (0, 7), (None,): (1, 1)}


class Lake:
    """Silver of the golden contract and its gold, as the audit reads them."""

    def __init__(self, gold: dict[str | None, tuple[int, str]]) -> None:
        from decimal import Decimal

        start = datetime(2026, 1, 1, tzinfo=UTC)
        cities = [None if (cell := judged.row[6]) is None else {"city": cell[0]} for judged in GIVEN if judged.row]
        amounts = [judged.row[3] for judged in GIVEN if judged.row]
        self.tables = FakeTables()
        self.tables.commit("silver/shop/orders", pa.table({
            "order_id": [f"o{at}" for at in range(len(GIVEN))],
            "customer_id": pa.array([judged.row[4] for judged in GIVEN if judged.row], pa.string()),
            "shipping": pa.array(cities, pa.struct([("city", pa.string())])),
            "amount": pa.array([None if a is None else Decimal(a) / 100 for a in amounts], pa.decimal128(12, 2)),
            "ordered_at": [start + timedelta(microseconds=at) for at in range(len(GIVEN))],
            "partition": pa.array([0] * len(GIVEN), pa.int32()), "position": list(range(len(GIVEN))),
            "log_time": [start] * len(GIVEN),
        }), {})  # fmt: skip
        self.tables.commit("gold/buyers_by_city", pa.table({
            "city": pa.array(list(gold), pa.string()), "buyers__distinct": [count for count, _ in gold.values()],
            "amount__sum": pa.array([Decimal(amount) for _, amount in gold.values()], pa.decimal128(38, 2)),
        }), {})  # fmt: skip

    def failed(self) -> list[Any]:
        found = checks(ORDERS, 0, {"buyers_by_city": 0}, len(GIVEN), self.tables)
        return [(check.name, check.detail) for check in found if not check.passed]


RIGHT = {"Paris": (2, "1.50"), "Rome": (0, "0.07"), None: (1, "0.01")}


def test_the_audit_proves_distinct_counts_and_groups_inside_objects() -> None:
    assert Lake(RIGHT).failed() == []


def test_a_distinct_count_that_lost_a_value_is_found() -> None:
    (problem,) = Lake(RIGHT | {"Paris": (1, "1.50")}).failed()
    assert problem == ("totals:buyers_by_city", "buyers__distinct differs: gold 2, silver 3")
