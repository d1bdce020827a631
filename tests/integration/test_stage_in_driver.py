"""Stages as a job runs them on AWS: in the driver of a spark-submit, where dbt works without any Spark server.

The lake is a folder, in place of S3. The same silver is built by the Spark server too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.integration.gold_lake import SALES, Lake, events
from tideline.batch.commits import StageCommit
from tideline.batch.model import build_views, model_name, view_path
from tideline.local.jars import class_path, pyspark_home
from tideline.local.java import find_java
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1800)]


class Driver:
    """Runs stages of a lake by spark-submit, as EMR does: nothing of this process's Spark is passed on."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.said = settings, ""
        place = settings.home / "driver"
        place.mkdir(parents=True)
        properties = {
            "spark.master": "local[2]",
            "spark.driver.memory": "1g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
            "spark.local.dir": f"{place}/scratch",
            "spark.ui.enabled": "false",
            "spark.log.level": "WARN",
            "spark.sql.shuffle.partitions": "2",
            "spark.databricks.delta.snapshotPartitions": "2",
            "spark.sql.warehouse.dir": f"{place}/warehouse",
            # as infra/terraform/modules/emr sets them
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.session.timeZone": "UTC",
            "spark.jars": ",".join(map(str, class_path(settings, "spark"))),
        }
        (place / "spark.properties").write_text("".join(f"{key} {value}\n" for key, value in properties.items()))
        self._place = place

    def run(self, stage: str, run_key: str) -> int:
        """The exit code that EMR would quote; `said` is what was said."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
        given = {
            **self.settings.as_environment(),
            "JAVA_HOME": str(find_java(self.settings).home),
            "SPARK_HOME": str(pyspark_home()),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}",
        }
        command = [str(pyspark_home() / "bin" / "spark-submit"), "--properties-file", "spark.properties"]
        command += [str(REPOSITORY / "spark_jobs" / "stage.py"), "--stage", stage]
        command += ["--contract", SALES.id, "--run-key", run_key]
        done = subprocess.run(
            command, cwd=self._place, env=kept | given, capture_output=True, text=True, timeout=900, check=False
        )
        self.said = done.stdout + done.stderr
        return done.returncode


@pytest.fixture(scope="module")
def by_server(spark: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake with one batch of silver, on the shared Spark server."""
    lake = Lake(spark.model_copy(update={"home": tmp_path_factory.mktemp("server")}))
    lake.write(events(0, 1_200))
    yield lake
    lake.session.stop()


@pytest.fixture
def by_driver(by_server: Lake, tmp_path: Path) -> tuple[Lake, Driver]:
    """A copy of its silver in another home, where only the driver writes. No port of it leads to the server."""
    own = Settings(home=tmp_path, spark_thrift_port=1, spark_connect_port=1)
    shutil.copytree(by_server.settings.lake.folder / "silver", own.lake.folder / "silver")
    lake = Lake(by_server.settings.model_copy(update={"home": tmp_path}))
    lake.rows, lake.batch = by_server.rows, by_server.batch
    return lake, Driver(own)


def test_a_driver_builds_the_gold_that_the_server_builds(by_server: Lake, by_driver: tuple[Lake, Driver]) -> None:
    """Views and gates: the same versions, rows and words of each commit. Then marts of a release and of the next."""
    lake, driver = by_driver
    wanted = build_views(SALES, "r1", by_server.gold)
    assert driver.run("model", "r1") == 0, driver.said
    document, other = (one.documents.get(model_name(SALES.id, "r1")) for one in (lake, by_server))
    assert document is not None and document == other
    for view in SALES.views:
        assert lake.found(view) == lake.wanted(view)
    for name in (*wanted, f"quality_{SALES.domain}_{SALES.product}"):
        assert lake.digest(name) == by_server.digest(name), name
        commits = [StageCommit.read(one.tables.last_commit(view_path(name))) for one in (lake, by_server)]
        assert commits[0] is not None and commits[0] == commits[1], name

    lake.release("r1", wanted, 1)
    assert driver.run("marts", "m1") == 0, driver.said
    assert "dbt's page is not made by jobs" in driver.said
    assert len(lake.read("fct_sales")) == len(lake.rows)
    revenue = sum((Decimal(str(r["quantity"])) * Decimal(str(r["unit_price"])) for r in lake.rows), Decimal(0))
    assert sum(Decimal(str(day["revenue"])) for day in lake.read("kpi_daily")) == revenue

    lake.write(events(1_200, 300))
    lake.release("r2", wanted, 2)
    assert driver.run("marts", "m2") == 0, driver.said
    assert len(lake.read("fct_sales")) == len(lake.rows)
    newest = sorted((lake.settings.lake.folder / view_path("fct_sales") / "_delta_log").glob("*.json"))[-1]
    assert '"operation":"MERGE"' in newest.read_text(), "another driver knows the table and adds to it"


def test_a_sum_that_is_too_large_fails_and_is_no_null(by_driver: tuple[Lake, Driver]) -> None:
    """The models' ANSI setting holds in the driver, and the exit code is that of the error tree."""
    lake, driver = by_driver
    lake.write([
        {**row, "quantity": 9 * 10**18, "unit_price": Decimal("999999999.999")} for row in events(1_200, 300)
    ])  # fmt: skip
    assert driver.run("model", "r2") == 75, driver.said
    assert "TL-DBT-002 the driver's standard output: dbt could not run" in driver.said
    assert "OVERFLOW" in driver.said or "NUMERIC_VALUE_OUT_OF_RANGE" in driver.said
    assert lake.documents.get(model_name(SALES.id, "r2")) is None
