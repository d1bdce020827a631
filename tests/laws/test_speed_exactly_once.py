"""Law 1 and 3 for the speed layer: whatever happens to workers, deliveries and cuts, no answer is ever wrong."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from speed_layer.pieces import Sizes
from speed_layer.worker import Worker
from tests.fakes.speed_world import PARTITIONS, World
from tests.laws.seeded import Killed, Seeded
from tideline.model.errors import Lifecycle, PositionLost, Retriable


class Schedule(Seeded):
    """One seeded run of a world: random steps, and after each of them the law."""

    def __init__(self, seed: int, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(random.Random(seed), World(state), monkeypatch)
        self.worker: Worker | None = None
        self.zombies: list[Worker] = []
        if seed % 2:  # every second world has messages of a few events
            self.world.sizes = Sizes(wanted=self.rng.choice([1, 120, 200]))

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

    def settle(self) -> None:
        """When faults end, and a run has covered what the log has lost, everything is answered up to the log's end."""
        self.zombies.clear()
        self.world.publish(self.world.log_ends())
        self.append()
        for _ in range(6):
            self.world.now += 6
            self.tick()
        self.check_complete()
        size = {p: b.end for p, b in self.world.log.bounds(self.increments).items()}
        self.world.now += 6
        self.tick()
        assert size == {p: b.end for p, b in self.world.log.bounds(self.increments).items()}


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
