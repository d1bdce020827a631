"""The golden cases through the speed layer's judge and columnar fold, over the wire and merged as serving merges."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from speed_layer.dedup import FirstPositions
from speed_layer.fold import Fold
from speed_layer.judge import Judge
from tests.golden.cases import Case, cases, contract
from tideline.adapters.increments import Increment, decode, encode, exact_states
from tideline.adapters.json_events import EventDecoder
from tideline.adapters.sketches import HllSketches
from tideline.model import reference
from tideline.ports import LogRecord

SKETCHES = HllSketches()


@pytest.mark.parametrize("batch", [1, 3, 1_000])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_fold_gives_what_the_case_expects(case: Case, batch: int) -> None:
    """Counts, quarantine and every view, in batches of any size."""
    product = contract(case.product)
    judge = Judge(EventDecoder(product), product.deduplication.key)
    fold, horizon_ms = Fold(product, SKETCHES), round(product.deduplication.horizon.total_seconds() * 1000)
    views: dict[str, dict[Any, Any]] = {view.name: {} for view in product.views}
    counts: dict[str, dict[str, int]] = {}
    quarantine: list[tuple[int, int, str]] = []
    partitions: dict[int, list[LogRecord]] = defaultdict(list)
    for record in case.records:
        partitions[record.partition].append(record)
    for partition, records in sorted(partitions.items()):
        memory, totals = FirstPositions(horizon_ms, 0), [0, 0, 0, 0]
        for at in range(0, len(records), batch):
            judged = judge.judge(records[at : at + batch], memory)
            found = judged.counts(0)
            quarantine += [(partition, position, reason) for position, reason in judged.reasons]
            parts = (found.records, found.good, found.quarantined, found.deduplicated)
            totals = [a + b for a, b in zip(totals, parts, strict=True)]
            frame = fold.frame(judged.rows, [partition] * len(judged.rows), judged.positions)
            for view in product.views:
                groups = fold.groups(view.name, frame, {partition: 0}).get(partition) or fold.empty(view.name)
                sent = Increment(1, view.name, 0, 1, dimensions=groups.dimensions, states=groups.states)
                got = decode(encode(sent))
                assert isinstance(got, Increment)
                columns = exact_states(product, view, got)
                new = dict(zip(zip(*got.dimensions, strict=True), zip(*columns, strict=True), strict=True))
                views[view.name] = reference.merge_groups(product, view, views[view.name], new, SKETCHES)
        counts[str(partition)] = dict(zip(("in", "good", "quarantined", "deduplicated"), totals, strict=True))
    assert counts == case.expect["counts"]
    assert [list(entry) for entry in sorted(quarantine)] == [
        list(entry.values()) if isinstance(entry, dict) else list(entry) for entry in case.expect["quarantine"]
    ]
    for view in product.views:
        assert reference.rows(product, view, views[view.name], SKETCHES) == case.expect["views"][view.name]
