"""What a speed process does with its workers: one contract's trouble stops no other, and a group shares partitions."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from speed_layer.pieces import Sizes
from speed_layer.status import Metrics, Status
from speed_layer.worker import Pace, increments_topic
from tests.fakes.contract_index import small_contract
from tests.fakes.membership import FakeMembership, Group
from tests.fakes.speed_process import DoneJob, Process
from tests.fakes.speed_world import World, two_views
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, Lifecycle, Retriable, TidelineError
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


# --- with real workers


def sale(world: World, event_id: str, partition: int = 0, country: str = "FR") -> None:
    world.append(event_id, partition, at="2011-01-04T10:30:00Z", country=country, quantity=2, price="1.250")


def test_an_event_too_large_for_one_contract_leaves_the_other_fresh(tmp_path: Path) -> None:
    """TL-SPD-008 of sales, again and again; orders are folded all the time, and sales go on when it is mended."""
    sales = World(tmp_path / "sales")
    orders = World(
        tmp_path / "orders", two_views(product="orders", stream={"topic": "retail.orders.v1", "partitions": 2})
    )
    sales.sizes = Sizes(wanted=400, most=600)
    process = Process(sales, None, tmp_path / "home", orders)
    process.turn()
    sale(sales, "large", country="F" * 700)
    for number in range(5):
        sale(orders, f"o{number}")
        sales.now += AGAIN_S / 2
        process.turn()
        process.turn()
        shown = process.crew.snapshots()
        assert (shown["retail.sales"]["state"], shown["retail.orders"]["state"]) == ("ended", "running")
        assert shown["retail.orders"]["partitions"]["0"]["next"] == number + 1
    assert "TL-SPD-008" in shown["retail.sales"]["last_error"]
    assert process.gauges("tideline_speed_running") == {("retail.sales",): 0, ("retail.orders",): 1}
    sales.sizes = Sizes()
    sales.now += AGAIN_S
    process.turn()
    process.turn()
    assert process.crew.snapshots()["retail.sales"]["partitions"]["0"]["next"] == 1


def test_an_event_too_large_ends_the_process_that_has_nothing_else_to_do(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sizes = Sizes(wanted=400, most=600)
    process = Process(world, None, tmp_path / "home")
    sale(world, "large", country="F" * 700)
    with pytest.raises(DataError, match="TL-SPD-008"):
        turns(process, 5)


def turns(process: Process, count: int, before: Callable[[], None] = lambda: None) -> None:
    for _ in range(count):
        before()
        process.turn()


def test_events_of_a_partition_that_comes_back_are_counted_once(tmp_path: Path) -> None:
    """A process counts what it read itself: not again after a hand-over to and fro, nor when a release rebuilds."""
    world = World(tmp_path)
    group = Group({world.topic: 2})
    mine = Process(world, group, tmp_path / "mine")
    for name in "abcdef":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 4)
    other = Process(world, group, tmp_path / "other")
    turns(mine, 6, other.turn)
    assert len(mine.gauges("tideline_speed_lag_events")) == 1
    for name in "gh":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 2, other.turn)
    world.publish({0: 3, 1: 3})  # inside an epoch: both fold again from there
    other.leave()
    turns(mine, 4)
    for name in "ij":
        sale(world, name, 0)
        sale(world, name, 1)
    turns(mine, 2)
    counted = [snapshot["counters"]["in"] for p in (mine, other) for snapshot in p.crew.snapshots().values()]
    assert counted == [20, 2]


def test_a_memory_that_is_older_than_a_restate_is_not_believed_when_a_partition_comes_back(tmp_path: Path) -> None:
    """A, then B, then A again, each on a disk of its own; meanwhile silver was judged again without an event."""
    world = World(tmp_path)
    group = Group({world.topic: 2})
    first = Process(world, group, tmp_path / "first")
    for name in "ab":
        sale(world, name)
    turns(first, 3)
    world.now += 6
    turns(first, 2)
    first.leave()
    second = Process(world, group, tmp_path / "second")
    turns(second, 3)
    world.publish({0: 2, 1: 0})
    turns(second, 2)
    world.publish({0: 2, 1: 0}, without=["a"])
    turns(second, 2)
    second.leave()
    back = Process(world, group, tmp_path / "first")
    turns(back, 3)
    for name in "ab":
        sale(world, name)
    turns(back, 2)
    [snapshot] = back.crew.snapshots().values()
    assert snapshot["counters"] == {"in": 2, "good": 1, "deduplicated": 1, "quarantined": 0}


def test_a_worker_touches_its_own_partitions_only(tmp_path: Path) -> None:
    """It fences, reads, publishes, spills and tells of nothing else."""
    world = World(tmp_path, two_views(stream={"topic": "retail.sales.v1", "partitions": 3}))
    status = Status(world.contract.id, world.contract.hash, Metrics(CollectorRegistry()))
    worker = world.worker_of({0, 2}, status, Pace(release_s=0, check_s=0, idle_s=0), tmp_path / "home")
    for partition in range(3):
        sale(world, f"e{partition}", partition)
    for _ in range(3):
        worker.turn()
        world.now += 6
    worker.finish()
    increments = world.log.bounds(increments_topic(world.contract.id))
    assert [partition for partition, held in increments.items() if held.end] == [0, 2]
    assert sorted(path.parent.name for path in (tmp_path / "home").rglob("manifest.json")) == ["p0", "p2"]
    assert (set(status.snapshot["partitions"]), status.counters["in"]) == ({"0", "2"}, 2)


def test_whoever_is_overtaken_while_it_finishes_has_finished(tmp_path: Path) -> None:
    """Asked to stop it stops well, although the next owner has not waited for that."""
    world = World(tmp_path)
    worker = world.worker()
    worker.turn()
    sale(world, "a")
    worker.turn()
    world.worker().turn()
    stop = Event()
    stop.set()
    worker.run(stop)
    assert (worker.status.state, worker.status.last_error) == ("stopped", "")
