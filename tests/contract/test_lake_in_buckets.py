"""Documents and tables in S3 promise what those in a folder promise; S3 is our AWS on loopback.

moto takes any credentials and answers request after request: permissions and races are not shown here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from deltalake import write_deltalake

from tests.localaws.server import local_aws
from tideline.adapters.delta_tables import DeltaTables
from tideline.adapters.documents_s3 import S3Documents
from tideline.model.errors import DataError, Fatal, Retriable
from tideline.model.lake import Lake

EVOLVED = Path(__file__).parents[1] / "unit" / "tables"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_aws(tmp_path_factory.mktemp("aws") / "moto.log") as aws:
        yield aws.url


@pytest.fixture
def client(url: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    made = boto3.client("s3", endpoint_url=url, **keys)
    for zone in ("documents", "silver", "gold"):
        bucket = f"lake-{zone}"
        made.create_bucket(Bucket=bucket)
        for page in made.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", []):
                made.delete_object(Bucket=bucket, Key=item["Key"])
    return made


@pytest.fixture
def documents(client: Any) -> S3Documents:
    return S3Documents(client, "lake-documents")


@pytest.fixture
def options(url: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_ALLOW_HTTP": "true",
    }


@pytest.fixture
def tables(client: Any, options: dict[str, str]) -> DeltaTables:
    return DeltaTables(Lake("s3://lake-{zone}"), options)


def test_a_document_is_written_once_and_never_replaced(documents: S3Documents) -> None:
    assert documents.get("runs/a/cut.json") is None
    assert documents.put_new("runs/a/cut.json", {"x": 1, "name": "é"})
    assert not documents.put_new("runs/a/cut.json", {"x": 2})
    assert not documents.put_new("runs/a/cut.json", {"x": 1, "name": "é"}), "who comes second is not the writer"
    assert documents.get("runs/a/cut.json") == {"x": 1, "name": "é"}


def test_names_are_sorted_limited_to_the_prefix_and_complete_over_pages(documents: S3Documents, client: Any) -> None:
    assert documents.names("releases/") == []
    client.meta.events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 5})
    wanted = [f"releases/a/{number:06d}.json" for number in range(12)]
    for name in wanted:
        documents.put_new(name, {})
    documents.put_new("other/1.json", {})
    assert documents.names("releases/") == wanted


def test_a_lost_answer_does_not_make_the_writer_a_loser(
    documents: S3Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is lost, the client asks again and is refused by its own document."""
    documents.put_new("releases/1.json", {"x": 1})
    refused = {"Error": {"Code": "PreconditionFailed"}, "ResponseMetadata": {"RetryAttempts": 1}}
    monkeypatch.setattr(documents, "_put", lambda key, text: ClientError(refused, "PutObject"))
    assert documents.put_new("releases/1.json", {"x": 1})
    assert not documents.put_new("releases/1.json", {"x": 2})


def test_a_write_that_races_for_ever_is_for_later(documents: S3Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    racing = ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
    monkeypatch.setattr(documents, "_put", lambda key, text: racing)
    with pytest.raises(Retriable, match="TL-DOC-003"):
        documents.put_new("releases/1.json", {})


def test_a_damaged_document_and_a_missing_bucket_are_loud(documents: S3Documents, client: Any) -> None:
    client.put_object(Bucket="lake-documents", Key="cut.json", Body=b"{")
    with pytest.raises(DataError, match="TL-DOC-002"):
        documents.get("cut.json")
    with pytest.raises(Fatal, match="TL-AWS-002") as caught:
        S3Documents(client, "lake-nowhere").names("x")
    assert "s3://lake-nowhere/x" in str(caught.value)


def test_a_denial_of_what_is_not_there_is_an_absence(
    documents: S3Documents, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may list only some prefixes is denied a key that is not there; of one that is there, a denial is one."""
    documents.put_new("runs/a/cut.json", {})

    def denied(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    monkeypatch.setattr(client, "get_object", denied)
    assert documents.get("runs/b/cut.json") is None
    with pytest.raises(Fatal, match="TL-AWS-002"):
        documents.get("runs/a/cut.json")


def test_a_bucket_that_does_not_answer_is_for_later() -> None:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    patience = boto3.session.Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    silent = boto3.client("s3", endpoint_url="http://127.0.0.1:9", config=patience, **keys)
    with pytest.raises(Retriable, match="TL-AWS-003"):
        S3Documents(silent, "x").get("cut.json")


@pytest.mark.parametrize("name", ["../up.json", "/etc/x", "a//b", ".hidden", ""])
def test_names_are_those_of_a_folder(documents: S3Documents, name: str) -> None:
    with pytest.raises(Fatal, match="TL-DOC-001"):
        documents.put_new(name, {})


def test_a_table_is_read_at_its_version_with_what_its_commits_said(
    tables: DeltaTables, options: dict[str, str]
) -> None:
    assert tables.version("silver/retail/sales") is None
    said = {"userMetadata": '{"tideline": {"stage": "refine"}}'}
    for number in (1, 2):
        write_deltalake(
            "s3://lake-silver/retail/sales",
            pa.table({"partition": [0], "position": [number]}),
            mode="append",
            storage_options=options,
            commit_properties=_properties(said),
        )
    assert tables.version("silver/retail/sales") == 1
    commit = tables.last_commit("silver/retail/sales")
    assert commit is not None and commit.metadata == {"stage": "refine"}
    assert tables.read("silver/retail/sales", 0).to_pydict() == {"partition": [0], "position": [1]}
    assert [file.rows for file in tables.files("silver/retail/sales")] == [1, 1]


def _properties(said: dict[str, str]) -> Any:
    from deltalake import CommitProperties

    return CommitProperties(custom_metadata=said)


def test_an_evolved_table_is_read_from_a_bucket_as_from_a_folder(
    tables: DeltaTables, client: Any, tmp_path: Path
) -> None:
    """Column mapping and widened types are read by our own reader, which opens files of a bucket too."""
    folder = tmp_path / "gold"
    shutil.copytree(EVOLVED / "evolved", folder / "evolved")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.put_object(Bucket="lake-gold", Key=str(path.relative_to(folder)), Body=path.read_bytes())
    local = DeltaTables(Lake(str(EVOLVED))).read("evolved", 13)
    assert tables.read("gold/evolved", 13).equals(local)


def test_a_folder_of_files_without_a_log_is_broken_and_an_empty_one_is_no_table(
    tables: DeltaTables, client: Any
) -> None:
    assert tables.version("gold/empty") is None
    client.put_object(Bucket="lake-gold", Key="lost/part-0.parquet", Body=b"x")
    with pytest.raises(DataError, match="TL-TAB-001") as caught:
        tables.version("gold/lost")
    assert "s3://lake-gold/lost" in str(caught.value)
