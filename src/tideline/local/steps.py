"""What a person sees while the platform works: one line per step with its seconds, progress only on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Steps:
    """Prints `[ 12.3 s] what happened (4.1 s)`; safe to use from several threads."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._live = self._out.isatty()
        self.seconds: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        with self._lock:
            clear = "\r\x1b[K" if self._live else ""
            self._out.write(f"{clear}[{self.elapsed:6.1f} s] {text}\n")
            self._out.flush()

    def plain(self, text: str = "") -> None:
        with self._lock:
            self._out.write(text + "\n")
            self._out.flush()

    def progress(self, text: str) -> None:
        """A line that the next one overwrites; nothing where the output is no terminal."""
        if self._live:
            with self._lock:
                self._out.write(f"\r\x1b[K[{self.elapsed:6.1f} s] … {text}")
                self._out.flush()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a step; its line is printed when it is done."""
        began = time.monotonic()
        self.progress(name)
        yield
        took = time.monotonic() - began
        self.seconds[name] = round(took, 1)
        self.say(f"{name} ({took:.1f} s)")
