"""The independent ledger: what every answer must be, computed one event at a time in plain Python with Decimal.

It shares no code with the product: it reads the contract's YAML, the replayer's journal (and the topic itself when a
broker is named, for sends whose outcome is unknown) and says for each answer what is wrong with it. Nothing else.

    python -m tests.checker.oracle --contract C.odcs.yaml --journal J.jsonl [--bootstrap HOST:PORT] --answers FILE|-

Input lines: {"url", "body", "client"?, "acked"?: {partition: position}}, {"cmd": "totals", "vector": {...}}, or, when
nothing is sent any more, {"cmd": "settled", "vector": {...}}.
Output: one JSON line per input line, in order: {"violations": [{"kind", ...}]} or the totals; a summary on stderr.
Kinds: wrong_value, missing_group, invented_group, regress, lost_ack, dishonest_complete, wrong_shape,
unknown_positions, lost_event, invented_event. Exit code 1 when there was any.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import operator
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.checker.promise import Contract, inside
from tests.checker.sources import JournalTail, Topic

Group = tuple[Any, ...]
SKETCH_ERRORS = 4 * 1.04 / 2**6  # four standard errors of a sketch with 2**12 registers
SKETCH_EXACT = 16  # up to here a sketch keeps every value


class Truth:
    """All views folded up to one vector; it only moves forward, one record at a time."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.next: dict[int, int] = {}
        self.groups: dict[str, dict[Group, list[Any]]] = {name: {} for name in contract.views}
        self.counters: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.seen: dict[tuple[int, str], tuple[int, bytes]] = {}

    def forward(
        self, records: dict[int, dict[int, tuple[Any, ...]]], vector: dict[int, int], read: dict[int, int]
    ) -> list[str]:
        """Fold up to the vector, or not at all: then the positions are told that nobody knows anything about.

        `read` says how far the log itself was read: what is missing below that are control records, not events.
        """
        unknown = [
            f"{partition}:{position}"
            for partition, end in vector.items()
            for position in range(max(self.next.get(partition, 0), read.get(partition, 0)), end)
            if position not in records.get(partition, {})
        ]
        if unknown:
            return unknown
        for partition, end in vector.items():
            held = records.get(partition, {})
            for position in range(self.next.get(partition, 0), end):
                if position in held:
                    self._add(partition, position, *held[position])
            self.next[partition] = max(end, self.next.get(partition, 0))
        return []

    def sums(self) -> dict[str, dict[str, str]]:
        """Each view's sums over all of its groups, as exact texts."""
        found: dict[str, dict[str, str]] = {}
        for name, view in self.contract.views.items():
            for at, measure in enumerate(view["measures"]):
                if measure["kind"] == "sum":
                    total = sum((states[at] for states in self.groups[name].values()), start=Decimal(0))
                    found.setdefault(name, {})[measure["name"]] = f"{total + 0:.{measure['digits']}f}"
        return found

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
            group = tuple(_dimension(inside(row, d["column"]), d.get("grain")) for d in view["dimensions"])
            states = self.groups[name].setdefault(group, [_zero(m["kind"]) for m in view["measures"]])
            for index, measure in enumerate(view["measures"]):
                value = measure["of"](row)
                if value is not None:
                    states[index] = _add(measure["kind"], states[index], value, order)


def _dimension(value: Any, grain: str | None) -> Any:
    """As it is shown: days and hours of UTC, dates as text."""
    if value is None:
        return None
    if grain == "hour":
        return value.strftime("%Y-%m-%dT%H:00:00Z")
    return value.strftime("%Y-%m-%d") if isinstance(value, date) else value


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
        return state | {value} if value != "" and value not in state else state  # an empty text counts nothing
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


def _fits(measure: dict[str, Any], state: Any, shown: Any) -> bool:
    """Whether the shown measure is what the exact state says; decimals are texts with exactly their digits."""
    kind, digits = measure["kind"], measure["digits"]
    if isinstance(shown, float):
        return False
    if kind == "approx_distinct":
        exact = len(state)
        near = max(exact * SKETCH_ERRORS, 1) if exact > SKETCH_EXACT else 0
        return type(shown) is int and abs(shown - exact) <= near
    if kind == "avg":
        if not state[1]:
            return shown is None
        return bool(shown == _average(state[0], state[1]))
    if kind == "latest" and state is not None:
        state = state[1]
    if state is not None and digits:
        return bool(shown == f"{state + 0:.{digits}f}")
    state = int(state) if isinstance(state, Decimal) else state
    return type(shown) is type(state) and bool(shown == state)


def _average(total: Any, count: int) -> str:
    """Rounded once, half away from zero, to six digits."""
    whole = int(abs(Fraction(total)) / count * 10**6 + Fraction(1, 2))
    return f"{Decimal(-whole if total < 0 else whole).scaleb(-6) + 0:.6f}"


class Checker:
    """Holds the records and judges answers; remembers what each client saw."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.records: dict[int, dict[int, tuple[Any, ...]]] = {}
        self._states: list[Truth] = []
        self._clients: dict[tuple[str, str], dict[int, int]] = {}
        self.read: dict[int, int] = {}

    def add(self, partition: int, position: int, key: bytes | None, raw: bytes | None, at_ms: int = 0) -> None:
        self.records.setdefault(partition, {})[position] = (key, raw, at_ms)

    def truth(self, vector: dict[int, int]) -> tuple[Truth, list[str]]:
        """The state at exactly this vector: the nearest one that is not past it moves on, else a new one starts."""
        usable = [s for s in self._states if all(n <= vector.get(p, 0) for p, n in s.next.items())]
        state = max(usable, key=lambda s: sum(s.next.values()), default=None)
        if state is None:
            state = Truth(self.contract)
            self._states = [*self._states[-2:], state]
        return state, state.forward(self.records, vector, self.read)

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
        client = (str(answer.get("client", "0")), f"{meta['view']} {meta['consistency']}")
        before = self._clients.get(client, {})
        for partition, position in before.items():
            if merged.get(partition, 0) < position:
                yield {"kind": "regress", "partition": partition, "from": position, "to": merged.get(partition, 0)}
        self._clients[client] = merged
        must = {} if meta["consistency"] == "batch" else answer.get("acked", {})
        for partition, position in must.items():
            if merged.get(int(partition), 0) < position:
                yield {
                    "kind": "lost_ack",
                    "partition": partition,
                    "acked": position,
                    "shown": merged.get(int(partition), 0),
                }
        if bool(meta["lacks"]) == meta["complete"]:
            yield {"kind": "dishonest_complete", "complete": meta["complete"], "lacks": len(meta["lacks"])}
        for partition, position in meta["coverage"]["batch"].items():
            if merged.get(int(partition), 0) < position:
                yield {"kind": "dishonest_complete", "partition": partition, "batch": position}

    def _rows(self, name: str, query: dict[str, str], body: dict[str, Any], truth: Truth) -> Iterator[dict[str, Any]]:
        view = self.contract.views[name]
        names = [dimension["name"] for dimension in view["dimensions"]]
        kept = [d for d in query.get("dimensions", ",".join(names)).split(",") if d]
        expected = _rolled_up(view, truth.groups[name], names, [d for d in names if d in kept], query)
        shown = [tuple(row.get(d) for d in names if d in kept) for row in body["data"]]
        if len(set(shown)) != len(shown) or shown != sorted(shown, key=_order):
            yield {"kind": "wrong_shape", "view": name, "detail": "rows repeat or are not ordered"}
        for group in _page(sorted(expected, key=_order), set(shown), query, body["meta"].get("next_cursor")):
            if group not in shown:
                yield {"kind": "missing_group", "view": name, "group": list(group)}
        for group, row in zip(shown, body["data"], strict=True):
            if group not in expected:
                yield {"kind": "invented_group", "view": name, "group": list(group)}
                continue
            for measure, state in zip(view["measures"], expected[group], strict=True):
                value = row.get(measure["name"], "absent")
                if not _fits(measure, state, value):
                    detail = {"shown": str(value)[:60], "truth": str(state)[:60]}
                    place = {"view": name, "group": list(group), "measure": measure["name"]}
                    yield {"kind": "wrong_value", **place, **detail}


def _rolled_up(
    view: dict[str, Any], groups: dict[Group, list[Any]], names: list[str], kept: list[str], query: dict[str, str]
) -> dict[Group, list[Any]]:
    kinds = [measure["kind"] for measure in view["measures"]]
    found: dict[Group, list[Any]] = {} if kept else {(): [_zero(kind) for kind in kinds]}
    for group, states in groups.items():
        named = dict(zip(names, group, strict=True))
        if _selected(named, names, query):
            short = tuple(named[d] for d in kept)
            old = found.get(short, [_zero(kind) for kind in kinds])
            found[short] = [_merge(*three) for three in zip(kinds, old, states, strict=True)]
    return found


def _order(group: Group) -> list[tuple[bool, Any]]:
    return [(value is not None, value) for value in group]


def _page(expected: list[Group], shown: set[Group], query: dict[str, str], more: Any) -> list[Group]:
    """The groups that have to stand on this page: all of them, or an unbroken stretch where it is one of several."""
    start = next((i for i, group in enumerate(expected) if group in shown), 0) if "cursor" in query else 0
    return expected[start : start + int(query.get("limit", 1000)) if more else None]


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
            asked = [_like(value, text) for text in (wanted.split(",") if op == "in" else [wanted])]
            if not (value in asked if op == "in" else compare[op or "eq"](value, asked[0])):
                return False
    return True


def _like(value: Any, text: str) -> Any:
    """The text of a filter as a value of the same kind."""
    if isinstance(value, bool):
        return text == "true"
    return int(text) if isinstance(value, int) else text


def answered(checker: Checker, tail: JournalTail | None, message: dict[str, Any]) -> dict[str, Any]:
    """The line of output for one line of input."""
    vector = {int(p): n for p, n in message.get("vector", {}).items()}
    if message.get("cmd") == "totals":
        truth, unknown = checker.truth(vector)
        reasons = {reason: count for reason, count in sorted(truth.reasons.items()) if count}
        return {**truth.counters, "reasons": reasons, "sums": truth.sums(), "unknown": len(unknown)}
    if message.get("cmd") == "settled":
        return {"violations": list(tail.settled(checker, vector))[:20] if tail else []}
    try:
        return {"violations": checker.check(message)[:20]}
    except (KeyError, TypeError, ValueError) as error:
        return {"violations": [{"kind": "wrong_shape", "detail": f"{type(error).__name__}: {error}"}]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contract", type=Path, required=True)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--bootstrap")
    parser.add_argument("--answers", default="-")
    options = parser.parse_args()
    checker = Checker(Contract(options.contract))
    tail = JournalTail(options.journal) if options.journal else None
    topic = Topic(checker.contract.topic, options.bootstrap) if options.bootstrap else None
    kinds: Counter[str] = Counter()
    with localcontext(prec=200):
        for line in sys.stdin if options.answers == "-" else Path(options.answers).read_text().splitlines():
            for source in (topic, tail):
                if source:
                    source.read_into(checker)
            reply = answered(checker, tail, json.loads(line))
            kinds.update(["compared"] if "violations" in reply else [])
            kinds.update(violation["kind"] for violation in reply.get("violations", ()))
            print(json.dumps(reply), flush=True)
    compared = kinds.pop("compared", 0)
    print(json.dumps({"compared": compared, "violations": dict(kinds)}), file=sys.stderr)
    sys.exit(1 if kinds else 0)


if __name__ == "__main__":
    main()
