"""`tideline run` as a worker of Airflow starts it, also for tests that look at it while it waits for its job run.

Its looks are closer together than on AWS, where each is a request: nobody here waits half a minute for an end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.integration.on_aws.environment import Environment

LIMIT_S = 900


_SCRIPT = """
from tideline.adapters import emr_serverless
from tideline.cli import main
emr_serverless.LONGEST_PAUSE_S = 2.0
main()
"""


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-c", _SCRIPT, *arguments]


def run(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """To its end."""
    return command(environment, "run", *arguments)


def command(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Any command of `tideline`, to its end."""
    return subprocess.run(
        words(*arguments), env=environment.variables, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


class Launched:
    """A process that tells what becomes of its job run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, list[str]()

    def until(self, word: str) -> str:
        """Read until a line holds the word, which is given back."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if word in line:
                return line
        raise AssertionError(f"it ended without saying {word!r}: {''.join(self.lines)}")

    def end(self) -> int:
        """Its exit code, once all that it said is in `lines`."""
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)
        return self.process.wait()


@contextmanager
def launched(environment: Environment, *arguments: str) -> Iterator[Launched]:
    process = subprocess.Popen(
        words("run", *arguments),
        env=environment.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Launched(process)
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@contextmanager
def held(pid: Path) -> Iterator[None]:
    """A job whose driver stands still meanwhile, so that it ends neither too early nor too late."""
    group = int(pid.read_text())
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # who was slow to look finds it killed
            os.killpg(group, signal.SIGCONT)
