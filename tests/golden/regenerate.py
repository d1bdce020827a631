"""Write every expect.json from the reference semantics, and every golden rendering; a person reviews what it changes.

python tests/golden/regenerate.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.golden import renderings
from tests.golden.cases import HERE, PRODUCTS, contract, record
from tideline.adapters.json_events import EventDecoder, payload_hash
from tideline.adapters.sketches import HllSketches
from tideline.model import reference
from tideline.model.contract import Contract
from tideline.ports import LogRecord


def expectation(promise: Contract, records: list[LogRecord]) -> dict[str, Any]:
    sketches = HllSketches()
    outcome = reference.judge(promise, reference.judged(EventDecoder(promise).decode, payload_hash, records))
    views = {
        view.name: reference.rows(promise, view, reference.fold(promise, view, outcome.good, sketches), sketches)
        for view in promise.views
    }
    return {
        "counts": {str(partition): counts for partition, counts in sorted(outcome.counts.items())},
        "quarantine": [
            {"partition": partition, "position": position, "reason": reason}
            for partition, position, reason in sorted(outcome.quarantined)
        ],
        "views": views,
    }


def main() -> None:
    for given in (found for product in PRODUCTS for found in sorted(HERE.glob(f"{product}/*/given.jsonl"))):
        records = [record(json.loads(line)) for line in given.read_text(encoding="utf-8").splitlines()]
        expected = expectation(contract(given.parents[1].name), records)
        text = json.dumps(expected, indent=1, ensure_ascii=False) + "\n"
        (given.parent / "expect.json").write_text(text, encoding="utf-8")
    renderings.write()


if __name__ == "__main__":
    main()
