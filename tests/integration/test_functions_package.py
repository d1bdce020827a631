"""The functions as Lambda runs them: only the packages that the zip brings, and the push handler against a stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.sales import SALES
from tideline.environments.package import FUNCTIONS
from tideline.functions import push
from tideline.functions.settings import settings
from tideline.index import compile_index, store_index

REPOSITORY = Path(__file__).resolve().parents[2]
STREAM = f"tideline-dev-{SALES.stream.topic}"
# What a listed package brings with it, and what Lambda's runtime has.
BROUGHT = {"pydantic_core", "annotated_types", "typing_extensions", "typing_inspection", "dotenv"}
RUNTIME = {"boto3", "botocore", "certifi", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
IMPORTED = """
import json, sys
before = set(sys.modules)
from tideline.functions import delivery, push, wiring
from tideline.functions.settings import settings
wiring.deliveries(settings()); wiring.endpoint(settings()); wiring.writer(settings())
from tideline.index import load_contract
from tideline.functions.events import Judge
event = b"{\\"event_id\\": \\"e-1\\", \\"invoice_ts\\": \\"2011-07-01T10:00:00\\"}"
Judge(load_contract(settings().index, "retail.sales")).judge(event)
found = {name.partition(".")[0] for name in set(sys.modules) - before}
found = {name for name in found if getattr(sys.modules.get(name), "__file__", None) and not name.startswith("_")}
print(json.dumps(sorted(found - sys.stdlib_module_names)))
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    index = store_index(tmp_path / "index.json", compile_index(REPOSITORY / "contracts"))
    values = {
        "AWS_DEFAULT_REGION": "eu-central-1", "AWS_REGION": "eu-central-1", "TIDELINE_INDEX": str(index),
        "TIDELINE_STREAM_PREFIX": "tideline-dev-", "TIDELINE_ENGINE": "kinesis", "TIDELINE_PATIENCE_S": "2",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "TIDELINE_DELIVERIES_TABLE": "tideline-dev-deliveries", "TIDELINE_KAFKA_BOOTSTRAP": "localhost:1",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    push._endpoint.cache_clear()
    yield values
    settings.cache_clear()
    push._endpoint.cache_clear()


@pytest.mark.parametrize("engine", ["kinesis", "msk"])
def test_the_functions_need_no_package_that_is_not_in_the_zip(environment: dict[str, str], engine: str) -> None:
    """A package that is missing in Lambda fails there only, with the first event."""
    done = subprocess.run(
        (sys.executable, "-c", IMPORTED),
        env={**os.environ, **environment, "TIDELINE_ENGINE": engine, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    listed = {name.replace("-", "_") for name in FUNCTIONS}
    assert set(json.loads(done.stdout)) - {"tideline"} <= listed | BROUGHT | RUNTIME


def test_a_pushed_event_is_in_the_stream(environment: dict[str, str]) -> None:
    """From the gateway's event to a record of Kinesis, by what the environment says."""
    event = {
        "event_id": "e-1", "invoice_no": "536365", "stock_code": "85123A", "quantity": 6,
        "invoice_ts": "2011-07-01T10:00:00", "unit_price": "2.55", "country": "France",
    }  # fmt: skip
    with mock_aws():
        kinesis = boto3.client("kinesis")
        kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        answer = push.handler(_request(json.dumps(event)), None)
        at = kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )
        records = kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"]
    assert answer["statusCode"] == 202
    assert json.loads(answer["body"])["events"] == [{"partition": 0, "position": records[0]["SequenceNumber"]}]
    assert [(one["PartitionKey"], json.loads(one["Data"])) for one in records] == [("e-1", event)]


def test_a_stream_that_is_missing_is_the_platforms_fault(environment: dict[str, str]) -> None:
    with mock_aws():
        answer = push.handler(_request('{"event_id": "e-1"}', "retail.nothing"), None)
        assert answer["statusCode"] == 404
        good = json.dumps({
            "event_id": "e-1", "invoice_no": "5", "stock_code": "8", "quantity": 6, "unit_price": 1,
            "invoice_ts": "2011-07-01T10:00:00", "country": "France",
        })  # fmt: skip
        answer = push.handler(_request(good), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "TL-AWS-002")
    assert STREAM not in answer["body"]


def test_a_wrong_setting_is_named(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_ENGINE", "pulsar")
    settings.cache_clear()
    answer = push.handler(_request("{}"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "TL-FUN-001")


def _request(body: str, contract: str = SALES.id) -> dict[str, Any]:
    return {
        "pathParameters": {"contract": contract}, "headers": {"content-type": "application/json"},
        "requestContext": {}, "body": body, "isBase64Encoded": False,
    }  # fmt: skip
