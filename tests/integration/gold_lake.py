"""A silver table of made-up sales that grows by batches, and the gold built from it: what tests of gold share."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from tideline import wiring
from tideline.adapters.odcs import read_contract
from tideline.adapters.sketches import HllSketches
from tideline.batch.commits import StageCommit
from tideline.batch.model import Gold, view_path
from tideline.model import reference
from tideline.model.contract import View
from tideline.model.measure import present
from tideline.model.position import Coverage, StreamId
from tideline.model.release import Release, ReleasedView, release_name
from tideline.settings import REPOSITORY, Settings

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

SALES = read_contract(REPOSITORY / "contracts/retail/sales.odcs.yaml")
COUNTRY, PRODUCT = SALES.views
STREAM = StreamId("retail.sales.v1", "one")
START = datetime(2011, 1, 4, 22, tzinfo=UTC)
SKETCHES = HllSketches()
Event = tuple[int, dict[str, object]]


def events(first: int, count: int) -> list[dict[str, object]]:
    """Lines of three countries over several days; every seventh cancels, every fifth has no customer."""
    return [
        {
            "event_id": f"e{i}", "invoice_no": f"{'C' if i % 7 == 0 else ''}{5000 + i // 3}", "stock_code": f"S{i % 5}",
            "description": None if i % 4 == 0 else f"name {i}", "quantity": -2 if i % 7 == 0 else 1 + i % 9,
            "invoice_ts": START + timedelta(minutes=(i * 53) % 7000), "unit_price": Decimal(i % 333) / 1000,
            "customer_id": None if i % 5 == 0 else str(10_000 + (i * 31) % 700), "country": f"Land {i % 3}",
            "is_cancellation": i % 7 == 0, "partition": i % 2, "position": i // 2,
            "log_time": START + timedelta(seconds=i), "payload_hash": b"x",
        }
        for i in range(first, first + count)
    ]  # fmt: skip


SCHEMA = pa.schema([
    ("event_id", pa.string()), ("invoice_no", pa.string()), ("stock_code", pa.string()), ("description", pa.string()),
    ("quantity", pa.int64()), ("invoice_ts", pa.timestamp("us", "UTC")), ("unit_price", pa.decimal128(12, 3)),
    ("customer_id", pa.string()), ("country", pa.string()), ("is_cancellation", pa.bool_()), ("partition", pa.int32()),
    ("position", pa.int64()), ("log_time", pa.timestamp("us", "UTC")), ("payload_hash", pa.binary()),
    ("batch", pa.int64()),
])  # fmt: skip


def empty_gold(session: SparkSession) -> None:
    """Make the shared server's catalog forget what other lakes registered as gold, whichever test ran before."""
    session.sql("create schema if not exists gold")
    for row in session.sql("show tables in gold").collect():
        session.sql(f"drop table if exists gold.{row.tableName}")


class Lake:
    """A silver table that grows by batches, and the gold that is built from it."""

    def __init__(self, settings: Settings) -> None:
        from pyspark.sql import SparkSession

        self.session = SparkSession.builder.remote(settings.spark_remote).create()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")
        empty_gold(self.session)
        self.tables, self.documents = wiring.tables(settings), wiring.documents(settings)
        self.settings, self.rows, self.batch, self.said = settings, [], 0, []
        self.gold = Gold(self.documents, self.tables, settings, self.said.append)

    def write(self, rows: list[dict[str, object]], stage: str = "refine") -> None:
        """Append a batch; a restate replaces everything that was there."""
        self.batch += 1
        self.rows = rows if stage == "restate" else self.rows + rows
        ends = {p: 1 + max(int(str(r["position"])) for r in self.rows if r["partition"] == p) for p in (0, 1)}
        said = StageCommit(stage, f"r{self.batch}", SALES.id, SALES.hash, self.batch, Coverage(STREAM, ends))
        table = pa.Table.from_pylist([{**row, "batch": self.batch} for row in rows], schema=SCHEMA)
        frame = self.session.createDataFrame(table)
        self.session.sql(f"set spark.databricks.delta.commitInfo.userMetadata={said.as_metadata()}")
        mode = "overwrite" if stage == "restate" else "append"
        frame.write.format("delta").mode(mode).save(str(self.settings.lake.folder / "silver/retail/sales"))

    def release(self, run_key: str, views: dict[str, int], number: int) -> None:
        silver = self.tables.last_commit("silver/retail/sales")
        assert silver is not None
        release = Release(
            number, SALES.id, SALES.version, SALES.hash, run_key, "2026-11-21T00:00:00Z",
            Coverage.from_json(silver.metadata["coverage"]), 0, silver.version, None,
            views={name: ReleasedView(view_path(name), version) for name, version in views.items()},
            counts={"good": len(self.rows)},
        )  # fmt: skip
        assert self.documents.put_new(release_name(SALES.id, number), release.as_json())

    def read(self, name: str, version: int | None = None) -> list[dict[str, object]]:
        version = self.tables.version(view_path(name)) if version is None else version
        return self.tables.read(view_path(name), version).to_pylist()

    def digest(self, name: str) -> str:
        """Order-free hash of all rows; a sketch by its canonical bytes, since Spark's depend on the order of rows."""

        def exact(value: object) -> object:
            return SKETCHES.union_all((value,)) if isinstance(value, bytes) else value

        rows = sorted(repr(sorted((key, exact(value)) for key, value in row.items())) for row in self.read(name))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def wanted(self, view: View) -> dict[tuple[object, ...], tuple[object, ...]]:
        """The presented measures per group, from the reference fold."""
        folded = reference.fold(SALES, view, map(_judged, self.rows), SKETCHES)
        return {group: _presented(view, states) for group, states in folded.items()}

    def found(self, view: View) -> dict[tuple[object, ...], tuple[object, ...]]:
        return {
            tuple(_wire(row[d.name]) for d in view.dimensions): tuple(row[m.name] for m in view.measures)
            for row in self.read(view.name)
        }


def _wire(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if isinstance(value, str) else str(value)


def _judged(row: dict[str, object]) -> reference.Judged:
    def exact(value: object) -> object:
        if isinstance(value, datetime):
            return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return int(value.scaleb(3)) if isinstance(value, Decimal) else value

    columns = tuple(exact(row[name]) for name in SALES.columns)
    place = int(str(row["partition"])), int(str(row["position"]))
    return reference.Judged(*place, 0, b"", columns)


def _presented(view: View, states: tuple[object, ...]) -> tuple[object, ...]:
    values, at = [], 0
    for measure in view.measures:
        size = len(SALES.measure_states(measure))
        values.append(present(measure.kind, states[at : at + size], SALES.measure_scale(measure), SKETCHES))
        at += size
    return tuple(values)
