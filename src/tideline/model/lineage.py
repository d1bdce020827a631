"""How a reader follows the increments of one (view, partition): exactly once, in order, and loud when it cannot.

A lineage is the unbroken chain of increments from a base position. The writer says which chain counts:

    fence(g)        worker g owns the partition from here on; of any other generation nothing is applied
    rebase(g, p)    worker g (re)starts the chain at position p; `lost`: behind what the log no longer holds
    offer(g, f, t)  one increment over [f, t): applied iff g is current and f is the chain's next position

A rebase to a position below the reader's next builds the new chain aside; readers keep the old one until the new has
reached the old one's next, so that no answer ever goes back. Increments inside an epoch are kept as one segment, so
only epoch ends lie between segments. Payloads are opaque; `combine(earlier, later)` merges them. Another contract hash
means other payloads: then the reader starts a new Lineage.

A chain belongs to no worker: the next generation goes on where the last one ended, also with a chain being built
aside, because every worker reads the tail up to its own fence first. A chain that begins behind a loss is told from
others (`lost`): its writer knows no ids of what is gone, so that no answer may contain it. A reader that starts in the
middle of the topic has seen neither fence nor rebase: it adopts the newest generation it meets and the first position
that one offers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from tideline.model.position import Position, Range

Payload = TypeVar("Payload")
Generation = int


class Verdict(StrEnum):
    """What became of an offered increment; HOLE and OVERLAP mean that a writer broke the protocol."""

    APPLIED = "applied"
    REPEAT = "repeat"  # wholly known already: dropped
    HOLE = "hole"  # starts beyond next: dropped, and loud
    OVERLAP = "overlap"  # starts before next and ends beyond it: dropped, and loud
    OLD_GENERATION = "old_generation"  # a worker that has been fenced off: ignored


@dataclass(slots=True)
class Segment(Generic[Payload]):
    """What was folded from `[start, end)`; `closed` when it ends at an epoch end, where a batch may cut."""

    start: Position
    end: Position
    payload: Payload
    closed: bool = False


@dataclass(slots=True)
class _Chain(Generic[Payload]):
    """Adjacent segments from `base` up to `next`."""

    base: Position
    next: Position
    lost: bool = False
    segments: list[Segment[Payload]] = field(default_factory=list)

    def verdict(self, start: Position, end: Position) -> Verdict:
        if start == self.next:
            return Verdict.APPLIED
        if end <= self.next:
            return Verdict.REPEAT
        return Verdict.HOLE if start > self.next else Verdict.OVERLAP


class Lineage(Generic[Payload]):
    """The state of one reader for one (view, partition); it holds no clock and does no input or output."""

    def __init__(self, combine: Callable[[Payload, Payload], Payload], generation: Generation | None = None) -> None:
        self._combine = combine
        self.generation = generation
        self._served: _Chain[Payload] | None = None
        self._aside: _Chain[Payload] | None = None

    @property
    def base(self) -> Position | None:
        """Where the served chain starts; None before the first rebase."""
        return None if self._served is None else self._served.base

    @property
    def next(self) -> Position | None:
        """Next position that the served chain lacks; None before the first rebase."""
        return None if self._served is None else self._served.next

    @property
    def expected(self) -> Position | None:
        """Where the next increment has to start: of the chain that is being built aside, if there is one."""
        chain = self._aside or self._served
        return None if chain is None else chain.next

    @property
    def rebuilding(self) -> bool:
        return self._aside is not None

    @property
    def lost(self) -> bool:
        """Whether the served chain begins behind a loss."""
        return self._served is not None and self._served.lost

    def fence(self, generation: Generation) -> bool:
        """A worker takes over; False (and nothing happens) for one that is not newer. What is served stays."""
        if self.generation is not None and generation <= self.generation:
            return False
        self.generation = generation
        return True

    def _is_current(self, generation: Generation) -> bool:
        """A newer generation whose fence was never seen: what was applied before it came from a fenced worker."""
        if self.generation is None or generation > self.generation:
            self.generation, self._served, self._aside = generation, None, None
        return generation == self.generation

    def rebase(self, generation: Generation, position: Position, *, lost: bool = False) -> Verdict:
        """The current worker starts its chain at `position`.

        At the served chain's next it simply goes on, unless one of the two begins behind a loss. Below it the new chain
        is built aside. Beyond it there is a hole that the writer chose (the log lost it, or the batch owns it): the new
        chain is served at once, `lacks` tells.
        """
        if not self._is_current(generation):
            return Verdict.OLD_GENERATION
        self._aside = None
        apart = self._served is not None and (lost or self._served.lost)
        if self._served is None or position > self._served.next or (apart and position == self._served.next):
            self._served = _Chain(position, position, lost)
        elif position < self._served.next:
            self._aside = _Chain(position, position, lost)
        elif self._served.segments:
            self._served.segments[-1].closed = True  # the writer starts anew here, so a batch may cut here
        return Verdict.APPLIED

    def offer(
        self, generation: Generation, start: Position, end: Position, payload: Payload, epoch_end: bool
    ) -> Verdict:
        """Take one increment over `[start, end)`; an empty one (start == end) only closes the epoch."""
        Range(start, end)
        if not self._is_current(generation):
            return Verdict.OLD_GENERATION
        if self._served is None:
            self._served = _Chain(start, start)
        chain = self._aside or self._served
        verdict = chain.verdict(start, end)
        if verdict is Verdict.APPLIED:
            self._extend(chain, end, payload, epoch_end)
            self._swap_if_caught_up()
        return verdict

    def _extend(self, chain: _Chain[Payload], end: Position, payload: Payload, epoch_end: bool) -> None:
        last = chain.segments[-1] if chain.segments else None
        if end > chain.next:
            if last is None or last.closed:
                last = Segment(chain.next, end, payload)
                chain.segments.append(last)
            else:
                last.payload, last.end = self._combine(last.payload, payload), end
            chain.next = end
        if last is not None and epoch_end:
            last.closed = True

    def _swap_if_caught_up(self) -> None:
        if self._aside is not None and self._served is not None and self._aside.next >= self._served.next:
            self._served, self._aside = self._aside, None

    def straddles(self, position: Position) -> bool:
        """True when one segment has positions on both sides, so that the chain cannot be cut here."""
        return self._served is not None and any(s.start < position < s.end for s in self._served.segments)

    def trim(self, position: Position) -> bool:
        """Forget segments that end at or before `position`; False when one straddles it (that one stays whole)."""
        if self._served is None:
            return True
        for chain in (self._served, self._aside):
            if chain is not None:
                chain.segments = [segment for segment in chain.segments if segment.end > position]
                ends = chain.segments[0].start if chain.segments else chain.next
                chain.base = max(chain.base, min(position, ends))
        return not self.straddles(position)

    def lacks(self, coverage_position: Position) -> Range | None:
        """What neither batch (`< coverage_position`) nor this chain holds below the chain's next; None when nothing.

        A chain that ends before the coverage lacks nothing: batch has it all. Before the first rebase nothing is known.
        """
        if self._served is None or self._served.base <= coverage_position:
            return None
        return Range(coverage_position, self._served.base)

    def beyond(self, position: Position) -> Iterator[Segment[Payload]]:
        """The segments that an answer merges with a batch part that covers `< position`."""
        if self._served is not None:
            yield from (segment for segment in self._served.segments if segment.start >= position)
