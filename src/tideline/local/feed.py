"""Feeds the demo: bursts and trickles from one stream of events, while remembering what is known to be in the log."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tideline.local.journal import Journal, PlannedEvent
from tideline.local.replay import Pace, Replayer
from tideline.model.contract import Contract
from tideline.ports import EventLog

_TRICKLE_S = 0.5


class Feed:
    """One sender; `known()` says up to which position of each partition the journal is complete."""

    def __init__(self, contract: Contract, log: EventLog, journal: Journal, events: Iterator[PlannedEvent]) -> None:
        self._events, self._journal = events, journal
        self._replayer = Replayer(contract, log, journal)
        self._next: dict[int, int] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.kinds: Counter[str] = Counter()
        self.finished = False
        self.failure: BaseException | None = None

    def known(self) -> Mapping[int, int]:
        with self._lock:
            return dict(self._next)

    def burst(self, count: int | None, rate: float | None = None) -> int:
        """Send `count` events (all that are left when None) and wait for their outcomes; returns how many."""
        sends = self.send(itertools.islice(self._events, count), rate)
        self.finished = self.finished or not sends
        return sends

    def send(self, events: Iterable[PlannedEvent], rate: float | None = None) -> int:
        """Send these events and wait for their outcomes."""
        summary = self._replayer.replay(events, Pace(rate))
        with self._lock:
            for partition, position in summary.next.items():
                self._next[partition] = max(position, self._next.get(partition, 0))
            self.sent += summary.sends
            self.kinds.update(summary.kinds)
        return summary.sends

    def trickle(self, rate: float) -> None:
        """Go on sending at this rate in the background until `rest()`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._trickle, args=(rate,), name="trickle", daemon=True)
        self._thread.start()

    def rest(self) -> None:
        """Stop the trickle, with every outcome known; raises what the sender met."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self._replayer.stop()
        self.rest()
        self._journal.close()

    def _trickle(self, rate: float) -> None:
        try:
            while not self._stop.is_set() and self.burst(max(1, int(rate * _TRICKLE_S)), rate):
                pass
        except Exception as error:  # noqa: BLE001 - handed to the caller of rest(), which raises it
            self.failure = error
