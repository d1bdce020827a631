"""A speed process in a simulation: the real crew and the real workers, with nothing that waits or runs by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

from prometheus_client import CollectorRegistry

from speed_layer.crew import Crew, Hands, Job, Partitions
from speed_layer.status import Metrics, Status
from speed_layer.worker import Pace, Worker
from tests.fakes.membership import FakeMembership, Group
from tests.fakes.speed_world import World
from tideline.model.contract import Contract


class SteppedJob:
    """A worker that takes a turn when it is told to; what is asked of it, it does at its next turn."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self.error: BaseException | None = None
        self.worker: Worker | None = None
        self._make, self._stop, self._over = make, Event(), False

    def finish(self) -> None:
        self._stop.set()

    def ended(self, timeout_s: float | None = 0.0) -> bool:
        if timeout_s != 0.0:
            self._stop.set()
            self.turn()
        return self._over

    def turn(self) -> None:
        if self._over:
            return
        try:
            self.worker = self.worker or self._make()
            if self._stop.is_set():
                self.worker.run(self._stop)
                self._over = True
            else:
                self.worker.turn()
        except Exception as error:  # noqa: BLE001 - as a thread hands it over
            self.error, self._over = error, True


class DoneJob:
    """Work that was done at once, well or with an error."""

    def __init__(self, work: Callable[[], object] = lambda: None) -> None:
        self.error: BaseException | None = None
        try:
            work()
        except Exception as error:  # noqa: BLE001 - as a thread hands it over
            self.error = error

    def finish(self) -> None:
        """It has."""

    def ended(self, timeout_s: float | None = 0.0) -> bool:
        return True


class Process:
    """One member of a group, or without one the only process; its clock is the first world's, its folder may be shared.

    Each world is one contract with a log of its own.
    """

    def __init__(self, world: World, group: Group | None, state: Path, *others: World) -> None:
        self.worlds = {one.contract.id: one for one in (world, *others)}
        self.group, self.state = group, state
        self.registry = CollectorRegistry()
        self.member: FakeMembership | None = None
        self.jobs: list[SteppedJob] = []
        hands = Hands(
            self._hire,
            self._open,
            lambda: world.now,
            lambda _seconds: None,
            None if group is None else self._join,
        )
        self.crew = Crew({id_: one.contract for id_, one in self.worlds.items()}, Metrics(self.registry), hands)

    def turn(self) -> None:
        """The main thread and every worker have one turn each."""
        self.crew.step()
        for job in self.jobs:
            job.turn()
        self.jobs = [job for job in self.jobs if not job.ended()]

    def leave(self) -> None:
        """SIGTERM."""
        self.crew.end()

    def gauges(self, name: str) -> dict[tuple[str, ...], float]:
        """By the values of its labels: contract, and partition where it has one."""
        samples = [sample for metric in self.registry.collect() for sample in metric.samples if sample.name == name]
        return {
            tuple(sample.labels[label] for label in ("contract", "partition") if label in sample.labels): sample.value
            for sample in samples
        }

    def _hire(self, contract: Contract, status: Status, partitions: Partitions) -> Job:
        pace = Pace(release_s=0.0, check_s=0.0, epoch_s=5.0, idle_s=0.0)
        world = self.worlds[contract.id]
        job = SteppedJob(lambda: world.worker_of(partitions, status, pace, self.state))
        self.jobs.append(job)
        return job

    def _open(self, contract: Contract) -> Job:
        log, stream = self.worlds[contract.id].log, contract.stream
        return DoneJob(lambda: log.create(stream.topic, stream.partitions))

    def _join(self, topics: list[str]) -> FakeMembership:
        assert self.group is not None
        self.member = self.group.join(topics)
        return self.member
