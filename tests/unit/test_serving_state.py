"""Whatever writer, batch and reader do, each answer is exact at the positions it names, and never goes back."""

from __future__ import annotations

import itertools
import random

import pytest

from serving_layer.answer import compute, describe
from serving_layer.follower import Follower
from serving_layer.query import read_query
from serving_layer.releases import Releases
from serving_layer.status import contract_status
from tests.fakes.serving_world import INCREMENTS, PARTITIONS, SKETCHES, World
from tideline.adapters.increments import Increment
from tideline.model.loss import Loss
from tideline.model.position import Range, StreamId


class Reader:
    """A client of a follower that is driven step by step: it checks every answer against the truth."""

    def __init__(self, world: World) -> None:
        self.world = world
        releases = Releases(world.contract, world.documents, world.tables)
        self.follower = Follower(world.contract, world.log, releases, SKETCHES, lambda: 0.0)
        self.seen: dict[str, dict[int, int]] = {}

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.follower.watch_once()
            self.follower.step()

    def check(self, *, may_go_back: bool = False) -> dict[str, dict[int, int]]:
        for view in self.world.contract.views:
            state = self.follower.state.views[view.name]
            snapshot = state.snapshot
            for consistency, vector in (("merged", snapshot.merged), ("batch", snapshot.covered)):
                query = read_query(self.world.contract, view, f"consistency={consistency}".encode())
                assert dict(compute(state, snapshot, query).rows) == self.world.truth(view, vector)
            before = self.seen.get(view.name, {})
            assert may_go_back or all(snapshot.merged[p] >= n for p, n in before.items())
            self.seen[view.name] = dict(snapshot.merged)
        return self.seen

    def meta(self, view: str = "by_country") -> dict:
        state = self.follower.state.views[view]
        return describe(state, state.snapshot, "merged")


def everything(world: World) -> dict[int, int]:
    return {p: len(rows) for p, rows in world.events.items()}


def started(events: int = 40) -> tuple[World, Reader]:
    world = World(1)
    world.begin()
    world.arrive(events)
    world.tick_all()
    reader = Reader(world)
    reader.step()
    reader.check()
    return world, reader


def test_answers_reach_the_log_end_from_speed_alone_and_from_batch_and_speed():
    world, reader = started()
    assert reader.check()["by_country"] == everything(world)
    world.publish(everything(world))
    world.arrive(5)
    world.tick_all()
    reader.step(2)
    assert reader.check()["by_country"] == everything(world)
    assert reader.meta()["release"] == 1 and reader.meta()["complete"]


def test_repeats_and_old_generations_change_nothing_and_are_counted():
    world, reader = started()
    view = world.contract.views[0]
    old = dict(world.generation)
    said = world.increment(view, 0, 0, 3)
    world.send(0, said)
    world.fence(0)
    world.arrive(4, partition=0)
    zombie = world.increment(view, 0, world.next[view.name, 0], len(world.events[0]))
    world.send(0, Increment(**{f: getattr(zombie, f) for f in zombie.__dataclass_fields__} | {"generation": old[0]}))
    reader.step()
    assert reader.follower.state.verdicts["repeat"] == 1
    assert reader.follower.state.verdicts["old_generation"] == 1
    world.tick_all()
    reader.step()
    assert reader.check()["by_country"] == everything(world)


@pytest.mark.parametrize(("kind", "start", "end"), [("hole", 2, 4), ("overlap", -2, 2)])
def test_a_hole_or_overlap_makes_answers_incomplete_with_the_exact_gap_until_a_rebase(kind, start, end):
    world, reader = started()
    view = world.contract.views[0]
    at = world.next[view.name, 0]
    world.arrive(4, partition=0)
    world.send(0, world.increment(view, 0, at + start, at + end))
    reader.step()
    reader.check()
    assert reader.follower.state.verdicts[kind] == 1
    assert reader.meta()["lacks"] == [{"partition": 0, "from": at, "to": at + 2}]
    assert not reader.meta()["complete"] and reader.meta("by_shelf")["complete"]
    world.rebase(0, at, "start", view.name)
    world.tick_all()
    reader.step()
    assert reader.check()[view.name] == everything(world) and reader.meta()["complete"]


def test_a_hole_is_closed_by_a_release_that_covers_it():
    world, reader = started()
    view = world.contract.views[0]
    at = world.next[view.name, 0]
    world.arrive(8, partition=0)
    world.next[view.name, 0] = at + 4
    world.tick(view, 0, at + 6, epoch_end=True)
    reader.step()
    assert not reader.meta()["complete"]
    world.publish({**everything(world), 0: at + 4})
    reader.step(3)
    world.tick_all()
    reader.step(2)
    assert reader.check()[view.name] == everything(world) and reader.meta()["complete"]


def test_with_a_straddle_the_old_release_is_kept_until_the_lineage_is_rebuilt():
    world, reader = started()
    cut = {p: n - 3 for p, n in everything(world).items()}
    world.publish(cut)
    reader.step()
    assert reader.meta()["release"] is None and "waits" in reader.follower.state.problems["waiting"]
    assert reader.check()["by_country"] == everything(world)
    for partition in range(PARTITIONS):
        world.rebase(partition, cut[partition], "straddle")
        reader.step()
        reader.check()
    world.tick_all(epoch_end=False)
    reader.step(2)
    assert reader.check()["by_country"] == everything(world)
    assert reader.meta()["release"] == 1 and not reader.follower.state.problems


def test_a_lost_range_is_told_and_the_answer_stays_exact_before_it():
    world, reader = started()
    at = everything(world)
    world.arrive(6, partition=1)
    world.rebase(1, at[1] + 4, "lost")
    world.tick_all()
    reader.step()
    assert reader.check()["by_country"] == at
    assert reader.meta()["lacks"] == [{"partition": 1, "from": at[1], "to": at[1] + 4}]
    world.publish({0: at[0], 1: at[1] + 4})
    reader.step(2)
    assert reader.check()["by_country"] == {0: at[0], 1: at[1] + 4}, "what was folded behind the loss is in no answer"
    world.rebase(1, at[1] + 4, "restated")
    world.tick_all()
    reader.step()
    assert reader.check()["by_country"] == everything(world) and reader.meta()["complete"]


def test_a_rollback_is_answered_exactly_from_the_increments_offsets_of_that_release():
    world, reader = started()
    first = everything(world)
    for _ in range(3):
        world.publish(everything(world))
        world.arrive(6)
        world.tick_all()
        reader.step(2)
        reader.check()
    world.publish(first, rollback_of=3)
    reader.step(2)
    assert reader.check()["by_country"] == everything(world)
    assert reader.meta()["release"] == 4


def test_answers_that_a_rollback_leaves_behind_say_that_they_stand_still():
    """The log lost what follows the older release: figures stay exact where they are, and everything says why."""
    world, reader = started()
    first = everything(world)
    for _ in range(2):
        world.publish(everything(world))
        world.arrive(6)
        world.tick_all()
        reader.step(2)
    at = everything(world)
    world.publish(first, rollback_of=2)
    reader.step(2)
    assert reader.meta()["problems"] == [] and reader.meta()["complete"]
    world.rebase(0, first[0] + 1, "lost")
    world.arrive(20)
    world.tick_all()
    reader.step(2)
    assert reader.check()["by_country"] == {0: at[0], 1: everything(world)[1]}
    meta, status = reader.meta(), contract_status(reader.follower)
    lacks = {"partition": 0, "from": first[0], "to": first[0] + 1}
    assert not meta["complete"] and meta["lacks"] == [lacks]
    [problem] = meta["problems"]
    assert problem["code"] == "TL-SRV-018" and problem["type"].endswith(problem["code"])
    assert f"[{first[0]}, {first[0] + 1}) is neither in release 3 nor in the log" in problem["detail"]
    assert "tideline run shop.sales" in problem["fix"]
    assert status["standing_still"] == [0] and not status["complete"]
    assert [said for said in status["problems"] if problem["detail"] in said and problem["fix"] in said]
    world.publish(everything(world))
    reader.step(2)
    assert reader.check()["by_country"] == everything(world)
    assert reader.meta()["complete"] and contract_status(reader.follower)["problems"] == []


def test_answers_stand_still_also_when_they_had_reached_just_what_the_log_begins_with():
    """The increments up to there are all here, but who folds what follows has forgotten the ids before it."""
    world, reader = started()
    first = everything(world)
    world.arrive(6)
    world.tick_all()
    world.publish(first)
    world.publish(everything(world))
    reader.step(2)
    at = everything(world)
    world.publish(first, rollback_of=2)
    reader.step(2)
    for partition in range(PARTITIONS):
        world.rebase(partition, at[partition], "lost")
    reader.step()
    assert contract_status(reader.follower)["standing_still"] == [0, 1]
    world.arrive(20)
    world.tick_all()
    reader.step(2)
    assert reader.check()["by_country"] == at
    assert {problem["code"] for problem in reader.meta()["problems"]} == {"TL-SRV-018"}
    again = Reader(world)
    again.step(2)
    assert again.check()["by_country"] == at and again.meta()["problems"] == reader.meta()["problems"]
    covered = everything(world)
    world.publish(covered)
    reader.step(2)
    world.arrive(4)
    for partition in range(PARTITIONS):
        world.rebase(partition, covered[partition], "restated")
    world.tick_all()
    reader.step(2)
    assert reader.check()["by_country"] == everything(world)
    assert reader.meta()["complete"] and reader.meta()["problems"] == []


def test_a_straddled_release_that_is_still_being_read_is_no_standstill():
    """Speed begins again at a release that serving has not loaded yet: figures wait a moment, and nothing is amiss."""
    world, reader = started()
    at = everything(world)
    world.arrive(12)
    world.tick_all(epoch_end=False)
    reader.step(2)
    reached = everything(world)
    for partition, position in at.items():
        world.rebase(partition, position + 1, "straddle")
    world.arrive(12)
    world.tick_all()
    reader.step(2)
    assert reader.check()["by_country"] == reached
    assert reader.meta()["complete"] and reader.meta()["problems"] == []
    world.publish({partition: position + 1 for partition, position in at.items()})
    reader.step(2)
    assert reader.check()["by_country"] == everything(world) and reader.meta()["complete"]


def test_a_loss_that_was_accepted_is_named_in_every_answer_that_covers_it():
    """`gaps` is no lack: the answer is complete but for what nobody has; the status and a metric tell it too."""
    world, reader = started()
    loss = Loss(world.stream, 1, Range(2, 5), "ada", "short retention", "2026-01-02T00:00:00.000Z")
    assert reader.meta()["gaps"] == []
    world.publish(everything(world), gaps=[loss])
    reader.step(2)
    for consistency in ("merged", "batch"):
        state = reader.follower.state.views["by_country"]
        meta = describe(state, state.snapshot, consistency)
        assert meta["gaps"] == [{"partition": 1, "from": 2, "to": 5}] and meta["complete"]
    assert contract_status(reader.follower)["gaps"] == [loss.as_json()]


def test_increments_of_another_contract_are_ignored_and_reported():
    world, reader = started()
    at = everything(world)
    world.fence(0, contract_hash="0" * 16)
    world.arrive(3, partition=0)
    world.tick(world.contract.views[0], 0)
    reader.step()
    assert reader.check()["by_country"] == at
    assert reader.follower.state.verdicts["other_contract"] == 1
    assert any("TL-SRV-010" in problem for problem in reader.follower.state.problems.values())


def test_another_incarnation_of_the_stream_is_loud_and_never_mixed_in():
    world, reader = started()
    at = everything(world)
    world.fence(0, stream=StreamId("shop.sales.v1", "another"))
    world.tick(world.contract.views[0], 0, at[0])
    reader.step()
    assert not reader.meta()["complete"] and reader.meta()["lacks"]
    assert reader.check()["by_country"] == at


def test_a_reader_that_starts_behind_the_fence_follows_from_the_release_offsets():
    world, _ = started()
    world.publish(everything(world), offsets=True)
    world.arrive(7)
    world.tick_all()
    late = Reader(world)
    late.step(2)
    assert late.check()["by_country"] == everything(world) and late.meta()["complete"]
    assert late.follower.caught_up


def test_every_interleaving_of_publish_trim_and_answer_is_exact():
    """F45: a reader between the batch's publish and the adoption (which trims) sees one whole state or the other."""
    actions = ("publish", "adopt", "tick", "read", "publish", "adopt", "read")
    for order in sorted(set(itertools.permutations(actions)))[::7]:
        world, reader = started(12)
        for action in order:
            if action == "publish":
                world.publish(everything(world))
            elif action == "adopt":
                reader.follower.watch_once()
                reader.follower.step()
            elif action == "tick":
                world.arrive(3)
                world.tick_all()
            held = reader.follower.state.views["by_country"].snapshot
            reader.check()
            reader.step()
            query = read_query(world.contract, world.contract.views[0], b"")
            state = reader.follower.state.views["by_country"]
            assert dict(compute(state, held, query).rows) == world.truth(world.contract.views[0], held.merged)


def _misbehave(world: World, choice: random.Random) -> None:
    view, partition = choice.choice(world.contract.views), choice.randrange(PARTITIONS)
    at, end = world.next[view.name, partition], len(world.events[partition])
    deed = choice.randrange(13)
    if deed < 4:
        world.arrive(choice.randrange(1, 6))
    elif deed < 7:
        world.tick(view, partition, choice.randint(at, end), epoch_end=choice.random() < 0.5)
    elif deed == 7:
        world.fence(partition)
        if choice.random() < 0.5:
            world.rebase(partition)
    elif deed == 8 and at:
        start = choice.randrange(at)
        world.send(partition, world.increment(view, partition, start, choice.randint(start, at)))
    elif deed == 9:
        _release(world, choice)
    elif deed == 10:
        world.rebase(partition, choice.randint(0, at), "straddle", view.name)
    elif deed == 11:
        world.rebase(partition, choice.randint(0, end), "lost", view.name)
    elif at < end:
        world.send(partition, world.increment(view, partition, choice.randint(0, end - 1), end))


def _release(world: World, choice: random.Random) -> None:
    low = getattr(world, "cut", dict.fromkeys(range(PARTITIONS), 0))
    world.cut = {p: choice.randint(low[p], len(rows)) for p, rows in world.events.items()}  # type: ignore[attr-defined]
    world.publish(world.cut)  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(24))
def test_any_schedule_of_faults_gives_exact_monotone_answers_and_recovers(seed):
    """Repeats, holes, overlaps, rebases, losses, generations, arbitrary cuts: exact at every step, whole in the end."""
    world, choice = World(seed), random.Random(seed + 1_000)
    world.begin()
    reader = Reader(world)
    for _ in range(60):
        _misbehave(world, choice)
        if choice.random() < 0.7:
            reader.step()
            reader.check()
    reader.step(3)
    cut = getattr(world, "cut", dict.fromkeys(range(PARTITIONS), 0))
    for partition in range(PARTITIONS):
        world.fence(partition)
        world.rebase(partition, cut[partition], "straddle")
    world.tick_all()
    reader.step(4)
    assert set(map(str, reader.check().values())) == {str(everything(world))}
    assert reader.meta()["complete"] and reader.meta()["release"] == (world.released or None)


def test_a_message_that_nobody_understands_is_counted_and_skipped():
    world, reader = started()
    world.log.append(INCREMENTS, b"?garbage", partition=0)
    world.arrive(2)
    world.tick_all()
    reader.step()
    assert reader.follower.state.verdicts["unreadable"] == 1
    assert reader.check()["by_country"] == everything(world)
