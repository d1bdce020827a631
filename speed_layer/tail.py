"""Reads the tail of the increments topic: what was published since the live release, up to the own fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from speed_layer.published import Owner, Published
from speed_layer.publisher import read_range
from tideline.adapters.increments import Fence, Generation, decode
from tideline.model.position import Partition, Range
from tideline.model.release import Release
from tideline.ports import EventLog

LOOK_BACK = 64  # messages per view before a release's offset: they tell whether its coverage is an epoch end for all


def read_tail(
    log: EventLog,
    topic: str,
    generations: Mapping[Partition, Generation],
    views: Sequence[str],
    release: Release | None,
) -> dict[Partition, Published]:
    """Per partition what the topic says; without a release it is read from its beginning."""
    bounds = log.bounds(topic)
    known = {} if release is None else release.increments
    published = {partition: Published(views) for partition in generations}
    ranges: dict[Partition, Range] = {}
    for partition, generation in generations.items():
        wanted = known.get(partition, 0) - LOOK_BACK * len(views)
        start = min(max(wanted, bounds[partition].start), generation)
        ranges[partition] = Range(start, generation)
    for record in read_range(log, topic, ranges):
        tail, said = published[record.partition], decode(record.value)
        if tail.fenced is None and not isinstance(said, Fence):  # the tail begins in the middle of a generation
            tail.fenced = _owner(log, topic, record.partition, said.generation, bounds[record.partition])
        tail.take(record.position, said)
    return published


def _owner(log: EventLog, topic: str, partition: Partition, generation: Generation, held: Range) -> Owner | None:
    """Who opened a generation; None when the topic no longer holds its fence: then its chain is nobody's."""
    if generation not in held:
        return None
    for record in read_range(log, topic, {partition: Range(generation, generation + 1)}):
        said = decode(record.value)
        if isinstance(said, Fence):
            return Owner(said.stream, said.contract_hash)
    return None
