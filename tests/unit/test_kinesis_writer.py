"""Kinesis behind the log's port: batches within AWS's limits, busy shards tried again, each record with its outcome."""

from __future__ import annotations

from collections import Counter
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from tideline.adapters.kinesis_writer import MOST_BYTES, MOST_RECORDS, KinesisWriter
from tideline.model.errors import Fatal
from tideline.ports import Delivery

TOPIC = "retail.sales.v1"


class Shard:
    """Answers PutRecords as it is told: `busy(n)` throttles the next n records, `fails` are raised one by one."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.streams: list[str] = []
        self.fails: list[Exception] = []
        self.codes: list[str | None] = []
        self._next = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:
        if self.fails:
            raise self.fails.pop(0)
        self.requests.append(Records)
        self.streams.append(StreamName)
        return {"Records": [self._answer() for _ in Records]}

    def _answer(self) -> dict[str, Any]:
        code = self.codes.pop(0) if self.codes else None
        if code is not None:
            return {"ErrorCode": code, "ErrorMessage": "no"}
        self._next += 1
        return {"ShardId": "shardId-000000000003", "SequenceNumber": str(self._next)}


class Clock:
    def __init__(self) -> None:
        self.time, self.pauses = 0.0, list[float]()

    def pause(self, seconds: float) -> None:
        self.time += seconds
        self.pauses.append(seconds)


@pytest.fixture
def shard() -> Shard:
    return Shard()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(shard: Shard, clock: Clock) -> KinesisWriter:
    return KinesisWriter("tideline-dev-", shard, lambda: clock.time, clock.pause)


def send(writer: KinesisWriter, *values: bytes, topic: str = TOPIC) -> list[Delivery | None]:
    outcomes: list[Delivery | None] = [None] * len(values)
    for at, value in enumerate(values):
        writer.send(topic, f"e-{at}".encode(), value, on_delivery=lambda told, at=at: outcomes.__setitem__(at, told))  # type: ignore[misc]
    return outcomes


def test_positions_are_sequence_numbers_and_partitions_shards(writer: KinesisWriter, shard: Shard) -> None:
    """A position of 56 digits is exact."""
    outcomes = send(writer, b"a", b"b")
    assert writer.flush(1) == 0
    first = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_899
    assert outcomes == [Delivery(3, first), Delivery(3, first + 1)]
    assert shard.streams == ["tideline-dev-retail.sales.v1"]
    assert shard.requests == [[{"PartitionKey": "e-0", "Data": b"a"}, {"PartitionKey": "e-1", "Data": b"b"}]]


def test_requests_keep_within_what_kinesis_takes(writer: KinesisWriter, shard: Shard) -> None:
    send(writer, *[b"x"] * (MOST_RECORDS + 1))
    send(writer, *[b"y" * (1 << 20)] * 5)
    send(writer, b"z", topic="other")
    assert writer.flush(1) == 0
    assert all(len(records) <= MOST_RECORDS for records in shard.requests)
    assert all(sum(len(one["Data"]) for one in records) <= MOST_BYTES for records in shard.requests)
    assert Counter(shard.streams)["tideline-dev-other"] == 1
    assert sum(map(len, shard.requests)) == MOST_RECORDS + 7


def test_a_busy_shard_is_asked_again_for_what_it_refused_alone(
    writer: KinesisWriter, shard: Shard, clock: Clock
) -> None:
    shard.codes = [None, "ProvisionedThroughputExceededException", "InternalFailure", "InternalFailure"]
    outcomes = send(writer, b"a", b"b", b"c")
    assert writer.flush(5) == 0
    assert [[one["Data"] for one in records] for records in shard.requests] == [
        [b"a", b"b", b"c"],
        [b"b", b"c"],
        [b"b"],
    ]
    assert all(told is not None and told.position is not None for told in outcomes)
    assert clock.pauses == [0.05, 0.1]


def test_what_stays_busy_is_unknown_in_the_end_and_nothing_waits_on(
    writer: KinesisWriter, shard: Shard, clock: Clock
) -> None:
    shard.codes = ["ProvisionedThroughputExceededException"] * 1000
    outcomes = send(writer, b"a", b"b")
    assert writer.flush(3) == 2
    assert clock.time < 3
    assert all(told is not None and told.position is None and not told.refused for told in outcomes)
    shard.codes = []
    assert writer.flush(3) == 0
    assert len(shard.requests) > 3


def test_a_request_without_an_answer_is_made_again(writer: KinesisWriter, shard: Shard) -> None:
    """It may have been written: a repeat is known by its id."""
    shard.fails = [
        ReadTimeoutError(endpoint_url="kinesis"),
        _error("ServiceUnavailable", 503),
        _error("Throttling", 400),
    ]
    outcomes = send(writer, b"a")
    assert writer.flush(5) == 0
    assert outcomes[0] is not None and outcomes[0].position is not None


def test_a_refusal_is_told_at_once(writer: KinesisWriter, shard: Shard) -> None:
    shard.codes = ["KMSAccessDeniedException"]
    outcomes = send(writer, b"a")
    assert writer.flush(5) == 0
    assert outcomes == [Delivery(-1, None, "refused: KMSAccessDeniedException", refused=True)]
    shard.fails = [_error("ResourceNotFoundException", 400)]
    send(writer, b"a")
    with pytest.raises(Fatal, match=r"TL-AWS-002 stream tideline-dev-retail\.sales\.v1"):
        writer.flush(5)


@pytest.mark.parametrize(
    "record",
    [
        {"key": None, "value": b"a"},
        {"key": b"k", "value": None},
        {"key": b"k", "value": b"a", "partition": 1},
        {"key": b"k", "value": b"a", "headers": [("h", b"1")]},
    ],
)
def test_what_kinesis_has_not_is_an_error(writer: KinesisWriter, record: dict[str, Any]) -> None:
    with pytest.raises(Fatal, match="TL-KIN-001"):
        writer.send(TOPIC, **record)


def test_records_arrive_at_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against moto, by boto3 itself."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("kinesis")
        client.create_stream(StreamName=f"tideline-dev-{TOPIC}", ShardCount=2)
        writer = KinesisWriter("tideline-dev-")
        outcomes = send(writer, *[f"{n}".encode() for n in range(20)])
        assert writer.flush(5) == 0
        assert {told.partition for told in outcomes if told is not None} == {0, 1}
        found = []
        for shard in ("shardId-000000000000", "shardId-000000000001"):
            at = client.get_shard_iterator(
                StreamName=f"tideline-dev-{TOPIC}", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )
            found += client.get_records(ShardIterator=at["ShardIterator"])["Records"]
    assert {(one["PartitionKey"], one["Data"]) for one in found} == {(f"e-{n}", f"{n}".encode()) for n in range(20)}


def _error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutRecords")  # type: ignore[typeddict-item]
