"""What the increments topic says was published of one partition, and where a worker that takes it over has to start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tideline.adapters.increments import Fence, Generation, Increment, Rebase, Record
from tideline.model.errors import Fatal
from tideline.model.lineage import Lineage, Verdict
from tideline.model.position import Position, Range, StreamId

_LOUD = (Verdict.HOLE, Verdict.OVERLAP)


@dataclass(frozen=True, slots=True)
class Owner:
    """For which incarnation of the stream and which contract a worker published."""

    stream: StreamId
    contract_hash: str


class Published:
    """One partition's lineages, one per view, fed with the topic's tail and then with what this worker publishes."""

    def __init__(self, views: Sequence[str]) -> None:
        self.views: dict[str, Lineage[None]] = {view: Lineage(_nothing) for view in views}
        self.fenced: Owner | None = None  # whoever fenced last; it may have ended before it published anything
        self.owners: dict[str, Owner] = {}  # who published the chain of each view
        self.generation: Generation = -1
        self.broken: set[str] = set()  # views whose tail had a hole or an overlap: not to be continued
        self.lost: dict[str, Position] = {}  # views that go on behind a loss, and where: no release attaches to that
        self.unclosed: set[str] = set(views)  # views that have moved since their last epoch end

    def take(self, offset: Position, record: Record) -> None:
        """One record of the tail, in the order of the topic; the tail may begin in the middle of a generation."""
        if isinstance(record, Fence):
            self.fence(offset)
            self.fenced = Owner(record.stream, record.contract_hash)
        elif isinstance(record, Rebase):
            for view, position in record.views.items():
                if view not in self.views:
                    continue
                verdict = self.views[view].rebase(record.generation, position, lost=record.lost)
                if verdict is Verdict.APPLIED:
                    self._begun(view, position, lost=record.lost)
                    self._own(view)
        elif record.view in self.views:
            self._take_increment(record)

    def fence(self, generation: Generation) -> None:
        """A newer worker owns the partition."""
        self.generation = generation
        for lineage in self.views.values():
            lineage.fence(generation)

    def rebase(self, positions: Mapping[str, Position], *, lost: bool = False) -> None:
        """This worker has said that these views (re)start."""
        for view, position in positions.items():
            self.views[view].rebase(self.generation, position, lost=lost)
            self._begun(view, position, lost=lost)
            self.unclosed.add(view)

    def extend(self, view: str, end: Position, epoch_end: bool) -> None:
        """This worker has published the view's next increment."""
        start = self.next(view)
        verdict = self.views[view].offer(self.generation, start, end, None, epoch_end)
        if verdict is not Verdict.APPLIED:
            raise Fatal("TL-SPD-006", f"own increment [{start}, {end}) of {view} would be refused: {verdict}")
        if epoch_end:
            self.unclosed.discard(view)
        elif end > start:
            self.unclosed.add(view)

    def next(self, view: str) -> Position:
        expected = self.views[view].expected
        assert expected is not None, f"{view} has no start yet"
        return expected

    def first(self) -> Position:
        """The lowest next position of all views: from here on rows are folded."""
        return min(self.next(view) for view in self.views)

    def cannot_be_cut_at(self, covered: Position) -> list[str]:
        """The views that have to be rebuilt from `covered`, because an epoch straddles it or they start beyond it.

        Where the log has lost what follows `covered`, there is nothing to rebuild them from.
        """
        found = [view for view in self.views if covered < self.next(view) and not self._fits(view, covered)]
        return [view for view in found if covered >= self.lost.get(view, 0)]

    def lost_before(self, covered: Position) -> bool:
        """Whether a release covers what was lost: then what was folded behind it has to be folded again."""
        return any(began <= covered for began in self.lost.values())

    def trim(self, covered: Position) -> None:
        for lineage in self.views.values():
            lineage.trim(covered)

    def continues(self, view: str, covered: Position | None) -> bool:
        """Whether this view's tail can simply be continued, given what the live release covers."""
        expected = self.views[view].expected
        if expected is None or view in self.broken:
            return False
        return covered is None or (expected >= covered and self._fits(view, covered))

    def _fits(self, view: str, covered: Position) -> bool:
        lineage = self.views[view]
        if covered == lineage.expected:
            return True
        below = lineage.base is None or covered < lineage.base
        return not (lineage.rebuilding or below or lineage.straddles(covered))

    def _take_increment(self, record: Increment) -> None:
        lineage = self.views[record.view]
        verdict = lineage.offer(record.generation, record.start, record.end, None, record.epoch_end)
        if verdict in _LOUD:
            self.broken.add(record.view)
        elif verdict is Verdict.APPLIED:
            self._own(record.view)

    def _begun(self, view: str, position: Position, *, lost: bool) -> None:
        self.broken.discard(view)
        if lost:
            self.lost[view] = position
        else:
            self.lost.pop(view, None)

    def _own(self, view: str) -> None:
        if self.fenced is None:
            self.owners.pop(view, None)
        else:
            self.owners[view] = self.fenced


@dataclass(frozen=True, slots=True)
class Start:
    """Where each view starts; `rebases` maps a reason to the views that do not continue; `lost` is gone for good."""

    positions: Mapping[str, Position]
    rebases: Mapping[str, Mapping[str, Position]] = field(default_factory=dict)
    lost: Range | None = None

    __hash__ = None  # type: ignore[assignment]


def decide_start(
    published: Published, owner: Owner, covered: Position | None, held: Range, known: Range | None = None
) -> Start:
    """Continue the tail where it fits stream, contract and release; else start at the release; else at the log's start.

    `covered` is None without a release of this contract; `held` is what the log still has, `known` what a memory of
    ids still knows. A wanted position that the log has lost is never passed over in silence, nor are ids before it that
    nobody knows any more: the start is then the log's start, for the reason `lost`.
    """
    positions: dict[str, Position] = {}
    rebases: dict[str, dict[str, Position]] = {}
    lost: Range | None = None
    begun = held.start
    for view, lineage in published.views.items():
        publisher = published.owners.get(view)
        mine = publisher == owner
        continued = mine and published.continues(view, covered)
        reason = "contract" if publisher is not None and publisher.contract_hash != owner.contract_hash else "start"
        if continued:
            at = published.next(view)
            begun = min(begun, lineage.base or 0)
        elif covered is not None:
            at = covered
            if mine and lineage.next is not None and lineage.next > covered:
                reason = "straddle"
        else:
            at = held.start
        if at < held.start:
            lost = Range(min(at, lost.start) if lost else at, held.start)
            at, reason, continued = held.start, "lost", False
        positions[view] = at
        if not continued:
            rebases.setdefault(reason, {})[view] = at
    first, judged = min(positions.values(), default=held.start), begun if covered is None else covered
    if known is not None and known.start <= first:
        judged = max(judged, known.end)
    if judged < held.start:  # ids between are neither in a memory nor in silver nor in the log
        lost = lost or Range(judged, held.start)
        positions = dict.fromkeys(positions, held.start)
        rebases = {"lost": positions}
    return Start(positions, rebases, lost)


def _nothing(_earlier: None, _later: None) -> None:
    return None
