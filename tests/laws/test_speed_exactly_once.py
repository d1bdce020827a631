"""Law 1 and 3 for the speed layer: whatever happens to workers, deliveries and cuts, no answer is ever wrong."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from speed_layer import worker as worker_module
from speed_layer.pieces import Sizes
from speed_layer.worker import Worker
from tests.fakes.speed_world import PARTITIONS, Reader, World
from tideline.model.errors import Lifecycle, PositionLost, Retriable
from tideline.model.lineage import Verdict
from tideline.model.release import Release


class Killed(BaseException):
    """SIGKILL in a simulation: nothing of the process goes on."""


class Schedule:
    """One seeded run of a world: random steps, and after each of them the law."""

    def __init__(self, seed: int, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rng, self.world = random.Random(seed), World(state)
        self.worker: Worker | None = None
        self.zombies: list[Worker] = []
        self.kill_next = False
        self.reader: Reader | None = None
        self.checked = 0
        self.older: list[Release] = []
        if seed % 2:  # every second world has messages of a few events
            self.world.sizes = Sizes(wanted=self.rng.choice([1, 120, 200]))
        monkeypatch.setattr(worker_module, "point", self._point)

    def _point(self, _name: str) -> None:
        if self.kill_next:
            self.kill_next = False
            raise Killed

    def run(self, steps: int) -> None:
        actions = [self.append] * 5 + [self.tick] * 7 + [self.epoch] * 3
        actions += [
            self.cut,
            self.cut,
            self.kill,
            self.kill_between_views,
            self.zombie,
            self.lose_ack,
            self.gap,
            self.outage,
            self.shorten,
            self.roll_back,
            self.begin_reading,
        ]
        for _ in range(steps):
            self.rng.choice(actions)()
            self.check()
        self.settle()

    def append(self) -> None:
        for _ in range(self.rng.randrange(1, 12)):
            self.world.append_random(self.rng)

    def gap(self) -> None:
        self.world.log.gap(self.world.topic, self.rng.randrange(PARTITIONS), 2)

    def epoch(self) -> None:
        self.world.now += 6
        self.tick()

    def tick(self) -> None:
        for zombie in list(self.zombies):
            try:
                zombie.tick()
            except (Killed, Lifecycle, PositionLost, Retriable):
                self.zombies.remove(zombie)
        try:
            if self.worker is None:
                fresh = self.world.worker()
                fresh.start()
                self.worker = fresh
            self.worker.tick()
        except Killed:
            self.worker = None
        except (PositionLost, Retriable):
            if self.worker is not None:
                self._again(self.worker)

    def _again(self, worker: Worker) -> None:
        try:
            worker.start()
        except Retriable:
            self.worker = None

    def kill(self) -> None:
        self.worker = None
        if self.rng.random() < 0.3:
            shutil.rmtree(self.world.state, ignore_errors=True)

    def kill_between_views(self) -> None:
        self.kill_next = True
        self.append()
        self.tick()
        self.kill_next = False

    def zombie(self) -> None:
        """The worker is stopped, another takes over, later the first one goes on."""
        if self.worker is not None:
            self.zombies.append(self.worker)
            self.worker = None

    def lose_ack(self) -> None:
        self.world.log.lose_acks(self.rng.randrange(1, 3))
        self.append()
        self.tick()

    def outage(self) -> None:
        self.world.log.online = False
        self.tick()
        self.world.log.online = True
        if self.worker is not None:
            self._again(self.worker)

    def cut(self) -> None:
        """A release: at an epoch end of all views, or anywhere, also beyond what speed has read."""
        before, ends = self.world.release, self.world.log_ends()
        cut = {}
        for partition, end in ends.items():
            covered = 0 if before is None else before.coverage.at(partition)
            choices = [covered, end, self.rng.randrange(covered, end + 1)]
            if self.reader is not None:
                for view in self.world.contract.views:
                    beyond = self.reader.lineages[partition, view.name].beyond(covered)
                    choices += [segment.end for segment in beyond if segment.closed]
            cut[partition] = self.rng.choice(choices)
        self.older.append(self.world.publish(cut))

    def shorten(self) -> None:
        """Retention takes the beginning of a partition, which batch has read and speed perhaps has not."""
        partition = self.rng.randrange(PARTITIONS)
        held = self.world.log.bounds(self.world.topic)[partition]
        self.world.shorten(partition, self.rng.choice([held.end, self.rng.randrange(held.start, held.end + 1)]))

    def begin_reading(self) -> None:
        """A reader begins anew, at the offsets of the live release."""
        self.reader = None

    def roll_back(self) -> None:
        if self.older:
            self.world.rollback(self.rng.choice(self.older))

    def check(self) -> None:
        if "tideline.increments.retail.sales" not in self.world.log.topics:
            return
        self.reader = self.reader or Reader(self.world)
        self.reader.follow()
        assert not {Verdict.HOLE, Verdict.OVERLAP} & set(self.reader.verdicts)
        for view in self.world.contract.views:
            answered = self.reader.answer(view.name)
            if answered is not None:
                self.checked += 1
                groups, reached = answered
                assert groups == self.world.reference(view.name, reached), view.name

    def settle(self) -> None:
        """When faults end, and a run has covered what the log has lost, everything is answered up to the log's end."""
        self.zombies.clear()
        self.world.publish(self.world.log_ends())
        self.append()
        for _ in range(6):
            self.world.now += 6
            self.tick()
        self.check()
        assert self.reader is not None
        for view in self.world.contract.views:
            answered = self.reader.answer(view.name)
            assert answered is not None, f"{view.name} still straddles or lacks"
            assert answered[1] == self.world.log_ends()
        size = {p: b.end for p, b in self.world.log.bounds("tideline.increments.retail.sales").items()}
        self.world.now += 6
        self.tick()
        assert size == {p: b.end for p, b in self.world.log.bounds("tideline.increments.retail.sales").items()}


@pytest.mark.parametrize("block", range(10))
def test_answers_equal_the_reference_under_every_schedule(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20 seeded schedules a block: kills (also between two views), zombies, lost acks, outages, straddling cuts, a log
    that is shortened, rollbacks, readers that begin anew.

    In every second one a tick takes several messages per view and partition.
    """
    checked = 0
    for seed in range(block * 20, block * 20 + 20):
        schedule = Schedule(seed, tmp_path / str(seed), monkeypatch)
        try:
            schedule.run(25)
        except AssertionError as error:
            raise AssertionError(f"schedule {seed}: {error}") from error
        checked += schedule.checked
    assert checked > 200
