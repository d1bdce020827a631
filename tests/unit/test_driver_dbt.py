"""Stages in a driver: dbt's connections are apart, its failures are errors of the tree, what is imported is packed."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spark_jobs import stage
from tideline.batch.driver_dbt import DriverDbt, _sessions_of
from tideline.environments.package import JOBS, _core
from tideline.model.errors import DataError, Fatal, Retriable
from tideline.planning import Kind, Request
from tideline.settings import REPOSITORY, Settings


class Spark:
    """Sessions that remember their settings and statements."""

    def __init__(self) -> None:
        self.opened: list[Spark] = []
        self.settings: dict[str, str] = {}
        self.ran: list[tuple[str, dict[str, str]]] = []
        self.conf = SimpleNamespace(set=self.settings.__setitem__)

    def newSession(self) -> Spark:
        self.opened.append(Spark())
        return self.opened[-1]

    def sql(self, text: str) -> Any:
        if text.startswith("set "):
            name, _, value = text.removeprefix("set ").partition("=")
            self.settings[name] = value
        self.ran.append((text, dict(self.settings)))
        return SimpleNamespace(collect=lambda: [text])


def test_a_setting_holds_for_its_connection_and_for_no_other() -> None:
    """dbt-spark's own way would switch ANSI off before each statement, and share the metadata of commits."""
    from dbt.adapters.spark import session

    spark, before = Spark(), session.Connection
    with _sessions_of(spark):  # type: ignore[arg-type]
        first, second = (session.Connection(server_side_parameters={"ansi": "false"}) for _ in range(2))
        for one, words in ((first, "of the first"), (second, "of the second")):
            one.cursor().execute("set ansi=true")
            one.cursor().execute(f"set said={words}")
        cursor = first.cursor()
        cursor.execute("create table x")
        assert cursor.fetchall() == ["create table x"]
    assert session.Connection is before
    assert spark.ran == []
    one, other = spark.opened
    assert one.ran[-1] == ("create table x", {"ansi": "true", "said": "of the first"})
    assert other.settings == {"ansi": "true", "said": "of the second"}


# what the driver's empty catalog is told before dbt begins: the tables that exist, at their places
NAMED = [
    "create schema if not exists gold",
    "create table if not exists gold.a using delta location 's3://g/a'",
    "create table if not exists gold.b using delta location 's3://g/b'",
]


def result(status: str, name: str, kind: str = "model") -> Any:
    return SimpleNamespace(status=status, message="why", node=SimpleNamespace(name=name, compiled_code="select 1"))


@pytest.fixture
def dbt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """Runs the runner over a dbt that does as it is told; gives what was said and dbt's words."""
    from dbt.cli import main

    monkeypatch.delenv("TIDELINE_DBT_RUN", raising=False)

    def run(done: Any, *results: tuple[str, str]) -> list[str]:
        class Told:
            def invoke(self, words: list[str]) -> Any:
                assert json.loads(os.environ["TIDELINE_DBT_RUN"]) == {"fact": 1}
                assert words[-2:] == ["--target", "driver"]
                written = [
                    {"unique_id": one, "status": status, "execution_time": 1.0, "message": None}
                    for one, status in results
                ]
                if results:
                    (tmp_path / "dbt" / "x" / "run_results.json").write_text(json.dumps({"results": written}))
                return done

        monkeypatch.setattr(main, "dbtRunner", Told)
        said: list[str] = []
        try:
            spark = Spark()
            runner = DriverDbt(lambda: spark, said.append, lambda: {"b": "s3://g/b", "a": "s3://g/a"})  # type: ignore[arg-type, return-value]
            nodes = runner(["build"], {"fact": 1}, "x", Settings(home=tmp_path))
            assert [text for text, _ in spark.ran] == NAMED
            return [node.name for node in nodes]
        finally:
            assert "TIDELINE_DBT_RUN" not in os.environ
            assert all("why" in line or "boom" in line for line in said)
            run.said = said  # type: ignore[attr-defined]

    return run


def test_what_dbt_built_is_read_from_its_results(dbt: Callable[..., list[str]]) -> None:
    ended = SimpleNamespace(success=True, exception=None, result=None)
    assert dbt(ended, ("model.tideline.a", "success"), ("test.tideline.t.1f", "pass")) == ["a", "t"]


def test_a_failure_is_the_error_that_the_server_way_raises_and_is_told_in_the_log(
    dbt: Callable[..., list[str]],
) -> None:
    """A broken model may be tried again, a failed data test not; their SQL stands in the job's own log."""
    broken = SimpleNamespace(success=False, exception=None, result=SimpleNamespace(results=[result("error", "a")]))
    with pytest.raises(Retriable, match="TL-DBT-002 the driver's standard output: dbt could not run a"):
        dbt(broken, ("model.tideline.a", "error"))
    assert dbt.said == ["dbt: a: why\nselect 1"]  # type: ignore[attr-defined]
    failed = SimpleNamespace(success=False, exception=None, result=SimpleNamespace(results=[result("fail", "t")]))
    with pytest.raises(DataError, match="TL-DBT-003"):
        dbt(failed, ("test.tideline.t.1f", "fail"))
    with pytest.raises(Fatal, match=r"TL-DBT-005.*ended with ValueError before it ran anything"):
        dbt(SimpleNamespace(success=False, exception=ValueError("boom"), result=None))
    assert dbt.said == ["dbt: boom"]  # type: ignore[attr-defined]


def test_the_script_takes_stages_and_days_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Words that mean nothing end it with 2, which Airflow does not try again."""
    run = ["--contract", "retail.sales", "--run-key", "r1", "--stage"]
    assert stage.asked([*run, "audit"])[1] == Request()
    found, request = stage.asked([*run, "cut", "--restate", "2011-01-04", "2011-01-06"])
    assert found.stage == "cut"
    assert request == Request(Kind.RESTATE, (date(2011, 1, 4), date(2011, 1, 6)))
    for wrong in (["ingest"], ["cut", "--restate", "2011-01-04", "2011-01-04"], ["cut", "--restate", "x", "y"]):
        with pytest.raises(SystemExit, match="2"):
            stage.asked([*run, *wrong])
    assert "are empty" in capsys.readouterr().err


def test_jobs_bring_every_package_that_their_code_imports() -> None:
    """EMR has Spark; what our code imports beside it is among what `tideline env package` packs, or needed by that."""
    script = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(" ".join(one.__file__ for name, one in sys.modules.items() if name.startswith(("tideline.", "spark_jobs."))))
"""
    stages = ("cut", "model", "audit", "publish", "driver_dbt", "stages")
    doors = ("delta_tables", "documents_s3", "kafka_confluent", "kafka_iam", "increments")
    scripts = ("stage", "ingest", "refine", "restate")
    modules = [f"tideline.batch.{one}" for one in stages] + [f"tideline.adapters.{one}" for one in doors]
    modules += [f"spark_jobs.{one}" for one in scripts]
    done = subprocess.run(
        [sys.executable, "-c", script, *modules], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    of = importlib.metadata.packages_distributions()
    imported = {_plain(one) for path in done.stdout.split() for top in _imports(Path(path)) for one in of.get(top, ())}
    assert {"polars", "deltalake", "confluent-kafka", "dbt-core", "boto3"} <= imported
    assert imported - _with_needs((*_core(REPOSITORY), *JOBS)) <= {"pyspark", "tideline"}


def _imports(path: Path) -> set[str]:
    """The first names of everything that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0]).lower()


def _with_needs(names: tuple[str, ...]) -> set[str]:
    """These distributions and what they need, without extras."""
    found: set[str] = set()
    left = [_plain(name) for name in names]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # for another Python or machine
            continue
        left += [_plain(need) for need in needs if "extra ==" not in need]
    return found
