"""Makes the increments of one tick, each small enough for a message: a larger one is folded again in shorter ranges.

An increment may end anywhere, so several over adjoining ranges say what one would have said, and nobody who reads them
has to know. Only the last one carries the epoch end and the log time of the newest record.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speed_layer.fold import Fold, Groups
from speed_layer.judge import Judged
from speed_layer.publisher import LARGEST
from tideline.adapters.increments import Generation, Increment, encode
from tideline.model.errors import DataError
from tideline.model.position import Partition, Position, Range


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a message: above `wanted` it is made of fewer events; a single event may need up to `most`.

    Every broker takes `wanted` (a topic's usual limit is 1,048,588 with headers); `most` is what the increments topic
    is made for, less room for headers.
    """

    wanted: int = 1_000_000
    most: int = LARGEST - 1_024


@dataclass(frozen=True, slots=True)
class Reach:
    """What a view lacks of one partition in this tick, who says so, and whether the epoch ends with it."""

    missing: Range
    generation: Generation
    closes: bool


class Pieces:
    """The judged records of one tick as messages, view by view."""

    def __init__(self, fold: Fold, judged: Mapping[Partition, Judged], sizes: Sizes) -> None:
        self._fold, self._judged, self._sizes = fold, judged, sizes
        rows = [row for found in judged.values() for row in found.rows]
        owners = [partition for partition, found in judged.items() for _ in found.rows]
        self._frame = fold.frame(rows, owners, [at for found in judged.values() for at in found.positions])

    def of(self, view: str, reaches: Mapping[Partition, Reach]) -> Iterator[tuple[Partition, Increment, bytes]]:
        """Per partition the increments in order, with their bytes; DataError TL-SPD-008 when one event is too large."""
        starts = {partition: reach.missing.start for partition, reach in reaches.items()}
        groups = self._fold.groups(view, self._frame, starts)
        for partition, reach in reaches.items():
            mine = groups.get(partition) or self._fold.empty(view)
            whole = self._increment(view, partition, reach, reach.missing, mine)
            for increment, value in self._split(partition, reach, whole, self._judged[partition].positions):
                yield partition, increment, value

    def _split(
        self, partition: Partition, reach: Reach, whole: Increment, positions: Sequence[Position]
    ) -> Iterator[tuple[Increment, bytes]]:
        value = encode(whole)
        events = positions[bisect_left(positions, whole.start) : bisect_left(positions, whole.end)]
        if len(value) <= self._sizes.wanted or len(events) < 2:
            if len(value) > self._sizes.most:
                raise _too_large(partition, whole, len(value), self._sizes.most)
            yield whole, value
            return
        number = min(len(events), len(value) // self._sizes.wanted + 1)
        inner = [events[at * len(events) // number] for at in range(1, number)]
        for start, end in pairwise([whole.start, *inner, whole.end]):
            part = Range(start, end)
            groups = self._fold.groups_of(whole.view, self._frame, partition, part) or self._fold.empty(whole.view)
            yield from self._split(
                partition, reach, self._increment(whole.view, partition, reach, part, groups), events
            )

    def _increment(self, view: str, partition: Partition, reach: Reach, part: Range, groups: Groups) -> Increment:
        judged, last = self._judged[partition], part.end == reach.missing.end
        return Increment(
            generation=reach.generation,
            view=view,
            start=part.start,
            end=part.end,
            epoch_end=reach.closes and last,
            newest_ms=judged.newest_ms if last else 0,
            counts=judged.counts(part.start, part.end),
            dimensions=groups.dimensions,
            states=groups.states,
        )


def _too_large(partition: Partition, whole: Increment, size: int, most: int) -> DataError:
    """The group is named by the event that made it: its values belong into no message."""
    return DataError(
        "TL-SPD-008",
        f"the group that one event makes in view {whole.view} takes {size} bytes, a message at most {most}",
        where=f"partition {partition}, positions {Range(whole.start, whole.end)}",
        fix="lower maxEventBytes or limit the length of the texts that the view keeps (then such events are "
        "quarantined), keep fewer texts in it, or declare the view batch-only; compile, then start again",
    )
