"""Positions, ranges and coverage: a partial order that only grows."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.model.errors import DataError
from tideline.model.position import Coverage, Range, StreamId

STREAM = StreamId("retail.sales.v1", "Q1w2")
_vectors = st.dictionaries(st.integers(0, 4), st.integers(0, 20))
_coverages = _vectors.map(lambda vector: Coverage(STREAM, vector))


@given(_coverages, _coverages, _coverages)
def test_covers_is_a_partial_order(a: Coverage, b: Coverage, c: Coverage) -> None:
    assert a.covers(a)
    assert not (a.covers(b) and b.covers(c)) or a.covers(c)
    assert (a.covers(b) and b.covers(a)) == (a == b)
    assert a != b or hash(a) == hash(a)


@given(_coverages, _vectors)
def test_advance_only_grows(coverage: Coverage, to: dict[int, int]) -> None:
    """It moves exactly the named partitions, and refuses when one of them would move back."""
    if any(position < coverage.at(partition) for partition, position in to.items()):
        with pytest.raises(DataError, match="TL-POS-001"):
            coverage.advance(to)
        return
    moved = coverage.advance(to)
    assert moved.covers(coverage)
    assert all(moved.at(partition) == position for partition, position in to.items())
    assert all(moved.at(p) == n for p, n in coverage if p not in to)


@given(_coverages, st.lists(_vectors, max_size=4))
def test_ranges_partition_what_lies_between(start: Coverage, steps: list[dict[int, int]]) -> None:
    """The ranges of successive cuts touch, never overlap, and together are the way from the first to the last."""
    taken: dict[int, list[int]] = {}
    here = start
    for step in steps:
        cut = here.advance({p: max(n, here.at(p)) for p, n in step.items()})
        for partition, part in here.ranges_to(cut).items():
            assert part.start == here.at(partition) and len(part) > 0
            taken.setdefault(partition, []).extend(range(part.start, part.end))
        here = cut
    for partition in range(5):
        assert taken.get(partition, []) == list(range(start.at(partition), here.at(partition)))


@given(_coverages)
def test_json_round_trip(coverage: Coverage) -> None:
    assert Coverage.from_json(json.loads(json.dumps(coverage.as_json()))) == coverage


@given(_vectors)
def test_another_incarnation_of_the_stream_is_never_mixed(vector: dict[int, int]) -> None:
    here, other = Coverage(STREAM, vector), Coverage(StreamId(STREAM.name, "another"), vector)
    assert here != other
    for mixing in (here.covers, here.ranges_to):
        with pytest.raises(DataError, match="TL-POS-002"):
            mixing(other)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 12))
def test_a_range_is_half_open(start: int, length: int, position: int) -> None:
    part = Range(start, start + length)
    assert (position in part) == (position in range(start, start + length))
    assert len(part) == length


@pytest.mark.parametrize(("start", "end"), [(-1, 0), (2, 1)])
def test_a_range_that_runs_backwards_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="start <= end"):
        Range(start, end)
