"""Applies increments and answers, against a naive peer in the same run that merges every segment again on each request.

python bench/serving_merge.py [groups] [increments]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from serving_layer.answer import compute
from serving_layer.contract_state import ContractState
from serving_layer.query import read_query
from tests.fakes.serving_world import SKETCHES, shop
from tideline.adapters.increments import Fence, Increment, Rebase, encode
from tideline.model.position import StreamId
from tideline.ports import LogRecord

ROWS = 100


def records(groups: int, count: int) -> list[LogRecord]:
    """Live-shaped increments of the view without sketches: 100 rows each, an epoch end every 50."""
    promise = shop()
    said: list[object] = [Fence("w", StreamId(promise.stream.topic, "1"), promise.hash)]
    said.append(Rebase(0, {"by_shelf": 0}, "start"))
    for n in range(count):
        shelves = tuple((n * ROWS + at) % groups for at in range(ROWS))
        dimensions = (shelves, (True,) * ROWS, ("2011-01-01T00:00:00Z",) * ROWS)
        states = (tuple(range(ROWS)), (1,) * ROWS)
        said.append(
            Increment(0, "by_shelf", n * ROWS, (n + 1) * ROWS, n % 50 == 49, 1, dimensions=dimensions, states=states)
        )
    return [LogRecord(0, at, 0, None, encode(record)) for at, record in enumerate(said)]  # type: ignore[arg-type] - a union


def main() -> None:
    groups, count = (int(word) for word in (sys.argv[1:3] or ("2000", "2000")))
    topic, promise = records(groups, count), shop()
    state = ContractState(promise, SKETCHES)
    started = time.process_time()
    for record in topic:
        state.apply(record)
    cpu = time.process_time() - started
    state.publish()
    view, query = state.views["by_shelf"], read_query(promise, promise.view("by_shelf"), b"limit=100")
    fast, incremental = _best(lambda: dict(compute(view, view.snapshot, query).rows))
    slow, naive = _best(lambda: _again(view))
    assert incremental == naive, "both ways must give the same states"
    print(f"rows applied per CPU-second: {count * ROWS / cpu:,.0f}")
    print(
        f"answer: {fast * 1e3:.1f} ms; merging all segments per request: {slow * 1e3:.1f} ms; ratio {slow / fast:.1f}"
    )


def _again(view: object) -> dict:
    rows: dict = {}
    for segment in view.lineage(0).beyond(0):  # type: ignore[attr-defined] - a ViewState
        for group, states in segment.payload.rows.items():
            rows[group] = view.merge(rows[group], states) if group in rows else states  # type: ignore[attr-defined] - a ViewState
    return rows


def _best(work: object) -> tuple[float, dict]:
    found: list[tuple[float, dict]] = []
    for _ in range(5):
        started = time.perf_counter()
        result = work()  # type: ignore[operator] - a callable
        found.append((time.perf_counter() - started, result))
    return min(found, key=lambda one: one[0])


if __name__ == "__main__":
    main()
