"""The golden cases through speed's judge and fold, the wire and the serving layer: the API's rows, exactly."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import orjson
import pytest

from serving_layer.answer import compute, present_rows
from serving_layer.contract_state import ContractState
from serving_layer.query import read_query
from speed_layer.dedup import FirstPositions
from speed_layer.fold import Fold
from speed_layer.judge import Judge
from tests.golden.cases import Case, cases, contract
from tideline.adapters.increments import Fence, Increment, Rebase, Record, encode
from tideline.adapters.json_events import EventDecoder
from tideline.adapters.sketches import HllSketches
from tideline.model.contract import Contract
from tideline.model.position import StreamId
from tideline.ports import LogRecord

SKETCHES = HllSketches()


def increments(promise: Contract, case: Case, pieces: int) -> dict[int, list[Record]]:
    """What a speed worker would publish, in so many ticks per partition."""
    judge, fold = Judge(EventDecoder(promise), promise.deduplication.key), Fold(promise, SKETCHES)
    said: dict[int, list[Record]] = {}
    for partition in sorted({record.partition for record in case.records}):
        mine = [record for record in case.records if record.partition == partition]
        names = dict.fromkeys((view.name for view in promise.views), 0)
        said[partition] = [Fence("w", StreamId(promise.stream.topic, "1"), promise.hash), Rebase(0, names, "start")]
        memory, at = FirstPositions(promise.deduplication.horizon // timedelta(milliseconds=1), 0), 0
        size = -(-len(mine) // pieces)
        for tick in (mine[n : n + size] for n in range(0, len(mine), size)):
            judged, end = judge.judge(tick, memory), tick[-1].position + 1
            frame = fold.frame(judged.rows, [partition] * len(judged.rows), judged.positions)
            for view in promise.views:
                groups = fold.groups(view.name, frame, {}).get(partition) or fold.empty(view.name)
                said[partition].append(
                    Increment(0, view.name, at, end, False, judged.newest_ms, judged.counts(at),
                              groups.dimensions, groups.states)
                )  # fmt: skip
            at = end
    return said


@pytest.mark.parametrize("pieces", [1, 4])
@pytest.mark.parametrize("case", cases(), ids=str)
def test_serving_answers_what_the_case_expects(case: Case, pieces: int) -> None:
    promise = contract(case.product)
    state = ContractState(promise, SKETCHES)
    for partition, records in increments(promise, case, pieces).items():
        for offset, record in enumerate(records):
            state.apply(LogRecord(partition, offset, 0, None, encode(record)))
    state.publish()
    shown: dict[str, Any] = {}
    for view in promise.views:
        held = state.views[view.name]
        result = compute(held, held.snapshot, read_query(promise, view, b""))
        shown[view.name] = json.loads(orjson.dumps(present_rows(held, result, 0, 10_000, SKETCHES)))
    assert shown == case.expect["views"]
    assert not any(state.verdicts[loud] for loud in ("hole", "overlap", "unreadable"))
