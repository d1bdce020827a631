"""Ingest, refine and restate against a real broker and a real Spark server."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from spark_jobs import crash_hook
from spark_jobs.ingest import ingest
from spark_jobs.job import Job
from spark_jobs.refine import refine
from spark_jobs.restate import restate
from tests.fakes.contract_index import small_contract, write_index
from tideline import wiring
from tideline.batch.commits import StageCommit, totals
from tideline.batch.cut import Cut, Doors, choose_cut, table_path
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Lifecycle, PositionLost
from tideline.planning import Kind, Request
from tideline.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark]
_numbers = itertools.count(1)


class Product:
    """One contract with its own topic and tables on the shared services; every stage can be called by name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.contract = small_contract(f"sales{next(_numbers)}")
        self.log = wiring.event_log(settings)
        self.topic = self.contract.stream.topic
        self.log.create(self.topic, 4, {"message.timestamp.type": "LogAppendTime"})

    def send(self, *ids: str, at: str = "2026-01-02T10:00:00Z", quantity: int = 1, raw: bytes | None = None) -> None:
        """Events of these ids to partition 0, so that positions are known."""
        writer = self.log.writer()
        for id_ in ids:
            event = {"event_id": id_, "at": at, "country": "France", "quantity": quantity}
            writer.send(self.topic, id_.encode(), raw or json.dumps(event).encode(), partition=0)
        assert writer.flush(30) == 0

    def cut(self, key: str, request: Request | None = None) -> Cut:
        own = self.settings
        doors = Doors(self.log, wiring.documents(own), wiring.tables(own), lambda: datetime.now(UTC), own.epoch_s)
        return choose_cut(self.contract, request or Request(), key, doors)

    def stage(self, work: Callable[[Job], None], key: str, contract: Contract | None = None) -> None:
        own = self.settings
        name = work.__name__
        job = Job(name, contract or self.contract, key, own, wiring.documents(own), wiring.tables(own))
        with closing(job):
            work(job)

    def run(self, key: str) -> None:
        self.cut(key)
        self.stage(ingest, key)
        self.stage(refine, key)

    def last(self, layer: str) -> tuple[int, StageCommit]:
        found = wiring.tables(self.settings).last_commit(table_path(layer, self.contract))
        words = StageCommit.read(found)
        assert found is not None
        assert words is not None
        return found.version, words

    def versions(self) -> list[int | None]:
        tables = wiring.tables(self.settings)
        return [tables.version(table_path(layer, self.contract)) for layer in ("bronze", "silver", "quarantine")]

    def rows(self, layer: str, *columns: str) -> list[tuple[Any, ...]]:
        """The newest rows of a layer, sorted."""
        tables, path = wiring.tables(self.settings), table_path(layer, self.contract)
        version = tables.version(path)
        assert version is not None
        found = tables.read(path, version, columns).to_pylist()
        return sorted(tuple(row[name] for name in columns) for row in found)


@pytest.fixture
def product(kafka: Settings, spark: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    assert kafka == spark
    monkeypatch.setenv("SPARK_REMOTE", spark.spark_remote)
    yield Product(spark)


def test_two_runs_count_each_event_once_and_a_third_finds_nothing_to_do(product: Product) -> None:
    """Repeats inside a run and across runs are dropped, refused records keep their place, a rerun changes nothing."""
    product.send("a", "b", "a")
    product.send("x", raw=b'{"nope')
    product.run("r1")
    product.send("b", "c")
    product.send("c", quantity=9)
    product.run("r2")
    assert product.rows("silver", "event_id", "position", "batch") == [("a", 0, 1), ("b", 1, 1), ("c", 5, 2)]
    assert product.rows("quarantine", "position", "reason", "status", "run_key") == [
        (3, "malformed_json", "open", "r1"),
        (6, "id_conflict", "open", "r2"),
    ]
    _, words = product.last("silver")
    assert words.counts[0] == {"in": 3, "good": 1, "quarantined": 1, "deduplicated": 1, "filtered": 0, "erased": 0}
    assert (dict(words.start)[0], words.coverage.at(0), words.run_key) == (4, 7, "r2")
    assert product.last("bronze")[1].coverage == words.coverage
    before = product.versions()
    for key in ("r1", "r2"):
        product.run(key)
    product.run("r3")
    assert product.versions() == before


def test_bronze_keeps_everything_as_it_came(product: Product) -> None:
    """Raw key, value and headers, the place in the stream, and whose run; control records only move the Coverage."""
    from confluent_kafka import Producer

    own = {"bootstrap.servers": product.settings.kafka_bootstrap, "transactional.id": product.topic}
    producer = Producer(own)
    producer.init_transactions(30)
    for commit in (True, False):
        producer.begin_transaction()
        producer.produce(product.topic, b"v", b"k", partition=1, headers=[("h", b"\x00\xff"), ("none", None)])
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)
    cut = product.cut("r1")
    product.stage(ingest, "r1")
    rows = product.rows("bronze", "partition", "position", "key", "value", "run_key", "topic_identity")
    assert rows == [(1, 0, b"k", b"v", "r1", cut.to.stream.identity)]
    headers = product.rows("bronze", "position", "headers")[0][1]
    assert [(header["key"], header["value"]) for header in headers] == [("h", b"\x00\xff"), ("none", None)]
    assert product.last("bronze")[1].coverage.at(1) == 4  # a record and a marker, twice
    assert totals(product.last("bronze")[1].counts)["in"] == 1


def test_a_run_that_another_one_overtakes_writes_nothing(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs race for the same batch: one commits, the other ends with Lifecycle (76), no row is there twice."""
    product.send("a", "b")
    product.cut("slow")
    product.cut("fast")
    started: list[str] = []

    def overtaken(job: Job, layer: str, rows: Any) -> Any:
        if job.run_key == "slow":
            started.append(job.stage)
            product.stage({"ingest": ingest, "refine": refine}[job.stage], "fast")
        return rows

    monkeypatch.setattr(crash_hook, "before_commit", overtaken)
    for work in (ingest, refine):
        with pytest.raises(Lifecycle, match="TL-SPK-002") as caught:
            product.stage(work, "slow")
        assert caught.value.exit_code == 76
    assert started == ["ingest", "refine"]
    assert product.rows("silver", "event_id") == [("a",), ("b",)]
    assert len(product.rows("bronze", "position")) == 2


def test_what_was_quarantined_by_an_interrupted_refine_is_not_written_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quarantine commit is done, silver's is not; more records arrive; the retry adds only what is new."""
    product.send("x", raw=b"broken")
    product.send("a")
    product.cut("r1")
    product.stage(ingest, "r1")

    def interrupted(job: Job, layer: str, rows: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(crash_hook, "before_commit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            product.stage(refine, "r1")
    product.send("y", raw=b"broken too")
    product.cut("r2")
    product.stage(ingest, "r2")
    product.stage(refine, "r1")
    assert product.rows("quarantine", "position") == [(0,), (2,)]
    assert product.rows("silver", "event_id", "position") == [("a", 1)]
    assert totals(product.last("silver")[1].counts) == {
        "in": 3, "good": 1, "quarantined": 2, "deduplicated": 0, "filtered": 0, "erased": 0,
    }  # fmt: skip


def test_a_range_that_the_log_has_lost_is_refused_exactly(product: Product) -> None:
    """Retention passed the coverage: exit code 66 with the range, when cutting and when ingesting, and no commit."""
    product.send("a", "b")
    product.run("r1")
    product.send("c", "d", "e")
    product.cut("r2")
    _delete_before(product, 4)
    for work in (lambda: product.stage(ingest, "r2"), lambda: product.cut("r3")):
        with pytest.raises(PositionLost, match=r"partition 0 no longer holds \[2, 4\)") as caught:
            work()
        assert caught.value.exit_code == 66
    assert product.last("bronze")[1].run_key == "r1"


def _delete_before(product: Product, position: int) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": product.settings.kafka_bootstrap})
    asked = admin.delete_records([TopicPartition(product.topic, 0, position)])
    for done in asked.values():
        done.result(30)


def test_a_restate_under_another_rule_changes_its_days_only_and_can_be_undone(product: Product) -> None:
    """Other days keep their batch; verdicts move between silver and quarantine, never twice; counts are differences."""
    product.send("small", quantity=1)
    product.send("large", quantity=50)
    product.send("other", quantity=1, at="2026-01-05T00:00:00Z")
    product.run("r1")
    first, before = product.contract, product.versions()
    days = Request(Kind.RESTATE, (date(2026, 1, 2), date(2026, 1, 3)))
    product.cut("same", days)
    product.stage(restate, "same")
    assert product.versions() == before
    product.contract = small_contract(first.product, rules=[{"name": "enough", "expression": "quantity >= 10"}])
    product.cut("strict", days)
    product.stage(restate, "strict")
    changed = product.versions()
    product.cut("strict-again", days)
    product.stage(restate, "strict-again")
    assert product.versions() == changed
    assert product.rows("silver", "event_id", "batch") == [("large", 2), ("other", 1)]
    assert product.rows("quarantine", "position", "reason", "status") == [(0, "rule:enough", "open")]
    _, words = product.last("silver")
    assert (words.stage, words.days, words.batch) == ("restate", ("2026-01-02", "2026-01-03"), 2)
    assert words.counts[0] == {"in": 0, "good": -1, "quarantined": 1, "deduplicated": 0, "filtered": 0, "erased": 0}
    product.contract = first
    product.cut("loose", days)
    product.stage(restate, "loose")
    assert product.rows("silver", "event_id", "batch") == [("large", 3), ("other", 1), ("small", 3)]
    assert product.rows("quarantine", "position", "reason", "status") == [(0, "rule:enough", "replayed")]
    assert product.last("silver")[1].counts[0]["good"] == 1


def test_a_restate_that_would_move_events_to_other_days_is_refused(product: Product) -> None:
    """A changed time zone moves events over midnight: the days alone cannot hold the answer, so nothing is written."""
    fields = [field.model_dump(mode="json") for field in product.contract.fields]
    product.contract = small_contract(
        product.contract.product, fields=[*fields[:1], {**fields[1], "timezone": "UTC"}, *fields[2:]]
    )
    product.send("late", at="2026-01-02T23:30:00")
    product.run("r1")
    moved = [*fields[:1], {**fields[1], "timezone": "America/New_York"}, *fields[2:]]
    product.contract = small_contract(product.contract.product, fields=moved)
    before = product.versions()
    product.cut("moved", Request(Kind.RESTATE, (date(2026, 1, 2), date(2026, 1, 3))))
    with pytest.raises(DataError, match="TL-RES-002"):
        product.stage(restate, "moved")
    assert product.versions() == before


def test_the_command_survives_a_kill_after_the_commit(product: Product, tmp_path: Path) -> None:
    """`tideline run` reports a killed job, and the same command again finds the commit and does nothing (F3)."""
    product.send("a")
    source = tmp_path / "contracts" / "product.odcs.yaml"
    source.parent.mkdir(exist_ok=True)
    source.write_text("what the index was compiled from\n")
    index = write_index(tmp_path / "index.json", product.contract, compiled_from=source)
    own = {
        **product.settings.for_children(),
        "TIDELINE_INDEX": str(index),
        "TIDELINE_CONTRACTS": str(tmp_path / "contracts"),
    }

    def tideline(stage: str, **more: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from tideline.cli import main; main()"]
        words = [*program, "run", product.contract.id, stage, "--run-key", "r1"]
        return subprocess.run(words, env={**own, **more}, capture_output=True, text=True, timeout=120, check=False)

    assert tideline("cut").returncode == 0
    killed = tideline("ingest", TIDELINE_CRASH_AT="ingest.post_commit")
    assert (killed.returncode, "TL-SPK-006" in killed.stderr) == (128 + 9, True)
    version, words = product.last("bronze")
    again = tideline("ingest", TIDELINE_CRASH_AT="ingest.post_commit")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    assert product.last("bronze") == (version, words)
    refined = tideline("refine")
    assert refined.returncode == 0, refined.stderr
    assert "good 1" in refined.stdout
    assert refined.stderr == ""
    os.unlink(crash_hook.marker(product.settings.home))
    gone = tideline("refine", SPARK_REMOTE="sc://127.0.0.1:9", TIDELINE_HOME=str(tmp_path / "elsewhere"))
    assert (gone.returncode, gone.stderr[:10]) == (2, "TL-CUT-001")
