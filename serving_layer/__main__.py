"""`python -m serving_layer`: read the settings and the index, follow every contract, answer until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
import time
from types import FrameType

import structlog
import uvicorn

from serving_layer.app import Clocks, make_app
from serving_layer.follower import Follower
from serving_layer.releases import Releases
from tideline import wiring
from tideline.adapters.sketches import HllSketches
from tideline.index import check_fresh, load_index
from tideline.model.errors import TidelineError
from tideline.settings import Settings, settings


class Server(uvicorn.Server):
    """uvicorn raises a signal again after it has shut down; here a requested stop is an ordinary end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def followers(chosen: Settings) -> list[Follower]:
    """One follower per contract of the index; raises StaleIndex unless the index matches the contracts."""
    check_fresh(chosen.index, chosen.contracts)
    log, documents, tables = wiring.event_log(chosen), wiring.documents(chosen), wiring.tables(chosen)
    return [
        Follower(contract, log, Releases(contract, documents, tables), HllSketches(), time.monotonic)
        for contract in load_index(chosen.index).values()
    ]


def main() -> int:
    """0 after a stop that was asked for; else the exit code of the error, which is one line on stderr."""
    _log_as_json()
    chosen = settings()
    try:
        app = make_app(followers(chosen), HllSketches(), Clocks(), chosen.home / "dbt_docs" / "index.html")
    except TidelineError as error:
        structlog.get_logger("serving").error("cannot start", **error.as_dict())
        return error.exit_code
    config = uvicorn.Config(
        app, host=chosen.host, port=chosen.serving_port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=5, h11_max_incomplete_event_size=32_768,
    )  # fmt: skip
    server = Server(config)
    structlog.get_logger("serving").info("starting", url=chosen.serving_url)
    server.run()
    structlog.get_logger("serving").info("stopped")
    return 0 if server.started else 2


def _log_as_json() -> None:
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
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main())
