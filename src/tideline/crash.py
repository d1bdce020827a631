"""Where a fault test may kill this process: named points that do nothing unless TIDELINE_CRASH_AT names one."""

from __future__ import annotations

import os
import signal
from collections import Counter

from tideline.settings import settings

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Dies by SIGKILL when `TIDELINE_CRASH_AT` is `name:n` and this is the n-th time (`name` alone: the first)."""
    wanted, _, nth = settings().crash_at.partition(":")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
