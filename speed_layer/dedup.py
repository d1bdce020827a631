"""Deduplication by first position: an event counts iff no counted event of its id stands earlier in its partition with
a log time inside the horizon before its own. Asked again about the same range, it gives the same verdicts.

The memory is a few sorted runs of 128-bit id hashes per time bucket and a small dict of what is newest; a dict of all
ids would need three times as much. A run is immutable; eight runs of one size in a bucket become one of the next size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tideline.model.position import Position

RECENT = 20_000  # counted events that stay in the dict
FAN = 8
BUCKETS = 16  # time buckets per horizon; a whole bucket expires at once
REPLAY_MS = 86_400_000  # log time beyond the horizon that is kept, so that going back to a release stays exact
ENTRY = np.dtype(
    [("hi", "<u8"), ("lo", "<u8"), ("position", "<i8"), ("log_time", "<i8"), ("payload", "<u8")]
)  # sorted by hi
Entries = NDArray[Any]


class Verdict(IntEnum):
    COUNTS = 0
    REPEAT = 1
    CONFLICT = 2


class Claim(NamedTuple):
    """A valid event that claims its id: 16 hashed bytes of the id, position, log time in ms, payload hash."""

    id_hash: bytes
    position: Position
    log_time_ms: int
    payload: int


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Counted events of one time bucket, sorted; `number` names it for good within its partition."""

    number: int
    bucket: int
    level: int
    entries: Entries


def id_hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def payload_number(payload_hash: bytes) -> int:
    """The first 64 bits of the 128-bit payload hash that silver stores."""
    return int.from_bytes(payload_hash[:8], "little")


_Seen = tuple[Position, int, int]  # position, log time, payload


@dataclass(slots=True)
class FirstPositions:
    """The ids of one partition. Verdicts are exact for positions from `known_from` on; all before `next` are judged."""

    horizon_ms: int
    known_from: Position
    next: Position = 0
    runs: list[Run] = field(default_factory=list)
    frozen_to: Position = 0
    numbers: int = 0
    _recent: dict[bytes, list[_Seen]] = field(default_factory=dict)
    _recent_count: int = 0
    _newest_ms: int = 0

    def __post_init__(self) -> None:
        self.next = max(self.next, self.known_from)
        self.frozen_to = max(self.frozen_to, self.known_from)
        self._newest_ms = max((int(run.entries["log_time"].max()) for run in self.runs), default=0)

    def judge(self, claims: Sequence[Claim]) -> list[Verdict]:
        """Verdicts of claims in position order, which then stand in the memory."""
        if not claims:
            return []
        older = self._in_runs(claims)
        verdicts: list[Verdict] = []
        for at, claim in enumerate(claims):
            seen = self._recent.get(claim.id_hash)
            known = older.get(at, []) + (seen or [])
            verdict, is_new = _verdict(claim, known, self.horizon_ms) if known else (Verdict.COUNTS, True)
            if verdict is Verdict.COUNTS and is_new:
                entry = (claim.position, claim.log_time_ms, claim.payload)
                self._recent.setdefault(claim.id_hash, []).append(entry)
                self._recent_count += 1
            self._newest_ms = max(self._newest_ms, claim.log_time_ms)
            verdicts.append(verdict)
        return verdicts

    def passed(self, position: Position) -> None:
        """Everything before `position` has been judged."""
        self.next = max(self.next, position)
        if self._recent_count >= RECENT:
            self.freeze()

    def freeze(self) -> None:
        """Move the dict into sorted runs, merge small runs, drop expired buckets."""
        if self._recent_count:
            rows = [(key, *seen) for key, many in self._recent.items() for seen in many]
            self._add(entries_of(rows))
            self._recent, self._recent_count = {}, 0
            self._merge()
        self.frozen_to = max(self.frozen_to, self.next)
        self._expire()

    def seed(self, entries: Entries) -> None:
        """Take over counted events from elsewhere (silver), in any order."""
        if len(entries):
            self._newest_ms = max(self._newest_ms, int(entries["log_time"].max()))
            self._add(entries)
            self._expire()

    @property
    def bucket_ms(self) -> int:
        return max(60_000, self.horizon_ms // BUCKETS)

    def __len__(self) -> int:
        return sum(len(run.entries) for run in self.runs) + self._recent_count

    def _add(self, entries: Entries, level: int = 0) -> None:
        buckets = entries["log_time"] // self.bucket_ms
        for bucket in np.unique(buckets):
            mine = entries[buckets == bucket]
            self.runs.append(Run(self.numbers, int(bucket), level, mine[np.argsort(mine["hi"], kind="stable")]))
            self.numbers += 1

    def _merge(self) -> None:
        sizes: dict[tuple[int, int], list[Run]] = {}
        for run in self.runs:
            sizes.setdefault((run.bucket, run.level), []).append(run)
        for (_, level), same in sorted(sizes.items()):
            if len(same) >= FAN:
                gone = {run.number for run in same}
                self.runs = [run for run in self.runs if run.number not in gone]
                self._add(np.concatenate([run.entries for run in same]), level + 1)

    def _expire(self) -> None:
        """Drop whole buckets that no verdict from `known_from` on needs; dropping moves `known_from` forward."""
        oldest = (self._newest_ms - self.horizon_ms - REPLAY_MS) // self.bucket_ms
        if all(run.bucket >= oldest for run in self.runs):
            return
        exact_ms = oldest * self.bucket_ms + self.horizon_ms
        self.runs = [run for run in self.runs if run.bucket >= oldest]
        later = [run.entries["position"][run.entries["log_time"] >= exact_ms] for run in self.runs]
        first = min((int(positions.min()) for positions in later if len(positions)), default=self.next)
        self.known_from = max(self.known_from, first)

    def _in_runs(self, claims: Sequence[Claim]) -> dict[int, list[_Seen]]:
        """Per index of a claim what the runs know about its id."""
        found: dict[int, list[_Seen]] = {}
        if not self.runs:
            return found
        hashes = np.frombuffer(b"".join(claim.id_hash for claim in claims), dtype="<u8").reshape(-1, 2)
        high, low = np.ascontiguousarray(hashes[:, 0]), hashes[:, 1]
        for run in self.runs:
            left = np.searchsorted(run.entries["hi"], high, "left")
            right = np.searchsorted(run.entries["hi"], high, "right")
            for at in np.flatnonzero(left < right):
                for entry in run.entries[left[at] : right[at]]:
                    if entry["lo"] == low[at]:
                        seen = (int(entry["position"]), int(entry["log_time"]), int(entry["payload"]))
                        found.setdefault(int(at), []).append(seen)
        return found


def entries_of(rows: Sequence[tuple[bytes, Position, int, int]]) -> Entries:
    """(id hash, position, log time, payload) as an array."""
    entries = np.empty(len(rows), dtype=ENTRY)
    hashes = np.frombuffer(b"".join(row[0] for row in rows), dtype="<u8").reshape(-1, 2)
    entries["hi"], entries["lo"] = hashes[:, 0], hashes[:, 1]
    for at, name in enumerate(("position", "log_time", "payload"), start=1):
        entries[name] = np.fromiter((row[at] for row in rows), dtype=ENTRY[name], count=len(rows))
    return entries


def _verdict(claim: Claim, known: list[_Seen], horizon_ms: int) -> tuple[Verdict, bool]:
    """The verdict, and whether the claim is not yet among what is known."""
    oldest = claim.log_time_ms - horizon_ms
    earlier = [seen for seen in known if seen[0] < claim.position and seen[1] >= oldest]
    if not earlier:
        return Verdict.COUNTS, all(seen[0] != claim.position for seen in known)
    return (Verdict.REPEAT if max(earlier)[2] == claim.payload else Verdict.CONFLICT), False
