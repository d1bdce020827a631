"""The real sales lines of the UCI data set "Online Retail" as events: one event per line, its text kept exactly."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from tideline.local.journal import PlannedEvent
from tideline.model.errors import Fatal

# column of the file -> field of the event
COLUMNS = {
    "InvoiceNo": "invoice_no",
    "StockCode": "stock_code",
    "Description": "description",
    "Quantity": "quantity",
    "InvoiceDate": "invoice_ts",
    "UnitPrice": "unit_price",
    "CustomerID": "customer_id",
    "Country": "country",
}


def events(folder: Path) -> Iterator[PlannedEvent]:
    """All lines of `*.csv.gz` in the order of file names.

    Ids are made of file name and line number, so that a second reading gives the same ones.
    """
    files = sorted(folder.glob("*.csv.gz"))
    if not files:
        raise Fatal("TL-REP-002", "no *.csv.gz files", where=str(folder), fix="give the folder of the data set")
    return (event for file in files for event in _lines(file))


def _lines(path: Path) -> Iterator[PlannedEvent]:
    month = path.name.removesuffix(".csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if set(rows.fieldnames or ()) != set(COLUMNS):
            raise Fatal("TL-REP-003", f"the columns have to be {', '.join(COLUMNS)}", where=f"{path}:1")
        for number, row in enumerate(rows, 1):
            event_id = f"or-{month}-{number:06d}"
            yield PlannedEvent("sale", event_id, json.dumps(_event(event_id, row), ensure_ascii=False).encode())


def _event(event_id: str, row: dict[str, str]) -> dict[str, str | int]:
    event: dict[str, str | int] = {"event_id": event_id}
    event.update({field: row[column] for column, field in COLUMNS.items() if row[column] != ""})
    event["quantity"] = int(row["Quantity"])
    event["invoice_ts"] = row["InvoiceDate"].replace(" ", "T", 1)
    if "customer_id" in event:
        event["customer_id"] = row["CustomerID"].removesuffix(".0")
    return event
