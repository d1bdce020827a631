"""A range of the log that is gone for good and that a person has accepted: a declared gap, never a silent one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tideline.model.errors import DataError
from tideline.model.position import Coverage, Partition, Position, Range, StreamId


@dataclass(frozen=True, slots=True)
class Loss:
    """Who accepted when and why that `missing` was lost: positions, for how many were records nobody knows."""

    stream: StreamId
    partition: Partition
    missing: Range
    by: str
    reason: str
    accepted: str

    def as_json(self) -> dict[str, Any]:
        return {
            "stream": {"name": self.stream.name, "identity": self.stream.identity},
            "partition": self.partition,
            "from": self.missing.start,
            "to": self.missing.end,
            "by": self.by,
            "reason": self.reason,
            "accepted": self.accepted,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Loss:
        """Raises DataError TL-LOS-001 when a member is missing or of another type."""
        try:
            return Loss(
                StreamId(str(value["stream"]["name"]), str(value["stream"]["identity"])),
                int(value["partition"]),
                Range(int(value["from"]), int(value["to"])),
                str(value["by"]),
                str(value["reason"]),
                str(value["accepted"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                "TL-LOS-001",
                f"the document of an accepted loss cannot be read ({type(error).__name__}: {error})",
                fix="restore the document from a copy",
            ) from error


def passed(losses: Iterable[Loss], partition: Partition, position: Position) -> Position:
    """Where reading goes on from a position: behind every accepted loss that begins at or before it."""
    for loss in sorted(losses, key=lambda one: one.missing):
        if loss.partition == partition and position in loss.missing:
            position = loss.missing.end
    return position


def held_again(losses: Iterable[Loss], partition: Partition, position: Position, log_start: Position) -> Loss | None:
    """The loss that reading from a position would pass over although the log holds it again, or its end."""
    for loss in sorted(losses, key=lambda one: one.missing):
        if loss.partition == partition and position in loss.missing:
            if loss.missing.end > log_start:
                return loss
            position = loss.missing.end
    return None


def within(losses: Iterable[Loss], covered: Coverage) -> tuple[Loss, ...]:
    """Those that lie, at least with their beginning, in what is covered."""
    mine = (loss for loss in losses if loss.stream == covered.stream)
    return tuple(
        sorted(
            (loss for loss in mine if loss.missing.start < covered.at(loss.partition)),
            key=lambda loss: (loss.partition, loss.missing),
        )
    )


def shown(losses: Iterable[Loss]) -> str:
    """For a person: ranges, positions, who and why."""
    return "; ".join(
        f"partition {loss.partition} {loss.missing} = {len(loss.missing)} positions, accepted by {loss.by} on "
        f"{loss.accepted[:10]}: {loss.reason}"
        for loss in losses
    )
