"""What files and records promise: the same sentences for the fakes and for S3 and DynamoDB (on moto)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.fakes.stored_files import FakeFiles, FakeMemory
from tests.localaws import s3_copies  # noqa: F401 - moto as strict as S3
from tideline.adapters.dynamodb_memory import DynamoMemory
from tideline.adapters.s3_files import S3Files
from tideline.model.errors import Fatal, FileGone
from tideline.ports import Files, Memory, StoredFile

BUCKET, OTHER, TABLE = "landing", "quarantine", "deliveries"
RECORD = {"sent": 3, "expires": 2_000_000_000}


@dataclass
class Place:
    """Where files are, and how a test puts and sees them."""

    files: Files
    memory: Memory

    def arrive(self, key: str, body: bytes) -> StoredFile:
        if isinstance(self.files, FakeFiles):
            return self.files.arrive(BUCKET, key, body)
        etag = boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)["ETag"]
        return StoredFile(BUCKET, key, etag)

    def names(self, bucket: str) -> list[str]:
        if isinstance(self.files, FakeFiles):
            return self.files.names(bucket)
        return [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture(params=["fake", "aws"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "fake":
        yield Place(FakeFiles(), FakeMemory())
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        s3, dynamo = boto3.client("s3"), boto3.client("dynamodb")
        for bucket in (BUCKET, OTHER):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        dynamo.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "file", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("file", "part")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Place(S3Files(), DynamoMemory(TABLE))


def test_a_file_is_read_whole_and_in_parts(place: Place) -> None:
    file = place.arrive("a.ndjson", b"0123456789" * 5)
    assert b"".join(place.files.blocks(file)) == b"0123456789" * 5
    assert place.files.read(file, 8, 12) == b"8901"


def test_what_was_replaced_is_gone(place: Place) -> None:
    """Nobody delivers half of one file and half of another."""
    old = place.arrive("a.ndjson", b"old")
    new = place.arrive("a.ndjson", b"new!")
    for act in (
        lambda: b"".join(place.files.blocks(old)),
        lambda: place.files.read(old, 0, 1),
        lambda: place.files.copy(old, OTHER, "b"),
    ):
        with pytest.raises(FileGone):
            act()
    place.files.remove(old)
    assert place.files.read(new, 0, 4) == b"new!"


def test_what_never_was_is_gone_too(place: Place) -> None:
    with pytest.raises(FileGone):
        place.files.read(StoredFile(BUCKET, "nothing", "00"), 0, 1)
    place.files.remove(StoredFile(BUCKET, "nothing", "00"))


@pytest.mark.parametrize("there", [True, False])
def test_a_denial_of_what_is_not_there_is_an_absence(there: bool) -> None:
    """S3 denies an absent key to whoever may list only prefixes; a denial of what is there is a fault of roles."""

    class Guarded:
        def get_object(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetObject")

        def list_objects_v2(self, **_: object) -> dict[str, list[dict[str, str]]]:
            return {"Contents": [{"Key": "inbox/a"}]} if there else {}

    with pytest.raises(Fatal if there else FileGone):
        S3Files(Guarded()).read(StoredFile(BUCKET, "inbox/a", "00"), 0, 1)


def test_a_copy_and_a_removal_move_a_file(place: Place) -> None:
    file = place.arrive("in/a b+ü.ndjson", b"x")
    place.files.copy(file, OTHER, "kept/a b+ü.ndjson")
    place.files.remove(file)
    place.files.put(OTHER, "kept/lines", b"y")
    assert place.names(BUCKET) == []
    assert place.names(OTHER) == ["kept/a b+ü.ndjson", "kept/lines"]


def test_of_two_writers_of_a_new_record_one_learns_that_it_lost(place: Place) -> None:
    assert place.memory.get("f", "claim") is None
    assert place.memory.put_new("f", "claim", RECORD)
    assert not place.memory.put_new("f", "claim", {**RECORD, "sent": 4})
    assert place.memory.get("f", "claim") == RECORD


def test_a_record_is_replaced_only_as_it_was_read(place: Place) -> None:
    place.memory.put_new("f", "claim", RECORD)
    assert place.memory.replace("f", "claim", {**RECORD, "sent": 4}, RECORD)
    assert not place.memory.replace("f", "claim", {**RECORD, "sent": 5}, RECORD)
    assert place.memory.get("f", "claim") == {**RECORD, "sent": 4}
    assert not place.memory.replace("f", "other", RECORD, RECORD)


def test_parts_come_in_order_and_of_one_file_only(place: Place) -> None:
    for number in (2, 0, 1):
        place.memory.put_new("f", f"chunk#{number:06d}", {**RECORD, "sent": number})
    place.memory.put_new("f", "delivered", RECORD)
    place.memory.put_new("g", "chunk#000000", RECORD)
    assert [part["sent"] for part in place.memory.parts("f", "chunk#")] == [0, 1, 2]


def test_a_table_that_is_missing_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong name is mended by a person; the message says the code and no more."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws(), pytest.raises(Fatal, match="TL-AWS-002 table nowhere: the service refuses: ResourceNotFound"):
        DynamoMemory("nowhere").get("f", "claim")
