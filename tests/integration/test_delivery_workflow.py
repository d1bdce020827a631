"""The delivery workflow from end to end: Terraform's state machine, the real handlers, and AWS's services on moto.

moto runs the definition with its own interpreter; in place of a function's container it calls the handler here. Retries
wait a second instead of two and growing; nothing else differs from modules/ingest.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from tests.localaws import s3_copies  # noqa: F401 - moto as strict as S3
from tests.unit.sales import SALES
from tideline.adapters.kinesis_writer import KinesisWriter
from tideline.functions import delivery
from tideline.functions.settings import settings
from tideline.index import compile_index, store_index
from tideline.model.errors import Retriable

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINITION = REPOSITORY / "infra" / "terraform" / "modules" / "ingest" / "delivery.asl.json"
REGION, ACCOUNT = "eu-central-1", "123456789012"
LANDING, QUARANTINE, TABLE = "tideline-dev-landing", "tideline-dev-quarantine", "tideline-dev-deliveries"
STREAM = f"tideline-dev-{SALES.stream.topic}"
KEY = "inbox/retail/sales/partner-a/day.ndjson"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tideline-dev-delivery-workflow"


def sale(number: int) -> bytes:
    event = {
        "event_id": f"e-{number}", "invoice_no": "536365", "stock_code": "85123A", "quantity": 6,
        "invoice_ts": "2011-07-01T10:00:00", "unit_price": "2.55", "country": "France",
    }  # fmt: skip
    return json.dumps(event).encode()


class Aws:
    """The environment as modules/ingest makes it, and what a test sees of it."""

    def __init__(self) -> None:
        self.s3, self.kinesis, self.states = boto3.client("s3"), boto3.client("kinesis"), boto3.client("stepfunctions")
        self.sqs = boto3.client("sqs")
        self.calls: list[str] = []
        self._number = 0
        self._make_stores()
        self.topic = self._make_topic()
        self.machine = self._make_machine()

    def _make_stores(self) -> None:
        for bucket in (LANDING, QUARANTINE):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("file", "part")],
            BillingMode="PAY_PER_REQUEST",
        )
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=1)

    def _make_topic(self) -> str:
        sns = boto3.client("sns")
        topic = str(sns.create_topic(Name="tideline-dev-warning")["TopicArn"])
        self.queue = self.sqs.create_queue(QueueName="mail")["QueueUrl"]
        place = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=place)
        return topic

    def _make_machine(self) -> str:
        function = boto3.client("lambda").create_function(
            FunctionName="tideline-dev-delivery", Runtime="python3.12", Handler="tideline.functions.delivery.handler",
            Role=_role(), Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18},
        )  # fmt: skip
        values = {
            "function_arn": function["FunctionArn"], "topic_arn": self.topic, "partition": "aws",
            "concurrency": "1", "retry_seconds": "1", "retries": "2",
        }  # fmt: skip
        text = re.sub(r"\$\{(\w+)\}", lambda found: str(values[found[1]]), DEFINITION.read_text())
        made = self.states.create_state_machine(name="tideline-dev-delivery", definition=text, roleArn=ROLE)
        return str(made["stateMachineArn"])

    def arrive(self, body: bytes, key: str = KEY) -> dict[str, Any]:
        """A partner uploads; the event that EventBridge hands to the workflow."""
        etag = self.s3.put_object(Bucket=LANDING, Key=key, Body=body)["ETag"].strip('"')
        stored = {"key": key, "size": len(body), "etag": etag}
        return {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": LANDING}, "object": stored},
        }

    def run(self, event: dict[str, Any]) -> str:
        """How an execution ended."""
        self._number += 1
        started = self.states.start_execution(
            stateMachineArn=self.machine, input=json.dumps(event), name=f"run-{self._number}"
        )["executionArn"]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status = self.states.describe_execution(executionArn=started)["status"]
            if status != "RUNNING":
                return str(status)
            time.sleep(0.05)
        raise AssertionError("the execution did not end")

    def written(self) -> list[str]:
        at = self.kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )
        return [one["PartitionKey"] for one in self.kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"]]

    def names(self, bucket: str) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def told(self) -> list[dict[str, Any]]:
        """What people were told, oldest first."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(one["Body"])["Message"]) for one in found]


def _role() -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    made = boto3.client("iam").create_role(RoleName="tideline-dev-delivery", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    index = store_index(tmp_path / "index.json", compile_index(REPOSITORY / "contracts"))
    for name, value in {
        "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION, "TIDELINE_ENGINE": "kinesis", "TIDELINE_INDEX": str(index),
        "TIDELINE_STREAM_PREFIX": "tideline-dev-", "TIDELINE_LANDING_BUCKET": LANDING, "TIDELINE_CHUNK_BYTES": "400",
        "TIDELINE_QUARANTINE_BUCKET": QUARANTINE, "TIDELINE_DELIVERIES_TABLE": TABLE, "TIDELINE_PATIENCE_S": "2",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    for kept in (settings, delivery._deliveries):
        kept.cache_clear()
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        world = Aws()
        monkeypatch.setattr(LambdaSimpleBackend, "invoke", _invoker(world, delivery.handler))
        yield world
    for kept in (settings, delivery._deliveries):
        kept.cache_clear()


def _invoker(world: Aws, handler: Callable[[dict[str, Any], None], dict[str, Any]]) -> Callable[..., bytes]:
    """Calls the real handler as Lambda does: an error becomes its class and message."""

    def invoke(_self: object, _name: str, _qualifier: object, body: Any, _headers: Any, response_headers: Any) -> bytes:
        event = json.loads(body)
        world.calls.append(event["action"])
        try:
            return json.dumps(handler(event, None)).encode()
        except Exception as error:  # noqa: BLE001 - as the runtime of Lambda does
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()

    return invoke


def test_a_file_goes_into_the_log_chunk_by_chunk_and_leaves_the_inbox(aws: Aws) -> None:
    assert aws.run(aws.arrive(b"\n".join(sale(n) for n in range(7)))) == "SUCCEEDED"
    assert aws.written() == [f"e-{n}" for n in range(7)]
    assert aws.calls == ["examine", "deliver", "deliver", "deliver", "finish"]
    (kept,) = aws.names(LANDING)
    assert kept.startswith("delivered/retail/sales/")
    assert aws.told() == []


def test_a_repeated_delivery_is_not_delivered_twice(aws: Aws) -> None:
    """The same event again, and the same file uploaded again: nothing more is in the log."""
    body = b"\n".join(sale(n) for n in range(4))
    event = aws.arrive(body)
    assert aws.run(event) == "SUCCEEDED"
    assert aws.run(event) == "SUCCEEDED"
    assert aws.run(aws.arrive(body)) == "SUCCEEDED"
    assert aws.written() == [f"e-{n}" for n in range(4)]
    assert aws.calls.count("deliver") == 2
    assert [name for name in aws.names(LANDING) if name.startswith("inbox/")] == []


def test_a_log_that_is_busy_for_a_while_is_tried_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry: the chunk that failed is called once more, and the ones before it are not."""
    troubles = iter([None, Retriable("TL-AWS-001", "the service answers Throttling")])
    flush = KinesisWriter.flush

    def sometimes(self: KinesisWriter, timeout_s: float) -> int:
        trouble = next(troubles, None)
        if trouble is not None:
            self._queue.clear()
            raise trouble
        return flush(self, timeout_s)

    monkeypatch.setattr(KinesisWriter, "flush", sometimes)
    assert aws.run(aws.arrive(b"\n".join(sale(n) for n in range(7)))) == "SUCCEEDED"
    assert aws.written() == [f"e-{n}" for n in range(7)]
    assert aws.calls == ["examine", "deliver", "deliver", "deliver", "deliver", "finish"]


def test_a_log_that_stays_away_is_told_and_the_file_is_kept(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catch: after the last retry the file is in quarantine and people know; a later upload is delivered."""
    flush = KinesisWriter.flush

    def never(self: KinesisWriter, _timeout_s: float) -> int:
        self._queue.clear()
        raise Retriable("TL-AWS-001", "the service answers Throttling")

    monkeypatch.setattr(KinesisWriter, "flush", never)
    body = b"\n".join(sale(n) for n in range(4))
    assert aws.run(aws.arrive(body)) == "FAILED"
    assert aws.calls == ["examine", "deliver", "deliver", "deliver", "refuse"]
    assert aws.names(LANDING) == []
    (kept,) = aws.names(QUARANTINE)
    assert aws.s3.get_object(Bucket=QUARANTINE, Key=kept)["Body"].read() == body
    (told,) = aws.told()
    assert (told["key"], told["error"]["Error"]) == (KEY, "Retriable")
    assert "e-1" not in json.dumps(told)
    assert aws.written() == []
    monkeypatch.setattr(KinesisWriter, "flush", flush)
    assert aws.run(aws.arrive(body)) == "SUCCEEDED"
    assert aws.written() == [f"e-{n}" for n in range(4)]


def test_lines_that_are_no_events_are_kept_and_told(aws: Aws) -> None:
    """The good ones go on; the message counts the others and shows none."""
    assert aws.run(aws.arrive(sale(1) + b"\nJane Doe;4 High Street\n" + sale(2))) == "SUCCEEDED"
    assert aws.written() == ["e-1", "e-2"]
    (kept,) = aws.names(QUARANTINE)
    line = json.loads(aws.s3.get_object(Bucket=QUARANTINE, Key=kept)["Body"].read())
    assert (line["line"], line["reason"]) == (2, "malformed_json")
    (told,) = aws.told()
    assert told["lines"] == {"sent": 2, "refused": 1}
    assert "Jane" not in json.dumps(told)


@pytest.mark.parametrize(
    ("key", "body", "error"),
    [
        ("inbox/retail/sales/partner-a/day.csv", b"a;b\n", "TL-DEL-001"),
        ("inbox/retail/nothing/partner-a/day.ndjson", b"{}\n", "TL-IDX-003"),
        (KEY, b"a;b\n1;2\n", "DataError"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_kept_and_told(aws: Aws, key: str, body: bytes, error: str) -> None:
    """Choice: it is never tried again, since trying again cannot help."""
    assert aws.run(aws.arrive(body, key)) == "FAILED"
    assert aws.names(LANDING) == []
    assert any(name.endswith(key.rpartition("/")[2]) for name in aws.names(QUARANTINE))
    (told,) = aws.told()
    assert told["error"]["Error"] == error
    assert aws.written() == []
    assert aws.calls.count("examine") == 1
