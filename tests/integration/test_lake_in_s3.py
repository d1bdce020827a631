"""Spark commits to a lake in buckets through our log store: one writer for each version, read by delta-rs as written.

S3 is our AWS on loopback. Races of real drivers are not shown here (moto answers one request after the other), nor
that the buckets' policies refuse every other writer (ADR 0016).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.localaws.server import local_aws
from tideline.adapters.delta_tables import DeltaTables
from tideline.environments.logstore import CLASS, build
from tideline.local.jars import class_path, ensure_jars
from tideline.local.java import find_java
from tideline.model.errors import TidelineError
from tideline.model.lake import Lake
from tideline.settings import REPOSITORY, settings

SCRIPT = Path(__file__).with_name("lake_in_s3.py")
pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        ensure_jars(settings())
        return build(REPOSITORY / "spark_jobs" / "logstore", tmp_path_factory.mktemp("jar"), settings())
    except TidelineError as error:
        if error.code in ("TL-JAV-001", "TL-JAV-004", "TL-JAR-001"):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="module")
def told(jar: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script said, and what the table looks like to delta-rs afterwards."""
    scratch = tmp_path_factory.mktemp("spark")
    with local_aws(scratch / "moto.log") as aws:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=aws.url, **keys).create_bucket(Bucket="lake-silver")
        jars = [*class_path(settings(), "spark"), *class_path(settings(), "s3"), jar]
        facts = {"endpoint": aws.url, "class": CLASS, "jars": ":".join(map(str, jars))}
        (scratch / "facts.json").write_text(json.dumps(facts))
        # pyspark marks a process that once had a Connect session, and its children would inherit it
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
        environment = kept | {"JAVA_HOME": str(find_java(settings()).home), "SPARK_LOCAL_DIRS": str(scratch)}
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(scratch / "facts.json")],
            capture_output=True, text=True, timeout=500, cwd=scratch, env=environment, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
        options = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ALLOW_HTTP": "true",
        }
        tables = DeltaTables(Lake("s3://lake-{zone}"), options)
        found = json.loads(done.stdout.splitlines()[-1])
        read = tables.read("silver/retail/sales", 2).sort_by("id").to_pydict()
        return {**found, "version": tables.version("silver/retail/sales"), "read": read}


def test_spark_writes_appends_and_merges_and_delta_rs_reads_the_same(told: dict[str, Any]) -> None:
    assert told["rows"] == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8], [5, 0], [6, 0]]
    assert told["version"] == 2
    assert list(map(list, zip(told["read"]["id"], told["read"]["twice"], strict=True))) == told["rows"]


def test_a_version_has_one_writer_and_who_wrote_it_may_ask_again(told: dict[str, Any]) -> None:
    """The second is told of the conflict as Delta expects it; the first, whose answer was lost, of its success."""
    assert told["first"] == "written"
    assert told["second"] == "java.nio.file.FileAlreadyExistsException"
    assert told["again"] == "written"
    assert told["held"] == ['{"a":1}', "{}"]


def test_the_same_source_gives_the_same_jar(jar: Path, tmp_path: Path) -> None:
    again = build(REPOSITORY / "spark_jobs" / "logstore", tmp_path, settings())
    assert again.read_bytes() == jar.read_bytes()


def test_a_source_that_does_not_compile_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Broken.java").write_text("class Broken { int x = ; }")
    with pytest.raises(TidelineError, match=r"TL-JAV-005.*Broken\.java:1"):
        build(tmp_path, tmp_path / "out", settings())
