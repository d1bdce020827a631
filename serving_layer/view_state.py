"""What serving holds of one view: the adopted release, the chains of increments, and the head that answers merge.

One thread writes; readers take `snapshot`, which never changes after it was made. Per partition the *position* of a
view is how far its answers reach: it starts at the release's coverage and follows the lineage while an unbroken chain
of segments begins exactly there. A position moves back only by a rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from serving_layer.gold import Group, Rows, States
from tideline.model.contract import Contract, View
from tideline.model.lineage import Lineage, Segment
from tideline.model.measure import Sketches, StateOp, merge
from tideline.model.position import Partition, Position, Range, StreamId
from tideline.model.release import Release

_NO_ROWS: Rows = {}


@dataclass(slots=True)
class Folded:
    """The payload of a segment: groups with their states, and the log time of the newest event in milliseconds."""

    rows: dict[Group, States]
    newest_ms: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Positions of one partition that neither batch nor speed can answer for.

    `still`: speed goes on beyond them, but answers cannot follow until a release covers them.
    """

    partition: Partition
    missing: Range
    still: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent state of a view; nothing in it changes. `as_of_ms` is None when no event came from speed."""

    release: Release | None
    batch: Rows
    head: Rows
    covered: Mapping[Partition, Position]
    merged: Mapping[Partition, Position]
    stream: StreamId | None
    gaps: tuple[Gap, ...]
    as_of_ms: int | None

    @property
    def complete(self) -> bool:
        return not self.gaps


@dataclass(slots=True)
class _Follow:
    """One partition of a view: `attached` when the lineage's chain begins at the coverage, so that it can be merged."""

    lineage: Lineage[Folded]
    covered: Position = 0
    position: Position = 0
    attached: bool = False
    newest_ms: int = 0
    kept: list[Segment[Folded]] = field(default_factory=list)
    gap: Range | None = None


class ViewState:
    """The writer's side of one view. Only `snapshot` may be read by other threads."""

    def __init__(self, contract: Contract, view: View, sketches: Sketches) -> None:
        self.contract, self.view = contract, view
        self._sketches = sketches
        self._ops: tuple[StateOp, ...] = tuple(column.op for column in contract.view_states(view))
        self.release: Release | None = None
        self.batch: Rows = _NO_ROWS
        self.stream: StreamId | None = None
        self.sound = True
        self._head: dict[Group, States] = {}
        self._parts = {p: _Follow(Lineage(self._combine)) for p in range(contract.stream.partitions)}
        self._dirty = True
        self.snapshot = self._freeze()

    # --- reading, for the writer's thread

    def lineage(self, partition: Partition) -> Lineage[Folded]:
        return self._parts[partition].lineage

    def position(self, partition: Partition) -> Position:
        return self._parts[partition].position

    def covered(self, partition: Partition) -> Position:
        return self._parts[partition].covered

    @property
    def broken(self) -> bool:
        """True when a hole or an overlap was met and has not been repaired."""
        return any(part.gap is not None for part in self._parts.values())

    def merge(self, left: States, right: States) -> States:
        return tuple(merge(op, a, b, self._sketches) for op, a, b in zip(self._ops, left, right, strict=True))

    # --- increments

    def rebased(self, partition: Partition, before: list[Segment[Folded]], *, lost: bool = False) -> None:
        """A lineage was told to start elsewhere; `before` is what it served: answers keep it until they can switch.

        `lost`: they cannot, until a release covers what the log has lost and the writer starts from there.
        """
        part = self._parts[partition]
        if not lost and part.attached and not part.lineage.rebuilding and part.lineage.next == part.position:
            return
        if part.attached:
            part.kept = before
        if not part.lineage.rebuilding:
            part.attached = False
            self._refresh(partition)

    def applied(self, partition: Partition, folded: Folded, *, was_aside: bool) -> None:
        """The lineage took an increment: merge it into the head, or see whether its chain can be merged now."""
        part = self._parts[partition]
        lineage = part.lineage
        if part.attached and not was_aside:
            self._into_head(folded.rows)
            part.position = lineage.next or 0
            part.newest_ms = max(part.newest_ms, folded.newest_ms)
            self._dirty = True
        elif not lineage.rebuilding and (was_aside or lineage.next == part.covered):
            part.attached = False
            self._refresh(partition)
        if part.gap is not None and part.position >= part.gap.end:
            part.gap = None

    def gap(self, partition: Partition, missing: Range) -> None:
        """Positions were skipped by a writer that broke the protocol: tell it in every answer until it is repaired."""
        part = self._parts[partition]
        if part.gap is None:
            part.gap = missing
            self._dirty = True

    def unsound(self, wrong: bool) -> None:
        """Answers of a stream that was re-created, or whose writer follows another one, are never called complete."""
        if self.sound == wrong:
            self.sound = not wrong
            self._dirty = True

    # --- releases

    def reach(self, partition: Partition, covered: Position) -> Position:
        """How far answers of a release that covers `< covered` could reach with what is here."""
        return self._chain(partition, covered)[0]

    def straddled(self, release: Release) -> list[Partition]:
        """Partitions in which answers would go back if this release were adopted now."""
        return [p for p, part in self._parts.items() if self.reach(p, release.coverage.at(p)) < part.position]

    def adopt(self, release: Release, rows: Rows) -> None:
        """Build the head for this release aside, then swap. The caller has checked `straddled`."""
        previous = self.release
        plan = {p: self._chain(p, release.coverage.at(p)) for p in self._parts}
        head: dict[Group, States] = {}
        for p, (position, segments, attached) in plan.items():
            part = self._parts[p]
            part.covered, part.position, part.attached = release.coverage.at(p), position, attached
            part.newest_ms = max((segment.payload.newest_ms for segment in segments), default=0)
            part.kept = segments if part.lineage.rebuilding or not attached else []
            if part.gap is not None and position >= part.gap.end:
                part.gap = None
            for segment in segments:
                self._merge_rows(head, segment.payload.rows)
            if previous is not None and release.rollback_of is None:
                part.lineage.trim(previous.coverage.at(p))
        self.release, self.batch, self._head = release, rows, head
        self.stream = release.coverage.stream
        self._dirty = True

    # --- snapshots

    def publish(self) -> bool:
        """Swap in a new snapshot when anything changed; its cost is one shallow copy of the head."""
        if self._dirty:
            self.snapshot = self._freeze()
            self._dirty = False
            return True
        return False

    def touch(self) -> None:
        self._dirty = True

    def _freeze(self) -> Snapshot:
        newest = max((part.newest_ms for part in self._parts.values()), default=0)
        return Snapshot(
            release=self.release,
            batch=self.batch,
            head=dict(self._head),
            covered={p: part.covered for p, part in self._parts.items()},
            merged={p: part.position for p, part in self._parts.items()},
            stream=self.stream,
            gaps=tuple(self._gaps()),
            as_of_ms=newest or None,
        )

    def _gaps(self) -> Iterable[Gap]:
        for p, part in self._parts.items():
            base, waits = part.lineage.base, not part.attached and not part.lineage.rebuilding
            if base is not None and waits and base > part.position:
                yield Gap(p, Range(part.position, base), still=part.lineage.lost)
            elif base is not None and waits and part.lineage.lost and base > part.covered:
                yield Gap(p, Range(part.covered, base), still=True)  # a rollback: what was kept still reaches further
            elif part.gap is not None and part.gap.end > part.position:
                yield Gap(p, Range(part.position, part.gap.end))
            elif not self.sound:
                yield Gap(p, Range(part.position, part.position + 1))  # at least: the end is of another stream

    def _chain(self, partition: Partition, covered: Position) -> tuple[Position, list[Segment[Folded]], bool]:
        """(position, segments, attached): the unbroken chain that begins at `covered`, of the lineage or kept."""
        part = self._parts[partition]
        lineage = part.lineage
        segments = list(lineage.beyond(covered))
        if lineage.next is not None and not lineage.lost:
            if segments and segments[0].start == covered:
                return lineage.next, segments, True
            if lineage.next == covered and self._ends_closed(lineage):
                return covered, [], True
        kept = [segment for segment in part.kept if segment.start >= covered]
        if kept and kept[0].start == covered:
            return kept[-1].end, kept, False
        return covered, [], False

    def _ends_closed(self, lineage: Lineage[Folded]) -> bool:
        segments = list(lineage.beyond(0))
        return not segments or segments[-1].closed

    def _refresh(self, partition: Partition) -> None:
        """Look again at one partition whose chain changed; its position never moves back here."""
        part = self._parts[partition]
        position, segments, attached = self._chain(partition, part.covered)
        self._dirty = True
        if not attached or position < part.position:
            return
        unchanged = position == part.position == part.covered and not segments
        part.position, part.attached, part.kept = position, True, []
        part.newest_ms = max((segment.payload.newest_ms for segment in segments), default=0)
        if not unchanged:
            self._rebuild_head()

    def _rebuild_head(self) -> None:
        head: dict[Group, States] = {}
        for part in self._parts.values():
            for segment in part.lineage.beyond(part.covered) if part.attached else part.kept:
                self._merge_rows(head, segment.payload.rows)
        self._head = head

    def _into_head(self, rows: Rows) -> None:
        self._merge_rows(self._head, rows)

    def _merge_rows(self, into: dict[Group, States], rows: Rows) -> None:
        for group, states in rows.items():
            known = into.get(group)
            into[group] = states if known is None else self.merge(known, states)

    def _combine(self, earlier: Folded, later: Folded) -> Folded:
        self._merge_rows(earlier.rows, later.rows)
        earlier.newest_ms = max(earlier.newest_ms, later.newest_ms)
        return earlier
