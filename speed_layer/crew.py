"""The workers of one process: which contract has one, for which partitions, and what follows when one ends.

Nothing here keeps figures right: that is the fence. A crew decides who goes on with what, so that one contract's
trouble stops no other contract, and that in a group what one process leaves is taken up by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from threading import Event, Thread
from typing import Any, Protocol

import structlog

from speed_layer.status import Metrics, Status
from tideline.model.contract import Contract
from tideline.model.errors import Lifecycle, Retriable, TidelineError
from tideline.model.position import Partition
from tideline.ports import Membership

LOG = structlog.get_logger("tideline.speed")
LOOK_S = 0.5  # between two looks at the workers; a group is waited for as long
AGAIN_S = 30.0  # before a contract in trouble is tried again
RETAKE_S = 1.0  # before partitions are taken back that another worker fenced, if the group says that they are ours
LEAVE_S = 5.0  # how long the group waits for workers that finish
Partitions = frozenset[Partition]


class Job(Protocol):
    """One piece of work, done by itself."""

    error: BaseException | None

    def finish(self) -> None:
        """Ask it to; may be asked again."""
        ...

    def ended(self, timeout_s: float | None = 0.0) -> bool:
        """Whether it has, within a time limit; None waits."""
        ...


class ThreadedJob:
    """Work in a thread of its own, until its event says that it shall end."""

    def __init__(self, work: Callable[[Event], object]) -> None:
        self.error: BaseException | None = None
        self._work, self._stop = work, Event()
        self._thread = Thread(target=self._run, name="worker")
        self._thread.start()

    def finish(self) -> None:
        self._stop.set()

    def ended(self, timeout_s: float | None = 0.0) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._work(self._stop)
        except BaseException as error:  # noqa: BLE001 - the crew decides what follows
            self.error = error


@dataclass(frozen=True, slots=True)
class Hands:
    """What a crew works with. `join` is None for a process that shares with nobody; else `open_topic` is used, too.

    `hire` sets a worker to work, `open_topic` makes the topic of the events if it is missing; `pause` waits for so many
    seconds, or less when the process shall end. None of them but `pause` and `join` may take long.
    """

    hire: Callable[[Contract, Status, Partitions], Job]
    open_topic: Callable[[Contract], Job]
    clock: Callable[[], float]
    pause: Callable[[float], object]
    join: Callable[[list[str]], Membership] | None = None


@dataclass(slots=True)
class _Post:
    """One contract's place: what is ours now, what its worker was given, and since when it is in trouble."""

    contract: Contract
    status: Status
    wanted: Partitions = frozenset()
    given: Partitions = frozenset()
    job: Job | None = None
    opened: bool = True  # its topic is there, so that the group can share it
    tried: bool = False  # to open it, at least once
    again_s: float = 0.0
    error: BaseException | None = None
    failed_s: float = 0.0

    def fail(self, error: BaseException, now: float, again_s: float) -> None:
        self.error, self.failed_s, self.again_s = error, now, again_s
        self.status.trouble(error, "ended")
        said: dict[str, Any] = {"what": repr(error), "exc_info": error}
        if isinstance(error, TidelineError):
            said = {**error.as_dict()}
        LOG.error("ended", contract=self.contract.id, again_in_s=None if again_s == inf else again_s - now, **said)


class Crew:
    """One worker per contract, with the partitions that are this process's; used by one thread.

    A contract whose views are all batch-only has none, and one that others of the group work on: they are idle.
    """

    def __init__(self, contracts: Mapping[str, Contract], metrics: Metrics, hands: Hands) -> None:
        self._hands = hands
        self._membership: Membership | None = None
        self._heard = self._away = False
        self._all = [_Post(contract, Status(id_, contract.hash, metrics)) for id_, contract in contracts.items()]
        self._posts = [post for post in self._all if post.contract.streamed]
        for post in self._posts:
            post.status.publish()
            if hands.join is None:
                post.wanted = frozenset(range(post.contract.stream.partitions))
            else:
                post.opened = False
        for post in self._all:
            if not post.contract.streamed:
                post.status.rest()

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """Of each contract; may be asked for by any thread."""
        return {post.contract.id: post.status.snapshot for post in self._all}

    def run(self, over: Callable[[], bool]) -> None:
        """Take steps until it is over; raises the first error when every contract with work here has ended with one."""
        while not over():
            self.step()

    def step(self) -> None:
        """1. hear what is ours; 2. tend each contract; 3. end when nobody is left; 4. wait a little."""
        heard = self._hands.join is not None and self._hear()  # 1
        for post in self._posts:
            self._tend(post, self._hands.clock())  # 2
        self._end_if_all_have()  # 3
        if not heard:
            self._hands.pause(LOOK_S)  # 4

    def end(self) -> None:
        """Every worker finishes; the group is left when they have, or after a few seconds: others wait for that."""
        for post in self._posts:
            if post.job is not None:
                post.job.finish()
        limit = self._hands.clock() + LEAVE_S
        for post in self._posts:
            if post.job is not None:
                post.job.ended(max(0.0, limit - self._hands.clock()))
        if self._membership is not None:
            self._membership.close()
            self._membership = None
        for post in self._posts:
            if post.job is not None and post.job.ended(None):
                self._dismiss(post, self._hands.clock())
        for post in self._all:
            post.status.retire()

    def _end_if_all_have(self) -> None:
        working = [post for post in self._posts if post.wanted or post.error]
        errors = [(post.failed_s, post.error) for post in working if post.error is not None and post.job is None]
        if working and len(errors) == len(working):
            raise min(errors, key=lambda one: one[0])[1]

    # --- what is ours

    def _hear(self) -> bool:
        """Whether the group was asked, which takes its time; without an answer everybody keeps what they have."""
        try:
            if self._membership is None:
                self._membership = self._join()
            if self._membership is None:
                return False
            held = self._membership.held(LOOK_S)
        except Retriable as error:
            if not self._away:
                LOG.warning("the group does not answer", **error.as_dict())
            self._away = True
            return False
        if self._away:
            LOG.info("the group answers again")
        self._heard, self._away = True, False
        for post in self._posts:
            post.wanted = held.get(post.contract.stream.topic, frozenset())
        return True

    def _join(self) -> Membership | None:
        """When every topic is there, or could not be had at once: one that is made later is seen later."""
        ready = self._posts and all(post.opened or post.tried for post in self._posts)
        if not ready or self._hands.join is None:
            return None
        return self._hands.join(sorted({post.contract.stream.topic for post in self._posts}))

    # --- one contract

    def _tend(self, post: _Post, now: float) -> None:
        if post.job is not None and post.job.ended():
            self._dismiss(post, now)
        elif post.job is not None and post.opened and post.given != post.wanted:
            post.job.finish()
        if post.job is None:
            self._staff(post, now)

    def _dismiss(self, post: _Post, now: float) -> None:
        """Its worker has ended: for an error it is tried again later, and fenced off only if the group wants that."""
        assert post.job is not None
        error, post.job, post.tried = post.job.error, None, True
        if error is None:
            post.opened = True
            return
        if isinstance(error, Retriable):  # its topic or its clients could not be had; once it works, it waits such out
            post.again_s = now + RETAKE_S
            post.status.trouble(error, "retrying")
            return
        if not isinstance(error, Lifecycle):
            post.fail(error, now, now + AGAIN_S)
        elif self._hands.join is None:
            post.fail(error, now, inf)
        else:
            post.again_s = now + RETAKE_S
            post.status.hold(post.given)
            LOG.info("fenced off", contract=post.contract.id, partitions=sorted(post.given))

    def _staff(self, post: _Post, now: float) -> None:
        if not post.opened:
            if now >= post.again_s:
                post.job = self._hands.open_topic(post.contract)
            return
        if not post.wanted:
            if self._heard and post.status.state != "idle":
                post.given, post.error = frozenset(), None
                post.status.rest()
            return
        if post.wanted == post.given and now < post.again_s:
            return
        post.given, post.error = post.wanted, None
        post.status.hold(post.given)
        post.job = self._hands.hire(post.contract, post.status, post.given)
