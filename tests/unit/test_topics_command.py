"""`tideline topics` asks for what contracts need and for nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tideline import wiring
from tideline.cli.topics import command
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY

MADE = json.loads((REPOSITORY / "infra/terraform/_generated/contracts/retail/sales.json").read_text())["topics"]


class Asked:
    def __init__(self) -> None:
        self.topics: dict[str, tuple[int, Any]] = {}

    def create(self, topic: str, partitions: int, config: Any = None) -> None:
        self.topics[topic] = (partitions, config)


class Stored:
    def __init__(self, bucket: str, stored: dict[tuple[str, str], Any]) -> None:
        self.bucket, self.stored = bucket, stored

    def get(self, name: str) -> Any:
        return self.stored.get((self.bucket, name))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(wiring, "event_log", lambda settings: found)
    return found


def test_the_contracts_topics_are_made_as_terraform_is_told(asked: Asked):
    assert CliRunner().invoke(command, []).exit_code == 0
    assert asked.topics == {name: (one["partitions"], one["config"]) for name, one in MADE.items()}


def test_a_document_of_terraform_is_taken_instead(asked: Asked, tmp_path: Path):
    document = tmp_path / "topics.json"
    topics = {"a.b.v1": {"partitions": 2, "replication": 3, "config": {"retention.ms": "1"}}}
    document.write_text(json.dumps({"format": 1, "topics": topics}))
    answer = CliRunner().invoke(command, ["--from", str(document), "--json"])
    assert json.loads(answer.output) == {"topics": ["a.b.v1"]}
    assert asked.topics == {"a.b.v1": (2, {"retention.ms": "1"})}


def test_a_document_is_taken_from_the_bucket_where_terraform_put_it(asked: Asked, monkeypatch: pytest.MonkeyPatch):
    topics = {"a.b.v1": {"partitions": 2, "replication": 3, "config": {"local.retention.ms": "1"}}}
    stored = {("bucket", "topics/topics.json"): {"format": 1, "topics": topics}}
    monkeypatch.setattr(wiring, "documents_of", lambda bucket: Stored(bucket, stored))
    assert CliRunner().invoke(command, ["--from", "s3://bucket/topics/topics.json"]).exit_code == 0
    assert asked.topics == {"a.b.v1": (2, {"local.retention.ms": "1"})}
    with pytest.raises(Fatal, match=r"TL-ENV-009 .*s3://bucket/other\.json"):
        CliRunner().invoke(command, ["--from", "s3://bucket/other.json"], catch_exceptions=False)


def test_a_file_that_is_not_there_makes_nothing(asked: Asked, tmp_path: Path):
    with pytest.raises(Fatal, match="TL-ENV-009"):
        CliRunner().invoke(command, ["--from", str(tmp_path / "none.json")], catch_exceptions=False)
    assert asked.topics == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "topics": {}}', '{"format": 1, "topics": {"a": 1}}'])
def test_what_is_no_topics_document_makes_nothing(asked: Asked, tmp_path: Path, text: str):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(Fatal, match="TL-ENV-009"):
        CliRunner().invoke(command, ["--from", str(tmp_path / "t.json")], catch_exceptions=False)
    assert asked.topics == {}
