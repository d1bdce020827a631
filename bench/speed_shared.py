"""Events folded per second by two speed processes of one group against one in the same run, and how long a move lasts.

Run: python bench/speed_shared.py [EVENTS]. A broker of its own holds all events before anybody reads. The rate is
counted from when every process works until the first has nothing left. The broker and the processes share the
machine's cores, so on two cores the ratio says little of machines of their own. Then, with nothing to read: the seconds
until partitions are worked on again after kill -9, after a process joins, and after one leaves.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from speed_fold import records

from tests.e2e.speed_process import SpeedProcess, shared
from tests.platform import fresh_settings
from tideline.index import load_index
from tideline.local.broker import broker
from tideline.local.jars import ensure_jars
from tideline.local.java import find_java
from tideline.local.process import running, wait_until
from tideline.model.contract import Contract
from tideline.model.errors import Retriable
from tideline.ports import LogRecord
from tideline.settings import Settings
from tideline.wiring import event_log

LIMIT_S = 300.0
SHORTEST_S = 5.0


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600_000
    events = records(count)
    alone = measured(1, events)
    together = measured(2, events)
    print(f"{count:,} events: one process {alone:,.0f} events/s, two {together:,.0f}, ratio {together / alone:.2f}")


def measured(processes: int, events: Sequence[LogRecord]) -> float:
    """Events per second of so many processes, with a broker and a home of their own; two then show how a move goes."""
    with tempfile.TemporaryDirectory(prefix="tideline-bench-") as scratch:
        settings = fresh_settings(Path(scratch)).model_copy(update={"speed_group": "bench"})
        ensure_jars(settings)
        with running(broker(settings, find_java(settings)), settings.for_children()):
            stage = Stage(settings, load_index(settings.index)["retail.sales"])
            try:
                stage.fill(events)
                rate = stage.rate(processes)
                if processes > 1:
                    stage.moves()
                return rate
            finally:
                stage.clear()


class Stage:
    """One broker, one contract, and the processes that work on it."""

    def __init__(self, settings: Settings, contract: Contract) -> None:
        self._settings, self._contract = settings, contract
        self._processes: list[SpeedProcess] = []

    def fill(self, events: Sequence[LogRecord]) -> None:
        log, stream = event_log(self._settings), self._contract.stream
        log.create(stream.topic, stream.partitions)
        writer = log.writer(linger_ms=20)
        for event in events:
            writer.send(stream.topic, event.key, event.value)
        if writer.flush(120):
            raise SystemExit("the broker did not take all events")

    def rate(self, processes: int) -> float:
        for _ in range(processes):
            self._start()
        self._until_shared()
        began, first = time.monotonic(), self._next()
        ended, last = began, first
        while all(any(said["lag"] > 0 for said in one.working().values()) for one in self._processes):
            time.sleep(0.1)
            ended, last = time.monotonic(), self._next()
        if ended - began < SHORTEST_S:
            raise SystemExit("too few events: all were folded before every process worked")
        return (last - first) / (ended - began)

    def moves(self) -> None:
        """Prints the seconds until every partition is worked on again."""
        self._processes.pop().kill()
        print(f"after kill -9: {self._until_shared():.1f} s")
        self._start()
        print(f"after a start, with Python's: {self._until_shared():.1f} s")
        asked = time.monotonic()
        self._processes.pop().leave()
        left = time.monotonic() - asked
        print(f"after SIGTERM: {left + self._until_shared():.1f} s, of which it worked {left:.1f} s on")

    def clear(self) -> None:
        for process in self._processes:
            process.kill()

    def _start(self) -> None:
        self._processes.append(SpeedProcess(self._settings, self._contract.id))

    def _until_shared(self) -> float:
        return wait_until(self._is_shared, LIMIT_S, "every partition is worked on")

    def _is_shared(self) -> bool:
        try:
            return shared(self._processes, self._contract.stream.partitions)
        except Retriable:  # it does not answer yet
            return False

    def _next(self) -> int:
        return sum(said["next"] for one in self._processes for said in one.working().values())


if __name__ == "__main__":
    main()
