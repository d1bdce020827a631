"""The kills of `make demo CRASH=1`: SIGKILL where it hurts most, once each, only to processes of this platform."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

from tideline.local import report
from tideline.local.steps import Steps
from tideline.model.errors import Retriable
from tideline.settings import Settings

PLACES = ("refine.pre_commit", "publish.task_after_commit")
_RETURN_LIMIT_S = 60.0


class Crashes:
    """Arms the named crash points and kills what waits there; `told` lists what was done."""

    def __init__(self, settings: Settings, steps: Steps) -> None:
        self._settings, self._steps = settings, steps
        self._marker = settings.home / "run" / "crash-point"
        self._seen: set[str] = set()

    def armed_settings(self) -> Settings:
        """The settings whose children stop at the crash points, once each."""
        self._marker.unlink(missing_ok=True)
        return self._settings.model_copy(update={"crash_at": ",".join(PLACES)})

    def kill_speed(self) -> None:
        """SIGKILL the speed layer while it folds, and wait until the supervisor has it back."""
        self._kill("speed", "in mid-batch")
        deadline = time.monotonic() + _RETURN_LIMIT_S
        while self._service("speed")["state"] != report.State.READY:
            if time.monotonic() > deadline:
                raise Retriable("TL-DEMO-009", "the speed layer did not come back", fix="tideline logs speed")
            time.sleep(0.1)

    def look(self) -> None:
        """Kill what has reached its crash point since the last look."""
        reached = set(self._marker.read_text().split()) if self._marker.exists() else set()
        for place in sorted(reached - self._seen):
            self._seen.add(place)
            if place.endswith(".pre_commit"):
                self._kill("spark", f"between the data files and the commit of {place.split('.')[0]}")
            else:
                self._steps.say(f"    KILLED: the Airflow task {place.split('.')[0]}, after its commit")

    def _kill(self, name: str, when: str) -> None:
        service = self._service(name)
        if report.is_same_process(service["pid"], service["born"]):
            with suppress(ProcessLookupError):
                os.kill(service["pid"], signal.SIGKILL)
            self._steps.say(f"    KILLED: {name} (pid {service['pid']}), {when}")

    def _service(self, name: str) -> dict[str, Any]:
        document = report.read(self._settings) or {}
        found: dict[str, Any] = next(s for s in document.get("services", []) if s["name"] == name)
        return found
