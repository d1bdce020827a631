"""What seeded schedules of the speed layer share: what happens to log and releases around it, and the law itself."""

from __future__ import annotations

import random

import pytest

from speed_layer import worker as worker_module
from speed_layer.worker import increments_topic
from tests.fakes.speed_world import Reader, World
from tideline.model.lineage import Verdict
from tideline.model.release import Release


class Killed(BaseException):
    """SIGKILL in a simulation: nothing of the process goes on."""


class Seeded:
    """One seeded run of a world; its tests add what happens to workers. `checked` counts the answers compared."""

    def __init__(self, rng: random.Random, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rng, self.world = rng, world
        self.increments = increments_topic(world.contract.id)
        self.reader: Reader | None = None
        self.older: list[Release] = []
        self.kill_next, self.checked = False, 0
        monkeypatch.setattr(worker_module, "point", self._point)

    def _point(self, _name: str) -> None:
        if self.kill_next:
            self.kill_next = False
            raise Killed

    def append(self) -> None:
        for _ in range(self.rng.randrange(1, 12)):
            self.world.append_random(self.rng)

    def cut(self) -> None:
        """A release at an epoch end of all views, or anywhere, also beyond what speed has read."""
        before, cut = self.world.release, {}
        for partition, end in self.world.log_ends().items():
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
        partition = self.rng.randrange(self.world.contract.stream.partitions)
        held = self.world.log.bounds(self.world.topic).get(partition)
        if held is not None:
            self.world.shorten(partition, self.rng.choice([held.end, self.rng.randrange(held.start, held.end + 1)]))

    def begin_reading(self) -> None:
        """A reader begins anew, at the offsets of the live release."""
        self.reader = None

    def roll_back(self) -> None:
        if self.older:
            self.world.rollback(self.rng.choice(self.older))

    def check(self) -> None:
        """No hole, no overlap, and every answer that can be given equals the reference."""
        if self.increments not in self.world.log.topics:
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

    def check_complete(self) -> None:
        """The law, and every view answers up to the log's end."""
        self.check()
        assert self.reader is not None
        for view in self.world.contract.views:
            answered = self.reader.answer(view.name)
            assert answered is not None, f"{view.name} still straddles or lacks"
            assert answered[1] == self.world.log_ends()
