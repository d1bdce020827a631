"""The golden cases: one given log and what must come of it, the same for Spark, the speed layer and serving.

`tests/golden/PRODUCT/CASE/given.jsonl` has one record per line, in the order of arrival:
`{"partition", "position", "log_time_ms", "key", "value"}`, text as UTF-8, or `value_b64` for bytes that are no text; a
key or value that is null is absent. `expect.json` has `counts` (partition -> in, good, quarantined, deduplicated),
`quarantine` (partition, position, reason; by partition and position) and `views` (view -> rows as the API shows them,
all dimensions, ordered by them, null first). Approximate counts are given as their estimate.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tideline.adapters.odcs import read_contract
from tideline.model.contract import Contract
from tideline.ports import LogRecord

HERE = Path(__file__).parent
PRODUCTS = ("retail_sales", "shop_orders")
FOLDERS = (HERE.parents[1] / "contracts", HERE / "contracts")


@dataclass(frozen=True)
class Case:
    """One given log with its expectation."""

    product: str
    name: str
    records: tuple[LogRecord, ...]
    expect: dict[str, Any]

    def __str__(self) -> str:
        return self.name if self.product == PRODUCTS[0] else f"{self.product}-{self.name}"


def cases(*products: str) -> list[Case]:
    """All cases of these products, or of all, by name; for `pytest.mark.parametrize(..., cases(), ids=str)`."""
    folders = [folder for product in products or PRODUCTS for folder in sorted((HERE / product).iterdir())]
    return [case(folder) for folder in folders if (folder / "given.jsonl").exists()]


def case(folder: Path) -> Case:
    lines = (folder / "given.jsonl").read_text(encoding="utf-8").splitlines()
    expect = json.loads((folder / "expect.json").read_text(encoding="utf-8"))
    return Case(folder.parent.name, folder.name, tuple(record(json.loads(line)) for line in lines), expect)


def record(line: dict[str, Any]) -> LogRecord:
    if "value_b64" in line:
        value = base64.b64decode(line["value_b64"])
    else:
        value = None if line["value"] is None else line["value"].encode()
    key = None if line["key"] is None else line["key"].encode()
    return LogRecord(line["partition"], line["position"], line["log_time_ms"], key, value)


def source(product: str) -> Path:
    """The contract file of a product: one of the project's, or one that exists for these cases."""
    place = Path(*product.split("_", 1)).with_suffix(".odcs.yaml")
    return next(folder / place for folder in FOLDERS if (folder / place).exists())


@cache
def contract(product: str = "retail_sales") -> Contract:
    """The contract of a product, read from its file as everybody does."""
    return read_contract(source(product))
