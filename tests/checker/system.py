"""A small honest system of the real parts in one process, for testing the checker: real speed worker, real serving
state, a log in memory, and a batch layer that is the platform's reference. Each seed is one schedule of events,
ticks, epochs, worker deaths and releases; after each step two clients ask, and every answer goes to the checker.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from serving_layer.answer import compute, present_rows
from serving_layer.contract_state import ContractState, LoadedRelease
from serving_layer.query import read_query
from speed_layer.worker import Worker, increments_topic
from tests.checker.oracle import Checker
from tests.checker.promise import Contract as Promise
from tests.fakes.speed_world import PARTITIONS, Groups, World
from tideline.adapters.odcs import read_contract
from tideline.settings import REPOSITORY

CONTRACT = REPOSITORY / "contracts" / "retail" / "sales.odcs.yaml"
QUERIES = ("", "dimensions=", "dimensions=country", "consistency=batch", "country.in=France,Spain&limit=10000")
CLIENTS = {"one": QUERIES, "two": QUERIES[:1]}


class System(World):
    """One seeded run; `violations` counts what the checker said, by kind."""

    def __init__(self, seed: int, folder: Path) -> None:
        sales = read_contract(CONTRACT)
        super().__init__(folder / "state", sales.model_copy(update={"stream": sales.stream.model_copy(
            update={"partitions": PARTITIONS})}))  # fmt: skip
        self.rng = random.Random(seed)
        self.checker = Checker(Promise(CONTRACT))
        self.serving = ContractState(self.contract, self.sketches)
        self.running: Worker | None = None
        self.violations: Counter[str] = Counter()
        self.compared = 0
        self.served: dict[int, int] = {}
        self.boundaries: list[dict[int, int]] = []
        self._followed = dict.fromkeys(range(PARTITIONS), 0)
        self._sent: list[tuple[str, bytes]] = []

    def run(self, steps: int = 32) -> Counter[str]:
        """A schedule that has every kind of step, then rest."""
        self.start()
        for step in range(steps):
            self.send(self.rng.randrange(1, 9))
            if step % 2:
                self.tick(epoch_end=step % 4 == 3)
            if step % 8 == 7:
                self.release_what_is_closed()
            if step % 13 == 12:
                self.start()
            self.ask_all()
        self.tick(epoch_end=True)
        self.ask_all()
        return self.violations

    def send(self, count: int) -> None:
        """Sales of summer and winter, repeats, conflicts, broken ones; the checker learns of each what the log says."""
        for _ in range(count):
            if self._sent and self.rng.random() < 0.25:
                key, value = self.rng.choice(self._sent)
                value = value if self.rng.random() < 0.8 else value.replace(b'"quantity": ', b'"quantity": 1')
            else:
                key, value = self._sale(len(self._sent))
            self._sent.append((key, value))
            self.log_ms += self.step_ms
            record = self.log.append(self.topic, value, key=key.encode())
            self.checker.add(record.partition, record.position, record.key, record.value, record.log_time_ms)

    def _sale(self, number: int) -> tuple[str, bytes]:
        rng, key = self.rng, f"e{number}"
        if rng.random() < 0.08:
            return key, rng.choice([b"{", b"[]", b'{"event_id": 1}'])
        month, hour = rng.choice([1, 7]), rng.choice([0, 9, 23])
        sale = {
            "event_id": key, "invoice_no": f"{rng.choice(['', 'C'])}{number}", "stock_code": f"S{rng.randrange(4)}",
            "quantity": rng.choice([-2, 0, 3, 7]), "unit_price": f"{rng.randrange(-1, 9)}.{rng.randrange(1000):03d}",
            "invoice_ts": f"2011-{month:02d}-0{rng.randrange(1, 4)}T{hour:02d}:30:00",
            "customer_id": rng.choice([None, "a", "b", "c"]), "country": rng.choice(["France", "Spain", "Eire"]),
        }  # fmt: skip
        return key, json.dumps(sale).encode()

    def start(self) -> None:
        """A worker begins; the one before it was killed and never heard of again."""
        self.running = self.worker(epoch_s=1_000.0)
        self.running.start()

    def tick(self, *, epoch_end: bool) -> None:
        assert self.running is not None
        self.now += 1_001.0 if epoch_end else 1.0
        self.running.tick()
        self.follow()
        self.served = self.log_ends()
        if epoch_end:
            self.boundaries.append(self.served)

    def follow(self) -> None:
        """Serving reads the increments topic to its end."""
        reader = self.log.reader(increments_topic(self.contract.id), self._followed)
        for record in reader.poll(0, 1_000_000):
            self.serving.apply(record)
        self._followed = {partition: reader.position(partition) for partition in self._followed}
        self.serving.settle()
        self.serving.publish()

    def release_what_is_closed(self) -> None:
        """Batch: everything up to the last epoch but one becomes a release that serving adopts; speed has the rest."""
        cut = self.cut()
        release = self.publish(cut)
        self.serving.offer_release(
            LoadedRelease(release, {v.name: self.gold(v.name, cut) for v in self.contract.views})
        )
        self.serving.publish()

    def cut(self) -> dict[int, int]:
        return dict(self.boundaries[-2])

    def gold(self, view: str, cut: dict[int, int]) -> Groups:
        """What batch built for a release."""
        return self.reference(view, cut)

    def ask_all(self) -> None:
        for client, queries in CLIENTS.items():
            for view in self.contract.views:
                for query in queries:
                    if "country" not in query or view.dimensions[0].name == "country":
                        self.judge(client, f"/v1/{self.contract.domain}/{view.name}?{query}")

    def judge(self, client: str, url: str) -> None:
        message = {"url": url, "body": self.ask(url), "client": client, "acked": dict(self.served)}
        self.compared += 1
        self.violations.update(violation["kind"] for violation in self.checker.check(message))

    def ask(self, url: str) -> dict[str, Any]:
        """An answer as it goes over the wire."""
        name, _, query_string = url.rpartition("/")[2].partition("?")
        state = self.serving.views[name]
        query = read_query(self.contract, state.view, query_string.encode())
        result = compute(state, state.snapshot, query)
        rows = present_rows(state, result, 0, query.limit, self.sketches)
        more = "more" if len(result.rows) > query.limit else None
        body: dict[str, Any] = json.loads(orjson.dumps({"data": rows, "meta": {**result.meta, "next_cursor": more}}))
        return body
