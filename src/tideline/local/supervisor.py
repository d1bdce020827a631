"""The daemon behind `tideline up`: starts the services, keeps them alive, says how they are, stops them in order.

It owns what it started and nothing else: every service leads a process group of its own, and a group that a killed
supervisor left behind is stopped only if its leader is still the very process that the report names.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from tideline.local import report
from tideline.local.java import find_java
from tideline.local.platform import choose, group, services
from tideline.local.process import last_lines, wait_until
from tideline.local.services import Service
from tideline.local.watcher import Watcher
from tideline.model.errors import Fatal, Retriable, TidelineError
from tideline.settings import Settings, settings

STOP_LIMIT_S = 45.0


class Supervisor:
    """Runs the given services until `stop` is set. Services start as soon as what they depend on is ready."""

    def __init__(self, settings: Settings, wanted: Sequence[Service], environment: Mapping[str, str]) -> None:
        self._settings, self._started = settings, time.time()
        self._writing = threading.Lock()
        self.stop = threading.Event()
        self.watchers = [Watcher(service, environment, self._report) for service in wanted]
        by_name = {watcher.service.name: watcher for watcher in self.watchers}
        for watcher in self.watchers:
            watcher.waits_for = tuple(by_name[name] for name in watcher.service.depends_on if name in by_name)

    def run(self) -> None:
        """1. stop what a killed supervisor left behind  2. start  3. wait for the signal  4. stop in reverse order."""
        stop_orphans(self._settings)
        self._report()
        for watcher in self.watchers:
            watcher.start()
        self.stop.wait()
        for level in reversed(_levels(self.watchers)):
            for watcher in level:
                watcher.halt.set()
            for watcher in level:
                watcher.join(watcher.service.stop_limit_s + 5)
        self._report()

    def _report(self) -> None:
        with self._writing:
            report.write(self._settings, os.getpid(), self._started, [watcher.condition for watcher in self.watchers])


def start_daemon(settings: Settings, only: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the supervisor detached from this terminal and return once it has written its first report."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    before = (report.read(settings) or {}).get("pid")
    log = settings.logs / "supervisor.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "tideline.local.supervisor", "--only", ",".join(only)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=settings.for_children(),
            start_new_session=True,
        )

    def reported() -> bool:
        if process.poll() is not None:
            raise Retriable("TL-SVC-004", f"the supervisor ended: {last_lines(log, 1)}", where=str(log))
        return (report.read(settings) or {}).get("pid") not in (None, before)

    wait_until(reported, 30, f"the supervisor (log: {log}) running")
    return process


def stop_daemon(settings: Settings) -> bool:
    """Ask the supervisor to stop everything and wait for it; False when none ran (left-overs are stopped anyway)."""
    document = report.read(settings)
    if document is None or not report.is_running(settings):
        stop_orphans(settings)
        return False
    if report.is_same_process(document["pid"], document["born"]):
        os.kill(document["pid"], signal.SIGTERM)
    wait_until(lambda: not report.is_running(settings), STOP_LIMIT_S, "the end of all services")
    return True


def stop_orphans(settings: Settings) -> list[str]:
    """Stop services that a killed supervisor of this home left running; returns their names."""
    left = [service for service in (report.read(settings) or {}).get("services", []) if _is_ours(service)]
    for number, limit_s in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        for service in filter(_is_ours, left):
            with suppress(ProcessLookupError):
                os.killpg(service["pid"], number)
        with suppress(Retriable):
            wait_until(lambda: not any(map(_is_ours, left)), limit_s, "the end of left-over services")
    return [service["name"] for service in left]


def _is_ours(service: Mapping[str, Any]) -> bool:
    return report.is_same_process(service["pid"], service["born"]) and report.own_group(service["pid"])


def _levels(watchers: Sequence[Watcher]) -> list[list[Watcher]]:
    """Watchers by depth: those of one level do not depend on each other."""

    def depth(watcher: Watcher) -> int:
        return 1 + max((depth(other) for other in watcher.waits_for), default=0)

    return [[watcher for watcher in watchers if depth(watcher) == level] for level in sorted({*map(depth, watchers)})]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tideline.local.supervisor", description=__doc__)
    parser.add_argument("--only", default="", help="comma-separated groups; all when empty")
    parser.add_argument("--alone", action="store_true", help="in a container: without what the groups depend on")
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]
    try:
        _serve(settings(), only, alone=arguments.alone)
    except TidelineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def _serve(here: Settings, only: Sequence[str], *, alone: bool) -> None:
    with _lock(here):
        wanted = choose(services(here, find_java(here)), only)
        if alone:
            wanted = tuple(service for service in wanted if group(service.name) in only)
        supervisor = Supervisor(here, wanted, here.for_children())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.stop.set())
        supervisor.run()


def _lock(here: Settings) -> IO[str]:
    """Take the lock; somebody who only looks whether it is held gives it back at once, so try for a second."""
    for _ in range(10):
        held = report.lock(here)
        if held is not None:
            return held
        time.sleep(0.1)
    raise Fatal("TL-SVC-005", "another supervisor runs for this home", where=str(here.home), fix="tideline status")


if __name__ == "__main__":
    main()
