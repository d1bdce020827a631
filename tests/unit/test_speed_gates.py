"""Cheap checks of gates in the speed layer: the rows that SQL would count, told early; no figure needs them."""

from pathlib import Path
from typing import Any

import pytest

from speed_layer.gates import GateWatch, breach
from speed_layer.status import Metrics, Status
from tests.fakes.speed_world import World
from tests.unit.sales import SALES
from tests.unit.test_gates import COUNTRY, gate

AT = "2011-01-04T10:30:00Z"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def row(**values: Any) -> tuple[Any, ...]:
    """A decoded row of the sales contract: numbers are scaled integers."""
    event = {
        "event_id": "e", "invoice_no": "5", "stock_code": "85123", "description": None, "quantity": 2, "invoice_ts": 0,
        "unit_price": 1_500, "customer_id": "c", "country": "France", "is_cancellation": False,
    } | values  # fmt: skip
    return tuple(event[name] for name in SALES.columns)


@pytest.mark.parametrize(
    ("said", "breaking", "keeping"),
    [
        ({"metric": "nullValues", "columns": ("customer_id",)}, [{"customer_id": None}], [{}, {"customer_id": ""}]),
        ({"metric": "nullValues", "columns": ("customer_id", "description")}, [{}], [{"description": "d"}]),
        ({"metric": "missingValues", "columns": ("customer_id",), "missing_values": ("", "n/a")},
         [{"customer_id": None}, {"customer_id": ""}, {"customer_id": "n/a"}], [{}, {"customer_id": " "}]),
        ({"metric": "missingValues", "columns": ("unit_price",), "missing_values": ("1.5", "0.00001")},
         [{}], [{"unit_price": 0}, {"unit_price": 15}]),
        ({"metric": "invalidValues", "columns": ("country",), "valid_values": ("France",), "missing_values": ("-",)},
         [{"country": "EIRE"}, {"country": ""}], [{}, {"country": None}, {"country": "-"}]),
        ({"metric": "invalidValues", "columns": ("stock_code",), "pattern": "[0-9]{5}"},
         [{"stock_code": "8512"}, {"stock_code": "x85123"}, {"stock_code": "85123A"}], [{}, {"stock_code": None}]),
        ({"metric": "invalidValues", "columns": ("is_cancellation",), "valid_values": ("false",)},
         [{"is_cancellation": True}], [{}]),
        ({"metric": "breaches", "expression": "unit_price >= 1.5 or is_cancellation = is_cancellation"}, [], [{}]),
        ({"metric": "breaches", "expression": "unit_price > 1.5"}, [{}], [{"unit_price": 1_501}, {"unit_price": None}]),
    ],
)  # fmt: skip
def test_a_row_breaks_a_gate_as_its_sql_counts(said, breaking, keeping):
    breaks = breach(SALES, gate(**said))
    assert [breaks(row(**values)) for values in breaking] == [True] * len(breaking)
    assert [breaks(row(**values)) for values in keeping] == [False] * len(keeping)


def test_only_gates_of_single_rows_of_silver_are_watched():
    gates = (
        gate(name="rows"), gate(name="query", metric="sql", query="select count(*) from ${table}"),
        gate(name="twice", metric="duplicateValues", columns=("invoice_no",)),
        gate(name="gold", metric="nullValues", columns=("country",), table=COUNTRY),
        gate(name="place", metric="nullValues", columns=("partition",)),
    )  # fmt: skip
    status = Status("retail.sales", "h", Metrics(None))
    GateWatch(SALES.model_copy(update={"gates": gates}), status).see([row()], [0], 0)
    assert status.gates == {}


def test_a_worker_tells_what_fresh_events_break_and_counts_none_twice(world: World) -> None:
    """Repeats and refused events are no rows of silver, so no gate sees them."""
    known = gate(name="countries", metric="nullValues", columns=("country",), unit="percent", action="warn")
    world.contract = world.contract.model_copy(update={"gates": (known,)})
    world.append("a", 0, at=AT, country=None)
    world.append("b", 0, at=AT, country="France")
    world.append("b", 0, at=AT, country="France")
    world.append("c", 0, at=AT, quantity="many")
    worker = world.worker()
    worker.start()
    worker.tick()
    assert worker.status.snapshot["gates"] == {"countries": {"breaches": 1, "rows": 2}}
    worker.start()
    worker.tick()
    assert worker.status.snapshot["gates"] == {"countries": {"breaches": 1, "rows": 2}}
    metrics = worker.status.metrics
    assert metrics.gate_breaches.labels("retail.sales", "countries")._value.get() == 1
    assert metrics.gate_rows.labels("retail.sales", "countries")._value.get() == 2
