"""What the speed layer notices of drift: counts since the worker began, in bounded memory, for /status and /metrics.

It is a sample: a worker that starts again begins to count anew, and batch alone keeps the complete account. Speed never
stops for drift: where the contract says `fail`, the event is quarantined here and batch fails its run.
"""

from __future__ import annotations

from collections.abc import Iterable

from speed_layer.status import Status
from tideline.model.contract import Contract
from tideline.model.drift import Noticed, Tally
from tideline.model.position import Partition, Position


class DriftWatch:
    """Counts what the judge noticed; one per worker."""

    def __init__(self, contract: Contract, status: Status) -> None:
        self._tally = Tally(contract)
        self._status = status

    def see(self, partition: Partition, drifted: Iterable[tuple[Position, Noticed]], fresh: Position) -> None:
        """Take in the drifting records of one batch from position `fresh` on: what lies before was counted already."""
        seen = False
        for position, noticed in drifted:
            if position >= fresh:
                seen = True
                for what in self._tally.see((partition, position), noticed):
                    self._status.metrics.drift.labels(self._status.contract, what.value).inc()
        if seen:
            self._status.drift = self._tally.as_json()
