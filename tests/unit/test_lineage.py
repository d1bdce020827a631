"""The reader's side of increments: fences, rebases, holes, repeats and what an answer lacks."""

from __future__ import annotations

import pytest

from tideline.model.lineage import Lineage, Verdict
from tideline.model.position import Range


def chain(generation: int | None = 5, base: int | None = 100) -> Lineage[str]:
    lineage: Lineage[str] = Lineage(lambda earlier, later: earlier + later)
    if generation is not None:
        assert lineage.fence(generation)
        if base is not None:
            assert lineage.rebase(generation, base) is Verdict.APPLIED
    return lineage


def payloads(lineage: Lineage[str], coverage: int) -> str:
    return "|".join(segment.payload for segment in lineage.beyond(coverage))


def test_increments_of_one_epoch_are_one_segment() -> None:
    lineage = chain()
    for start, end, payload, epoch_end in ((100, 110, "a", False), (110, 120, "b", True), (120, 125, "c", False)):
        assert lineage.offer(5, start, end, payload, epoch_end) is Verdict.APPLIED
    assert payloads(lineage, 100) == "ab|c"
    assert lineage.straddles(110) and not lineage.straddles(120)
    assert lineage.next == 125


def test_an_empty_increment_closes_the_epoch() -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", False)
    assert lineage.offer(5, 110, 110, "", True) is Verdict.APPLIED
    lineage.offer(5, 110, 111, "b", False)
    assert payloads(lineage, 100) == "a|b"


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        (100, 110, Verdict.REPEAT), (105, 110, Verdict.REPEAT), (90, 95, Verdict.REPEAT), (111, 112, Verdict.HOLE),
        (111, 111, Verdict.HOLE), (100, 111, Verdict.OVERLAP), (109, 120, Verdict.OVERLAP), (110, 112, Verdict.APPLIED),
    ],
)  # fmt: skip
def test_only_what_starts_at_next_is_applied(start: int, end: int, verdict: Verdict) -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    assert lineage.offer(5, start, end, "x", True) is verdict
    assert lineage.next == (end if verdict is Verdict.APPLIED else 110)


def test_a_fenced_worker_is_ignored_and_the_next_one_goes_on() -> None:
    """The chain belongs to no worker: generation 9 continues where 5 ended, and 5 is heard no more."""
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    assert lineage.fence(9) and not lineage.fence(9) and not lineage.fence(5)
    assert lineage.offer(5, 110, 120, "zombie", True) is Verdict.OLD_GENERATION
    assert lineage.rebase(5, 0) is Verdict.OLD_GENERATION
    assert lineage.offer(9, 110, 115, "b", True) is Verdict.APPLIED
    assert payloads(lineage, 100) == "a|b"


def test_a_rebase_below_next_is_built_aside_and_swapped_when_it_has_caught_up() -> None:
    lineage = chain()
    lineage.offer(5, 100, 120, "old", True)
    lineage.fence(9)
    lineage.rebase(9, 105)
    lineage.offer(9, 105, 115, "n", True)
    assert lineage.rebuilding and (lineage.next, lineage.expected) == (120, 115)
    assert payloads(lineage, 100) == "old"
    lineage.offer(9, 115, 122, "ew", True)
    assert not lineage.rebuilding and (lineage.base, lineage.next) == (105, 122)
    assert payloads(lineage, 105) == "n|ew"


def test_a_worker_that_dies_while_rebuilding_is_followed_by_one_that_goes_on_rebuilding() -> None:
    """The new worker has read the tail, so it goes on at the new chain's next, not at the served one's."""
    lineage = chain()
    lineage.offer(5, 100, 120, "old", True)
    lineage.rebase(5, 105)
    lineage.offer(5, 105, 110, "n", True)
    lineage.fence(9)
    assert lineage.offer(9, 110, 120, "ew", True) is Verdict.APPLIED
    assert payloads(lineage, 105) == "n|ew"


def test_a_rebase_beyond_next_is_served_at_once_and_says_what_it_lacks() -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    lineage.rebase(5, 130)
    lineage.offer(5, 130, 140, "b", True)
    assert lineage.lacks(100) == Range(100, 130)
    assert lineage.lacks(130) is None and lineage.lacks(200) is None


def test_a_rebase_at_next_goes_on_and_gives_up_what_was_built_aside() -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    lineage.rebase(5, 100)
    lineage.rebase(5, 110)
    assert not lineage.rebuilding
    assert lineage.offer(5, 110, 111, "b", True) is Verdict.APPLIED
    assert payloads(lineage, 100) == "a|b"


def test_a_rebase_behind_a_loss_never_goes_on_with_the_chain_and_is_told_from_others() -> None:
    """Also at the very position that was reached: ids before it are forgotten, so what follows is another chain."""
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    lineage.rebase(5, 110, lost=True)
    lineage.offer(5, 110, 120, "b", True)
    assert (lineage.lost, lineage.base, payloads(lineage, 100)) == (True, 110, "b")
    lineage.rebase(5, 120)
    assert (lineage.lost, lineage.base, lineage.next) == (False, 120, 120)


def test_a_chain_behind_a_loss_is_served_only_when_it_has_caught_up() -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    lineage.rebase(5, 105, lost=True)
    assert not lineage.lost
    lineage.offer(5, 105, 110, "b", True)
    assert lineage.lost and lineage.base == 105


def test_a_reader_that_starts_in_the_middle_adopts_what_it_meets() -> None:
    lineage = chain(generation=None)
    assert lineage.next is None and lineage.lacks(0) is None and lineage.trim(50)
    assert lineage.offer(7, 300, 310, "a", True) is Verdict.APPLIED
    assert (lineage.base, lineage.next, lineage.generation) == (300, 310, 7)
    assert lineage.lacks(250) == Range(250, 300)


def test_a_newer_generation_whose_fence_was_not_seen_replaces_what_a_zombie_said() -> None:
    lineage = chain(generation=None)
    lineage.offer(7, 300, 310, "zombie", True)
    assert lineage.offer(9, 305, 308, "a", True) is Verdict.APPLIED
    assert payloads(lineage, 0) == "a"
    assert lineage.offer(7, 308, 320, "zombie", True) is Verdict.OLD_GENERATION


def test_trimming_keeps_a_segment_that_straddles_and_says_so() -> None:
    lineage = chain()
    lineage.offer(5, 100, 110, "a", True)
    lineage.offer(5, 110, 120, "b", True)
    assert lineage.trim(110) and payloads(lineage, 0) == "b"
    assert not lineage.trim(115) and payloads(lineage, 0) == "b"
    assert lineage.lacks(100) == Range(100, 110)
    assert lineage.trim(500) and payloads(lineage, 0) == "" and lineage.next == 120


def test_trimming_an_idle_chain_keeps_it_complete() -> None:
    """A release that has moved past an idle chain leaves nothing missing, and the chain goes on."""
    lineage = chain()
    assert lineage.trim(100) and lineage.lacks(100) is None
    assert lineage.offer(5, 100, 101, "a", True) is Verdict.APPLIED
    assert lineage.lacks(100) is None and payloads(lineage, 100) == "a"


def test_a_range_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="start <= end"):
        chain().offer(5, 110, 100, "a", False)
