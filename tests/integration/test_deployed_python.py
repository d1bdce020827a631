"""What `tideline env package` makes, run by the Python that AWS runs it with, which is rarely the one of the tests.

Everything is packed but the largest packages of jobs (180 MB): functions and Airflow's bundle are whole. AWS's
runtimes bring boto3 and Spark; here they are lent from this environment, being pure Python.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.localaws.server import local_aws
from tests.unit.sales import SALES
from tideline.environments.package import PLUGINS, Sources, package
from tideline.environments.packages import PYTHON, LockedPackages
from tideline.model.errors import Retriable
from tideline.settings import REPOSITORY, settings

pytestmark = pytest.mark.timeout(900)  # fetches 25 MB

LARGE = {
    "boto3",
    "dbt-core",
    "dbt-spark",
    "deltalake",
    "pandas",
    "polars",
    "pyarrow",
}  # jobs import them when they work
OURS = ("src", "speed_layer", "serving_layer", "spark_jobs", "plugins", "dags")
LAMBDA = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
EMR = ("pyspark", "py4j", "delta")
STREAM = f"tideline-dev-{SALES.stream.topic}"
AWS = {
    "AWS_DEFAULT_REGION": "eu-central-1", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test", "TIDELINE_ENGINE": "kinesis", "TIDELINE_STREAM_PREFIX": "tideline-dev-",
    "TIDELINE_LANDING_BUCKET": "landing", "TIDELINE_QUARANTINE_BUCKET": "quarantine",
    "TIDELINE_DELIVERIES_TABLE": "deliveries", "TIDELINE_PATIENCE_S": "60",
}  # fmt: skip
EVENT = {
    "event_id": "e-1", "invoice_no": "536365", "stock_code": "85123A", "quantity": 6,
    "invoice_ts": "2011-07-01T10:00:00", "unit_price": "2.55", "country": "France",
}  # fmt: skip
CALL = """
import importlib, json, sys
handler = importlib.import_module(sys.argv[1]).handler
print(json.dumps(handler(json.loads(sys.argv[2]), None)))
"""
COMPILE = """
import pathlib, sys
for folder in sys.argv[1:]:
    for path in pathlib.Path(folder).rglob("*.py"):
        compile(path.read_bytes(), path, "exec")
"""


class SmallPackages(LockedPackages):
    """The locked packages, but for the large ones."""

    def unpacked(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        return super().unpacked([one for one in names if one not in LARGE], architecture, folder)


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter of the deployed version: on PATH, or in pyenv, which hides what is not switched on."""
    candidates = [sys.executable, f"python{PYTHON}"]
    if shutil.which("pyenv"):
        asked = subprocess.run(("pyenv", "prefix", PYTHON), capture_output=True, text=True, check=False)
        candidates.append(f"{asked.stdout.strip()}/bin/python{PYTHON}")
    program = "import sys; print('%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable))"
    for candidate in filter(shutil.which, candidates):
        told = subprocess.run((candidate, "-c", program), capture_output=True, text=True, check=False).stdout
        version, _, place = told.strip().partition(" ")
        if version == PYTHON:
            return place
    pytest.skip(f"there is no Python {PYTHON} here, with which AWS runs the packages")


@pytest.fixture(scope="module")
def packed(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this checkout for x86_64, each archive unpacked beside itself."""
    here, out = settings(), tmp_path_factory.mktemp("package")
    sources = Sources(REPOSITORY, here.contracts, here.dbt_project, here.index, [])
    try:
        manifest = package(sources, SmallPackages(REPOSITORY), out, "x86_64")
    except Retriable as error:
        pytest.skip(str(error))  # no registry, no packages
    made = out / str(manifest["version"])
    for archive in ("functions/functions", "jobs/packages", "jobs/spark_jobs", "airflow/plugins"):
        with zipfile.ZipFile(made / f"{archive}.zip") as opened:
            opened.extractall(made / archive)
    return made


def test_every_file_compiles_without_a_warning(python: str) -> None:
    """Syntax that only one of the two Pythons knows, or warns of, is found without running it."""
    told = _run(python, ("-W", "error", "-c", COMPILE, *(str(REPOSITORY / one) for one in OURS)), ())
    assert told == ""


def test_what_is_pushed_and_delivered_is_in_the_stream(python: str, packed: Path, tmp_path: Path) -> None:
    """Both handlers of functions.zip, called as Lambda calls them, against AWS's services on loopback."""
    lent = _lent(LAMBDA, tmp_path / "runtime")
    with local_aws(tmp_path / "aws.log") as aws:
        clients = {
            name: boto3.client(
                name, endpoint_url=aws.url, region_name="eu-central-1",
                aws_access_key_id="test", aws_secret_access_key="test",
            )
            for name in ("s3", "kinesis", "dynamodb")
        }  # fmt: skip
        stored = _stores(clients)

        def call(name: str, event: dict[str, Any]) -> dict[str, Any]:
            zipped = packed / "functions" / "functions"
            here = {**AWS, "AWS_ENDPOINT_URL": aws.url, "TIDELINE_INDEX": str(zipped / "contracts" / "index.json")}
            words = ("-c", CALL, f"tideline.functions.{name}", json.dumps(event))
            answer: dict[str, Any] = json.loads(_run(python, words, (zipped, lent), here))
            return answer

        pushed = call("push", _request(json.dumps(EVENT)))
        found = call("delivery", {"action": "examine", "file": stored, "execution": "one"})
        sent = call("delivery", {"action": "deliver", "file": found["file"], "chunk": found["chunks"][0]})
        done = call("delivery", {"action": "finish", "file": found["file"]})
        keys = _keys(clients["kinesis"])
    assert pushed["statusCode"] == 202, pushed
    assert (sent["sent"], done["sent"], done["refused"]) == (1, 1, 0)
    assert keys == ["e-1", "e-2"]


def test_jobs_start(python: str, packed: Path, tmp_path: Path) -> None:
    """Each script gets as far as its arguments, with the two zips and what EMR brings."""
    jobs = packed / "jobs"
    scripts, lent = sorted(jobs.glob("*.py")), _lent(EMR, tmp_path)
    assert {one.stem for one in scripts} >= {"evolve", "ingest", "refine", "restate"}
    for script in scripts:
        told = _run(python, (str(script), "--help"), (jobs / "packages", jobs / "spark_jobs", lent))
        assert "--contract" in told


def test_airflow_installs_its_bundle_and_has_the_command(python: str, packed: Path, tmp_path: Path) -> None:
    """requirements.txt is served by the wheels beside it alone, and what it installs reads contracts."""
    bundle, site = packed / "airflow" / "plugins", tmp_path / "site"
    asked = tmp_path / "requirements.txt"
    asked.write_text((packed / "airflow" / "requirements.txt").read_text().replace(PLUGINS, str(bundle)))
    uv = str(Path(sys.executable).with_name("uv"))
    done = subprocess.run(
        (uv, "pip", "install", "--python", python, "--target", str(site), "-r", str(asked)),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = {"TIDELINE_CONTRACTS": str(packed / "airflow" / "dags" / "_contracts")}
    program = "from tideline.cli import main; main()"
    assert "Start the platform" in _run(python, ("-c", program, "--help"), (site,), here)
    assert json.loads(_run(python, ("-c", program, "contract", "lint", "--json"), (site,), here))["findings"] == []


def _run(python: str, words: Sequence[str], path: Iterable[Path], more: dict[str, str] | None = None) -> str:
    """Standard output of a process that knows nothing of this environment's packages."""
    here = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(map(str, path)), **(more or {})}
    done = subprocess.run((python, *words), env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _lent(names: Iterable[str], folder: Path) -> Path:
    """A folder with these packages of this environment and nothing else."""
    folder.mkdir(exist_ok=True)
    for name in names:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            pytest.skip(f"{name} is not installed")
        place = Path(found.origin)
        place = place.parent if place.name == "__init__.py" else place
        (folder / place.name).symlink_to(place)
    return folder


def _stores(clients: dict[str, Any]) -> dict[str, Any]:
    """The stores of modules/ingest, with one file that a partner has uploaded: what the workflow says of it."""
    clients["kinesis"].create_stream(StreamName=STREAM, ShardCount=1)
    for bucket in ("landing", "quarantine"):
        clients["s3"].create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    clients["dynamodb"].create_table(
        TableName="deliveries",
        KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("file", "part")],
        BillingMode="PAY_PER_REQUEST",
    )
    body, key = json.dumps(EVENT | {"event_id": "e-2"}).encode(), "inbox/retail/sales/partner-a/day.ndjson"
    etag = clients["s3"].put_object(Bucket="landing", Key=key, Body=body)["ETag"].strip('"')
    return {"bucket": "landing", "key": key, "etag": etag}


def _keys(kinesis: Any) -> list[str]:
    at = kinesis.get_shard_iterator(StreamName=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    return [one["PartitionKey"] for one in kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"]]


def _request(body: str) -> dict[str, Any]:
    return {
        "pathParameters": {"contract": SALES.id}, "headers": {"content-type": "application/json"},
        "requestContext": {}, "body": body, "isBase64Encoded": False,
    }  # fmt: skip
