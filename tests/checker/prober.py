"""Asks the API all the time from two clients and keeps every answer, as JSON lines that the ledger reads.

    python -m tests.checker.prober --base http://127.0.0.1:8088 --url '/v1/retail/VIEW?...' [--journal J] [--out FILE]

It ends with end of input (or after --seconds). With a journal each line says what was acknowledged `--slo` seconds
before the question: `acked` is the next position per partition that the answer has to reach.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path
from typing import Any, TextIO

KEPT_S = 1.0  # two clients look back from slightly different moments


class Acknowledged:
    """Tails the journal; `before(moment)` is what had been read of it by then, so never more than was acknowledged."""

    def __init__(self, journal: Path | None) -> None:
        self._journal, self._at, self._rest = journal, 0, b""
        self._next: dict[int, int] = {}
        self._past: deque[tuple[float, dict[int, int]]] = deque([(0.0, {})])
        self._lock = threading.Lock()

    def look(self) -> None:
        if self._journal is None or not self._journal.exists():
            return
        with self._lock, self._journal.open("rb") as journal:
            journal.seek(self._at)
            chunk = journal.read()
            self._at += len(chunk)
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                entry = json.loads(line) if b'"ok"' in line else {}
                if entry.get("phase") == "ok":
                    partition = int(entry["partition"])
                    self._next[partition] = max(self._next.get(partition, 0), int(entry["position"]) + 1)
            self._past.append((time.monotonic(), dict(self._next)))

    def before(self, moment: float) -> dict[int, int]:
        with self._lock:
            while len(self._past) > 1 and self._past[1][0] <= moment - KEPT_S:
                self._past.popleft()
            return dict(next(known for at, known in reversed(self._past) if at <= moment or known is self._past[0][1]))


class Prober:
    """Two clients, each going through all URLs; an answer that does not come is counted, not hidden."""

    def __init__(self, base: str, urls: list[str], out: TextIO, acknowledged: Acknowledged, slo_s: float) -> None:
        self._base, self._urls, self._out, self._acked, self._slo_s = base, urls, out, acknowledged, slo_s
        self._stop, self._lock = threading.Event(), threading.Lock()
        self.answers = self.unanswered = 0
        self._threads = [threading.Thread(target=self._run, args=(f"client-{n}",), daemon=True) for n in (1, 2)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def wait(self, seconds: float) -> bool:
        """True when it was stopped meanwhile."""
        return self._stop.wait(seconds)

    def _run(self, client: str) -> None:
        while not self._stop.is_set():
            for url in self._urls:
                self._acked.look()
                self._one(client, url)
                if self._stop.wait(0.1):
                    return

    def _one(self, client: str, url: str) -> None:
        must, asked = self._acked.before(time.monotonic() - self._slo_s), time.time()
        try:
            with urllib.request.urlopen(self._base + url, timeout=20) as reply:
                body: Any = json.loads(reply.read())
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            with self._lock:
                self.unanswered += 1
            return
        line = {"url": url, "client": client, "asked": asked, "received": time.time(), "acked": must, "body": body}
        with self._lock:
            self.answers += 1
            self._out.write(json.dumps(line) + "\n")
            self._out.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--url", action="append", required=True)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--slo", type=float, default=60.0)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    with given.out.open("a") if given.out else sys.stdout as out:
        prober = Prober(given.base, given.url, out, Acknowledged(given.journal), given.slo)
        prober.start()
        if given.seconds is None:
            sys.stdin.read()
        else:
            prober.wait(given.seconds)
        prober.stop()
    print(json.dumps({"answers": prober.answers, "unanswered": prober.unanswered}), file=sys.stderr)


if __name__ == "__main__":
    main()
