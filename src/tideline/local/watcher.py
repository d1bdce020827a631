"""Keeps one service alive: start, wait until ready, watch, restart with back-off, give up on a crash loop."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from tideline.local.process import last_lines, prepare, spawn, stop
from tideline.local.report import Condition, State, birth
from tideline.local.services import Service
from tideline.model.errors import TidelineError

LOOK_S = 0.1  # how often to look while starting
CHECK_S = 3.0  # how often to ask a ready service whether it still is
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 15.0
CRASHES, WITHIN_S = 6, 60.0  # so many ends in so short a time are a crash loop


class Watcher(threading.Thread):
    """One thread per service; `changed` is called after every change of `condition`."""

    def __init__(self, service: Service, environment: Mapping[str, str], changed: Callable[[], None]) -> None:
        super().__init__(name=service.name, daemon=True)
        self.service, self._environment, self._changed = service, environment, changed
        self.ready, self.halt = threading.Event(), threading.Event()
        self.waits_for: tuple[Watcher, ...] = ()
        ports = {name: number for name, (number, _) in service.ports.items()}
        self.condition = Condition(service.name, str(service.log), service.url, ports)
        self._ends: deque[float] = deque(maxlen=CRASHES)

    def run(self) -> None:
        """Until `halt` is set: 1. wait for what it depends on 2. start 3. watch 4. pause, then again."""
        try:
            self._await_others()
            while not self.halt.is_set():
                process = self._start()
                reason = self._watch(process) if process else self.condition.message
                stopped = self.halt.is_set()
                if process:
                    stop(process, self.service.stop_limit_s if stopped else 1.0)
                if stopped or not self._may_go_on(reason):
                    break
        except Exception as error:  # noqa: BLE001 - a watcher that dies silently would leave its service unwatched
            self._say(State.FAILED, f"the watcher ended: {type(error).__name__}: {error}")
            return
        if self.halt.is_set():
            self._say(State.STOPPED, "")

    def _await_others(self) -> None:
        for other in self.waits_for:
            while not other.ready.wait(LOOK_S):
                if self.halt.is_set():
                    return

    def _start(self) -> subprocess.Popen[bytes] | None:
        self.condition.started, self.condition.seconds = time.time(), None
        self._say(State.RESTARTING if self._ends else State.STARTING, self.condition.message)
        try:
            prepare(self.service, self._environment)
            process = spawn(self.service, self._environment)
        except (TidelineError, OSError) as error:
            self._say(State.RESTARTING, str(error))
            return None
        self.condition.pid, self.condition.born = process.pid, birth(process.pid)
        self._changed()
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Return when the process has ended, when it must be stopped, or when it never gets ready; says why."""
        begun = time.monotonic()
        next_check = begun
        while not self.halt.is_set():
            try:
                process.wait(timeout=LOOK_S)
                return f"ended with {_exit(process.returncode)}"
            except subprocess.TimeoutExpired:
                now = time.monotonic()
            if now < next_check:
                continue
            self._check(now - begun)
            never_ready = self.condition.seconds is None and now - begun > self.service.start_limit_s
            if never_ready and self.service.is_alive():
                self._tell_unready()
            elif never_ready:
                return f"was not ready after {self.service.start_limit_s:.0f} s"
            next_check = now + (CHECK_S if self.condition.state is State.READY else 0)
        return ""

    def _check(self, age_s: float) -> None:
        if self.service.is_ready():
            self.condition.seconds = self.condition.seconds or round(age_s, 1)
            self.ready.set()
            if self.condition.state is not State.READY:
                self._say(State.READY, "")
        elif self.condition.state is State.READY:
            self._tell_unready()

    def _tell_unready(self) -> None:
        if self.condition.state is not State.UNREADY:
            self._say(State.UNREADY, "its readiness check fails")

    def _may_go_on(self, reason: str) -> bool:
        """Count the end; pause longer each time; False when this is a crash loop."""
        now = time.monotonic()
        self.ready.clear()
        recent = [end for end in self._ends if now - end < WITHIN_S]
        self._ends.append(now)
        self.condition.pid, self.condition.born = None, ""
        if len(recent) + 1 >= CRASHES:
            line = last_lines(self.service.log, 1)
            self._say(State.FAILED, f"{reason}, {CRASHES} times within {WITHIN_S:.0f} s; last line: {line[:200]}")
            return False
        self.condition.restarts += 1
        self._say(State.RESTARTING, reason)
        self.halt.wait(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 3 ** len(recent)))
        return True

    def _say(self, state: State, message: str) -> None:
        self.condition.state, self.condition.message = state, message
        if state in (State.STOPPED, State.FAILED):
            self.condition.pid, self.condition.born = None, ""
        self._changed()


def _exit(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
