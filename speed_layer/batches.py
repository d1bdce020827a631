"""What was polled, partition by partition, cut in two where a release's coverage lies inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tideline.model.position import Partition, Position
from tideline.ports import LogRecord

Batch = Mapping[Partition, tuple[list[LogRecord], Position]]  # the records, and the position that they reach


def cut_at(
    records: Iterable[LogRecord],
    firsts: Mapping[Partition, Position],
    ends: Mapping[Partition, Position],
    stops: Mapping[Partition, Position],
) -> list[Batch]:
    """One batch, or two where a stop lies between the first position that is folded and the end that was read."""
    by_partition: dict[Partition, list[LogRecord]] = {partition: [] for partition in firsts}
    for record in records:
        by_partition[record.partition].append(record)
    before: dict[Partition, tuple[list[LogRecord], Position]] = {}
    after: dict[Partition, tuple[list[LogRecord], Position]] = {}
    for partition, mine in by_partition.items():
        end, stop = ends[partition], stops.get(partition)
        if stop is not None and firsts[partition] < stop < end:
            before[partition] = ([record for record in mine if record.position < stop], stop)
            after[partition] = ([record for record in mine if record.position >= stop], end)
        elif mine or end > firsts[partition]:
            before[partition] = (mine, end)
    return [batch for batch in (before, after) if batch]
