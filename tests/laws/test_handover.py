"""The laws of the handover: whatever the cut, batch and speed together are the whole, once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.logs import CONTRACT, VIEW, end, everything, logs
from tideline.adapters.sketches import HllSketches
from tideline.model.lineage import Lineage, Verdict
from tideline.model.reference import Group, Judged, Outcome, States, fold, judge, merge_groups

SKETCHES = HllSketches()
Groups = dict[Group, States]


def folded(events: Iterable[Judged]) -> Groups:
    return fold(CONTRACT, VIEW, events, SKETCHES)


def merged(left: Groups, right: Groups) -> Groups:
    return merge_groups(CONTRACT, VIEW, left, right, SKETCHES)


def split(log: dict[int, list[Judged]], cut: dict[int, int]) -> tuple[list[Judged], list[Judged]]:
    records = everything(log)
    before = [record for record in records if record.position < cut[record.partition]]
    return before, [record for record in records if record.position >= cut[record.partition]]


def cuts(data: Any, log: dict[int, list[Judged]]) -> dict[int, int]:
    """One random cut per partition: also before the first, after the last, and inside of gaps."""
    return {partition: data.draw(st.integers(0, end(records) + 1)) for partition, records in log.items()}


def totals(*outcomes: Outcome) -> dict[str, int]:
    found = {"in": 0, "good": 0, "quarantined": 0, "deduplicated": 0}
    for outcome in outcomes:
        for counts in outcome.counts.values():
            for what, number in counts.items():
                found[what] += number
    return found


@given(logs(), st.data())
def test_every_cut_gives_the_whole(log: dict[int, list[Judged]], data: Any) -> None:
    """fold(all) == merge(batch(prefix), speed(suffix)), with repeats, conflicts and late events on both sides."""
    prefix, suffix = split(log, cuts(data, log))
    whole = judge(CONTRACT, everything(log))
    batch = judge(CONTRACT, prefix)
    speed = judge(CONTRACT, suffix, already=batch.good)
    assert merged(folded(batch.good), folded(speed.good)) == folded(whole.good)
    assert sorted(batch.quarantined + speed.quarantined) == sorted(whole.quarantined)
    assert totals(batch, speed) == totals(whole)


@given(logs(), st.data())
def test_a_cut_that_forgets_the_ids_before_it_is_noticed_by_the_law(log: dict[int, list[Judged]], data: Any) -> None:
    """The law has teeth: forgetting is right only where no id stands on both sides inside the horizon."""
    prefix, suffix = split(log, cuts(data, log))
    batch = judge(CONTRACT, prefix)
    knowing, forgetting = judge(CONTRACT, suffix, already=batch.good), judge(CONTRACT, suffix)
    ids = {(event.partition, event.row[0]) for event in prefix if event.row}
    shared = any(event.row and (event.partition, event.row[0]) in ids for event in suffix)
    assert shared or knowing.good == forgetting.good
    assert len(forgetting.good) >= len(knowing.good)


@given(logs())
def test_conservation(log: dict[int, list[Judged]]) -> None:
    """in = good + quarantined + deduplicated, per partition."""
    for partition, counts in judge(CONTRACT, everything(log)).counts.items():
        assert counts["in"] == counts["good"] + counts["quarantined"] + counts["deduplicated"]
        assert counts["in"] == len(log[partition])


@given(logs(), st.data())
def test_arrival_order_across_partitions_does_not_matter(log: dict[int, list[Judged]], data: Any) -> None:
    shuffled = data.draw(st.permutations(everything(log)))
    assert folded(judge(CONTRACT, shuffled).good) == folded(judge(CONTRACT, everything(log)).good)
    assert folded(data.draw(st.permutations(judge(CONTRACT, shuffled).good))) == folded(judge(CONTRACT, shuffled).good)


Increment = tuple[int, int, Groups, bool]


def increments(data: Any, records: list[Judged], base: int) -> list[Increment]:
    """Any segmentation of `[base, log end)`: empty ones, ones over gaps, epoch ends anywhere."""
    counted = judge(CONTRACT, records)
    inner = sorted(data.draw(st.lists(st.integers(base, max(base, end(records))), max_size=6)))
    bounds = [base, *inner, max(base, end(records))]
    return [
        (f, t, folded(event for event in counted.good if f <= event.position < t), data.draw(st.booleans()))
        for f, t in pairwise(bounds)
    ]


def answer(lineage: Lineage[Groups], coverage: int) -> Groups:
    groups: Groups = {}
    for segment in lineage.beyond(coverage):
        groups = merged(groups, segment.payload)
    return groups


def started(base: int) -> Lineage[Groups]:
    lineage: Lineage[Groups] = Lineage(merged)
    lineage.fence(1)
    assert lineage.rebase(1, base) is Verdict.APPLIED
    return lineage


@given(logs(), st.data())
def test_any_segmentation_with_any_repeats_is_the_suffix(log: dict[int, list[Judged]], data: Any) -> None:
    """Increments may be cut anywhere and sent again any time: each counts once; a cut at any epoch end is exact."""
    records = log[0]
    lineage = started(0)
    sent: list[Increment] = []
    ends = {0}
    for increment in increments(data, records, 0):
        assert lineage.offer(1, *increment) is Verdict.APPLIED
        sent.append(increment)
        if increment[3]:
            ends.add(increment[1])
        for again in data.draw(st.lists(st.sampled_from(sent), max_size=2)):
            if again[0] < again[1]:
                assert lineage.offer(1, *again) is Verdict.REPEAT
    good = judge(CONTRACT, records).good
    for coverage in ends:
        assert not lineage.straddles(coverage)
        batch = folded(event for event in good if event.position < coverage)
        assert merged(batch, answer(lineage, coverage)) == folded(good)


@given(logs(), st.data())
def test_trimming_to_a_release_keeps_the_answer(log: dict[int, list[Judged]], data: Any) -> None:
    records = log[0]
    lineage = started(0)
    listed = increments(data, records, 0)
    for increment in listed:
        lineage.offer(1, *increment)
    coverage = data.draw(st.sampled_from([t for _, t, _, closed in listed if closed] or [0]))
    before = answer(lineage, coverage)
    assert lineage.trim(coverage)
    assert answer(lineage, coverage) == before
    assert lineage.lacks(coverage) is None


@given(logs(), st.data())
def test_a_hole_and_an_overlap_change_nothing_and_are_told(log: dict[int, list[Judged]], data: Any) -> None:
    """What skips positions is a hole, what covers some twice an overlap; neither moves the lineage."""
    listed = [increment for increment in increments(data, log[0], 0) if increment[0] < increment[1]]
    lineage = started(0)
    for at, (f, t, payload, closed) in enumerate(listed):
        if f > 0:
            assert lineage.offer(1, f - 1, t, payload, closed) is Verdict.OVERLAP
        if at + 1 < len(listed):
            assert lineage.offer(1, *listed[at + 1]) is Verdict.HOLE
        assert lineage.next == f
        assert lineage.offer(1, f, t, payload, closed) is Verdict.APPLIED
    assert answer(lineage, 0) == folded(judge(CONTRACT, log[0]).good)


@given(logs(), st.data())
def test_a_rebuilt_lineage_gives_the_same_answer_and_never_goes_back(log: dict[int, list[Judged]], data: Any) -> None:
    """A rebase below next serves the old chain until the new one has caught up; then both tell the same."""
    records = log[0]
    lineage = started(0)
    for increment in increments(data, records, 0):
        lineage.offer(1, *increment)
    known = lineage.next
    assert known == end(records)
    cut = data.draw(st.integers(0, known))
    lineage.fence(2)
    lineage.rebase(2, cut)
    good = judge(CONTRACT, records).good
    bounds = [cut, *sorted(data.draw(st.lists(st.integers(cut, known), max_size=3))), known]
    for f, t in pairwise(bounds):
        assert lineage.next == known
        payload = folded(event for event in good if f <= event.position < t)
        assert lineage.offer(2, f, t, payload, True) in (Verdict.APPLIED, Verdict.REPEAT)
    assert not lineage.rebuilding
    assert merged(folded(e for e in good if e.position < cut), answer(lineage, cut)) == folded(good)
