"""Drift as the speed layer sees it: counted, bounded, shown, and never a reason to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.speed_world import World
from tideline.model.contract import Drift, DriftAction
from tideline.model.drift import MAX_PATHS, OTHER

AT = "2011-01-04T10:30:00Z"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def promising(world: World, new_fields: DriftAction) -> None:
    world.contract = world.contract.model_copy(update={"drift": Drift(new_fields=new_fields)})


def metric(worker: Any, what: str) -> float:
    return worker.status.metrics.drift.labels("retail.sales", what)._value.get()


@pytest.mark.parametrize("action", list(DriftAction))
def test_drift_is_counted_and_speed_goes_on_whatever_the_contract_says(world: World, action: DriftAction) -> None:
    """`evolve` counts the event, `quarantine` and `fail` quarantine it; the worker runs in all three."""
    promising(world, action)
    world.append("a", 0, at=AT, quantity=1, colour="red")
    world.append("b", 0, at=AT, quantity=1, colour=7, size={"cm": 3})
    world.append("c", 0, at=AT, quantity="many")
    world.append("d", 0, at=AT, quantity=1)
    worker = world.worker()
    worker.start()
    worker.tick()
    found = worker.status.snapshot
    assert found["drift"] == {
        "records": 3,
        "fields": {
            "colour": {
                "what": "new", "records": 2, "kinds": {"integer": 1, "string": 1}, "first": [0, 0], "last": [0, 1],
            },
            "quantity": {"what": "changed", "records": 1, "kinds": {"string": 1}, "first": [0, 2], "last": [0, 2]},
            "size": {"what": "new", "records": 1, "kinds": {"object": 1}, "first": [0, 1], "last": [0, 1]},
        },
    }  # fmt: skip
    assert (metric(worker, "new"), metric(worker, "changed")) == (2, 1)
    assert found["state"] == "running"
    assert found["counters"]["good"] == (3 if action is DriftAction.EVOLVE else 1)


def test_what_is_read_again_is_not_counted_again(world: World) -> None:
    """A worker that starts its protocol anew reads behind what it has counted."""
    world.append("a", 0, at=AT, colour="red")
    worker = world.worker()
    worker.start()
    worker.tick()
    worker.start()
    worker.tick()
    assert worker.status.snapshot["drift"]["records"] == 1
    assert metric(worker, "new") == 1


def test_a_flood_of_names_stays_bounded_and_odd_names_are_not_shown(world: World) -> None:
    """At most 100 paths have counts of their own; a name that is no plain word is `?`; no value is shown."""
    world.append("odd", 0, at=AT, **{"Ann Smith <ann@example.org>": "s3cret"})
    for number in range(MAX_PATHS + 20):
        world.append(f"e{number}", 0, at=AT, **{f"x{number}": "s3cret"})
    worker = world.worker()
    worker.start()
    worker.tick()
    fields = worker.status.snapshot["drift"]["fields"]
    assert len(fields) == MAX_PATHS + 1
    assert (fields["?"]["records"], fields[OTHER]["records"]) == (1, 21)
    assert "s3cret" not in str(fields) and "Ann" not in str(fields)
