"""Our AWS as a process of its own: its patches touch no other test, and it ends with the test that began it."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.ending import ended

REPOSITORY = Path(__file__).resolve().parents[2]
START_LIMIT = 60.0


@dataclass(frozen=True)
class LocalAws:
    """A running moto; `url` is the endpoint of every service."""

    url: str

    def reset(self) -> None:
        """An empty account again."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


@contextmanager
def local_aws(log: Path, *options: str) -> Iterator[LocalAws]:
    """moto with our extensions on a free loopback port; it must say its address within START_LIMIT seconds."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.localaws", *options),
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        too_slow = Timer(START_LIMIT, process.kill)
        too_slow.start()
        try:
            url = process.stdout.readline().strip()
            too_slow.cancel()
            assert url, f"moto did not start: {log.read_text()[-2000:]}"
            yield LocalAws(url)
        finally:
            too_slow.cancel()
            process.stdin.close()
            ended(process)
