"""Events per CPU-second of the speed layer's decode, deduplicate and fold, against a plain dict fold in the same run.

Run: python bench/speed_fold.py [EVENTS]. The peer decodes with the standard library's json, keeps a set of ids and adds
into dicts; it computes sums, counts and the maximum only, no sketches, no latest, no validation: it is the lighter job.
"""

from __future__ import annotations

import json
import random
import sys
import time
from decimal import Decimal
from pathlib import Path

from speed_layer.dedup import FirstPositions
from speed_layer.fold import Fold
from speed_layer.judge import Judge
from tideline.adapters.json_events import EventDecoder
from tideline.adapters.sketches import HllSketches
from tideline.index import load_index
from tideline.model.contract import Contract
from tideline.ports import LogRecord

INDEX = Path(__file__).resolve().parents[1] / "dags" / "_generated" / "index.json"


def records(count: int) -> list[LogRecord]:
    rng = random.Random(7)
    made = []
    for position in range(count):
        event_id = f"e{position if rng.random() > 0.01 else rng.randrange(position + 1)}"
        event = {
            "event_id": event_id, "invoice_no": str(position // 10), "stock_code": f"S{rng.randrange(3000)}",
            "quantity": rng.randrange(1, 50),
            "invoice_ts": f"2011-01-{1 + position % 28:02d}T{position % 24:02d}:10:00",
            "unit_price": f"{rng.randrange(1, 9999) / 1000:.3f}", "customer_id": str(rng.randrange(4000)),
            "country": f"C{rng.randrange(38)}", "description": "A THING",
        }  # fmt: skip
        made.append(LogRecord(0, position, position, event_id.encode(), json.dumps(event).encode()))
    return made


def speed(contract: Contract, events: list[LogRecord], batch: int) -> float:
    judge, fold = Judge(EventDecoder(contract), contract.deduplication.key), Fold(contract, HllSketches())
    memory, begun = FirstPositions(604_800_000, 0), time.process_time()
    for at in range(0, len(events), batch):
        judged = judge.judge(events[at : at + batch], memory)
        memory.passed(at + batch)
        frame = fold.frame(judged.rows, [0] * len(judged.rows), judged.positions)
        for view in contract.views:
            fold.groups(view.name, frame, {0: 0})
    return len(events) / (time.process_time() - begun)


def plain(events: list[LogRecord], batch: int) -> float:
    seen: set[str] = set()
    begun = time.process_time()
    for at in range(0, len(events), batch):
        countries: dict[tuple[str, str], list[Decimal]] = {}
        products: dict[tuple[str, str], list[Decimal]] = {}
        for record in events[at : at + batch]:
            event = json.loads(record.value or b"", parse_float=Decimal)
            if event["event_id"] in seen:
                continue
            seen.add(event["event_id"])
            price, quantity = Decimal(event["unit_price"]), Decimal(event["quantity"])
            for groups, key in (
                (countries, (event["country"], event["invoice_ts"][:10])),
                (products, (event["stock_code"], event["invoice_ts"][:13])),
            ):
                group = groups.setdefault(key, [Decimal(0)] * 4)
                group[0] += price * quantity
                group[1] += quantity
                group[2] += 1
                group[3] = max(group[3], price)
    return len(events) / (time.process_time() - begun)


def main() -> None:
    events = records(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
    contract = load_index(INDEX)["retail.sales"]
    for batch in (400, 4_000, 20_000):
        ours, peer = speed(contract, events, batch), plain(events, batch)
        print(
            f"batch {batch:6,}: speed layer {ours:9,.0f} events/CPU-s, dict fold {peer:9,.0f}, ratio {ours / peer:.2f}"
        )


if __name__ == "__main__":
    main()
