"""The speed worker's protocol, one promise at a time, on a fake log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from speed_layer.published import Owner, Published, decide_start
from speed_layer.worker import increments_topic
from tests.fakes.speed_world import PARTITIONS, Reader, World
from tideline.adapters.increments import Fence, Increment, Rebase, Record, decode
from tideline.model.errors import Fatal, Lifecycle
from tideline.model.loss import Loss
from tideline.model.position import Range, StreamId
from tideline.model.release import release_name

TOPIC = increments_topic("retail.sales")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def sale(world: World, event_id: str, partition: int = 0) -> None:
    world.append(event_id, partition, at="2011-01-04T10:30:00Z", country="FR", quantity=2, price="1.250")


def published(world: World, partition: int = 0) -> list[Record]:
    return [decode(record.value) for record in world.log.topics[TOPIC].partitions[partition].records]


def increments(world: World, partition: int = 0) -> list[Increment]:
    return [record for record in published(world, partition) if isinstance(record, Increment)]


def rebases(world: World, partition: int = 0) -> list[Rebase]:
    return [record for record in published(world, partition) if isinstance(record, Rebase)]


def complete(world: World) -> bool:
    """A fresh reader's answers equal the reference up to the log's end."""
    reader = Reader(world)
    reader.follow()
    answers = [(view.name, reader.answer(view.name)) for view in world.contract.views]
    return all(
        answer is not None and answer == (world.reference(view, world.log_ends()), world.log_ends())
        for view, answer in answers
    )


def test_a_first_start_fences_then_rebases_to_the_log_start(world: World) -> None:
    """The first record is the fence, and its offset is the generation of all that follows."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    first, second, *rest = published(world)
    assert isinstance(first, Fence) and first.contract_hash == world.contract.hash
    assert second == Rebase(0, {"by_country_and_day": 0, "by_hour": 0}, "start")
    assert [(r.view, r.start, r.end) for r in rest if isinstance(r, Increment)] == [
        ("by_country_and_day", 0, 1), ("by_hour", 0, 1),
    ]  # fmt: skip
    assert complete(world)


def test_repeats_conflicts_and_broken_records_move_the_position_and_are_counted(world: World) -> None:
    """A tick with nothing that counts still publishes, with empty groups."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    sale(world, "a")
    world.append("a", 0, at="2011-01-04T10:30:00Z", country="FR", quantity=3, price="1.250")
    world.append_raw("b", b"{", 0)
    world.log.gap(world.topic, 0, 5)
    worker.tick()
    last = increments(world)[-1]
    counts = last.counts
    assert (last.start, last.end, last.rows, len(last.states)) == (1, 9, 0, 4)
    assert (counts.records, counts.good, counts.quarantined, counts.deduplicated) == (3, 0, 2, 1)
    assert worker.status.quarantined == {"id_conflict": 1, "malformed_json": 1}
    assert worker.status.counters == {"in": 4, "good": 1, "quarantined": 2, "deduplicated": 1}


def test_an_idle_partition_closes_its_epoch_once(world: World) -> None:
    """The epoch after a movement ends with an empty increment; then the topic does not grow."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    world.now = 6
    worker.tick()
    assert [(i.start, i.end, i.epoch_end) for i in increments(world)][-2:] == [(1, 1, True)] * 2
    size = len(published(world))
    for world.now in (12, 18, 24):
        worker.tick()
    assert len(published(world)) == size


def test_a_restart_continues_where_the_topic_says(world: World) -> None:
    """No rebase, no repeat: the next increment starts where the last one ended."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    again = world.worker()
    again.start()
    sale(world, "a")
    sale(world, "b")
    again.tick()
    assert len(rebases(world)) == 1
    assert [(i.start, i.end) for i in increments(world) if i.view == "by_hour"] == [(0, 1), (1, 3)]
    assert complete(world)


def test_a_worker_that_was_overtaken_ends_itself(world: World) -> None:
    """A zombie notices the newer fence before it goes on, and what it still sends is ignored."""
    zombie, successor = world.worker(), world.worker()
    zombie.start()
    successor.start()
    sale(world, "a")
    with pytest.raises(Lifecycle, match="TL-SPD-001"):
        zombie.tick()
    successor.tick()
    assert complete(world)


def test_a_release_inside_an_epoch_is_rebuilt_exactly(world: World) -> None:
    """Rebase to the coverage, fold again from there with the same verdicts."""
    worker = world.worker()
    worker.start()
    for name in "abcab":
        sale(world, name)
    worker.tick()
    world.publish({0: 2, 1: 0})
    worker.tick()
    assert rebases(world)[-1] == Rebase(0, {"by_country_and_day": 2, "by_hour": 2}, "straddle")
    assert complete(world)


def test_a_release_ahead_makes_a_boundary_when_it_is_reached(world: World) -> None:
    """The tick that passes the coverage is cut in two, and the first part ends an epoch."""
    worker = world.worker()
    worker.start()
    for name in "abcd":
        sale(world, name)
    world.publish({0: 3, 1: 0})
    worker.tick()
    found = [(i.start, i.end, i.epoch_end) for i in increments(world) if i.view == "by_hour"]
    assert found == [(0, 3, True), (3, 4, False)]
    assert complete(world)


def test_what_the_log_lost_is_said_loudly_and_only_for_its_partition(world: World) -> None:
    """Retention overtook one partition: rebase `lost`, status and metric name the exact range."""
    worker = world.worker()
    worker.start()
    sale(world, "a", 0)
    sale(world, "b", 1)
    worker.tick()
    for number in range(5):
        sale(world, f"c{number}", 0)
        sale(world, f"d{number}", 1)
    world.log.truncate(world.topic, 0, 4)
    again = world.worker()
    again.start()
    again.tick()
    assert again.status.lost == [{"partition": 0, "from": 1, "to": 4}]
    assert [r.reason for r in rebases(world, 0)] == ["start", "lost"]
    assert [r.reason for r in rebases(world, 1)] == ["start"]
    metric = again.status.metrics.lost.labels("retail.sales", "0")
    assert metric._value.get() == 3


def test_a_lost_state_is_seeded_from_silver(world: World, tmp_path: Path) -> None:
    """Without a spill, and with the covered part of the log gone, repeats across the release are still dropped."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    world.now = 6
    worker.tick()
    world.publish({0: 1, 1: 0})
    world.log.truncate(world.topic, 0, 1)
    sale(world, "a")
    sale(world, "b")
    fresh = World.worker(world)
    fresh.start()
    fresh.tick()
    counts = [i.counts for i in increments(world) if i.view == "by_hour" and i.start == 1 and i.end == 3]
    assert [(c.good, c.deduplicated) for c in counts] == [(1, 1)]


@pytest.mark.parametrize("restarted", [False, True], ids=["while it runs", "while it was down"])
def test_after_a_restate_the_memory_is_made_from_the_new_silver(world: World, restarted: bool) -> None:
    """A restate took an event out of silver: its repeats count from now on, also those that were folded already."""
    worker = world.worker()
    worker.start()
    for name in "ab":
        sale(world, name)
    world.now = 6
    worker.tick()
    world.publish({0: 2, 1: 0})
    for name in "ab":
        sale(world, name)
    world.now = 12
    worker.tick()
    if restarted:
        worker.finish()
    world.publish({0: 2, 1: 0}, without=["a"])
    worker = world.worker() if restarted else worker
    worker.start() if restarted else None
    worker.tick()
    worker.tick()
    sale(world, "a")
    worker.tick()
    last = rebases(world)[-1]
    assert (last.reason, last.views) == ("restated", {"by_country_and_day": 2, "by_hour": 2})
    again = [i.counts for i in increments(world) if i.view == "by_hour" and i.start >= 2][-2:]
    assert [(c.good, c.deduplicated) for c in again] == [(1, 1), (0, 1)]


def test_a_rollback_makes_the_memory_from_the_older_silver(world: World) -> None:
    worker = world.worker()
    worker.start()
    sale(world, "a")
    world.now = 6
    worker.tick()
    first = world.publish({0: 1, 1: 0})
    worker.tick()
    world.publish({0: 1, 1: 0}, without=["a"])
    worker.tick()
    back = replace(first, number=3, rollback_of=2)
    world.documents.put_new(release_name(world.contract.id, 3), back.as_json())
    worker.tick()
    assert [r.reason for r in rebases(world)] == ["start", "restated", "restated"]
    sale(world, "a")
    worker.tick()
    assert [(i.counts.good, i.counts.deduplicated) for i in increments(world) if i.view == "by_hour"][-1] == (0, 1)


@pytest.mark.parametrize("restarted", [False, True])
def test_ids_that_batch_has_lost_are_forgotten(world: World, restarted: bool) -> None:
    """Speed had read what the log then lost before batch did: a repeat of it counts, as it does in batch."""
    worker = world.worker()
    worker.start()
    for name in "ab":
        sale(world, name)
    world.now = 6
    worker.tick()
    if restarted:
        worker.finish()
    loss = Loss(world.log.stream(world.topic), 0, Range(0, 1), "ada", "gone", "2026-01-01T00:00:00Z")
    world.good()  # the reference reads what it can still read
    world.log.truncate(world.topic, 0, 1)
    world.publish({0: 2, 1: 0}, without=["a"], gaps=[loss])
    worker = world.worker() if restarted else worker
    worker.start() if restarted else None
    worker.tick()
    for name in "ab":
        sale(world, name)
    worker.tick()
    counts = [i.counts for i in increments(world) if i.view == "by_hour" and i.end > 2]
    assert [(c.good, c.deduplicated) for c in counts] == [(1, 1)]
    world.publish({0: 4, 1: 0}, gaps=[loss])
    before = len(rebases(world))
    worker.tick()
    assert len(rebases(world)) == before, "a loss is passed over once"


def test_releases_that_only_grow_rebase_nothing(world: World) -> None:
    worker = world.worker()
    worker.start()
    for number in range(3):
        sale(world, f"a{number}")
        world.now += 6
        worker.tick()
        world.publish({0: number + 1, 1: 0})
        worker.tick()
    assert [r.reason for r in rebases(world)] == ["start"]


def test_a_graceful_end_spills_and_a_restart_reads_only_the_rest(world: World) -> None:
    """After SIGTERM the next start has its memory from disk: repeats are known without reading the log again."""
    worker = world.worker()
    worker.start()
    sale(world, "a")
    worker.tick()
    worker.finish()
    assert list(world.state.rglob("manifest.json"))
    world.log.truncate(world.topic, 0, 1)
    sale(world, "a")
    again = world.worker()
    again.start()
    again.tick()
    assert again.status.counters["deduplicated"] == 1


def test_a_recreated_topic_is_fatal(world: World) -> None:
    """Positions of two incarnations are never mixed."""
    worker = world.worker()
    worker.start()
    world.log.delete(world.topic)
    world.log.create(world.topic, PARTITIONS)
    with pytest.raises(Fatal, match="TL-SPD-002"):
        worker.tick()


def test_an_outage_is_waited_out(world: World) -> None:
    """`run` keeps trying while the broker is away, and ends gracefully when told to."""
    worker, stop = world.worker(tick_s=0.0, idle_s=0.0), Event()
    sale(world, "a")
    world.log.online = False
    waits = 0

    class Stop(Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal waits
            waits += 1
            world.log.online = waits > 3
            if waits > 6:
                self.set()
            return self.is_set()

    stop = Stop()
    worker.run(stop)
    assert worker.status.state == "stopped"
    assert "TL-LOG-001" in worker.status.last_error
    assert complete(world)


def test_another_contract_hash_restarts_the_lineage() -> None:
    """What was published for another contract is not continued; the reason says so."""
    stream = StreamId("t", "1")
    tail = Published(["v"])
    tail.take(0, Fence("w", stream, "old"))
    tail.take(1, Rebase(0, {"v": 0}, "start"))
    tail.take(2, Increment(0, "v", 0, 9, True))
    start = decide_start(tail, Owner(stream, "new"), None, Range(0, 20))
    assert (start.positions, start.rebases) == ({"v": 0}, {"contract": {"v": 0}})
    assert decide_start(tail, Owner(stream, "old"), 9, Range(0, 20)).rebases == {}
    assert decide_start(tail, Owner(stream, "old"), 5, Range(0, 20)).rebases == {"straddle": {"v": 5}}
    assert decide_start(tail, Owner(stream, "old"), 12, Range(0, 20)).rebases == {"start": {"v": 12}}
