"""A speed process of its own beside a running broker: one of several that share the work, and nobody restarts it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from tests.platform import free_ports
from tideline.local.probes import ask
from tideline.settings import REPOSITORY, Settings


class SpeedProcess:
    """One `python -m speed_layer` of the settings' group, watched for one contract."""

    def __init__(self, settings: Settings, contract: str) -> None:
        (port,) = free_ports(1)
        self._status, self._contract = f"http://{settings.nearby}:{port}/status", contract
        env = {**settings.for_children(), "TIDELINE_SPEED_PORT": str(port)}
        settings.logs.mkdir(parents=True, exist_ok=True)
        with (settings.logs / f"speed-{port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "speed_layer"], env=env, cwd=REPOSITORY, stdout=log, stderr=log
            )

    def working(self) -> dict[int, dict[str, Any]]:
        """What it says of the partitions whose increments it publishes now; Retriable while it does not answer."""
        told = ask(self._status)["contracts"].get(self._contract, {})
        found = told["partitions"] if told.get("state") == "running" else {}
        return {int(partition): said for partition, said in found.items()}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)

    def leave(self) -> None:
        """As an orderly end does: it says so, and is gone with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0


def shared(processes: Sequence[SpeedProcess], partitions: int) -> bool:
    """All is worked on, nothing twice, and nobody is idle."""
    works = [set(one.working()) for one in processes]
    return all(works) and sum(map(len, works)) == partitions and set().union(*works) == set(range(partitions))
