"""Start one service as an own process group and stop it again: the hands of the supervisor and of the test fixtures."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tideline.local.services import Service
from tideline.model.errors import Retriable

POLL_S = 0.1


def prepare(service: Service, environment: Mapping[str, str]) -> None:
    """Write the files of a service and run its one-time steps; raises Retriable with the log to read."""
    service.write_files()
    for step in service.steps:
        if step.creates.exists():
            continue
        with service.log.open("ab") as log:
            done = subprocess.run(
                step.command, stdout=log, stderr=log, cwd=service.cwd, env={**environment, **service.env}, check=False
            )
        if done.returncode != 0 or not step.creates.exists():
            raise Retriable(
                "TL-SVC-003", f"the set-up of {service.name} ended with {done.returncode}", where=str(service.log)
            )


def spawn(service: Service, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the process in its own session, so that a signal reaches it and its children and nobody else."""
    with service.log.open("ab") as log:
        return subprocess.Popen(
            ("nice", "-n", str(service.nice), *service.command) if service.nice else service.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=service.cwd,
            env={**environment, **service.env},
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], limit_s: float) -> None:
    """SIGTERM to the group, SIGKILL after the time limit; the leader is reaped in either case."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=limit_s)
    _signal(process, signal.SIGKILL)  # also what the leader left behind in its group
    process.wait()


def wait_until(condition: Callable[[], bool], limit_s: float, what: str) -> float:
    """Wait for a condition and return the seconds it took; raises Retriable after the time limit."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > limit_s:
            raise Retriable("TL-SVC-001", f"{what} did not happen within {limit_s:.0f} s")
        time.sleep(POLL_S)
    return time.monotonic() - start


@contextmanager
def running(service: Service, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """One ready service for as long as the block lasts; raises Retriable that names the log when it does not start."""
    prepare(service, environment)
    process = spawn(service, environment)
    try:
        wait_until(
            lambda: _ready(service, process), service.start_limit_s, f"{service.name} (log: {service.log}) ready"
        )
        yield process
    finally:
        stop(process, service.stop_limit_s)


def last_lines(path: Path, count: int = 5) -> str:
    """The end of a log, for a message."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 64_000))
        return b"\n".join(log.read().splitlines()[-count:]).decode(errors="replace")


def _ready(service: Service, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise Retriable("TL-SVC-002", f"{service.name} ended with {process.returncode}", where=str(service.log))
    return service.is_ready()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal the group of a process that we started; its group id is its pid, and stays ours until we reap it."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
