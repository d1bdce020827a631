"""What speed folds without the ids of what the log has lost is told as lost, and folded anew once a release has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.speed_world import Reader, World
from tests.unit.test_speed_worker import complete, rebases, sale


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_after_a_rollback_behind_what_the_log_holds_nothing_counts_until_a_release_covers_it(world: World) -> None:
    """The ids between are in no silver that is live and in no log: what follows is `lost`, then folded anew."""
    worker = world.worker()
    worker.start()
    first = {0: 0, 1: 0}
    for name in "ab":
        sale(world, name)
        world.now += 6
        worker.tick()
        first[0] += 1
        world.publish(first)
        worker.tick()
    world.shorten(0, 2)
    world.rollback(world.released(1))
    worker.tick()
    assert [(r.reason, dict(r.views)) for r in rebases(world)][1:] == [
        ("lost", {"by_country_and_day": 2, "by_hour": 2})
    ]
    sale(world, "b")
    worker.tick()
    assert Reader(world).answers() == {"by_country_and_day": None, "by_hour": None}
    again = world.worker()
    again.start()
    assert [r.reason for r in rebases(world)] == ["start", "lost", "lost"], "a restart tells it once"
    sale(world, "b")
    world.publish({0: 3, 1: 0})
    again.tick()
    again.tick()
    assert [r.reason for r in rebases(world)] == ["start", "lost", "lost", "restated"]
    assert complete(world), "the repeat of an event that only the newer silver knows is dropped"


@pytest.mark.parametrize("kept", [True, False], ids=["with its memory", "on a new machine"])
def test_a_restart_that_cannot_know_all_ids_says_what_is_lost(world: World, kept: bool) -> None:
    """The chain could go on; but without a memory nobody knows what the log has lost behind the release."""
    worker = world.worker()
    worker.start()
    for name in "abc":
        sale(world, name)
        world.now += 6
        worker.tick()
        world.publish({0: 1, 1: 0}) if name == "a" else None
    worker.finish()
    world.shorten(0, 3)
    if not kept:
        shutil.rmtree(world.state)
    again = world.worker()
    again.start()
    assert [r.reason for r in rebases(world)] == ["start"] + ["lost"] * (not kept)
    assert again.status.lost == ([] if kept else [{"partition": 0, "from": 1, "to": 3}])
    sale(world, "b")
    again.tick()
    assert complete(world) is kept


def test_a_memory_that_ends_before_the_log_begins_is_made_from_silver(world: World) -> None:
    """Batch went on while speed was away, and the log was shortened: silver knows ids that the memory on disk lacks."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    worker.finish()
    sale(world, "b")
    world.publish({0: 2, 1: 0})
    world.shorten(0, 2)
    again = world.worker()
    again.start()
    sale(world, "b")
    again.tick()
    assert complete(world)
