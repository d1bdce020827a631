"""Asks the API all the time while the demo works, and has every answer judged by the ledger."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from tideline.local.ledger import Ledger
from tideline.model.errors import Retriable

Acked = Callable[[], Mapping[int, int]]


def ask(url: str, timeout_s: float = 20.0) -> dict[str, Any]:
    """One answer of the serving layer; raises Retriable while it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as reply:  # noqa: S310 - own loopback URL
            answer: dict[str, Any] = json.loads(reply.read())
            return answer
    except urllib.error.HTTPError as error:
        raise Retriable("TL-DEMO-003", f"answered {error.code}: {error.read(300)!r}", where=url) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise Retriable("TL-DEMO-003", f"no answer: {error}", where=url, fix="tideline logs serving") from error


class Probes:
    """A thread that asks each URL in turn; an answer is judged once the journal holds all that it covers.

    `known` gives, per partition, up to which position the journal is complete.
    """

    def __init__(
        self, urls: list[str], ledger: Ledger, known: Acked, every_s: float = 0.5, client: str = "probe"
    ) -> None:
        self._urls, self._ledger, self._known, self._every_s = urls, ledger, known, every_s
        self._client = client
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.unanswered = 0
        self.speed_answers = 0
        self.batch_answers = 0
        self.incomplete = 0
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End, judge what still waits, and raise what the thread met."""
        self._stop.set()
        self._thread.join(60)
        self._judge(everything=True)
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for url in self._urls:
                    self._one(url)
                self._judge()
                self._stop.wait(self._every_s)
        except Exception as error:  # noqa: BLE001 - handed to the caller of stop(), which raises it
            self.failure = error

    def _one(self, url: str) -> None:
        try:
            body = ask(url)
        except Retriable:
            self.unanswered += 1
            return
        meta = body["meta"]
        self.incomplete += not meta["complete"]
        self.speed_answers += meta["parts"]["speed_rows"] > 0
        self.batch_answers += meta["parts"]["batch_rows"] > 0
        with self._lock:
            self._waiting.append({"url": url, "body": body, "client": self._client})

    def _judge(self, *, everything: bool = False) -> None:
        deadline = time.monotonic() + 30
        while True:
            known = self._known()
            with self._lock:
                ready = [a for a in self._waiting if _covered(a, known)]
                self._waiting = [a for a in self._waiting if not _covered(a, known)]
            for answer in ready:
                self._ledger.compare(answer)
            if not everything or not self._waiting or time.monotonic() > deadline:
                return
            self._stop.wait(0.1)


def _covered(answer: Mapping[str, Any], known: Mapping[int, int]) -> bool:
    merged = answer["body"]["meta"]["coverage"]["merged"]
    return all(known.get(int(partition), 0) >= position for partition, position in merged.items())
