"""Gold by dbt on a real Spark server: equal to the reference fold, the same again, and in part the same as whole."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.integration.gold_lake import COUNTRY, PRODUCT, SALES, SKETCHES, Lake, events
from tideline.batch import model
from tideline.batch.commits import StageCommit
from tideline.batch.dbt import run_dbt
from tideline.batch.model import build_docs, build_marts, build_views, lake_facts, view_path
from tideline.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def lake(spark: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake of its own on the shared server, with one batch of silver."""
    lake = Lake(spark.model_copy(update={"home": tmp_path_factory.mktemp("gold")}))
    lake.write(events(0, 3_000))
    yield lake
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

    lake.write(events(500, 40))
    lake.release("marts-more", {}, 4)
    build_marts(SALES, "m3", lake.gold)
    assert len(lake.read("fct_sales")) == len(lake.rows) == 540, "new lines are merged into those that were there"
    facts = {"lake": lake_facts(lake.settings)}
    units = run_dbt(["test", "--select", "test_type:unit"], facts, "units", lake.settings)
    assert len(units) == 4 and {node.status for node in units} == {"pass"}


def test_the_documentation_is_one_page(lake: Lake) -> None:
    """The catalog names the views and loads nothing from a network."""
    with open(build_docs(lake.gold), encoding="utf-8") as page:
        text = page.read()
    assert COUNTRY.name in text and PRODUCT.name in text
