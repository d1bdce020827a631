"""Where a fault test may kill this process: named points that do nothing unless TIDELINE_CRASH_AT names them.

`TIDELINE_CRASH_AT=name:n,other` kills at the n-th pass of `name` (the first when n is absent) and at `other`.
Each point kills once per home: its name in `$TIDELINE_HOME/run/crash-point` disarms it, so that a restart with the same
environment goes on.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

from tideline.settings import settings

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Dies by SIGKILL when this point is armed and it is its turn."""
    wanted = settings().crash_at
    if not wanted:
        return
    for place, _, nth in (entry.partition(":") for entry in wanted.split(",")):
        if place == name:
            _passed[name] += 1
            if _passed[name] == int(nth or 1) and _disarm(settings().home, name):
                os.kill(os.getpid(), signal.SIGKILL)


def _disarm(home: Path, name: str) -> bool:
    """Note that the point was reached; False when it was before."""
    marker = home / "run" / "crash-point"
    if marker.exists() and name in marker.read_text().split():
        return False
    marker.parent.mkdir(parents=True, exist_ok=True)
    with marker.open("a") as text:
        text.write(name + "\n")
    return True
