"""A whole platform for end-to-end tests: real processes in a home of their own, fed, probed and judged all the time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from tests.platform import fresh_settings
from tideline.adapters.odcs import read_contract
from tideline.local import report
from tideline.local.feed import Feed
from tideline.local.generator import events as generated
from tideline.local.journal import Journal, PlannedEvent
from tideline.local.ledger import Ledger
from tideline.local.mishaps import Mix, disturb
from tideline.local.probes import Probes, ask
from tideline.model.errors import Retriable
from tideline.settings import REPOSITORY, Settings
from tideline.wiring import event_log

CONTRACT = REPOSITORY / "contracts" / "retail" / "sales.odcs.yaml"


class Living:
    """Drives the product through its command line and its API only; judges by the independent ledger only."""

    def __init__(self, home: Path, seed: int, count: int = 2_000_000, settings: Settings | None = None) -> None:
        self.settings = settings or fresh_settings(home)
        self.contract = read_contract(CONTRACT)
        self.journal = home / "journal.jsonl"
        self.base = f"{self.settings.serving_url}/v1/{self.contract.domain}"
        self._seed, self._count = seed, count

    def up(self, *services: str) -> None:
        self.tideline("up", "--only", ",".join(services), limit_s=180)
        events = disturb(generated(self.contract, self._seed, self._count), self.contract, Mix(), self._seed)
        self.feed = Feed(self.contract, event_log(self.settings), Journal(self.journal), chain(events))
        (self.settings.logs).mkdir(parents=True, exist_ok=True)
        self.ledger = Ledger(REPOSITORY, CONTRACT, self.journal, self.settings.logs / "ledger.log")

    def down(self) -> None:
        self.feed.close()
        self.ledger.close()
        self.tideline("down", limit_s=90)

    def tideline(
        self, *words: str, limit_s: float = 300, code: int | None = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; the test fails with what it said when it ends with another exit code (None: any)."""
        command = [sys.executable, "-c", "from tideline.cli import main; main()", *words]
        env = {**self.settings.for_children(), **variables}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=limit_s, check=False)
        assert code is None or done.returncode == code, (
            f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def begin(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command in the background."""
        command = [sys.executable, "-c", "from tideline.cli import main; main()", *words]
        env = {**self.settings.for_children(), **variables}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run_batch(self, key: str) -> None:
        self.tideline("run", self.contract.id, "--run-key", key)

    def pid(self, service: str) -> int:
        found = self.service(service)
        assert report.is_same_process(found["pid"], found["born"]), f"{service} does not run: {found}"
        return int(found["pid"])

    def service(self, name: str) -> dict[str, Any]:
        services = (report.read(self.settings) or {}).get("services", [])
        return next(service for service in services if service["name"] == name)

    def kill(self, service: str, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid(service), number)

    def await_ready(self, service: str, limit_s: float = 90) -> None:
        wait_for(lambda: self.service(service)["state"] == "ready", limit_s, f"{service} is ready")

    def answer(self, view: str, query: str = "limit=10000") -> dict[str, Any]:
        return ask(f"{self.base}/{view}?{query}")

    def urls(self) -> list[str]:
        first, second = (view.name for view in self.contract.views)
        return [f"{self.base}/{first}?limit=10000", f"{self.base}/{second}?stock_code.in=20000,20001,20002"]

    def merged(self, view: str) -> dict[int, int]:
        return positions(self.answer(view, "dimensions=")["meta"]["coverage"]["merged"])

    def versions(self) -> dict[str, str]:
        """The newest log entry of every Delta table: changes iff a table changed."""
        lake = self.settings.lake.folder
        logs = sorted(lake.rglob("_delta_log"))
        return {str(log.parent.relative_to(lake)): max(p.name for p in log.glob("*.json")) for log in logs}

    @contextmanager
    def probed(self, every_s: float = 0.1) -> Iterator[Probes]:
        """Two clients ask all the time; afterwards every answer has to be exactly right."""
        clients = [Probes(self.urls(), self.ledger, self.feed.known, every_s, client=f"client-{n}") for n in range(2)]
        for client in clients:
            client.start()
        try:
            yield clients[0]
        finally:
            for client in clients:
                client.stop()
        assert self.ledger.verdicts.clean, f"{self.ledger.verdicts.violations}: {self.ledger.verdicts.first}"

    def settle_positions(self, limit_s: float = 90) -> None:
        """All that was sent is served."""
        known = dict(self.feed.known())
        for view in self.contract.views:
            wait_for(lambda name=view.name: self.merged(name) == known, limit_s, f"{view.name} has seen {known}")

    def settle(self, limit_s: float = 90) -> None:
        """All that was sent is served, complete, and equal to the ledger to the cent."""
        self.settle_positions(limit_s)
        for url in self.urls():
            body = ask(url)
            assert body["meta"]["complete"], body["meta"]
            self.ledger.compare({"url": url, "body": body, "client": "settled"})
        assert self.ledger.verdicts.clean, f"{self.ledger.verdicts.violations}: {self.ledger.verdicts.first}"

    def resend(self, kind: str, events: list[PlannedEvent]) -> None:
        """Send events again under their old ids, through the same journal."""
        self.feed.send([PlannedEvent(kind, event.key, event.value) for event in events])


def positions(vector: Mapping[str, int]) -> dict[int, int]:
    return {int(partition): position for partition, position in vector.items() if position}


def wait_for(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Wait for a condition; services that are being restarted may not answer for a while."""
    deadline, last = time.monotonic() + limit_s, ""
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (Retriable, AssertionError) as error:
            last = str(error)
        time.sleep(0.05)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}. {last}")


@contextmanager
def collected(living: Living) -> Iterator[list[dict[str, Any]]]:
    """Every answer that is given meanwhile, to be judged later."""
    answers: list[dict[str, Any]] = []
    done = threading.Event()

    def collect() -> None:
        while not done.is_set():
            for url in living.urls():
                with suppress(Retriable):
                    answers.append({"url": url, "body": ask(url), "client": "collector"})
            done.wait(0.1)

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join(60)


def judge_by_raw_log(living: Living, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Judge answers by the topic itself, read by the checker with its own client; returns its summary."""
    lines = "".join(json.dumps(answer) + "\n" for answer in answers)
    command = [sys.executable, "-m", "tests.checker.oracle", "--contract", str(CONTRACT)]
    command += ["--bootstrap", living.settings.kafka_bootstrap, "--answers", "-"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, cwd=REPOSITORY, timeout=120, check=True)
    summary: dict[str, Any] = json.loads(done.stderr.strip().splitlines()[-1])
    return summary
