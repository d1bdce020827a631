"""Runs one stage as a child process, so that a worker carries no engine and a kill reaches all that it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tideline.settings import REPOSITORY

GRACE_S = 10.0
_ERROR_LINE = "TL-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the command ended: its exit code (minus the signal number when killed) and its last `TL-` line, if any."""

    exit_code: int
    error: str = ""


def program() -> str:
    """The `tideline` command: the one on the PATH, else the one installed beside this Python."""
    return shutil.which("tideline") or str(Path(sys.executable).with_name("tideline"))


def environment() -> dict[str, str]:
    """The environment of a stage: ours, without Airflow's own settings (they name its database and its keys)."""
    kept = {name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


class StageProcess:
    """One child in its own process group; `run` streams its output, `stop` ends the whole group from any thread."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._child: subprocess.Popen[str] | None = None

    def run(self, emit: Callable[[str], None]) -> Outcome:
        """Start, pass each line to `emit` as it comes, wait. The group is gone when this returns or raises."""
        self._child = child = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=REPOSITORY,
            env=environment(),
            start_new_session=True,
        )
        error = ""
        try:
            assert child.stdout is not None
            for line in child.stdout:
                text = line.rstrip()
                error = text if text.startswith(_ERROR_LINE) else error
                emit(text)
            return Outcome(child.wait(), error)
        finally:
            self.stop()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Ask the group to end, then make it end. Does nothing when the child has already ended."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        self._signal(child, signal.SIGTERM)
        try:
            child.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._signal(child, signal.SIGKILL)
            child.wait(grace_s)

    @staticmethod
    def _signal(child: subprocess.Popen[str], number: signal.Signals) -> None:
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            return  # it ended by itself between the look and the signal
