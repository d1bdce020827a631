"""Plays planned events into a topic: intent first, then the send, then its outcome; nothing is given up silently."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tideline.local.journal import Journal, PlannedEvent
from tideline.model.contract import Contract
from tideline.model.errors import Retriable
from tideline.ports import Delivery, EventLog, LogWriter

BATCH = 4_000
_FLUSH_S = 1.0


@dataclass(slots=True)
class Summary:
    """What a replay did: `sends` counts every send, also repeated ones.

    `next` is per partition the position after the newest acknowledged send.
    """

    sends: int = 0
    ok: int = 0
    unknown: int = 0
    failed: int = 0
    resent: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    next: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "sends": self.sends,
            "ok": self.ok,
            "unknown": self.unknown,
            "failed": self.failed,
            "resent": self.resent,
            "classes": dict(sorted(self.kinds.items())),
            "next": {str(p): n for p, n in sorted(self.next.items())},
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
        }


class Pace:
    """The only clock of a replay: waits so that `rate` events per second are not exceeded (None: no limit)."""

    def __init__(
        self,
        rate: float | None = None,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate, self.now, self.pause = rate, now, pause
        self._started, self._count = now(), 0

    def batch(self) -> int:
        """How many events to send at once: a twentieth of a second's worth, so that the stream is even."""
        return BATCH if self.rate is None else max(1, min(BATCH, int(self.rate / 20)))

    def sent(self, count: int) -> None:
        """Wait until these events are due."""
        self._count += count
        if self.rate is not None:
            ahead = self._started + self._count / self.rate - self.now()
            if ahead > 0:
                self.pause(ahead)


class Replayer:
    """Sends in batches with many sends in flight.

    A send of unknown outcome is sent again under the same id, as a new line of the journal, until it is acknowledged or
    `patience_s` have passed without any acknowledgement (Retriable).
    """

    def __init__(self, contract: Contract, log: EventLog, journal: Journal, patience_s: float = 60.0) -> None:
        self._topic, self._journal, self._patience_s = contract.stream.topic, journal, patience_s
        self._writer: LogWriter = log.writer(linger_ms=5, client_id="tideline-replay")
        self._open: dict[int, PlannedEvent] = {}
        self._again: list[PlannedEvent] = []
        self._stopped = False
        self._summary = Summary()

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._stopped = True

    def replay(self, events: Iterable[PlannedEvent], pace: Pace | None = None) -> Summary:
        """Send the events and wait for every outcome; returns a summary of this call alone."""
        pace = pace or Pace()
        self._summary = Summary()
        began = pace.now()
        try:
            for batch in _batches(iter(events), pace.batch()):
                if self._stopped:
                    break
                self._send(batch)
                self._writer.poll()
                self._journal.flush()
                if self._again:
                    self._settle(pace)
                pace.sent(len(batch))
            self._settle(pace)
        finally:
            self._give_up_open()
            self._summary.seconds = pace.now() - began
            self._summary.interrupted = self._stopped
        return self._summary

    def _send(self, batch: list[PlannedEvent]) -> None:
        numbers = self._journal.intents(batch)
        self._summary.sends += len(batch)
        for n, event in zip(numbers, batch, strict=True):
            self._open[n] = event
            outcome = partial(self._delivered, n)
            try:
                self._writer.send(self._topic, event.key.encode(), event.value, on_delivery=outcome)
            except Retriable as error:
                self._delivered(n, Delivery(-1, None, f"refused: {error.code}", refused=True))
                self._again.append(event)

    def _delivered(self, n: int, delivery: Delivery) -> None:
        event = self._open.pop(n, None)
        if event is None:
            return
        phase = self._journal.outcome(n, delivery)
        if delivery.position is not None:
            self._summary.ok += 1
            self._summary.kinds[event.kind] += 1
            after = delivery.position + 1
            self._summary.next[delivery.partition] = max(after, self._summary.next.get(delivery.partition, 0))
        elif phase == "unknown":
            self._summary.unknown += 1
            self._again.append(event)
        else:
            self._summary.failed += 1

    def _settle(self, pace: Pace) -> None:
        """Wait for every outcome; send what is unknown again until it is acknowledged."""
        deadline, ok, rounds = pace.now() + self._patience_s, self._summary.ok, 0
        while True:
            waiting = self._writer.flush(_FLUSH_S)
            self._journal.flush()
            if self._summary.ok > ok:
                deadline, ok = pace.now() + self._patience_s, self._summary.ok
            if not waiting and not self._again:
                return
            if pace.now() >= deadline:
                raise self._gone(waiting)
            if self._stopped:
                return
            if not waiting:
                if rounds:
                    pace.pause(min(1.0, self._patience_s / 10))
                rounds += 1
                self._resend()

    def _resend(self) -> None:
        again, self._again = self._again, []
        self._summary.resent += len(again)
        for start in range(0, len(again), BATCH):
            self._send(again[start : start + BATCH])

    def _gone(self, waiting: int) -> Retriable:
        return Retriable(
            "TL-REP-001",
            f"the broker acknowledged nothing for {self._patience_s:g} s; {waiting + len(self._again)} events are open",
            where=f"topic {self._topic}",
            fix=f"tideline up, then tideline replay --resend-from {self._journal.path}",
        )

    def _give_up_open(self) -> None:
        """Whatever is still under way has an unknown outcome; the journal says so."""
        self._writer.flush(_FLUSH_S)
        for n in list(self._open):
            self._delivered(n, Delivery(-1, None, "unknown: the replay ended before the answer"))
        self._journal.flush()


def replay(
    contract: Contract, events: Iterable[PlannedEvent], log: EventLog, journal: Journal, rate: float | None = None
) -> Summary:
    """Play events at a rate (per second, None: as fast as possible). An iterator may be continued by the next call."""
    return Replayer(contract, log, journal).replay(events, Pace(rate))


def _batches(events: Iterator[PlannedEvent], size: int) -> Iterator[list[PlannedEvent]]:
    while batch := list(itertools.islice(events, size)):
        yield batch
