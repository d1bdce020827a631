"""The cut: which positions a run owns, chosen once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.fakes.documents import FakeDocuments
from tests.fakes.event_log import FakeEventLog
from tideline.adapters import increments as wire
from tideline.batch.boundaries import increments_topic
from tideline.batch.commits import StageCommit
from tideline.batch.cut import Cut, Doors, choose_cut, read_cut, table_path
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, Lifecycle, PositionLost
from tideline.model.position import Coverage, StreamId
from tideline.planning import Kind, Request
from tideline.ports import TableCommit

TOPIC = "shop.orders.v1"
DAYS = Request(Kind.RESTATE, (date(2026, 1, 2), date(2026, 1, 4)))


def contract(**changes: Any) -> Contract:
    view = {"description": "", "dimensions": [{"name": "id", "column": "id", "description": ""}],
            "measures": [{"name": "n", "kind": "count", "description": ""}]}  # fmt: skip
    fields = [{"name": "id", "type": "string", "description": "", "required": True},
              {"name": "at", "type": "timestamp", "description": "", "required": True}]  # fmt: skip
    return Contract.model_validate(
        {
            "domain": "shop", "product": "orders", "version": "1.0.0", "owner": "o", "description": "",
            "stream": {"topic": TOPIC, "partitions": 2}, "fields": fields, "event_time": "at",
            "deduplication": {"key": "id", "horizon": timedelta(days=1)},
            "views": [{"name": "by_id", **view}, {"name": "other", **view}],
        }
        | changes
    )  # fmt: skip


class Tables:
    """Last commits by path."""

    def __init__(self) -> None:
        self.commits: dict[str, TableCommit] = {}

    def last_commit(self, path: str) -> TableCommit | None:
        return self.commits.get(path)

    def version(self, path: str) -> int | None:
        found = self.commits.get(path)
        return None if found is None else found.version

    def read(self, path: str, version: int, columns: Any = None) -> Any:
        raise NotImplementedError


class World:
    """A topic of two partitions, a speed layer played by hand, and a clock that moves a second at each look."""

    def __init__(self) -> None:
        self.contract = contract()
        self.now = 1_800_000_000.0
        self.log = FakeEventLog(clock_ms=lambda: int(self.now * 1000))
        self.log.create(TOPIC, 2)
        self.documents, self.tables = FakeDocuments(), Tables()
        self.on_look: Iterator[Any] = iter(())

    def clock(self) -> datetime:
        self.now += 1.0
        next(self.on_look, None)
        return datetime.fromtimestamp(self.now, UTC)

    def events(self, partition: int, count: int) -> None:
        for _ in range(count):
            self.log.append(TOPIC, b"{}", partition=partition)

    def speed(self, partition: int, *records: wire.Record) -> None:
        topic = increments_topic(self.contract.id)
        self.log.create(topic, 2)
        for record in records:
            self.log.append(topic, wire.encode(record), partition=partition)

    def fence(self, partition: int) -> None:
        self.speed(partition, wire.Fence("w", self.log.stream(TOPIC), self.contract.hash))

    def covered(self, layer: str, *positions: int, stream: StreamId | None = None) -> None:
        coverage = Coverage(stream or self.log.stream(TOPIC), dict(enumerate(positions)))
        words = StageCommit("ingest", "earlier", self.contract.id, self.contract.hash, 1, coverage)
        self.tables.commits[table_path(layer, self.contract)] = TableCommit(3, {"tideline": _inner(words)})

    def cut(self, key: str = "r1", request: Request | None = None) -> Cut:
        doors = Doors(self.log, self.documents, self.tables, self.clock, epoch_s=5.0)
        return choose_cut(self.contract, request or Request(), key, doors)


def _inner(words: StageCommit) -> Any:
    import json

    return json.loads(words.as_metadata())["tideline"]


def increment(generation: int, view: str, start: int, end: int, epoch_end: bool = False) -> wire.Increment:
    return wire.Increment(generation, view, start, end, epoch_end)


def both(generation: int, start: int, end: int, epoch_end: bool = False) -> tuple[wire.Increment, ...]:
    return tuple(increment(generation, view, start, end, epoch_end) for view in ("by_id", "other"))


@pytest.fixture
def world() -> World:
    return World()


def test_without_a_speed_layer_the_cut_is_the_log_end(world: World) -> None:
    """A topic of increments that does not exist stops nothing; its readers will start at 0."""
    world.events(0, 3)
    cut = world.cut()
    assert (dict(cut.start), dict(cut.to), dict(cut.increments)) == ({0: 0, 1: 0}, {0: 3, 1: 0}, {0: 0, 1: 0})


def test_the_cut_is_the_newest_epoch_end_of_all_views(world: World) -> None:
    """A position that only one view has reached as an epoch end is no boundary, nor is an increment inside an epoch."""
    world.events(0, 10)
    world.fence(0)
    world.speed(0, *both(0, 0, 4, True), increment(0, "by_id", 4, 7, True), *both(0, 4, 6)[1:])
    cut = world.cut()
    assert dict(cut.to) == {0: 4, 1: 0}
    assert cut.increments[0] == 3  # fence, two increments up to 4, then the first that lies beyond


def test_an_epoch_end_beyond_the_log_end_is_not_believed(world: World) -> None:
    """Never beyond the log end."""
    world.events(0, 3)
    world.fence(0)
    world.speed(0, *both(0, 0, 2, True), *both(0, 2, 9, True))
    assert world.cut().to.at(0) == 2


def test_a_living_speed_layer_is_waited_for(world: World) -> None:
    """New events without an epoch end yet: the cut waits for the one that comes."""
    world.events(0, 3)
    world.fence(0)
    world.speed(0, *both(0, 0, 2))

    def at_the_fifth_look() -> Iterator[None]:
        yield from [None] * 4
        world.speed(0, *both(0, 2, 3, True))
        world.events(0, 4)  # too late for this cut's log end, but that is not why it ends at 3

    world.on_look = at_the_fifth_look()
    before = world.now
    assert world.cut().to.at(0) == 3
    assert world.now - before < 10


def test_a_dead_speed_layer_does_not_stop_the_batch(world: World) -> None:
    """Its newest message is old, nothing lies beyond the coverage: the cut is the log end, at once."""
    world.events(0, 8)
    world.fence(0)
    world.speed(0, *both(0, 0, 5, True))
    world.covered("bronze", 5, 0)
    world.now += 60
    before = world.now
    assert dict(world.cut().to) == {0: 8, 1: 0}
    assert world.now - before < 10


def test_a_living_speed_layer_that_publishes_no_epoch_end_is_waited_for_two_epochs_only(world: World) -> None:
    """Whatever happens, a run gets its cut."""
    world.events(0, 3)
    world.fence(0)
    world.speed(0, *both(0, 0, 2))
    before = world.now
    assert world.cut().to.at(0) == 3
    assert 10 <= world.now - before <= 20


def test_epoch_ends_of_a_fenced_worker_are_ignored(world: World) -> None:
    """A zombie's messages after the new fence offer no boundary."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, *both(0, 0, 4, True))
    world.fence(0)
    world.speed(0, *both(0, 4, 9, True))
    assert world.cut().to.at(0) == 4


def test_a_rebase_forgets_the_boundaries_of_the_old_chain(world: World) -> None:
    """After a rebase to 2 only the new chain's epoch ends count, also where they are lower."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, *both(0, 0, 8, True))
    world.speed(0, wire.Rebase(0, {"by_id": 2, "other": 2}, "straddle"), *both(0, 2, 6, True), *both(0, 6, 9))
    assert world.cut().to.at(0) == 6


def test_whoever_reads_what_was_folded_behind_a_loss_reads_that_first(world: World) -> None:
    """The release's offset is that of the rebase `lost`, until the worker has started anew from a release."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, *both(0, 0, 4, True), wire.Rebase(0, {"by_id": 4, "other": 4}, "lost"), *both(0, 4, 8, True))
    world.speed(0, *both(0, 8, 9))
    assert (world.cut().to.at(0), world.cut().increments[0]) == (8, 3)
    world.speed(0, wire.Rebase(0, {"by_id": 8, "other": 8}, "restated"), *both(0, 8, 9, True))
    again = world.cut("another")
    assert (again.to.at(0), again.increments[0]) == (9, 11)


def test_a_worker_that_goes_on_keeps_the_boundaries(world: World) -> None:
    """A new fence with a rebase at the very position that was reached changes nothing."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, *both(0, 0, 4, True))
    world.fence(0)
    world.speed(0, wire.Rebase(3, {"by_id": 4, "other": 4}, "start"), *both(3, 4, 9))
    assert world.cut().to.at(0) == 4


def test_a_retry_reads_the_first_cut(world: World) -> None:
    """More events do not move a cut that was written; a new run key takes them."""
    world.events(0, 3)
    first = world.cut()
    world.events(0, 5)
    assert world.cut().as_json() == first.as_json()
    assert world.cut("r2").to.at(0) == 8
    assert read_cut(world.contract, "r1", world.documents).as_json() == first.as_json()


def test_a_write_whose_answer_was_lost_still_gives_one_cut(world: World) -> None:
    """An unknown outcome: the retry finds what was written."""
    world.events(0, 3)
    world.documents.fail_after = 1
    with pytest.raises(Exception, match="planned failure"):
        world.cut()
    world.events(0, 1)
    assert world.cut().to.at(0) == 3


def test_a_run_key_stands_for_one_request_and_one_contract(world: World) -> None:
    """Another request under the same key is a mistake, another contract a newer world."""
    world.covered("silver", 0, 0)
    world.cut()
    with pytest.raises(Fatal, match="TL-CUT-003"):
        world.cut(request=DAYS)
    with pytest.raises(Lifecycle, match="TL-CUT-002"):
        read_cut(contract(rules=[{"name": "r", "expression": "id != 'x'"}]), "r1", world.documents)
    with pytest.raises(Fatal, match="TL-CUT-001"):
        read_cut(world.contract, "never", world.documents)


def test_a_lost_range_is_named_exactly(world: World) -> None:
    """Retention passed the coverage of one partition: nothing is skipped, the range is in the error."""
    world.events(0, 9)
    world.covered("bronze", 4, 0)
    world.log.truncate(TOPIC, 0, 7)
    with pytest.raises(PositionLost, match=r"partition 0 no longer holds \[4, 7\)") as caught:
        world.cut()
    assert (caught.value.exit_code, caught.value.missing) == (66, (4, 7))
    assert world.documents.names("") == []


def test_a_log_that_ends_before_the_coverage_is_a_loss(world: World) -> None:
    """An unclean restart lost the end: positions would be given twice."""
    world.events(0, 9)
    world.covered("bronze", 9, 0)
    world.log.lose_end(TOPIC, 0, 6)
    with pytest.raises(PositionLost, match=r"\[6, 9\)"):
        world.cut()


def test_a_recreated_topic_is_refused(world: World) -> None:
    """Same name, another identity: positions are not comparable."""
    world.covered("bronze", 0, 0, stream=StreamId(TOPIC, "older"))
    with pytest.raises(DataError, match="TL-CUT-004"):
        world.cut()


def test_a_first_run_begins_where_the_log_begins(world: World) -> None:
    """Nothing was promised about records that were gone before there was a bronze table."""
    world.events(0, 5)
    world.log.truncate(TOPIC, 0, 2)
    cut = world.cut()
    assert (cut.start.at(0), cut.to.at(0)) == (2, 5)


def test_a_first_run_refuses_to_begin_behind_what_speed_has_served(world: World) -> None:
    """Retention overtook the very first run: what clients have seen may not vanish unnoticed."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, wire.Rebase(0, {"by_id": 0, "other": 0}, "start"), *both(0, 0, 3, epoch_end=True))
    world.log.truncate(TOPIC, 0, 7)
    with pytest.raises(PositionLost, match=r"partition 0 no longer holds \[0, 7\)"):
        world.cut()
    assert world.documents.names("") == []


def test_a_restate_moves_no_boundary(world: World) -> None:
    """From and to are silver's coverage, and the increments offset belongs to it."""
    world.events(0, 9)
    world.fence(0)
    world.speed(0, *both(0, 0, 4, True), *both(0, 4, 8, True))
    world.covered("bronze", 8, 0)
    world.covered("silver", 4, 0)
    cut = world.cut(request=DAYS)
    assert (dict(cut.start), dict(cut.to), cut.increments[0]) == ({0: 4, 1: 0}, {0: 4, 1: 0}, 3)
    assert Cut.from_json(cut.as_json()).request == DAYS


def test_a_restate_of_nothing_says_so(world: World) -> None:
    """Without a silver table no day can be computed again."""
    with pytest.raises(Fatal, match="TL-CUT-005"):
        world.cut(request=DAYS)
