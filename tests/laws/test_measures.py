"""Every measure is a commutative monoid, and what it shows is exact."""

from __future__ import annotations

import functools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.adapters.sketches import HllSketches
from tideline.model.measure import (
    MeasureKind,
    NotMergeable,
    StateOp,
    lift,
    merge,
    merges,
    present,
    state_columns,
    zero,
)

SKETCHES = HllSketches()
MERGEABLE = [kind for kind in MeasureKind if merges(kind)]
_numbers = st.one_of(st.none(), st.integers(-(10**30), 10**30))
_texts = st.one_of(st.none(), st.text(max_size=3))
_orders = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 5))


def values(kind: MeasureKind) -> Any:
    return _texts if kind is MeasureKind.APPROX_DISTINCT else _numbers


def states(kind: MeasureKind, events: list[tuple[Any, tuple[int, int, int]]]) -> list[tuple[Any, ...]]:
    return [lift(kind, value, order, SKETCHES) for value, order in events]


def join(kind: MeasureKind, left: tuple[Any, ...], right: tuple[Any, ...]) -> tuple[Any, ...]:
    columns = state_columns("m", kind)
    return tuple(merge(c.op, a, b, SKETCHES) for c, a, b in zip(columns, left, right, strict=True))


def nothing(kind: MeasureKind) -> tuple[Any, ...]:
    return tuple(zero(column.op) for column in state_columns("m", kind))


@pytest.mark.parametrize("kind", MERGEABLE)
@given(data=st.data())
def test_merge_is_associative_and_commutative_and_has_a_zero(kind: MeasureKind, data: Any) -> None:
    """(a+b)+c == a+(b+c), a+b == b+a, a+0 == a: positions are unique, so `latest` never has to choose."""
    events = st.lists(st.tuples(values(kind), _orders), min_size=3, max_size=3, unique_by=lambda event: event[1])
    a, b, c = states(kind, data.draw(events))
    assert join(kind, join(kind, a, b), c) == join(kind, a, join(kind, b, c))
    assert join(kind, a, b) == join(kind, b, a)
    assert join(kind, a, nothing(kind)) == join(kind, nothing(kind), a) == a


@pytest.mark.parametrize("kind", MERGEABLE)
@given(data=st.data())
def test_a_null_counts_nothing(kind: MeasureKind, data: Any) -> None:
    state = lift(kind, data.draw(values(kind)), (1, 0, 0), SKETCHES)
    assert join(kind, state, lift(kind, None, (9, 9, 9), SKETCHES)) == state


@given(st.lists(st.integers(-(10**25), 10**25)), st.integers(0, 6))
def test_the_average_is_the_fraction_rounded_once_half_away_from_zero(numbers: list[int], scale: int) -> None:
    state = functools.reduce(
        functools.partial(join, MeasureKind.AVG),
        states(MeasureKind.AVG, [(number, (0, 0, at)) for at, number in enumerate(numbers)]),
        nothing(MeasureKind.AVG),
    )
    shown = present(MeasureKind.AVG, state, scale, SKETCHES)
    if not numbers:
        assert shown is None
        return
    exact = Fraction(sum(numbers), len(numbers) * 10**scale)
    error = Fraction(shown) - exact
    assert abs(error) <= Fraction(1, 2 * 10**6)
    assert abs(error) < Fraction(1, 2 * 10**6) or abs(Fraction(shown)) > abs(exact)
    assert shown.as_tuple().exponent == -6


@given(st.lists(st.integers(-(10**40), 10**40), min_size=1), st.integers(0, 9))
def test_sum_min_and_max_are_exact_with_all_their_digits(numbers: list[int], scale: int) -> None:
    for kind, plain in ((MeasureKind.SUM, sum), (MeasureKind.MIN, min), (MeasureKind.MAX, max)):
        events = [(number, (0, 0, at)) for at, number in enumerate(numbers)]
        state = functools.reduce(functools.partial(join, kind), states(kind, events))
        shown = present(kind, state, scale, SKETCHES)
        assert Fraction(shown) == Fraction(plain(numbers), 10**scale)
        assert not scale or (isinstance(shown, Decimal) and shown.as_tuple().exponent == -scale)


@given(st.lists(st.tuples(_numbers.filter(lambda n: n is not None), _orders), min_size=1, unique_by=lambda e: e[1]))
def test_latest_is_the_newest_event_time_then_partition_then_position(events: list[Any]) -> None:
    state = functools.reduce(functools.partial(join, MeasureKind.LATEST), states(MeasureKind.LATEST, events))
    assert present(MeasureKind.LATEST, state, 0, SKETCHES) == max(events, key=lambda event: event[1])[0]


@given(st.lists(st.text(min_size=1, max_size=4), max_size=40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_bytes_of_a_sketch_depend_on_its_values_only(texts: list[str], parts: int, random: Any) -> None:
    """Any order and grouping of unions gives the same bytes, so the same estimate; small sets are counted exactly."""
    shuffled = texts * 2
    random.shuffle(shuffled)
    whole = SKETCHES.union_all(SKETCHES.of_many(shuffled[at::parts]) for at in range(parts))
    assert whole == SKETCHES.of_many(texts)
    assert SKETCHES.estimate(whole) == len(set(texts))


@pytest.mark.parametrize("count", [384, 385, 3_000, 20_000])
def test_large_sketches_are_canonical_and_near(count: int) -> None:
    """Also beyond the coupons, where the plain library depends on history; the estimate stays within 5 %."""
    names = [f"customer {number}" for number in range(count)]
    groupings = [
        functools.reduce(SKETCHES.union, (SKETCHES.of_many(names[at::parts]) for at in range(parts)))
        for parts in (1, 3, 17)
    ]
    assert set(groupings) == {SKETCHES.of_many(reversed(names))}
    assert abs(SKETCHES.estimate(groupings[0]) - count) <= count * 0.05


def test_zero_is_what_the_state_operation_says() -> None:
    assert [zero(op) for op in StateOp] == [0, None, None, None, None, None]


def test_only_exact_distinct_counts_are_whole() -> None:
    assert [kind for kind in MeasureKind if not merges(kind)] == [MeasureKind.DISTINCT]


@given(st.integers(0, 10**20), st.integers(0, 10**20))
def test_what_is_whole_never_merges_in_silence(left: int, right: int) -> None:
    """Two parts raise, also equal ones and empty ones; the zero is the absence of a part and changes nothing."""
    with pytest.raises(NotMergeable):
        merge(StateOp.WHOLE, left, right, SKETCHES)
    assert merge(StateOp.WHOLE, left, zero(StateOp.WHOLE), SKETCHES) == left
    assert merge(StateOp.WHOLE, zero(StateOp.WHOLE), right, SKETCHES) == right


@given(st.one_of(_numbers, _texts))
def test_no_single_event_has_a_distinct_count(value: Any) -> None:
    with pytest.raises(NotMergeable):
        lift(MeasureKind.DISTINCT, value, (1, 0, 0), SKETCHES)
