"""What serving holds of one contract: it applies the increments topic record by record and adopts releases.

Numbered as in docs/handover.md: (1) a fence opens a generation, (2) a rebase says where a lineage starts, (3) an
increment is applied iff its generation is current and it starts at the next position, (4) everything else is counted,
and what breaks the protocol is loud.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from serving_layer.gold import Rows
from serving_layer.view_state import Folded, ViewState
from tideline.adapters import increments as wire
from tideline.model.contract import Contract
from tideline.model.errors import DataError
from tideline.model.lineage import Generation, Verdict
from tideline.model.measure import Sketches
from tideline.model.position import Partition, Range, StreamId
from tideline.model.release import Release
from tideline.ports import LogRecord

LOUD = (Verdict.HOLE, Verdict.OVERLAP)
FOREIGN, UNREADABLE, UNKNOWN_VIEW = "other_contract", "unreadable", "unknown_view"
VERDICTS = (*(verdict.value for verdict in Verdict), FOREIGN, UNREADABLE, UNKNOWN_VIEW)

FenceLookup = Callable[[Partition, Generation], wire.Fence | None]
_log = structlog.get_logger("serving")


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """A release with the gold rows of each of its views."""

    release: Release
    rows: Mapping[str, Rows]


@dataclass(slots=True)
class _Writer:
    """Who writes a partition of the increments topic: `trusted` when its fence names our contract and stream."""

    generation: Generation = -1
    trusted: bool = True


class ContractState:
    """The writer's side of one contract; other threads read `views[...].snapshot` and copies of `verdicts`."""

    def __init__(self, contract: Contract, sketches: Sketches, fence_at: FenceLookup = lambda _p, _g: None) -> None:
        self.contract = contract
        self.views = {view.name: ViewState(contract, view, sketches) for view in contract.views}
        self._streamed = {view.name: self.views[view.name] for view in contract.streamed}
        self.verdicts: Counter[str] = Counter(dict.fromkeys(VERDICTS, 0))
        self.problems: dict[str, str] = {}
        self.pending: LoadedRelease | None = None
        self.newest_release: Release | None = None
        self._stream: StreamId | None = None
        self._writers = {p: _Writer() for p in range(contract.stream.partitions)}
        self._fence_at = fence_at

    # --- increments

    def apply(self, record: LogRecord) -> None:
        """Take one record of the increments topic; nothing that a writer sends can raise here."""
        if record.partition not in self._writers:
            self._count(UNREADABLE, record, "a partition that the contract does not have")
            return
        try:
            message = wire.decode(record.value)
            if isinstance(message, wire.Fence):
                self._fence(record.partition, record.position, message)
                return
            if not self._admitted(record.partition, message.generation):
                return
            if isinstance(message, wire.Rebase):
                self._rebase(record.partition, message)
            else:
                self._increment(record, message)
        except DataError as error:
            self._count(UNREADABLE, record, error.what)
        except (ValueError, TypeError) as error:
            self._count(UNREADABLE, record, f"its columns are not those of the contract ({type(error).__name__})")

    def _fence(self, partition: Partition, generation: Generation, fence: wire.Fence) -> None:
        writer = self._writers[partition]
        if generation <= writer.generation:
            return
        writer.generation, writer.trusted = generation, self._trusted(partition, fence)
        for view in self.views.values():
            view.lineage(partition).fence(generation)
            view.touch()

    def _trusted(self, partition: Partition, fence: wire.Fence) -> bool:
        other_hash, other_stream = f"hash:{partition}", f"stream:{partition}"
        self.problems.pop(other_hash, None)
        self.problems.pop(other_stream, None)
        if fence.contract_hash != self.contract.hash:
            self.problems[other_hash] = (
                f"TL-SRV-010 the speed layer of partition {partition} runs contract {fence.contract_hash}, "
                f"this process {self.contract.hash}: compile, then restart both"
            )
            _log.error("increments of another contract", code="TL-SRV-010", partition=partition)
        expected = self._stream or fence.stream
        if fence.stream != expected:
            self.problems[other_stream] = (
                f"TL-SRV-011 the speed layer of partition {partition} reads stream {fence.stream.identity}, "
                f"the release covers {expected.identity}: the topic was re-created"
            )
            _log.error("increments of another stream", code="TL-SRV-011", partition=partition)
        self._stream = expected
        for view in self.views.values():
            view.stream = view.stream or expected
            view.unsound(any(name.startswith("stream:") for name in self.problems))
        return other_hash not in self.problems and other_stream not in self.problems

    def _admitted(self, partition: Partition, generation: Generation) -> bool:
        """False for writers of another contract. Reading may start behind a fence: then its offset is looked up."""
        writer = self._writers[partition]
        if generation > writer.generation:
            fence = self._fence_at(partition, generation)
            writer.generation = generation
            writer.trusted = fence is None or self._trusted(partition, fence)
        if not writer.trusted and generation == writer.generation:
            self.verdicts[FOREIGN] += 1
            return False
        return True

    def _rebase(self, partition: Partition, rebase: wire.Rebase) -> None:
        for name, position in rebase.views.items():
            view = self._streamed.get(name)
            if view is None:
                self.verdicts[UNKNOWN_VIEW] += 1
                continue
            lineage = view.lineage(partition)
            before = list(lineage.beyond(view.covered(partition)))
            lineage.fence(rebase.generation)
            if lineage.rebase(rebase.generation, position, lost=rebase.lost) is Verdict.APPLIED:
                view.rebased(partition, before, lost=rebase.lost)
                _log.info("rebase", view=name, partition=partition, position=position, reason=rebase.reason)
            else:
                self.verdicts[Verdict.OLD_GENERATION] += 1

    def _increment(self, record: LogRecord, message: wire.Increment) -> None:
        view = self._streamed.get(message.view)
        if view is None:
            self.verdicts[UNKNOWN_VIEW] += 1
            return
        partition, lineage = record.partition, view.lineage(record.partition)
        unseen = lineage.generation is None or message.generation > lineage.generation
        if unseen or self._batch_owns(view, record, message):
            self._start_here(view, partition, message)
        was_aside, expected = lineage.rebuilding, lineage.expected
        folded = Folded(self._rows(view, message), message.newest_ms)
        verdict = lineage.offer(message.generation, message.start, message.end, folded, message.epoch_end)
        self.verdicts[verdict] += 1
        if verdict is Verdict.APPLIED:
            view.applied(partition, folded, was_aside=was_aside)
        elif verdict in LOUD:
            self._broken(view, record, message, verdict, expected)

    def _start_here(self, view: ViewState, partition: Partition, message: wire.Increment) -> None:
        lineage = view.lineage(partition)
        before = list(lineage.beyond(view.covered(partition)))
        lineage.fence(message.generation)
        lineage.rebase(message.generation, message.start, lost=lineage.lost)
        view.rebased(partition, before, lost=lineage.lost)

    def _batch_owns(self, view: ViewState, record: LogRecord, message: wire.Increment) -> bool:
        """A hole that the adopted release has filled: the lineage may go on behind it."""
        lineage = view.lineage(record.partition)
        return (
            message.generation == lineage.generation
            and lineage.expected is not None
            and lineage.expected < message.start <= view.covered(record.partition)
        )

    def _rows(self, view: ViewState, message: wire.Increment) -> dict[tuple[object, ...], tuple[object, ...]]:
        if not message.rows:
            return {}
        if len(message.dimensions) != len(view.view.dimensions):
            raise ValueError("dimension columns")
        states = wire.exact_states(self.contract, view.view, message)
        return dict(zip(zip(*message.dimensions, strict=True), zip(*states, strict=True), strict=True))

    def _broken(
        self, view: ViewState, record: LogRecord, message: wire.Increment, verdict: Verdict, expected: int | None
    ) -> None:
        start = view.position(record.partition) if expected is None else expected
        end = message.start if verdict is Verdict.HOLE else message.end
        view.gap(record.partition, Range(min(start, end), end))
        _log.error(
            f"increments {verdict}", code="TL-SRV-012", contract=self.contract.id, view=message.view,
            partition=record.partition, offset=record.position, missing=f"[{start}, {end})",
        )  # fmt: skip

    def _count(self, verdict: str, record: LogRecord, why: str) -> None:
        self.verdicts[verdict] += 1
        _log.error("increment refused", code="TL-SRV-013", partition=record.partition, offset=record.position, why=why)

    # --- releases

    def offer_release(self, loaded: LoadedRelease) -> None:
        """A newer release was read: every view follows it as soon as no answer would go back."""
        release = loaded.release
        self.newest_release = release
        self.problems.pop("release", None)
        if release.contract_hash != self.contract.hash:
            self.problems["release"] = (
                f"TL-SRV-014 release {release.number} is of contract {release.contract_hash}, "
                f"this process serves {self.contract.hash}: compile, then restart the serving layer"
            )
        elif self._stream is not None and release.coverage.stream != self._stream:
            self.problems["release"] = (
                f"TL-SRV-011 release {release.number} covers stream {release.coverage.stream.identity}, "
                f"increments are of {self._stream.identity}: the topic was re-created"
            )
            for view in self.views.values():
                view.unsound(True)
        else:
            self._stream = release.coverage.stream
            self.pending = loaded
            self.settle()
            return
        _log.error("release refused", code="TL-SRV-014", release=release.number, why=self.problems["release"])

    def settle(self, *, force: bool = False) -> bool:
        """Adopt the pending release for each view that can; True when none is waiting. `force` is for rollbacks."""
        if self.pending is None:
            return True
        release = self.pending.release
        waiting: dict[str, list[Partition]] = {}
        for name, view in self.views.items():
            if name not in self.pending.rows or (view.release is not None and view.release.number >= release.number):
                continue
            back = view.straddled(release)
            if back and not force:
                waiting[name] = back
                continue
            view.adopt(release, self.pending.rows[name])
            _log.info("release adopted", contract=self.contract.id, view=name, release=release.number)
        if waiting:
            self.problems["waiting"] = f"TL-SRV-015 release {release.number} waits for the speed layer in {waiting}"
            return False
        self.problems.pop("waiting", None)
        self.pending = None
        return True

    @property
    def broken(self) -> bool:
        """True while a hole or an overlap is not repaired: what came after it was dropped and has to be read again."""
        return any(view.broken for view in self.views.values())

    def is_ahead_of(self, other: ContractState) -> bool:
        """True when an answer of some view would go back if `other` took the place of this state."""
        return any(
            view.position(p) > other.views[name].position(p) for name, view in self.views.items() for p in self._writers
        )

    def publish(self) -> None:
        for view in self.views.values():
            view.publish()
