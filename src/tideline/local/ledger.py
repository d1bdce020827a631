"""Compares answers with the independent ledger, which runs as its own process and shares no code with the product."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tideline.model.errors import DataError, Fatal


@dataclass
class Verdicts:
    """What the ledger said so far: answers compared, and the violations by name."""

    compared: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    first: str = ""

    @property
    def clean(self) -> bool:
        return not self.violations


class Ledger:
    """One ledger process over a journal; answers go in as JSON lines, verdicts come back in the same order."""

    def __init__(self, repository: Path, contract: Path, journal: Path, log: Path) -> None:
        if not (repository / "tests/checker/oracle.py").exists():
            raise Fatal("TL-DEMO-001", "the ledger is missing", fix="run the demo from a clone of the repository")
        self.verdicts = Verdicts()
        self._turn = threading.Lock()
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.checker.oracle", "--contract", str(contract), "--journal", str(journal)],
            cwd=repository,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            bufsize=1,
        )
        self._replies: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def compare(self, answer: Mapping[str, Any]) -> None:
        """`answer` is `{"url", "body", "asked", "received"}`; the verdict is added to `verdicts`."""
        reply = self._ask(answer)
        self.verdicts.compared += 1
        for violation in reply.get("violations", ()):
            kind = str(violation.get("kind", "unknown")) if isinstance(violation, Mapping) else str(violation)
            self.verdicts.violations[kind] += 1
            self.verdicts.first = self.verdicts.first or json.dumps(violation)[:500]

    def totals(self, vector: Mapping[str, int]) -> dict[str, Any]:
        """The ledger's own counters up to a position vector."""
        return self._ask({"cmd": "totals", "vector": dict(vector)})

    def close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            with self._turn:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()
                return self._replies.get(timeout=120)
        except (BrokenPipeError, queue.Empty) as error:
            raise DataError("TL-DEMO-002", "the ledger process ended or stands still", where=self._log.name) from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._replies.put(json.loads(line))
