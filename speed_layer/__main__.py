"""`python -m speed_layer`: works on the contracts of the compiled index, until SIGTERM or a newer speed layer.

With TIDELINE_SPEED_GROUP the processes of that name share the partitions; without, this one owns them all.

Exit codes are those of the command line: 0 asked to stop, 2 and 4 wrong set-up or index, 76 another worker took over.
One contract's error ends the process only when no other contract is left to work on.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
import uuid
from collections.abc import Callable
from threading import Event

import structlog

from speed_layer.crew import Crew, Hands, Job, Partitions, ThreadedJob
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
            crews[:] = [Crew(contracts, metrics, hands(config, asked))]
            changed = _changes(config, {id_: contract.hash for id_, contract in contracts.items()})
            try:
                crews[-1].run(lambda changed=changed: asked.is_set() or changed())  # type: ignore[misc]
            finally:
                crews[-1].end()
    finally:
        health.close()


def hands(config: Settings, asked: Event) -> Hands:
    """What a crew of this installation works with; every worker has clients of its own."""
    pace = Pace(tick_s=config.tick_ms / 1000, epoch_s=config.epoch_s)

    def hire(contract: Contract, status: Status, partitions: Partitions) -> Job:
        return ThreadedJob(lambda stop: worker(contract, status, partitions).run(stop))

    def worker(contract: Contract, status: Status, partitions: Partitions) -> Worker:
        doors = Doors(
            wiring.event_log(config), wiring.documents(config), wiring.tables(config), HllSketches(),
            time.monotonic, config.home / "state" / "speed",
        )  # fmt: skip
        return Worker(contract, doors, pace, uuid.uuid4().hex[:12], status, partitions)

    def open_topic(contract: Contract) -> Job:
        stream = contract.stream
        return ThreadedJob(lambda _: wiring.event_log(config).create(stream.topic, stream.partitions))

    join = (lambda topics: wiring.membership(config, topics)) if config.speed_group else None
    return Hands(hire, open_topic, time.monotonic, asked.wait, join)


def _changes(config: Settings, known: dict[str, str]) -> Callable[[], bool]:
    """Tells, with a look every other second, whether the index on disk has other contracts than these."""
    due = time.monotonic() + INDEX_LOOK_S

    def changed() -> bool:
        nonlocal due
        if (now := time.monotonic()) < due:
            return False
        due = now + INDEX_LOOK_S
        if _hashes(config) in ({}, known):
            return False
        LOG.info("the index changed: starting again with its contracts")
        return True

    return changed


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
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
