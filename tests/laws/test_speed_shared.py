"""Laws 1 and 3 for speed processes that share their work: whoever believes to own what, no answer is ever wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from speed_layer.pieces import Sizes
from tests.fakes.membership import Group
from tests.fakes.speed_process import Process
from tests.fakes.speed_world import World, two_views
from tests.laws.seeded import Killed, Seeded
from tideline.adapters.increments import Fence, decode

PARTITIONS = 4


class Schedule(Seeded):
    """One seeded run: processes come, go, die, sleep and hear late while events arrive; after each step the law."""

    def __init__(self, seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stream = {"topic": "retail.sales.v1", "partitions": PARTITIONS}
        super().__init__(random.Random(seed), World(folder, two_views(stream=stream)), monkeypatch)
        self.folder = folder
        self.group = Group({self.world.topic: PARTITIONS})
        self.processes: list[Process] = []
        self.asleep: list[Process] = []
        self.one_home = seed % 2 == 0  # every second world has processes on one disk
        self.started = 0
        self.world.sizes = Sizes(wanted=self.rng.choice([1, 200, 1_000_000]))

    def run(self, steps: int) -> None:
        actions: list[Callable[[], None]] = [self.append] * 5 + [self.turn] * 8 + [self.epoch] * 2
        actions += [
            self.join, self.join, self.leave, self.die, self.die_between_views, self.sleep, self.wake, self.wake,
            self.hear_late, self.hear_again, self.cut, self.lose_ack, self.outage, self.group_outage,
            self.shorten, self.roll_back, self.begin_reading,
        ]  # fmt: skip
        self.join()
        for _ in range(steps):
            self.rng.choice(actions)()
            self.check()
        self.settle()

    def epoch(self) -> None:
        self.world.now += 6
        self.turn()

    def turn(self) -> None:
        """Every process that is awake has a turn, in any order."""
        self.world.now += self.rng.choice([0.0, 0.1, 1.0])
        for process in self.rng.sample(self.processes, len(self.processes)):
            try:
                process.turn()
            except Killed:
                self._gone(process)

    def join(self) -> None:
        if len(self.processes) + len(self.asleep) < 4:
            self.started += 1
            home = self.folder / ("home" if self.one_home else f"home-{self.started % 3}")
            self.processes.append(Process(self.world, self.group, home))

    def leave(self) -> None:
        """SIGTERM: it finishes, then the others have its partitions."""
        if process := self._any():
            self.processes.remove(process)
            process.leave()

    def die(self) -> None:
        if process := self._any():
            self._gone(process)
            if self.rng.random() < 0.2:
                shutil.rmtree(process.state, ignore_errors=True)

    def die_between_views(self) -> None:
        self.kill_next = True
        self.append()
        self.turn()
        self.kill_next = False

    def sleep(self) -> None:
        """It is stopped for longer than the group's time limit: others have its partitions, and it does not know."""
        if process := self._any():
            self.processes.remove(process)
            self.asleep.append(process)
            if process.member is not None:
                self.group.die(process.member)

    def wake(self) -> None:
        """Its workers go on before its main thread has asked the group."""
        if self.asleep:
            process = self.asleep.pop(self.rng.randrange(len(self.asleep)))
            self.processes.append(process)
            for job in process.jobs:
                job.turn()

    def hear_late(self) -> None:
        if (process := self._any()) and process.member is not None:
            process.member.deaf = True

    def hear_again(self) -> None:
        for process in self.processes + self.asleep:
            if process.member is not None:
                process.member.deaf = False

    def lose_ack(self) -> None:
        self.world.log.lose_acks(self.rng.randrange(1, 3))
        self.append()
        self.turn()

    def outage(self) -> None:
        self.world.log.online = False
        self.turn()
        self.world.log.online = True

    def group_outage(self) -> None:
        self.group.online = False
        self.turn()
        self.append()
        self.turn()
        self.group.online = True

    def settle(self) -> None:
        """When everybody is awake and hears, and a run has covered what the log has lost, all is folded up to the log's
        end, by one owner per partition.
        """
        self.world.publish(self.world.log_ends())
        self.append()
        while self.asleep:
            self.wake()
        self.hear_again()
        self.join()
        for _ in range(12):
            self.world.now += 6
            self.turn()
        self.check_complete()
        fences = self.fences()
        owners = [set(self.shown(process)) for process in self.processes]
        assert sorted(p for owned in owners for p in owned) == list(range(PARTITIONS))
        self.world.now += 6
        self.turn()
        assert self.fences() == fences, "they still take partitions from each other"

    def shown(self, process: Process) -> list[int]:
        """The partitions that a process has gauges of."""
        return [int(partition) for _, partition in process.gauges("tideline_speed_lag_events")]

    def fences(self) -> int:
        topic = self.world.log.topics[self.increments]
        records = [record for part in topic.partitions.values() for record in part.records]
        return sum(isinstance(decode(record.value), Fence) for record in records)

    def _any(self) -> Process | None:
        return self.rng.choice(self.processes) if self.processes else None

    def _gone(self, process: Process) -> None:
        self.processes.remove(process)
        if process.member is not None:
            self.group.die(process.member)


@pytest.mark.parametrize("block", range(8))
def test_processes_that_share_answer_as_one(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 seeded schedules a block: joins, leaves, kills, zombies, stale views, outages of log and group, cuts.

    In every second one the processes have one disk, so that what one wrote the next one finds.
    """
    checked = 0
    for seed in range(block * 20, block * 20 + 20):
        schedule = Schedule(seed, tmp_path / str(seed), monkeypatch)
        try:
            schedule.run(40)
        except AssertionError as error:
            raise AssertionError(f"schedule {seed}: {error}") from error
        checked += schedule.checked
    assert checked > 400
