"""Planted bugs of the kinds that Lambda systems really have, patched into the real modules of `tests.checker.system`.

A mutant takes a pytest MonkeyPatch and breaks one thing. The checker has to notice each of them by the answers alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from serving_layer.view_state import ViewState
from speed_layer.dedup import FirstPositions
from speed_layer.publisher import Publisher
from speed_layer.worker import Worker
from tests.checker.system import System
from tests.fakes.speed_world import Groups
from tideline.adapters.increments import Increment
from tideline.model import lexical, reference
from tideline.model.measure import StateOp, merge

Mutant = Callable[[pytest.MonkeyPatch], None]


def off_by_one_in_the_cut(patch: pytest.MonkeyPatch) -> None:
    """Batch owns `<= cut` instead of `< cut`: the event at the cut is counted by both layers."""
    patch.setattr(System, "gold", lambda self, view, cut: self.reference(view, {p: n + 1 for p, n in cut.items()}))


def greater_instead_of_greater_or_equal(patch: pytest.MonkeyPatch) -> None:
    """Serving merges the segments that start beyond the coverage, but not the one that starts exactly at it."""
    real = ViewState._chain

    def chain(self: ViewState, partition: int, covered: int) -> Any:
        position, segments, attached = real(self, partition, covered)
        return position, [segment for segment in segments if segment.start > covered], attached

    patch.setattr(ViewState, "_chain", chain)


def trim_before_publish(patch: pytest.MonkeyPatch) -> None:
    """Serving forgets its segments when the cut is chosen, before the release that covers them is adopted."""
    real = System.release_what_is_closed

    def release(self: System) -> None:
        for view in self.serving.views.values():
            view._head.clear()
            view.touch()
        self.serving.publish()
        self.ask_all()
        real(self)

    patch.setattr(System, "release_what_is_closed", release)


def deduplication_does_not_span(patch: pytest.MonkeyPatch) -> None:
    """The speed layer's memory of ids reaches back to the last tick only, not over the cut."""
    real = FirstPositions.judge

    def judge(self: FirstPositions, claims: Any) -> Any:
        self._recent, self.runs, self._recent_count = {}, [], 0
        return real(self, claims)

    patch.setattr(FirstPositions, "judge", judge)


def position_before_data(patch: pytest.MonkeyPatch) -> None:
    """The worker moves its position first and loses the rows of a tick: the increment covers what it does not hold."""
    real, ticks = Publisher.publish, iter(range(1, 1_000_000))

    def publish(self: Publisher, partition: int, record: Any, value: bytes | None = None) -> None:
        if isinstance(record, Increment) and record.end > record.start and next(ticks) % 6 == 0:
            nothing = [tuple(() for _ in columns) for columns in (record.dimensions, record.states)]
            record, value = replace(record, dimensions=nothing[0], states=nothing[1]), None
        real(self, partition, record, value)

    patch.setattr(Publisher, "publish", publish)


def reset_to_latest(patch: pytest.MonkeyPatch) -> None:
    """A restarted worker begins at the log's end and says that it has everything before."""
    real = Worker._begin_reading

    def begin(self: Worker, held: Any) -> None:
        real(self, held)
        assert self._reader is not None
        for partition, bounds in held.items():
            self._reader.seek(partition, bounds.end)

    patch.setattr(Worker, "_begin_reading", begin)


def retried_append(patch: pytest.MonkeyPatch) -> None:
    """A commit with an unknown outcome is tried again: the newest stretch of batch is in gold twice."""

    def gold(self: System, view: str, cut: dict[int, int]) -> Groups:
        definition = self.contract.view(view)
        last = [e for e in self.good() if cut[e.partition] - 4 <= e.position < cut[e.partition]]
        again = reference.fold(self.contract, definition, last, self.sketches)
        return reference.merge_groups(self.contract, definition, self.reference(view, cut), again, self.sketches)

    patch.setattr(System, "gold", gold)


def float_sum(patch: pytest.MonkeyPatch) -> None:
    """Money is added as binary floating point."""

    def merged(self: ViewState, left: Any, right: Any) -> Any:
        return tuple(
            int((a / 1000 + b / 1000) * 1000) if op is StateOp.ADD else merge(op, a, b, self._sketches)
            for op, a, b in zip(self._ops, left, right, strict=True)
        )

    patch.setattr(ViewState, "merge", merged)


def local_day(patch: pytest.MonkeyPatch) -> None:
    """The shop's clock is taken for UTC: half past midnight in summer falls into the wrong day."""
    patch.setattr(lexical, "_to_utc", lambda clock, zone: clock)


def dropped_tail_commit(patch: pytest.MonkeyPatch) -> None:
    """The newest log file of gold is gone, an older version opens without an error, under the new coverage."""

    def gold(self: System, view: str, cut: dict[int, int]) -> Groups:
        before, kept[view] = kept.get(view, dict.fromkeys(cut, 0)), cut
        return self.reference(view, before)

    kept: dict[str, dict[int, int]] = {}

    patch.setattr(System, "gold", gold)


def stale_cache(patch: pytest.MonkeyPatch) -> None:
    """Every fifth answer comes from a cache that nobody invalidates."""
    real, kept, count = System.ask, dict[str, Any](), iter(range(1, 1_000_000))

    def ask(self: System, url: str) -> Any:
        if next(count) % 5 == 0 and url in kept:
            return kept[url]
        return kept.setdefault(url, real(self, url)) if url not in kept else real(self, url)

    patch.setattr(System, "ask", ask)


def batch_does_not_deduplicate(patch: pytest.MonkeyPatch) -> None:
    """Batch counts every valid event, also the repeats; the speed layer does not."""

    def judge(contract: Any, records: Any, already: Any = ()) -> Any:
        return reference.Outcome(good=[event for event in records if event.row is not None])

    patch.setattr(reference, "judge", judge)


def gap_is_not_told(patch: pytest.MonkeyPatch) -> None:
    """Retention overtakes the worker; answers go on as if they had everything."""
    real = System.start

    def start(self: System) -> None:
        self.good()
        for partition, bounds in self.log.bounds(self.topic).items():
            self.log.truncate(self.topic, partition, bounds.end - 1)
        real(self)

    patch.setattr(System, "start", start)
    patch.setattr(ViewState, "_gaps", lambda self: ())


MUTANTS: tuple[Mutant, ...] = (
    off_by_one_in_the_cut, greater_instead_of_greater_or_equal, trim_before_publish,
    deduplication_does_not_span, position_before_data, reset_to_latest, retried_append, float_sum, local_day,
    dropped_tail_commit, stale_cache, batch_does_not_deduplicate, gap_is_not_told,
)  # fmt: skip
