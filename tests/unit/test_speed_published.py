"""Where a worker starts: a chain belongs to whoever published it, not to whoever fenced last."""

from __future__ import annotations

from speed_layer.published import Owner, Published, decide_start
from tideline.adapters.increments import Fence, Increment, Rebase
from tideline.model.position import Range, StreamId

STREAM = StreamId("shop.orders.v1", "one")
HELD = Range(0, 600)


def tail_of_contract_a() -> Published:
    tail = Published(["v"])
    tail.take(0, Fence("worker-a", STREAM, "A"))
    tail.take(1, Rebase(0, {"v": 0}, "start"))
    tail.take(2, Increment(0, "v", 0, 500, True))
    return tail


def test_a_worker_of_the_same_contract_continues() -> None:
    tail = tail_of_contract_a()
    tail.fence(3)
    start = decide_start(tail, Owner(STREAM, "A"), None, HELD)
    assert (start.positions, start.rebases) == ({"v": 500}, {})


def test_a_fence_without_a_rebase_takes_over_no_chain() -> None:
    """Contract B's worker died between its fence and its rebase: its successor must not continue A's figures."""
    tail = tail_of_contract_a()
    tail.take(3, Fence("worker-b", STREAM, "B"))
    tail.fence(4)
    start = decide_start(tail, Owner(STREAM, "B"), None, HELD)
    assert (start.positions, start.rebases) == ({"v": 0}, {"contract": {"v": 0}})


def test_a_chain_whose_fence_is_unknown_is_not_continued() -> None:
    """The tail begins in the middle of a generation and the topic no longer holds its fence."""
    tail = Published(["v"])
    tail.take(9, Increment(0, "v", 200, 230, False))
    tail.fence(10)
    start = decide_start(tail, Owner(STREAM, "B"), 200, HELD)
    assert (start.positions, start.rebases) == ({"v": 200}, {"start": {"v": 200}})
