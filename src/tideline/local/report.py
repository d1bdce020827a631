"""What the supervisor says: one JSON file, replaced whole at every change, and the lock that proves it lives."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from tideline.settings import Settings


class State(StrEnum):
    WAITING = "waiting"  # for what it depends on
    STARTING = "starting"
    READY = "ready"
    UNREADY = "unready"  # runs, but its check fails
    RESTARTING = "restarting"
    FAILED = "failed"  # a crash loop: a person has to look
    STOPPED = "stopped"


@dataclass(slots=True)
class Condition:
    """One service as it is now. `started` is epoch seconds, `seconds` how long it took to be ready."""

    name: str
    log: str
    url: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    state: State = State.WAITING
    pid: int | None = None
    born: str = ""
    restarts: int = 0
    started: float | None = None
    seconds: float | None = None
    message: str = ""


def run_folder(settings: Settings) -> Path:
    return settings.home / "run"


def lock(settings: Settings, *, shared: bool = False) -> IO[str] | None:
    """The lock of this home, held until the file is closed or the process ends; None when a supervisor holds it."""
    run_folder(settings).mkdir(parents=True, exist_ok=True)
    handle = (run_folder(settings) / "supervisor.lock").open("a+")
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def is_running(settings: Settings) -> bool:
    """True when a supervisor holds the lock of this home."""
    handle = lock(settings, shared=True)
    if handle is None:
        return True
    handle.close()
    return False


def write(settings: Settings, pid: int, started: float, conditions: Iterable[Condition]) -> None:
    """Replace the report atomically."""
    report = {"format": 1, "pid": pid, "born": birth(pid), "started": started, "home": str(settings.home)}
    document = {**report, "services": [asdict(condition) for condition in conditions]}
    path = run_folder(settings) / "supervisor.json"
    arriving = path.with_suffix(".new")
    arriving.write_text(json.dumps(document, indent=1) + "\n")
    arriving.replace(path)


def read(settings: Settings) -> dict[str, Any] | None:
    """The last report of this home, or None when nothing was ever started."""
    try:
        document: dict[str, Any] = json.loads((run_folder(settings) / "supervisor.json").read_text())
    except FileNotFoundError:
        return None
    return document


def birth(pid: int) -> str:
    """When a process began, as a text that is equal only for the same process; empty when there is none.

    A pid alone may belong to somebody else by now.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        with suppress(OSError):
            facts = stat.read_text().rpartition(")")[2].split()
            return "" if facts[0] == "Z" else facts[19]
        return ""
    asked = subprocess.run(("ps", "-o", "lstart=", "-p", str(pid)), capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def is_same_process(pid: int | None, born: str) -> bool:
    return bool(pid and born) and birth(int(pid or 0)) == born


def own_group(pid: int) -> bool:
    """True when the process leads its own group, as everything the supervisor starts does."""
    with suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False
