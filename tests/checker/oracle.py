"""The independent ledger: what every answer must be, computed one event at a time in plain Python with Decimal.

It shares no code with the product: it reads the contract's YAML, the replayer's journal (and the topic itself when a
broker is named, for sends whose outcome is unknown) and says for each answer what is wrong with it. Nothing else.

    python -m tests.checker.oracle --contract C.odcs.yaml --journal J.jsonl [--bootstrap HOST:PORT] --answers FILE|-

Input lines: {"url", "body", "client"?, "acked"?: {partition: position}} or {"cmd": "totals", "vector": {...}}.
Output: one JSON line per input line, in order: {"violations": [{"kind", ...}]} or the totals; a summary on stderr.
Kinds: wrong_value, missing_group, invented_group, regress, lost_ack, dishonest_complete, wrong_shape,
unknown_positions.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import operator
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.checker.promise import Contract

Group = tuple[Any, ...]


class Truth:
    """All views folded up to one vector; it only moves forward, one record at a time."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.next: dict[int, int] = {}
        self.groups: dict[str, dict[Group, list[Any]]] = {name: {} for name in contract.views}
        self.counters: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.seen: dict[tuple[int, str], tuple[int, bytes]] = {}

    def forward(self, records: dict[int, dict[int, tuple[Any, ...]]], vector: dict[int, int]) -> list[str]:
        """Fold up to the vector; returns the positions that nobody knows anything about."""
        unknown = []
        for partition, end in vector.items():
            held = records.get(partition, {})
            for position in range(self.next.get(partition, 0), end):
                if position in held:
                    self._add(partition, position, *held[position])
                else:
                    unknown.append(f"{partition}:{position}")
            self.next[partition] = max(end, self.next.get(partition, 0))
        return unknown

    def _add(self, partition: int, position: int, key: bytes | None, raw: bytes | None, at_ms: int) -> None:
        self.counters["in"] += 1
        row = self.contract.read(key, raw)
        if isinstance(row, str):
            self.counters["quarantined"] += 1
            self.reasons[row] += 1
            return
        identity, print_ = (partition, row[self.contract.key]), hashlib.sha256(raw or b"").digest()
        first = self.seen.get(identity)
        if first is not None and first[0] >= at_ms - self.contract.horizon_ms:
            same = first[1] == print_
            self.counters["deduplicated" if same else "quarantined"] += 1
            self.reasons["id_conflict"] += not same
            return
        self.seen[identity] = (at_ms, print_)
        self.counters["good"] += 1
        order = (row[self.contract.time], partition, position)
        for name, view in self.contract.views.items():
            group = tuple(_dimension(row[d["column"]], d.get("grain")) for d in view["dimensions"])
            states = self.groups[name].setdefault(group, [_zero(m["kind"]) for m in view["measures"]])
            for index, measure in enumerate(view["measures"]):
                value = measure["of"](row)
                if value is not None:
                    states[index] = _add(measure["kind"], states[index], value, order)


def _dimension(value: Any, grain: str | None) -> Any:
    if grain == "day":
        return value.strftime("%Y-%m-%d")
    return value.strftime("%Y-%m-%dT%H:00:00Z") if grain == "hour" else value


def _zero(kind: str) -> Any:
    return {"count": 0, "sum": 0, "avg": (0, 0), "approx_distinct": frozenset()}.get(kind)


def _add(kind: str, state: Any, value: Any, order: tuple[Any, ...]) -> Any:
    if kind == "count":
        return state + 1
    if kind == "avg":
        return state[0] + value, state[1] + 1
    if kind == "sum":
        return state + value
    if kind == "approx_distinct":
        return state | {value} if value not in state else state
    if kind == "latest":
        return max(filter(None, (state, (order, value))), key=lambda pair: pair[0])
    return value if state is None else (min if kind == "min" else max)(state, value)


def _merge(kind: str, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    if kind in ("count", "sum"):
        return a + b
    if kind == "avg":
        return a[0] + b[0], a[1] + b[1]
    if kind == "approx_distinct":
        return a | b
    return max(a, b, key=lambda pair: pair[0]) if kind == "latest" else (min if kind == "min" else max)(a, b)


def _fits(kind: str, state: Any, shown: Any) -> bool:
    """Whether the shown measure is what the exact state says; decimals must be texts, never JSON floats."""
    if isinstance(shown, float):
        return False
    if kind == "approx_distinct":
        exact = len(state)
        return isinstance(shown, int) and abs(shown - exact) <= max(exact * 4 * 0.0163, 0.5 if exact < 50 else 2)
    if kind == "avg":
        if not state[1]:
            return shown is None
        exact_average = Fraction(state[0]) / state[1]
        return isinstance(shown, str) and abs(Fraction(shown) - exact_average) <= Fraction(1, 2 * 10**6)
    if kind == "latest" and state is not None:
        state = state[1]
    if isinstance(state, Decimal):
        return isinstance(shown, str) and Decimal(shown) == state
    return bool(shown == state)


class Checker:
    """Holds the records and judges answers; remembers what each client saw."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.records: dict[int, dict[int, tuple[Any, ...]]] = {}
        self._states: list[Truth] = []
        self._clients: dict[tuple[str, str], dict[int, int]] = {}

    def add(self, partition: int, position: int, key: bytes | None, raw: bytes | None, at_ms: int = 0) -> None:
        self.records.setdefault(partition, {})[position] = (key, raw, at_ms)

    def truth(self, vector: dict[int, int]) -> tuple[Truth, list[str]]:
        """The state at exactly this vector: the nearest one that is not past it moves on, else a new one starts."""
        usable = [s for s in self._states if all(n <= vector.get(p, 0) for p, n in s.next.items())]
        state = max(usable, key=lambda s: sum(s.next.values()), default=None)
        if state is None:
            state = Truth(self.contract)
            self._states = [*self._states[-2:], state]
        return state, state.forward(self.records, vector)

    def check(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Every way in which one answer is wrong; an empty list means it is exactly right."""
        body, query = answer["body"], dict(parse_qsl(urlsplit(answer["url"]).query, keep_blank_values=True))
        meta = body["meta"]
        merged = {int(p): n for p, n in meta["coverage"]["merged"].items()}
        found = list(self._promises(answer, meta, merged))
        if not meta["complete"]:
            return found
        batch = {int(p): n for p, n in meta["coverage"]["batch"].items()}
        truth, unknown = self.truth(batch if meta["consistency"] == "batch" else merged)
        if unknown:
            return [*found, {"kind": "unknown_positions", "first": unknown[0], "count": len(unknown)}]
        return found + list(self._rows(meta["view"], query, body, truth))

    def _promises(
        self, answer: dict[str, Any], meta: dict[str, Any], merged: dict[int, int]
    ) -> Iterator[dict[str, Any]]:
        client = (str(answer.get("client", "0")), meta["view"])
        before = self._clients.get(client, {})
        for partition, position in before.items():
            if merged.get(partition, 0) < position:
                yield {"kind": "regress", "partition": partition, "from": position, "to": merged.get(partition, 0)}
        self._clients[client] = merged
        for partition, position in answer.get("acked", {}).items():
            if merged.get(int(partition), 0) < position:
                yield {
                    "kind": "lost_ack",
                    "partition": partition,
                    "acked": position,
                    "shown": merged.get(int(partition), 0),
                }
        if bool(meta["lacks"]) == meta["complete"]:
            yield {"kind": "dishonest_complete", "complete": meta["complete"], "lacks": len(meta["lacks"])}

    def _rows(self, name: str, query: dict[str, str], body: dict[str, Any], truth: Truth) -> Iterator[dict[str, Any]]:
        view = self.contract.views[name]
        names = [dimension["name"] for dimension in view["dimensions"]]
        kept = [d for d in query.get("dimensions", ",".join(names)).split(",") if d]
        expected: dict[Group, list[Any]] = {}
        for group, states in truth.groups[name].items():
            if _selected(dict(zip(names, group, strict=True)), names, query):
                short = tuple(value for d, value in zip(names, group, strict=True) if d in kept)
                old = expected.get(short)
                kinds = [measure["kind"] for measure in view["measures"]]
                expected[short] = states if old is None else [_merge(*t) for t in zip(kinds, old, states, strict=True)]
        shown = [tuple(row[d] for d in names if d in kept) for row in body["data"]]
        whole = "cursor" not in query and not body["meta"].get("next_cursor")
        if len(set(shown)) != len(shown) or shown != sorted(shown, key=lambda g: [(v is not None, v) for v in g]):
            yield {"kind": "wrong_shape", "detail": "rows repeat or are not ordered"}
        for group in expected.keys() - set(shown) if whole else ():
            yield {"kind": "missing_group", "view": name, "group": list(group)}
        for group, row in zip(shown, body["data"], strict=True):
            if group not in expected:
                yield {"kind": "invented_group", "view": name, "group": list(group)}
                continue
            for measure, state in zip(view["measures"], expected[group], strict=True):
                if not _fits(measure["kind"], state, row[measure["name"]]):
                    detail = {"shown": str(row[measure["name"]])[:60], "truth": str(state)[:60]}
                    yield {
                        "kind": "wrong_value",
                        "view": name,
                        "group": list(group),
                        "measure": measure["name"],
                        **detail,
                    }


def _selected(group: dict[str, Any], names: list[str], query: dict[str, str]) -> bool:
    compare = {
        "eq": operator.eq,
        "ne": operator.ne,
        "lt": operator.lt,
        "lte": operator.le,
        "gt": operator.gt,
        "gte": operator.ge,
    }
    for word, wanted in query.items():
        name, _, op = word.partition(".")
        if name in names:
            value = group[name]
            if value is None:
                return False
            if not (value in wanted.split(",") if op == "in" else compare[op or "eq"](value, wanted)):
                return False
    return True


class JournalTail:
    """Reads what the replayer wrote since the last look: intents wait until their position is known."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""
        self._intents: dict[int, tuple[bytes | None, bytes | None]] = {}

    def read_into(self, checker: Checker) -> None:
        with self._path.open("rb") as journal:
            journal.seek(self._at)
            chunk = journal.read()
            self._at += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in filter(None, lines):
            entry = json.loads(line)
            if entry["phase"] == "intent":
                key = None if entry["key"] is None else entry["key"].encode()
                raw = None if entry["value"] is None else base64.b64decode(entry["value"])
                self._intents[entry["n"]] = (key, raw)
            elif entry["phase"] == "ok":
                checker.add(entry["partition"], entry["position"], *self._intents.pop(entry["n"]))


def read_topic(checker: Checker, bootstrap: str) -> None:
    """Take every record of the topic as the broker has it: the only truth about sends without an answer."""
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    topic = checker.contract.topic
    parts = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(parts)
    begins, ends = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    for part in parts:
        consumer.seek(part, begins[part])
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while any(consumer.position(part) < ends[part] for part in parts):
        if datetime.now(UTC) > deadline:
            raise SystemExit("the topic could not be read to its end within 60 s")
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                checker.add(record.partition, record.offset, record.key, record.value, record.timestamp)
    consumer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--bootstrap")
    parser.add_argument("--answers", default="-")
    options = parser.parse_args()
    checker = Checker(Contract(options.contract))
    tail = JournalTail(options.journal) if options.journal else None
    if options.bootstrap:
        read_topic(checker, options.bootstrap)
    kinds: Counter[str] = Counter()
    compared = 0
    with localcontext(prec=200):
        for line in sys.stdin if options.answers == "-" else Path(options.answers).read_text().splitlines():
            if tail:
                tail.read_into(checker)
            message = json.loads(line, parse_float=float)
            if message.get("cmd") == "totals":
                truth, _ = checker.truth({int(p): n for p, n in message["vector"].items()})
                print(json.dumps({**truth.counters, "reasons": dict(truth.reasons)}), flush=True)
                continue
            violations = checker.check(message)
            compared += 1
            kinds.update(violation["kind"] for violation in violations)
            print(json.dumps({"violations": violations[:20]}), flush=True)
    print(json.dumps({"compared": compared, "violations": dict(kinds)}), file=sys.stderr)


if __name__ == "__main__":
    main()
