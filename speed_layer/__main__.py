"""`python -m speed_layer`: one worker per contract of the compiled index, until SIGTERM or a newer speed layer.

Exit codes are those of the command line: 0 asked to stop, 2 and 4 wrong set-up or index, 76 another worker took over.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
import uuid
from threading import Event, Thread
from typing import Any

import structlog

from speed_layer.health import Health
from speed_layer.status import Metrics, Status
from speed_layer.worker import Doors, Pace, Worker
from tideline import wiring
from tideline.adapters.sketches import HllSketches
from tideline.index import check_fresh, load_hashes, load_index
from tideline.model.contract import Contract
from tideline.model.errors import TidelineError
from tideline.settings import Settings, settings

LOG = structlog.get_logger("tideline.speed")
INDEX_LOOK_S = 2.0


class Crew:
    """The workers of one generation of the index, each in its own thread; the first error stops all.

    A contract whose views are all batch-only has none: it is idle.
    """

    def __init__(self, config: Settings, contracts: dict[str, Contract], metrics: Metrics) -> None:
        self.stop = Event()
        self._error: BaseException | None = None
        self.statuses = {id_: Status(id_, contract.hash, metrics) for id_, contract in contracts.items()}
        pace = Pace(tick_s=config.tick_ms / 1000, epoch_s=config.epoch_s)
        me = uuid.uuid4().hex[:12]
        self._workers = []
        for id_, contract in contracts.items():
            if not contract.streamed:
                self.statuses[id_].rest()
                continue
            doors = Doors(
                wiring.event_log(config), wiring.documents(config), wiring.tables(config), HllSketches(),
                time.monotonic, config.home / "state" / "speed",
            )  # fmt: skip
            self._workers.append(Worker(contract, doors, pace, me, self.statuses[id_]))
        self._threads = [Thread(target=self._run, args=(worker,), name="worker") for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def snapshots(self) -> dict[str, dict[str, Any]]:
        return {id_: status.snapshot for id_, status in self.statuses.items()}

    def end(self) -> None:
        """Stop the workers and wait for them; raises the first error that one of them ended with."""
        self.stop.set()
        for thread in self._threads:
            thread.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self, worker: Worker) -> None:
        try:
            worker.run(self.stop)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which reports it
            self._error = self._error or error
            self.stop.set()


def main() -> int:
    """Run until SIGTERM or SIGINT; the exit code says why it ended."""
    _log_to_stderr()
    asked = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    try:
        _serve(settings(), asked)
        return 0
    except TidelineError as error:
        LOG.error("ended", **error.as_dict())
        print(error, file=sys.stderr)  # noqa: T201 - the one line for a person who started it by hand
        return error.exit_code


def _serve(config: Settings, asked: Event) -> None:
    """Run crews until asked to stop; a changed index ends one crew and starts the next with the new contracts."""
    check_fresh(config.index, config.contracts)
    crews: list[Crew] = []
    health = Health(config.host, config.speed_port, lambda: crews[-1].snapshots() if crews else {})
    metrics = Metrics()
    try:
        while not asked.is_set():
            contracts = load_index(config.index)
            crew = Crew(config, contracts, metrics)
            crews[:] = [crew]
            hashes = {id_: contract.hash for id_, contract in contracts.items()}
            while not crew.stop.is_set() and not asked.wait(INDEX_LOOK_S):
                if _hashes(config) not in ({}, hashes):
                    LOG.info("the index changed: starting again with its contracts")
                    break
            crew.end()
    finally:
        for crew in crews:
            crew.end()
        health.close()


def _hashes(config: Settings) -> dict[str, str]:
    """The contract hashes of the index on disk; empty while it cannot be read, because it is being written."""
    try:
        return load_hashes(config.index)
    except (TidelineError, OSError, ValueError):
        return {}


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
