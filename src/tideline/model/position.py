"""Where reading continues: positions, ranges and coverage vectors, so that batch and speed meet exactly.

A position is the *next* position to read in one partition (a Kafka offset; Kinesis sequence numbers fit in the same
unbounded Python integer). All ranges are half-open: batch owns `< next`, speed owns `>= next`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tideline.model.errors import DataError

Position = int
Partition = int


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """The half-open stretch `[start, end)` of one partition."""

    start: Position
    end: Position

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a range needs 0 <= start <= end, got [{self.start}, {self.end})")

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, position: Position) -> bool:
        return self.start <= position < self.end

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"


@dataclass(frozen=True, slots=True, order=True)
class StreamId:
    """Which incarnation of a stream: a re-created topic has the same name and another identity."""

    name: str
    identity: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The vector (stream, partition) -> next position that a table, a release or an answer covers.

    A partition that is not named is covered up to 0. Never take a minimum or maximum over partitions.
    """

    stream: StreamId
    next: Mapping[Partition, Position] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for partition, position in self.next.items():
            if position < 0 or partition < 0:
                raise ValueError(f"partition {partition} has position {position}: neither can be negative")
        object.__setattr__(self, "next", MappingProxyType(dict(sorted(self.next.items()))))

    def __hash__(self) -> int:
        return hash((self.stream, tuple(self.next.items())))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Coverage):
            return NotImplemented
        mine = {p: n for p, n in self.next.items() if n}
        theirs = {p: n for p, n in other.next.items() if n}
        return self.stream == other.stream and mine == theirs

    def at(self, partition: Partition) -> Position:
        return self.next.get(partition, 0)

    def covers(self, other: Coverage) -> bool:
        """True when nothing that `other` covers is missing here (the partial order of coverages)."""
        self._same_stream(other)
        return all(self.at(partition) >= position for partition, position in other.next.items())

    def advance(self, to: Mapping[Partition, Position]) -> Coverage:
        """Move forward; moving any partition back is an error, because coverage only grows."""
        for partition, position in to.items():
            if position < self.at(partition):
                raise DataError(
                    "TL-POS-001",
                    f"coverage of partition {partition} would move back from {self.at(partition)} to {position}",
                    where=f"stream {self.stream.name}",
                    fix="a rollback must be asked for explicitly: tideline offsets --rollback-to RELEASE",
                )
        return Coverage(self.stream, {**self.next, **to})

    def ranges_to(self, cut: Coverage) -> dict[Partition, Range]:
        """The non-empty ranges that lie between this coverage and a later cut."""
        self._same_stream(cut)
        self.advance(cut.next)
        return {p: Range(self.at(p), end) for p, end in cut.next.items() if end > self.at(p)}

    def _same_stream(self, other: Coverage) -> None:
        if self.stream != other.stream:
            raise DataError(
                "TL-POS-002",
                f"stream identity {other.stream.identity} is not {self.stream.identity}: the topic was re-created",
                where=f"stream {self.stream.name}",
                fix="positions of the two cannot be mixed: start a new release line with a new contract version",
            )

    def __iter__(self) -> Iterator[tuple[Partition, Position]]:
        return iter(self.next.items())

    def as_json(self) -> dict[str, Any]:
        return {
            "stream": {"name": self.stream.name, "identity": self.stream.identity},
            "next": {str(p): n for p, n in self.next.items()},
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Coverage:
        stream = StreamId(str(value["stream"]["name"]), str(value["stream"]["identity"]))
        return Coverage(stream, {int(p): int(n) for p, n in value["next"].items()})
