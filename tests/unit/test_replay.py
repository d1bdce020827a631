"""The replayer: nothing unsent is called sent, nothing sent is forgotten, whatever the broker does."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.fakes.event_log import FakeEventLog
from tests.unit.sales import SALES
from tideline.local.journal import Journal, PlannedEvent, read
from tideline.local.replay import Pace, Replayer
from tideline.model.errors import Retriable

TOPIC = SALES.stream.topic


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def pace(self, rate: float | None = None) -> Pace:
        return Pace(rate, self.now, self.pause)


@pytest.fixture
def log() -> FakeEventLog:
    made = FakeEventLog()
    made.create(TOPIC, 2)
    return made


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "j.jsonl")


def planned(count: int) -> list[PlannedEvent]:
    return [PlannedEvent("sale", f"id-{n}", f"{n}".encode()) for n in range(count)]


def stored(log: FakeEventLog) -> list[bytes | None]:
    return [record.value for part in log.topics[TOPIC].partitions.values() for record in part.records]


def test_the_journal_says_where_every_event_is(log: FakeEventLog, journal: Journal) -> None:
    summary = Replayer(SALES, log, journal).replay(planned(10), Clock().pace())
    journal.close()
    assert (summary.sends, summary.ok, summary.unknown) == (10, 10, 0)
    found = {(sent.partition, sent.position): sent.event.value for sent in read(journal.path)}
    parts = log.topics[TOPIC].partitions
    assert found == {(p, r.position): r.value for p, part in parts.items() for r in part.records}
    assert summary.next == {p: part.end for p, part in parts.items() if part.end}


def test_an_unknown_outcome_is_sent_again_under_the_same_id(log: FakeEventLog, journal: Journal) -> None:
    """The first copy may be in the log: both have the same key, so the platform drops one."""
    log.lose_acks(2)
    summary = Replayer(SALES, log, journal).replay(planned(5), Clock().pace())
    journal.close()
    assert (summary.sends, summary.ok, summary.unknown, summary.resent) == (7, 5, 2, 2)
    sends = list(read(journal.path))
    assert [(s.n, s.event.key, s.phase) for s in sends[:2]] == [(0, "id-0", "unknown"), (1, "id-1", "unknown")]
    assert [(s.n, s.event.key, s.phase) for s in sends[5:]] == [(5, "id-0", "ok"), (6, "id-1", "ok")]
    assert sorted(filter(None, stored(log))) == [b"0", b"0", b"1", b"1", b"2", b"3", b"4"]


def test_a_refused_event_is_journalled_and_not_repeated(log: FakeEventLog, journal: Journal) -> None:
    log.refuse(1)
    summary = Replayer(SALES, log, journal).replay(planned(3), Clock().pace())
    journal.close()
    assert (summary.sends, summary.ok, summary.failed) == (3, 2, 1)
    assert [sent.phase for sent in read(journal.path)] == ["failed", "ok", "ok"]


def test_a_broker_that_stays_away_ends_the_replay_with_one_line(log: FakeEventLog, journal: Journal) -> None:
    """Exit code 75, every send is in the journal, and the remedy is named."""
    clock = Clock()
    log.online = False
    with pytest.raises(Retriable, match=r"TL-REP-001.*--resend-from") as caught:
        Replayer(SALES, log, journal, patience_s=30).replay(planned(3), clock.pace())
    journal.close()
    assert caught.value.exit_code == 75
    assert 30 <= clock.time < 40
    sends = list(read(journal.path))
    assert {sent.phase for sent in sends} == {"unknown"}
    assert {sent.event.key for sent in sends} == {"id-0", "id-1", "id-2"}


def test_a_broker_that_comes_back_gets_everything(log: FakeEventLog, journal: Journal) -> None:
    clock = Clock()
    log.online = False

    def pause(seconds: float) -> None:
        clock.pause(seconds)
        log.online = clock.time > 10

    pace = Pace(None, clock.now, pause)
    summary = Replayer(SALES, log, journal, patience_s=30).replay(planned(3), pace)
    assert (summary.ok, summary.resent == summary.unknown > 0) == (3, True)
    assert sorted(filter(None, stored(log))) == [b"0", b"1", b"2"]


def test_an_iterator_is_continued_where_the_first_part_ended(log: FakeEventLog, journal: Journal) -> None:
    events = iter(planned(10))
    replayer = Replayer(SALES, log, journal)
    assert replayer.replay(itertools.islice(events, 4), Clock().pace()).ok == 4
    assert replayer.replay(events, Clock().pace()).ok == 6


def test_the_rate_is_kept(log: FakeEventLog, journal: Journal) -> None:
    """200 events at 100 a second take two seconds, spread evenly."""
    clock = Clock()
    Replayer(SALES, log, journal).replay(planned(200), clock.pace(100))
    assert clock.time == pytest.approx(2.0)
    assert max(clock.waits) <= 0.06


def test_stopping_waits_for_what_is_under_way(log: FakeEventLog, journal: Journal) -> None:
    replayer = Replayer(SALES, log, journal)

    def events() -> list[PlannedEvent]:
        return planned(10)

    def until_five() -> object:
        for n, event in enumerate(events()):
            if n == 5:
                replayer.stop()
            yield event

    summary = replayer.replay(until_five(), Clock().pace(20))  # type: ignore[arg-type]
    journal.close()
    assert summary.interrupted
    assert 5 <= summary.ok < 10
    assert {sent.phase for sent in read(journal.path)} == {"ok"}
