"""What the log has lost can be accepted: exactly, once, for a reason; then batch goes on and the gap is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.unit.test_audit_publish import NOW
from tests.unit.test_audit_publish import STREAM as SHOP_STREAM
from tests.unit.test_audit_publish import World as Lake
from tests.unit.test_audit_publish import released as released_lake
from tests.unit.test_cut import TOPIC, World, both
from tests.unit.test_standing import SALES, Setting
from tideline.adapters import increments as wire
from tideline.batch.accepting import accept
from tideline.batch.cut import Doors, check_range_is_held
from tideline.batch.losses import accepted_losses, loss_name
from tideline.batch.publish import rollback
from tideline.batch.rolling_back import lost_beyond, refused
from tideline.model.errors import DataError, Fatal, PositionLost
from tideline.model.loss import Loss, passed
from tideline.model.position import Coverage, Range
from tideline.model.release import Release
from tideline.standing import contradictions, look

WORDS = ("ada", "retention was too short")


@pytest.fixture
def world() -> World:
    world = World()
    world.events(0, 20)
    world.events(1, 20)
    world.covered("bronze", 4, 2)
    return world


def accepted(world: World, partition: int, start: int, end: int, words: tuple[str, str] = WORDS) -> Loss:
    doors = Doors(world.log, world.documents, world.tables, lambda: datetime(2026, 1, 2, tzinfo=UTC), 5.0)
    return accept(world.contract, (partition, Range(start, end)), words, doors)


def test_a_run_goes_on_behind_an_accepted_loss(world: World) -> None:
    """Before: exit 66 with the command that accepts it. After: the cut begins at bronze and ends behind the loss."""
    world.log.truncate(TOPIC, 0, 7)
    with pytest.raises(PositionLost, match=r"--accept-loss 0 4 7 --reason"):
        world.cut()
    loss = accepted(world, 0, 4, 7)
    assert (loss.by, loss.reason, loss.accepted) == (*WORDS, "2026-01-02T00:00:00.000Z")
    cut = world.cut()
    assert dict(cut.start) == {0: 4, 1: 2} and dict(cut.to) == {0: 20, 1: 20}
    losses = accepted_losses(world.documents, world.contract.id, world.log.stream(TOPIC))
    assert check_range_is_held(world.contract, cut.start, world.log, losses) == {0: 7, 1: 2}


@pytest.mark.parametrize(("start", "end"), [(4, 6), (5, 7), (4, 8), (3, 7), (7, 9)])
def test_nothing_but_what_is_gone_can_be_accepted(world: World, start: int, end: int) -> None:
    """A position too few or too many is refused, and what is lost is named."""
    world.log.truncate(TOPIC, 0, 7)
    with pytest.raises(Fatal, match=r"TL-LOS-002.*lost is partition 0: \[4, 7\)"):
        accepted(world, 0, start, end)
    assert world.documents.names("") == []


def test_without_a_loss_there_is_nothing_to_accept(world: World) -> None:
    with pytest.raises(Fatal, match="lost is nothing"):
        accepted(world, 1, 2, 5)
    world.log.lose_end(TOPIC, 1, 1)  # positions that were covered will be given out again: that cannot be accepted
    with pytest.raises(Fatal, match="lost is nothing"):
        accepted(world, 1, 1, 2)


def test_an_acceptance_is_written_once(world: World) -> None:
    """The same call again finds it; other words change nothing; another range from there is refused."""
    world.log.truncate(TOPIC, 0, 7)
    first = accepted(world, 0, 4, 7)
    assert accepted(world, 0, 4, 7, ("bob", "another reason")) == first
    world.log.truncate(TOPIC, 0, 9)
    with pytest.raises(Fatal, match=r"TL-LOS-003.*ada accepted the loss of \[4, 7\)"):
        accepted(world, 0, 4, 9)
    with pytest.raises(PositionLost, match=r"\[7, 9\)"):
        world.cut()
    accepted(world, 0, 7, 9)
    assert dict(world.cut().to) == {0: 20, 1: 20}


@pytest.mark.parametrize(("start", "refused"), [(7, False), (6, True), (0, True)])
def test_what_the_log_holds_again_is_never_passed_over(world: World, start: int, refused: bool) -> None:
    """A log restored from a copy, wholly or in part: the run stops and names the document; without it all is read."""
    before = world.log.bounds(TOPIC)[0]
    world.log.truncate(TOPIC, 0, 7)
    accepted(world, 0, 4, 7)
    world.log.restore(TOPIC, 0, start)
    assert world.log.bounds(TOPIC)[0] == Range(start, before.end)
    if not refused:
        assert world.cut().to.at(0) == 20
        return
    with pytest.raises(DataError, match=r"TL-LOS-006.*ada accepted the loss of \[4, 7\)") as stopped:
        world.cut()
    name = loss_name(world.contract.id, 0, 4)
    assert name in stopped.value.fix and stopped.value.exit_code == 65
    del world.documents.texts[name]
    if start <= 4:
        assert check_range_is_held(world.contract, world.cut().start, world.log) == {0: 4, 1: 2}


def test_verify_names_an_acceptance_that_the_log_has_overtaken() -> None:
    setting = Setting()
    stream = setting.log.stream(SALES.stream.topic)
    loss = Loss(stream, 1, Range(8, 9), *WORDS, "2026-01-02T00:00:00.000Z")
    setting.documents.put_new(loss_name(SALES.id, 1, 8), loss.as_json())
    [problem] = contradictions(look(SALES, setting.log, setting.documents, setting.tables))
    assert (problem.code, problem.exit_code) == ("TL-LOS-006", 65)


def test_a_loss_that_a_run_has_passed_over_stands_whatever_the_log_holds(world: World) -> None:
    world.log.truncate(TOPIC, 0, 7)
    accepted(world, 0, 4, 7)
    world.covered("bronze", 9, 2)
    world.log.restore(TOPIC, 0, 0)
    assert dict(world.cut("another").start) == {0: 9, 1: 2}


def test_an_acceptance_holds_for_one_incarnation_of_the_topic(world: World) -> None:
    world.log.truncate(TOPIC, 0, 7)
    accepted(world, 0, 4, 7)
    world.log.delete(TOPIC)
    world.log.create(TOPIC, 2)
    assert accepted_losses(world.documents, world.contract.id, world.log.stream(TOPIC)) == []


def test_what_speed_served_before_the_first_run_can_be_accepted(world: World) -> None:
    """There is no bronze yet: lost is what speed began with and the log no longer has."""
    world.tables.commits.clear()
    world.fence(0)
    world.speed(0, wire.Rebase(0, {"by_id": 0, "other": 0}, "start"), *both(0, 0, 5, True))
    world.log.truncate(TOPIC, 0, 3)
    with pytest.raises(PositionLost, match=r"--accept-loss 0 0 3"):
        world.cut()
    accepted(world, 0, 0, 3)
    assert world.cut().to.at(0) == 5


def test_an_epoch_end_inside_a_loss_is_no_cut(world: World) -> None:
    """Speed had read further than the log now begins: the cut lies behind the loss all the same."""
    world.fence(0)
    world.speed(0, *both(0, 0, 6, True))
    world.log.truncate(TOPIC, 0, 9)
    accepted(world, 0, 4, 9)
    assert world.cut().to.at(0) == 20


@pytest.mark.parametrize("seed", range(40))
def test_what_is_read_and_what_was_accepted_is_everything_once(seed: int) -> None:
    """However often the log is shortened between runs: no position is read twice, none is skipped unasked."""
    rng, world = random.Random(seed), World()
    world.events(0, 5)
    world.covered("bronze", 0, 0)
    at, read = 0, set[int]()
    for number in range(12):
        world.events(0, rng.randrange(6))
        held = world.log.bounds(TOPIC)[0]
        world.log.truncate(TOPIC, 0, rng.randrange(held.start, held.end + 1))
        try:
            cut = world.cut(f"r{number}")
        except PositionLost as error:
            assert error.missing is not None
            accepted(world, 0, *error.missing)
            continue
        losses = accepted_losses(world.documents, world.contract.id, cut.start.stream)
        fresh = range(check_range_is_held(world.contract, cut.start, world.log, losses)[0], cut.to.at(0))
        assert cut.start.at(0) == at and not read & set(fresh)
        read, at = read | set(fresh), cut.to.at(0)
        world.covered("bronze", at, 0)
    losses = accepted_losses(world.documents, world.contract.id, world.log.stream(TOPIC))
    lost = [position for loss in losses for position in range(loss.missing.start, loss.missing.end) if position < at]
    assert sorted([*read, *lost]) == list(range(at))


def test_positions_inside_a_loss_lead_behind_it() -> None:
    losses = [Loss(SHOP_STREAM, 0, Range(*ends), *WORDS, "2026") for ends in ((7, 9), (4, 7), (20, 30))]
    assert [passed(losses, 0, at) for at in (3, 4, 6, 8, 9, 25)] == [3, 9, 9, 9, 9, 30]
    assert passed(losses, 1, 4) == 4


def test_audit_and_release_name_every_accepted_loss() -> None:
    """A warning in the audit, `gaps` in the release, and the same after reading it back."""
    lake = Lake()
    loss = Loss(SHOP_STREAM, 0, Range(0, 2), *WORDS, "2026-01-02T00:00:00.000Z")
    other = Loss(SHOP_STREAM, 0, Range(900, 910), *WORDS, "2026-01-02T00:00:00.000Z")
    for one in (loss, other):
        lake.documents.put_new(loss_name("shop.sales", 0, one.missing.start), one.as_json())
    released_lake(lake)
    [check] = [check for check in lake.live.checks if check.warning]
    assert check.name == "accepted_losses" and check.passed
    assert "partition 0 [0, 2) = 2 positions, accepted by ada on 2026-01-02" in check.detail
    assert lake.live.gaps == (loss,), "the other one is not covered yet"
    assert Release.from_json(lake.live.as_json()) == lake.live
    lake.write("r2", [("z", "Spain", "1.000")])
    lake.audit("r2")
    lake.publish("r2")
    back = rollback("shop.sales", 1, "back", lake.documents, lambda: NOW)
    assert back.gaps == (loss,)


def test_an_unreadable_acceptance_stops_the_run() -> None:
    with pytest.raises(DataError, match="TL-LOS-001"):
        Loss.from_json({"stream": {}})


@pytest.fixture
def setting() -> Iterator[Setting]:
    yield Setting()


def test_an_accepted_loss_is_no_contradiction_and_is_shown(setting: Setting) -> None:
    topic = SALES.stream.topic
    setting.log.truncate(topic, 1, 9)
    facts = (SALES, setting.log, setting.documents, setting.tables)
    [error] = contradictions(look(*facts))
    assert isinstance(error, PositionLost) and "--accept-loss 1 8 9" in error.fix
    loss = Loss(setting.stream, 1, Range(8, 9), *WORDS, "2026-01-02T00:00:00.000Z")
    setting.documents.put_new(loss_name(SALES.id, 1, 8), loss.as_json())
    assert contradictions(look(*facts)) == []
    assert look(*facts).as_json()["losses"] == [loss.as_json()]


def test_a_rollback_that_cannot_be_served_is_refused_with_what_is_missing(setting: Setting) -> None:
    """The log has to hold everything from the older release's coverage on."""
    topic = SALES.stream.topic
    release = look(SALES, setting.log, setting.documents, setting.tables).release
    assert release is not None and release.coverage == Coverage(setting.stream, {0: 5, 1: 5})
    setting.log.truncate(topic, 0, 5)
    assert lost_beyond(release, topic, setting.log) == {}
    setting.log.truncate(topic, 0, 6)
    lost = lost_beyond(release, topic, setting.log)
    error = refused(SALES.id, 1, topic, lost)
    assert lost == {0: Range(5, 6)} and (error.partition, error.missing, error.exit_code) == (0, (5, 6), 66)
    assert "partition 0 [5, 6)" in error.what and "--force" in error.fix
