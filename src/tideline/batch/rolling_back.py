"""Whether a rollback can be served: speed has to fold again everything from the older release's coverage on."""

from __future__ import annotations

from tideline.model.errors import PositionLost
from tideline.model.position import Partition, Range
from tideline.model.release import Release
from tideline.ports import EventLog


def lost_beyond(release: Release, topic: str, log: EventLog) -> dict[Partition, Range]:
    """What this release does not cover and the log no longer holds, per partition."""
    held = log.bounds(topic)
    return {p: Range(at, bound.start) for p, bound in held.items() if (at := release.coverage.at(p)) < bound.start}


def refused(contract_id: str, number: int, topic: str, lost: dict[Partition, Range]) -> PositionLost:
    """The error for it: answers would stand still, since nobody can fold what is gone."""
    ranges = "; ".join(f"partition {partition} {gone}" for partition, gone in sorted(lost.items()))
    error = PositionLost(
        "TL-REL-003",
        f"the log no longer holds what release {number} does not cover ({ranges}): answers would stand still until a "
        "newer release",
        where=f"contract {contract_id}, topic {topic}",
        fix="roll back to a later release, or mend the data and run again; --force does it all the same, and "
        f"tideline run {contract_id} then makes answers move again",
    )
    error.partition, gone = next(iter(sorted(lost.items())))
    error.missing = (gone.start, gone.end)
    return error
