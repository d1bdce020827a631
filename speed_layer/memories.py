"""Gives a worker its deduplication memory: what it already has, else the spill, else silver, else the log itself.

Whatever is missing up to the resume position is read again from the log, ids only, by the worker's own loop: it starts
reading at `read_from` and folds nothing before the resume position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from speed_layer.dedup import FirstPositions, entries_of, id_hash, payload_number
from speed_layer.published import Published
from speed_layer.spill import Spill
from tideline.model.contract import Contract
from tideline.model.loss import Loss
from tideline.model.position import Partition, Position, Range
from tideline.model.release import Release
from tideline.ports import Tables


def _passes_over(losses: Sequence[Loss], said: Mapping[str, Any]) -> bool:
    """Whether a commit of silver covers a loss: speed may have read what batch could not, and knows its ids."""
    return any(
        int(said["from"].get(str(loss.partition), 0))
        <= loss.missing.start
        < int(said["coverage"]["next"].get(str(loss.partition), 0))
        for loss in losses
    )


@dataclass(slots=True)
class Memories:
    """The memories of one contract's partitions; `release` is only used when it is of this very contract and stream."""

    contract: Contract
    tables: Tables
    spill: Spill
    of: dict[Partition, FirstPositions] = field(default_factory=dict)
    silver_version: int = -1  # the version of silver that the memories agree with
    _saved: dict[Partition, tuple[int, ...]] = field(default_factory=dict)
    _believed: frozenset[int] | None = None  # versions of silver that a memory on disk may agree with; None: any
    _loaded: dict[Partition, FirstPositions] = field(default_factory=dict)

    def known(self, partition: Partition) -> Range | None:
        """From where on verdicts are exact by a memory here or on disk, and up to where it has judged."""
        memory = self._own(partition)
        return None if memory is None else Range(memory.known_from, memory.next)

    def recall(
        self, resume: Mapping[Partition, Position], held: Mapping[Partition, Range], release: Release | None
    ) -> dict[Partition, Position]:
        """Make memories that are exact from each resume position on; returns where reading has to start."""
        unknown = [partition for partition, at in resume.items() if not self._has(partition, at, held[partition])]
        for partition in unknown:
            covered = 0 if release is None else min(release.coverage.at(partition), resume[partition])
            start = Position(0) if covered else held[partition].start
            at = max(covered, start)
            self.of[partition] = FirstPositions(self._horizon_ms, start, next=at, frozen_to=at)
            self.spill.forget(partition)
        if release is not None and unknown:
            self._seed_from_silver(release, unknown)
        return {p: max(held[p].start, min(at, self.of[p].next)) for p, at in resume.items()}

    def save(self, everything: bool = False) -> None:
        """Spill what has changed; `everything` also moves the newest ids to disk (at a graceful end)."""
        for partition, memory in self.of.items():
            if everything:
                memory.freeze()
            state = (memory.numbers, memory.frozen_to, memory.known_from, self.silver_version)
            if memory.runs and self._saved.get(partition) != state:
                try:
                    self.spill.save(partition, memory, self.silver_version)
                except FileNotFoundError:  # another process of this home has the partition: again at the next epoch
                    continue
                self._saved[partition] = state

    def are_overruled(self, release: Release, published: Mapping[Partition, Published]) -> bool:
        """Whether silver knows other ids than they: since they were made there was a restate, a rollback or a loss.

        Also when a release covers what was lost here: what was folded behind that was folded without its ids. Without a
        memory here or on disk there is nothing else to overrule.
        """
        if any(one.lost_before(release.coverage.at(partition)) for partition, one in published.items()):
            return True
        if self.of:
            known = [self.silver_version]
        else:
            found = (self.spill.silver_version(partition, self._horizon_ms) for partition in published)
            known = [version for version in found if version is not None]
        if any(self._judged_again(since, release) for since in known):
            return True
        if -1 in known and self._begin_late(published):
            return True
        self._believed = frozenset(known)
        return False

    def follow(self, release: Release | None) -> None:
        """The memories agree with the silver of this release, since nothing overruled them or they were made of it."""
        self.silver_version = -1 if release is None else release.silver_version

    def start_over(self, partitions: Iterable[Partition]) -> None:
        """Forget everything, also what is on disk: the next `recall` makes new memories from silver."""
        self.of, self._saved, self._loaded, self._believed = {}, {}, {}, frozenset()
        for partition in partitions:
            self.spill.drop(partition)

    def _begin_late(self, partitions: Iterable[Partition]) -> bool:
        """Whether one was made of a log without its beginning, when no release said which ids silver has of that."""
        return any(known.start > 0 for known in map(self.known, partitions) if known is not None)

    def _judged_again(self, since: int, release: Release) -> bool:
        if release.silver_version < since:
            return True
        if since < 0 and release.number > 1:
            return True  # made from the log alone, under a contract whose earlier releases were of another one
        commits = [c.metadata for c in self.tables.commits(self._silver, since) if c.version <= release.silver_version]
        return any(said.get("stage") == "restate" or _passes_over(release.gaps, said) for said in commits)

    @property
    def _silver(self) -> str:
        return f"silver/{self.contract.domain}/{self.contract.product}"

    @property
    def _horizon_ms(self) -> int:
        return round(self.contract.deduplication.horizon.total_seconds() * 1000)

    def _own(self, partition: Partition) -> FirstPositions | None:
        if partition in self.of:
            return self.of[partition]
        found = self._loaded.get(partition) or self.spill.load(partition, self._horizon_ms, self._believed)
        if found is not None:
            self._loaded[partition] = found
        return found

    def _has(self, partition: Partition, resume: Position, held: Range) -> bool:
        """Whether it knows all ids before `resume`, or will when the log has been read from its next on."""
        memory = self._own(partition)
        self._loaded.pop(partition, None)
        if memory is None or memory.known_from > resume or memory.next < min(held.start, resume):
            return False
        self.of[partition] = memory
        return True

    def _seed_from_silver(self, release: Release, partitions: list[Partition]) -> None:
        key = self.contract.deduplication.key
        wanted = [key, "partition", "position", "log_time", "payload_hash"]
        silver = pl.DataFrame(pl.from_arrow(self.tables.read(self._silver, release.silver_version, wanted)))
        silver = silver.with_columns(pl.col("log_time").dt.epoch("ms"))
        for partition in partitions:
            memory = self.of[partition]
            mine = silver.filter((pl.col("partition") == partition) & (pl.col("position") < memory.next))
            rows = [
                (id_hash(text), position, log_ms, payload_number(payload))
                for text, _, position, log_ms, payload in mine.select(wanted).iter_rows()
            ]
            if rows:
                memory.seed(entries_of(rows))
