"""The columnar fold equals the model's fold of one event at a time, exactly."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from speed_layer.fold import Fold
from tests.fakes.speed_world import two_views
from tideline.adapters.sketches import HllSketches
from tideline.model import reference

SKETCHES = HllSketches()
BIG = 10**37


def wide_contract() -> Any:
    """Values up to 38 digits, whose sums do not fit 128 bits, and an expression that is no arithmetic."""
    view = {
        "name": "wide", "description": "W",
        "dimensions": [{"name": "country", "column": "country", "description": "c"}],
        "measures": [
            {"name": "total", "kind": "sum", "expression": "amount", "description": "t"},
            {"name": "mean", "kind": "avg", "expression": "amount", "description": "t"},
            {"name": "small", "kind": "count", "expression": "amount < quantity", "description": "t"},
        ],
    }  # fmt: skip
    fields = [
        {"name": "event_id", "type": "string", "required": True, "description": "i"},
        {"name": "at", "type": "timestamp", "required": True, "description": "w"},
        {"name": "country", "type": "string", "description": "c"},
        {"name": "quantity", "type": "integer", "description": "q"},
        {"name": "amount", "type": "decimal", "precision": 38, "scale": 2, "description": "a"},
    ]
    return two_views(fields=fields, views=[view], rules=[])


def rows(amount: st.SearchStrategy[int | None]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    integers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))
    times = st.integers(-(10**15), 4 * 10**15)
    countries = st.sampled_from(["FR", "ES", "é", "", None])
    return st.lists(st.tuples(st.text(max_size=3), times, countries, integers, amount), max_size=12)


def compare(contract: Any, events: list[tuple[Any, ...]], partitions: list[int]) -> None:
    fold = Fold(contract, SKETCHES)
    frame = fold.frame(events, partitions, list(range(len(events))))
    for view in contract.views:
        found = fold.groups(view.name, frame, {0: 2, 1: 0})
        for partition in (0, 1):
            wanted = [
                reference.Judged(partition, at, 0, b"", row)
                for at, row in enumerate(events)
                if partitions[at] == partition and at >= (2 if partition == 0 else 0)
            ]
            groups = found.get(partition) or fold.empty(view.name)
            assert len(groups.dimensions) == len(view.dimensions)
            columns = zip(zip(*groups.dimensions, strict=True), zip(*groups.states, strict=True), strict=True)
            assert dict(columns) == reference.fold(contract, view, wanted, SKETCHES)


@settings(max_examples=150, deadline=None)
@given(
    rows(st.one_of(st.none(), st.integers(-(10**12), 10**12))),
    st.lists(st.sampled_from([0, 1]), min_size=12, max_size=12),
)
def test_every_measure_kind_equals_the_one_event_at_a_time_fold(
    events: list[tuple[Any, ...]], partitions: list[int]
) -> None:
    """Counts, sums, minima, averages, sketches and latest of nullable values, by partition and from a position on."""
    compare(two_views(), events, partitions[: len(events)])


@settings(max_examples=80, deadline=None)
@given(rows(st.one_of(st.none(), st.sampled_from([BIG * 9, -BIG * 9, 1]))))
def test_sums_beyond_128_bits_stay_exact(events: list[tuple[Any, ...]]) -> None:
    """38-digit amounts are added without wrapping; conditions are evaluated row by row."""
    compare(wide_contract(), events, [0] * len(events))
