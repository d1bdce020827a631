"""What a speed process does with its workers: one contract's trouble stops no other, and a group shares partitions."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry

from speed_layer.__main__ import hands
from speed_layer.crew import AGAIN_S, LEAVE_S, RETAKE_S, Crew, Hands, Job, Partitions, ThreadedJob
from speed_layer.health import Health
from speed_layer.status import Metrics, Status
from tests.fakes.contract_index import small_contract
from tests.fakes.membership import FakeMembership, Group
from tests.fakes.speed_process import DoneJob
from tideline.model.contract import Contract
from tideline.model.errors import Fatal, Lifecycle, Retriable, TidelineError
from tideline.settings import Settings

SALES, ORDERS = small_contract("sales"), small_contract("orders")
CONTRACTS = {contract.id: contract for contract in (SALES, ORDERS)}
TROUBLE = Fatal("TL-SPD-002", "the topic was re-created")
OVERTAKEN = Lifecycle("TL-SPD-001", "another worker took over")


class HandJob:
    """Ends when the test says so, or when it is asked to, unless it hangs."""

    def __init__(self, partitions: Partitions, status: Status) -> None:
        self.partitions, self.status = partitions, status
        self.error: BaseException | None = None
        self.asked = self.over = self.hangs = False
        status.state = "running"
        status.next = {partition: {"v": 0} for partition in partitions}
        status.publish()

    def finish(self) -> None:
        self.asked = True
        self.over = self.over or not self.hangs

    def ended(self, timeout_s: float | None = 0.0) -> bool:
        if timeout_s is None:
            self.over = True
        return self.over

    def fail(self, error: BaseException) -> None:
        self.error, self.over = error, True


class Office:
    """A crew of jobs that a test holds in its hands; `opening` are the errors of a topic that cannot be made."""

    def __init__(self, group: Group | None = None) -> None:
        self.now, self.registry = 0.0, CollectorRegistry()
        self.jobs: dict[str, list[HandJob]] = {id_: [] for id_ in CONTRACTS}
        self.opening: dict[str, TidelineError] = {}
        self.member: FakeMembership | None = None
        self.group = group
        join = None if group is None else self._join
        self.crew = Crew(
            CONTRACTS, Metrics(self.registry), Hands(self._hire, self._open, lambda: self.now, lambda _: None, join)
        )

    def _hire(self, contract: Contract, status: Status, partitions: Partitions) -> Job:
        job = HandJob(partitions, status)
        self.jobs[contract.id].append(job)
        return job

    def _open(self, contract: Contract) -> Job:
        def work() -> None:
            if contract.id in self.opening:
                raise self.opening[contract.id]

        return DoneJob(work)

    def _join(self, topics: list[str]) -> FakeMembership:
        assert self.group is not None
        self.member = self.group.join(topics)
        return self.member

    def step(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.crew.step()

    def state(self, contract: Contract) -> str:
        return str(self.crew.snapshots()[contract.id]["state"])

    def job(self, contract: Contract) -> HandJob:
        return self.jobs[contract.id][-1]

    def lag_of(self, contract: Contract) -> set[str]:
        found = [sample for metric in self.registry.collect() for sample in metric.samples]
        return {
            sample.labels["partition"]
            for sample in found
            if sample.name == "tideline_speed_lag_events" and sample.labels["contract"] == contract.id
        }

    def running(self) -> dict[str, float]:
        found = [sample for metric in self.registry.collect() for sample in metric.samples]
        return {s.labels["contract"]: s.value for s in found if s.name == "tideline_speed_running"}


def shared() -> tuple[Group, Office]:
    """A group with one member, which has joined and has everything."""
    group = Group({SALES.stream.topic: 4, ORDERS.stream.topic: 4})
    office = Office(group)
    for _ in range(3):
        assert office.state(SALES) == "starting", "what it does not know it must not call well"
        office.step()
    return group, office


def other_member(group: Group) -> FakeMembership:
    member = group.join()
    assert member.held(0)
    return member


def test_alone_every_contract_has_one_worker_with_all_partitions() -> None:
    office = Office()
    office.step()
    office.step()
    assert [job.partitions for jobs in office.jobs.values() for job in jobs] == [frozenset(range(4))] * 2
    assert office.running() == {SALES.id: 1, ORDERS.id: 1}


def test_a_contract_in_trouble_is_tried_again_while_the_other_goes_on() -> None:
    """It says `ended` and why; half a minute later a new worker tries."""
    office = Office()
    office.step()
    office.job(SALES).fail(TROUBLE)
    office.step(1)
    assert (office.state(SALES), office.state(ORDERS)) == ("ended", "running")
    assert "TL-SPD-002" in office.crew.snapshots()[SALES.id]["last_error"]
    assert office.running() == {SALES.id: 0, ORDERS.id: 1}
    office.step(AGAIN_S - 0.1)
    assert len(office.jobs[SALES.id]) == 1
    office.step(0.2)
    assert (len(office.jobs[SALES.id]), len(office.jobs[ORDERS.id])) == (2, 1)
    assert (office.state(SALES), office.job(ORDERS).asked) == ("running", False)


def test_an_error_that_nobody_foresaw_is_one_contracts_trouble_too() -> None:
    office = Office()
    office.step()
    office.job(SALES).fail(ZeroDivisionError())
    office.step()
    assert (office.state(SALES), office.state(ORDERS)) == ("ended", "running")
    assert "ZeroDivisionError" in office.crew.snapshots()[SALES.id]["last_error"]


def test_the_first_error_ends_the_process_when_nobody_is_left() -> None:
    """One contract waits to be tried again when the last one ends: what is wrong for all ends with its exit code."""
    office = Office()
    office.step()
    office.job(ORDERS).fail(TROUBLE)
    office.step(1)
    office.job(SALES).fail(OVERTAKEN)
    with pytest.raises(Fatal, match="TL-SPD-002"):
        office.step(1)


def test_alone_a_worker_that_was_overtaken_is_not_tried_again() -> None:
    """Two processes that do not share would take from each other for ever; when all are overtaken it ends with 76."""
    office = Office()
    office.step()
    office.job(SALES).fail(OVERTAKEN)
    office.step()
    office.step(100 * AGAIN_S)
    assert (office.state(SALES), len(office.jobs[SALES.id])) == ("ended", 1)
    office.job(ORDERS).fail(OVERTAKEN)
    with pytest.raises(Lifecycle) as caught:
        office.step()
    assert caught.value.exit_code == 76


def test_what_another_member_takes_is_given_up_and_the_rest_goes_on() -> None:
    """The worker finishes before the next one starts, and gauges of what is gone are gone: autoscaling reads them."""
    group, office = shared()
    first = office.job(SALES)
    first.hangs = True
    other = other_member(group)
    office.step()
    assert first.asked and office.jobs[SALES.id] == [first], "two workers of a contract at once"
    first.over = True
    office.step()
    kept = group.owned(office.member or other)[SALES.stream.topic]
    assert (len(kept), office.job(SALES).partitions) == (2, kept)
    assert office.lag_of(SALES) == {str(partition) for partition in kept}
    other.close()
    office.step()
    office.step()
    assert office.job(SALES).partitions == frozenset(range(4))


def test_a_contract_that_others_work_on_is_idle() -> None:
    """Nothing is shown of it but that all is well."""
    group, office = shared()
    group.topics = {ORDERS.stream.topic: 4}
    group.share()
    office.step()
    office.step()
    assert (office.state(SALES), office.lag_of(SALES), office.running()[SALES.id]) == ("idle", set(), 1)
    assert not office.job(ORDERS).asked


def test_fenced_off_by_a_member_that_has_not_heard_yet_it_takes_its_partitions_back() -> None:
    """After a second, without a word of error: the group says whose they are."""
    _, office = shared()
    office.job(SALES).fail(OVERTAKEN)
    office.step(0.1)
    assert (office.state(SALES), office.crew.snapshots()[SALES.id]["last_error"]) == ("starting", "")
    office.step(RETAKE_S / 2)
    assert len(office.jobs[SALES.id]) == 1
    office.step(RETAKE_S)
    assert len(office.jobs[SALES.id]) == 2


def test_fenced_off_from_what_the_group_gave_away_it_says_nothing() -> None:
    """The new owner is faster than the news; with the news the worker goes on with what is left, at once."""
    group, office = shared()
    other_member(group)
    office.job(SALES).fail(OVERTAKEN)
    office.step()
    assert office.crew.snapshots()[SALES.id]["last_error"] == ""
    assert len(office.job(SALES).partitions) == 2


def test_trouble_goes_with_its_partition() -> None:
    """What the group gives to another member is no longer tried here, and no longer complained of."""
    group, office = shared()
    office.job(SALES).fail(TROUBLE)
    office.step()
    assert office.state(SALES) == "ended"
    group.topics = {ORDERS.stream.topic: 4}
    group.share()
    office.step()
    assert (office.state(SALES), office.crew.snapshots()[SALES.id]["last_error"]) == ("idle", "")
    office.step(2 * AGAIN_S)
    assert len(office.jobs[SALES.id]) == 1


def test_while_the_group_does_not_answer_everybody_goes_on() -> None:
    group, office = shared()
    group.online = False
    other_partitions = [job.partitions for jobs in office.jobs.values() for job in jobs]
    for _ in range(3):
        office.step(1)
    office.job(SALES).fail(OVERTAKEN)
    office.step(1)
    office.step(2 * RETAKE_S)
    assert [office.job(SALES).partitions, office.job(ORDERS).partitions] == other_partitions
    assert not office.job(SALES).asked and len(office.jobs[SALES.id]) == 2


def test_the_group_is_joined_when_every_topic_was_made_or_could_not_be() -> None:
    """A topic that is made later would be seen late, and one that cannot be made must not keep the others waiting."""
    office = Office(Group({ORDERS.stream.topic: 4}))
    office.opening[SALES.id] = Retriable("TL-LOG-001", "no answer")
    office.step()
    office.step()
    office.step()
    assert (office.state(SALES), office.state(ORDERS)) == ("retrying", "running")
    office.opening[SALES.id] = Fatal("TL-LOG-002", "the topic has 3 partitions")
    for _ in range(3):
        office.step(RETAKE_S)
    assert (office.state(SALES), office.state(ORDERS)) == ("ended", "running")
    del office.opening[SALES.id]
    for _ in range(3):
        office.step(AGAIN_S)
    assert (office.state(SALES), office.crew.snapshots()[SALES.id]["last_error"]) == ("idle", "")


def test_the_group_is_left_when_the_workers_have_finished() -> None:
    """Others take over at once, and gauges go; a worker that hangs keeps nobody waiting for long."""
    group, office = shared()
    order: list[str] = []
    slow, member = office.job(SALES), office.member
    assert member is not None
    slow.hangs = True
    waited: list[float | None] = []

    def ended(timeout_s: float | None = 0.0) -> bool:
        waited.append(timeout_s)
        order.append("closed" if member.closed else "open")
        return HandJob.ended(slow, timeout_s)

    slow.ended = ended  # type: ignore[method-assign]
    office.crew.end()
    assert (order, waited) == (["open", "closed"], [LEAVE_S, None])
    assert office.job(ORDERS).asked and group.owned(member) == {}
    assert (office.lag_of(SALES), office.running()) == (set(), {})
    office.crew.end()


def _answer(url: str) -> tuple[int, Any]:
    try:
        with urlopen(url) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.loads(error.read())


def test_readiness_names_the_contract_in_trouble() -> None:
    office = Office()
    office.step()
    health = Health("127.0.0.1", 0, office.crew.snapshots)
    url = f"http://127.0.0.1:{health._server.server_address[1]}"
    try:
        states = {SALES.id: "running", ORDERS.id: "running"}
        assert _answer(f"{url}/readyz") == (200, {"ready": True, "contracts": states})
        office.job(SALES).fail(TROUBLE)
        office.step()
        code, body = _answer(f"{url}/readyz")
        assert (code, body["ready"], body["contracts"]) == (503, False, states | {SALES.id: "ended"})
        assert list(body["errors"]) == [SALES.id] and "TL-SPD-002" in body["errors"][SALES.id]
        assert _answer(f"{url}/healthz")[0] == 200, "a restart would not mend it"
    finally:
        health.close()


def test_a_thread_works_until_it_is_asked_to_finish_and_hands_its_error_over() -> None:
    begun = Event()

    def work(stop: Event) -> None:
        begun.set()
        stop.wait()
        raise TROUBLE

    job = ThreadedJob(work)
    assert begun.wait(60) and not job.ended()
    job.finish()
    assert job.ended(None) and job.error is TROUBLE


@pytest.mark.parametrize(("group", "shares"), [("", False), ("speed", True)])
def test_the_setting_decides_whether_a_process_shares(group: str, shares: bool, tmp_path: Path) -> None:
    found = hands(Settings(home=tmp_path, speed_group=group), Event())
    assert (found.join is not None) is shares
