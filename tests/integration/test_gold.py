"""Gold by dbt on a real Spark server: equal to the reference fold, the same again, and in part the same as whole."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from tideline import wiring
from tideline.adapters.odcs import read_contract
from tideline.adapters.sketches import HllSketches
from tideline.batch import model
from tideline.batch.commits import StageCommit
from tideline.batch.dbt import run_dbt
from tideline.batch.model import Gold, build_docs, build_marts, build_views, lake_facts, view_path
from tideline.model import reference
from tideline.model.contract import View
from tideline.model.measure import present
from tideline.model.position import Coverage, StreamId
from tideline.model.release import Release, ReleasedView, release_name
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]
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


class Lake:
    """A silver table that grows by batches, and the gold that is built from it."""

    def __init__(self, settings: Settings) -> None:
        from pyspark.sql import SparkSession

        self.session = SparkSession.builder.remote(settings.spark_remote).create()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")
        self.session.sql("create schema if not exists gold")
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


@pytest.fixture(scope="module")
def lake(spark: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of its own on the shared server, with one batch of silver."""
    lake = Lake(spark.model_copy(update={"home": tmp_path_factory.mktemp("gold")}))
    lake.write(events(0, 3_000))
    yield lake
    for name in [v.name for v in SALES.views] + ["fct_sales", "dim_product", "dim_customer", "dim_date", "kpi_daily"]:
        lake.session.sql(f"drop table if exists gold.{name}")
    lake.session.stop()


def test_gold_lives_through_batches_and_a_restate(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole equals the reference; again is a no-op; in part equals whole; a restate builds whole; commits say so."""
    views = build_views(SALES, "r1", lake.gold)
    for view in SALES.views:
        assert lake.found(view) == lake.wanted(view)

    assert build_views(SALES, "r1", lake.gold) == views
    assert {view.name: lake.tables.version(view_path(view.name)) for view in SALES.views} == views
    lake.release("r1", views, 1)
    assert build_views(SALES, "again", lake.gold) == views, "nothing is new, so nothing is built"

    monkeypatch.setattr(model, "WHOLE_BELOW", 0)
    lake.write(events(3_000, 40))
    in_part = build_views(SALES, "r2", lake.gold)
    assert any("groups touched by batches above 1" in line for line in lake.said)
    commit = StageCommit.read(lake.tables.last_commit(view_path(COUNTRY.name)))
    silver = lake.tables.last_commit("silver/retail/sales")
    assert commit is not None and silver is not None
    assert (commit.source_version, commit.coverage.as_json()) == (silver.version, silver.metadata["coverage"])
    for view in SALES.views:
        assert lake.found(view) == lake.wanted(view)
    partly = {view.name: lake.digest(view.name) for view in SALES.views}
    whole = build_views(SALES, "r2-whole", lake.gold)  # r2 was never released, so it is no base
    assert all(whole[name] > in_part[name] for name in whole)
    assert {view.name: lake.digest(view.name) for view in SALES.views} == partly

    lake.release("r2-whole", whole, 2)
    lake.write(events(0, 500), stage="restate")
    build_views(SALES, "r3", lake.gold)
    assert any(line.endswith("whole: silver was restated") for line in lake.said)
    for view in SALES.views:
        assert lake.found(view) == lake.wanted(view)


def test_sketches_of_spark_and_python_merge_to_the_sketch_of_everything(lake: Lake) -> None:
    """Half of the customers counted by Spark, half by Python: the union estimates as one sketch of all does."""
    sets: dict[object, set[str]] = {}
    for row in lake.rows:
        if row["customer_id"] is not None:
            sets.setdefault(row["country"], set()).add(str(row["customer_id"]))
    others = {str(number) for number in range(90_000, 90_700)}
    by_python = SKETCHES.of_many(sorted(others))
    by_spark = lake.session.sql(
        f"select country, hll_sketch_agg(customer_id) as sketch "
        f"from delta.`{lake.settings.lake.root}/silver/retail/sales` where customer_id is not null group by country"
    ).collect()
    assert len(by_spark) == len(sets)
    for row in by_spark:
        union = SKETCHES.union(bytes(row.sketch), by_python)
        assert SKETCHES.estimate(union) == SKETCHES.estimate(SKETCHES.of_many(sorted(sets[row.country] | others)))


def test_the_star_schema_keeps_every_line_and_no_customer_number(lake: Lake) -> None:
    """Marts are built from the released silver version; their revenue is silver's; dbt's unit tests pass."""
    lake.release("marts-base", {}, 3)
    build_marts(SALES, "m1", lake.gold)
    facts = lake.read("fct_sales")
    assert len(facts) == len(lake.rows)
    revenue = sum((Decimal(str(r["quantity"])) * Decimal(str(r["unit_price"])) for r in lake.rows), Decimal(0))
    assert sum(Decimal(str(day["revenue"])) for day in lake.read("kpi_daily")) == revenue
    known = {row["customer_id"] for row in lake.rows} - {None}
    customers = lake.read("dim_customer")
    assert len(customers) == len({customer["customer_key"] for customer in customers}) == len(known)
    for name in ("fct_sales", "dim_customer"):
        assert not any(value in known for row in lake.read(name) for value in row.values())

    before = lake.tables.version(view_path("fct_sales"))
    build_marts(SALES, "m2", lake.gold)
    assert lake.tables.version(view_path("fct_sales")) == before
    facts = {"lake": lake_facts(lake.settings)}
    units = run_dbt(["test", "--select", "test_type:unit"], facts, "units", lake.settings)
    assert len(units) == 4 and {node.status for node in units} == {"pass"}


def test_the_documentation_is_one_page(lake: Lake) -> None:
    """The catalog names the views and loads nothing from a network."""
    with open(build_docs(lake.gold), encoding="utf-8") as page:
        text = page.read()
    assert COUNTRY.name in text and PRODUCT.name in text
