"""One batch of one partition judged: which records count, which are quarantined and why, which are repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from speed_layer.dedup import Claim, FirstPositions, Verdict, id_hash, payload_number
from tideline.adapters.increments import Counts
from tideline.adapters.json_events import EventDecoder, Rejection, payload_hash
from tideline.model.drift import Noticed
from tideline.model.position import Position
from tideline.ports import LogRecord

GOOD, QUARANTINED, DEDUPLICATED = "good", "quarantined", "deduplicated"
ID_CONFLICT = "id_conflict"


@dataclass(slots=True)
class Judged:
    """Outcomes by position; `rows` and `positions` are of the counted events, in position order.

    `drifted` are records that differ from the contract in shape, whether they count or not.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    outcomes: list[tuple[Position, str]] = field(default_factory=list)
    reasons: list[tuple[Position, str]] = field(default_factory=list)
    drifted: list[tuple[Position, Noticed]] = field(default_factory=list)
    newest_ms: int = 0

    def counts(self, start: Position, end: Position | None = None) -> Counts:
        """The counters of the records from `start` on, and before `end` if there is one."""
        found = Counter(o for position, o in self.outcomes if position >= start and (end is None or position < end))
        return Counts(sum(found.values()), found[GOOD], found[QUARANTINED], found[DEDUPLICATED])


class Judge:
    """Decodes and deduplicates as the refine stage of the batch layer does."""

    def __init__(self, decoder: EventDecoder, key: str) -> None:
        self._decoder = decoder
        self._key_at = decoder.columns.index(key)

    def judge(self, records: Sequence[LogRecord], memory: FirstPositions) -> Judged:
        """Judge records in position order; the memory learns the ids of those that count."""
        judged = Judged(newest_ms=max((record.log_time_ms for record in records), default=0))
        decoded = []
        for record in records:
            decoded.append(self._decoder.decode(record.key, record.value))
            if self._decoder.noticed:
                judged.drifted.append((record.position, self._decoder.noticed))
        claims = [
            _claim(record, str(row[self._key_at]))
            for record, row in zip(records, decoded, strict=True)
            if not isinstance(row, Rejection)
        ]
        verdicts = iter(memory.judge(claims))
        for record, row in zip(records, decoded, strict=True):
            position = record.position
            if isinstance(row, Rejection):
                outcome = QUARANTINED
                judged.reasons.append((position, row.reason))
            elif (verdict := next(verdicts)) is Verdict.COUNTS:
                outcome = GOOD
                judged.rows.append(row)
                judged.positions.append(position)
            elif verdict is Verdict.CONFLICT:
                outcome = QUARANTINED
                judged.reasons.append((position, ID_CONFLICT))
            else:
                outcome = DEDUPLICATED
            judged.outcomes.append((position, outcome))
        return judged


def _claim(record: LogRecord, event_id: str) -> Claim:
    payload = payload_number(payload_hash(record.value or b""))
    return Claim(id_hash(event_id), record.position, record.log_time_ms, payload)
