"""An increment that is too large for a message becomes several, and nobody who reads them can tell."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speed_layer.dedup import Verdict
from speed_layer.fold import Fold
from speed_layer.judge import Judge, Judged
from speed_layer.pieces import Pieces, Reach, Sizes
from speed_layer.worker import increments_topic
from tests.fakes.speed_world import Groups, World, two_views
from tideline.adapters.increments import Fence, Increment, decode, encode, exact_states
from tideline.adapters.json_events import EventDecoder
from tideline.adapters.sketches import HllSketches
from tideline.model import reference
from tideline.model.errors import DataError, Fatal
from tideline.model.position import Range
from tideline.ports import LogRecord

CONTRACT = two_views()
SKETCHES = HllSketches()
FOLD = Fold(CONTRACT, SKETCHES)
TOPIC = increments_topic(CONTRACT.id)


class Forgetful:
    """Counts every id."""

    def judge(self, claims: list[object]) -> list[object]:
        return [Verdict.COUNTS for _ in claims]


def judged(seed: int, count: int) -> tuple[Judged, int]:
    """Random records with gaps between their positions, judged; and where they end."""
    rng, at, records = random.Random(seed), 0, []
    for _ in range(count):
        at += rng.choice([0, 0, 1, 7])
        price = rng.choice(['"1.5"', "null"])
        value = f'{{"event_id":"e{at}","at":"2011-01-0{rng.randrange(1, 9)}T0{rng.randrange(9)}:30:00Z",'
        value += f'"country":"{"x" * rng.randrange(60)}","quantity":{rng.randrange(-1, 3)},"price":{price}}}'
        records.append(LogRecord(0, at, at, f"e{at}".encode(), value.encode()))
        at += 1
    judge = Judge(EventDecoder(CONTRACT), CONTRACT.deduplication.key)
    return judge.judge(records, Forgetful()), at + rng.choice([0, 3])  # type: ignore[arg-type]


def folded(view: str, increments: list[Increment]) -> Groups:
    groups: Groups = {}
    for one in increments:
        states = exact_states(CONTRACT, CONTRACT.view(view), one)
        mine = dict(zip(zip(*one.dimensions, strict=True), zip(*states, strict=True), strict=True))
        groups = reference.merge_groups(CONTRACT, CONTRACT.view(view), groups, mine, SKETCHES)
    return groups


@settings(derandomize=True, deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(1, 2_000), st.integers(0, 40), st.booleans())
def test_pieces_say_what_one_increment_would_have_said(
    seed: int, count: int, wanted: int, start: int, closes: bool
) -> None:
    """They adjoin, sum up to the same groups and counts, fit or hold one event, and only the last ends the epoch."""
    found, end = judged(seed, count)
    if start >= end:
        return
    reach = {0: Reach(Range(start, end), 7, closes)}
    for view in (view.name for view in CONTRACT.views):
        [(_, whole, _)] = Pieces(FOLD, {0: found}, Sizes(wanted=10**9)).of(view, reach)
        parts = list(Pieces(FOLD, {0: found}, Sizes(wanted=wanted)).of(view, reach))
        pieces = [piece for _, piece, _ in parts]
        assert all(decode(value) == decode(encode(piece)) for _, piece, value in parts)
        assert [piece.start for piece in pieces] == [start, *(piece.end for piece in pieces[:-1])]
        assert pieces[-1].end == end and whole.end == end
        assert folded(view, pieces) == folded(view, [whole])
        for name in ("records", "good", "quarantined", "deduplicated"):
            assert sum(getattr(p.counts, name) for p in pieces) == getattr(whole.counts, name)
        assert max(piece.newest_ms for piece in pieces) == whole.newest_ms
        assert [piece.epoch_end for piece in pieces] == [False] * (len(pieces) - 1) + [closes]
        assert all(len(value) <= wanted or piece.counts.good == 1 for _, piece, value in parts if piece.counts.good)


def test_a_tick_larger_than_the_topic_takes_is_published_whole(tmp_path: Path) -> None:
    """The broker refuses what exceeds its limit; with pieces nothing does, and the readers have all of it."""
    world = World(tmp_path)
    world.sizes, world.log.max_bytes = Sizes(wanted=400, most=600), 600
    worker = world.worker()
    worker.start()
    for number in range(200):
        world.append(f"e{number}", 0, at="2011-01-04T10:30:00Z", country=f"C{number}", quantity=2, price="1.250")
    worker.tick()
    worker.finish()
    sent = [decode(r.value) for r in world.log.topics[TOPIC].partitions[0].records]
    ranges = [(r.start, r.end) for r in sent if isinstance(r, Increment) and r.view == "by_country_and_day"]
    assert len(ranges) > 20 and ranges[0][0] == 0 and max(end for _, end in ranges) == 200
    assert worker.status.last_error == ""


def test_an_event_whose_group_fits_no_message_is_told_with_view_and_position(tmp_path: Path) -> None:
    """It ends the worker with what to do, instead of being tried for ever; nothing of the tick after it is sent."""
    world = World(tmp_path)
    world.sizes = Sizes(wanted=400, most=600)
    worker = world.worker()
    worker.start()
    world.append("small", 0, at="2011-01-04T10:30:00Z", country="FR", quantity=2, price="1.250")
    world.append("large", 0, at="2011-01-04T10:30:00Z", country="F" * 700, quantity=2, price="1.250")
    with pytest.raises(DataError) as caught:
        worker.tick()
    assert caught.value.code == "TL-SPD-008"
    assert "view by_country_and_day" in caught.value.what and caught.value.where == "partition 0, positions [1, 2)"
    assert "F" * 20 not in str(caught.value), "values of events belong into no message"
    assert "maxEventBytes" in caught.value.fix


def test_a_topic_made_for_smaller_messages_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    """The broker's refusal for size ends the worker with the setting to alter."""
    world = World(tmp_path)
    worker = world.worker()
    worker.start()
    world.log.max_bytes = 300
    for number in range(50):
        world.append(f"e{number}", 0, at="2011-01-04T10:30:00Z", country=f"C{number}", quantity=2, price="1.250")
    with pytest.raises(Fatal) as caught:
        worker.tick()
    assert caught.value.code == "TL-SPD-009" and "max.message.bytes" in caught.value.fix
    assert isinstance(decode(world.log.topics[TOPIC].partitions[0].records[0].value), Fence)
