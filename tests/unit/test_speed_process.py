"""A speed process with real workers on a fake log: what it folds, counts and remembers when partitions come and go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from prometheus_client import CollectorRegistry

from speed_layer.crew import AGAIN_S
from speed_layer.pieces import Sizes
from speed_layer.status import Metrics, Status
from speed_layer.worker import Pace, increments_topic
from tests.fakes.membership import Group
from tests.fakes.speed_process import Process
from tests.fakes.speed_world import World, two_views
from tideline.model.errors import DataError


def sale(world: World, event_id: str, partition: int = 0, country: str = "FR") -> None:
    world.append(event_id, partition, at="2011-01-04T10:30:00Z", country=country, quantity=2, price="1.250")


def test_an_event_too_large_for_one_contract_leaves_the_other_fresh(tmp_path: Path) -> None:
    """TL-SPD-008 of sales, again and again; orders are folded all the time, and sales go on when it is mended."""
    sales = World(tmp_path / "sales")
    orders = World(
        tmp_path / "orders", two_views(product="orders", stream={"topic": "retail.orders.v1", "partitions": 2})
    )
    sales.sizes = Sizes(wanted=400, most=600)
    process = Process(sales, None, tmp_path / "home", orders)
    process.turn()
    sale(sales, "large", country="F" * 700)
    for number in range(5):
        sale(orders, f"o{number}")
        sales.now += AGAIN_S / 2
        process.turn()
        process.turn()
        shown = process.crew.snapshots()
        assert (shown["retail.sales"]["state"], shown["retail.orders"]["state"]) == ("ended", "running")
        assert shown["retail.orders"]["partitions"]["0"]["next"] == number + 1
    assert "TL-SPD-008" in shown["retail.sales"]["last_error"]
    assert process.gauges("tideline_speed_running") == {("retail.sales",): 0, ("retail.orders",): 1}
    sales.sizes = Sizes()
    sales.now += AGAIN_S
    process.turn()
    process.turn()
    assert process.crew.snapshots()["retail.sales"]["partitions"]["0"]["next"] == 1


def test_an_event_too_large_ends_the_process_that_has_nothing_else_to_do(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sizes = Sizes(wanted=400, most=600)
    process = Process(world, None, tmp_path / "home")
    sale(world, "large", country="F" * 700)
    with pytest.raises(DataError, match="TL-SPD-008"):
        turns(process, 5)


def turns(process: Process, count: int, before: Callable[[], None] = lambda: None) -> None:
    for _ in range(count):
        before()
        process.turn()


def test_events_of_a_partition_that_comes_back_are_counted_once(tmp_path: Path) -> None:
    """A process counts what it read itself: not again after a hand-over to and fro, nor when a release rebuilds."""
    world = World(tmp_path)
    group = Group({world.topic: 2})
    mine = Process(world, group, tmp_path / "mine")
    for name in "abcdef":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 4)
    other = Process(world, group, tmp_path / "other")
    turns(mine, 6, other.turn)
    assert len(mine.gauges("tideline_speed_lag_events")) == 1
    for name in "gh":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 2, other.turn)
    world.publish({0: 3, 1: 3})  # inside an epoch: both fold again from there
    other.leave()
    turns(mine, 4)
    for name in "ij":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 2)
    counted = [snapshot["counters"]["in"] for p in (mine, other) for snapshot in p.crew.snapshots().values()]
    assert counted == [20, 2]


def test_a_memory_that_is_older_than_a_restate_is_not_believed_when_a_partition_comes_back(tmp_path: Path) -> None:
    """A, then B, then A again, each on a disk of its own; meanwhile silver was judged again without an event."""
    world = World(tmp_path)
    group = Group({world.topic: 2})
    first = Process(world, group, tmp_path / "first")
    for name in "ab":
        sale(world, name)
    turns(first, 3)
    world.now += 6
    turns(first, 2)
    first.leave()
    second = Process(world, group, tmp_path / "second")
    turns(second, 3)
    world.publish({0: 2, 1: 0})
    turns(second, 2)
    world.publish({0: 2, 1: 0}, without=["a"])
    turns(second, 2)
    second.leave()
    back = Process(world, group, tmp_path / "first")
    turns(back, 3)
    for name in "ab":
        sale(world, name)
    turns(back, 2)
    [snapshot] = back.crew.snapshots().values()
    assert snapshot["counters"] == {"in": 2, "good": 1, "deduplicated": 1, "quarantined": 0}


def test_a_worker_touches_its_own_partitions_only(tmp_path: Path) -> None:
    """It fences, reads, publishes, spills and tells of nothing else."""
    world = World(tmp_path, two_views(stream={"topic": "retail.sales.v1", "partitions": 3}))
    status = Status(world.contract.id, world.contract.hash, Metrics(CollectorRegistry()))
    worker = world.worker_of({0, 2}, status, Pace(release_s=0, check_s=0, idle_s=0), tmp_path / "home")
    for partition in range(3):
        sale(world, f"e{partition}", partition)
    for _ in range(3):
        worker.turn()
        world.now += 6
    worker.finish()
    increments = world.log.bounds(increments_topic(world.contract.id))
    assert [partition for partition, held in increments.items() if held.end] == [0, 2]
    assert sorted(path.parent.name for path in (tmp_path / "home").rglob("manifest.json")) == ["p0", "p2"]
    assert (set(status.snapshot["partitions"]), status.counters["in"]) == ({"0", "2"}, 2)


def test_whoever_is_overtaken_while_it_finishes_has_finished(tmp_path: Path) -> None:
    """Asked to stop it stops well, although the next owner has not waited for that."""
    world = World(tmp_path)
    worker = world.worker()
    worker.turn()
    sale(world, "a")
    worker.turn()
    world.worker().turn()
    stop = Event()
    stop.set()
    worker.run(stop)
    assert (worker.status.state, worker.status.last_error) == ("stopped", "")
