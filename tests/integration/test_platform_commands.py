"""`tideline up`, `status` and `down` with a real broker: as a person would do it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.platform import fresh_settings, java_or_skip
from tideline.local import report
from tideline.local.ports_in_use import is_free
from tideline.local.process import wait_until
from tideline.settings import Settings


def tideline(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (str(Path(sys.executable).parent / "tideline"), *words),
        env=settings.for_children(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.kafka
def test_the_platform_goes_up_once_survives_its_supervisor_and_goes_down(tmp_path: Path) -> None:
    """Up, up again, a killed supervisor, up once more, down: each says what it did, and nothing is left running."""
    here = fresh_settings(tmp_path)
    java_or_skip(here)
    try:
        first = tideline(here, "up", "--only", "kafka")
        assert first.returncode == 0, first.stderr
        assert "kafka" in first.stdout and "ready in" in first.stdout
        assert "already running" in tideline(here, "up", "--only", "kafka").stdout
        more = tideline(here, "up")
        assert more.returncode == 2
        assert more.stderr.startswith("TL-SVC-006")
        status = json.loads(tideline(here, "status", "--json").stdout)
        assert status["running"] and status["ready"]
        os.kill(status["pid"], signal.SIGKILL)
        wait_until(lambda: not report.is_running(here), 10, "the supervisor gone")
        assert "kafka" in tideline(here, "up", "--only", "kafka").stdout
    finally:
        down = tideline(here, "down")
    assert down.returncode == 0
    assert tideline(here, "status").returncode == 75
    assert is_free(here.host, here.kafka_port)
