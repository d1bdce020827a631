"""Fault F2: the Spark driver is killed between the data files of a refine and its commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spark_jobs.crash_hook import marker
from tests.fakes.contract_index import small_contract, write_index
from tests.platform import fresh_settings, java_or_skip
from tideline import wiring
from tideline.batch.cut import Doors, choose_cut, table_path
from tideline.local.process import running, wait_until
from tideline.local.spark_server import spark_server
from tideline.planning import Request
from tideline.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.e2e, pytest.mark.timeout(900)]


def test_a_driver_killed_before_the_commit_leaves_files_but_no_row(kafka: Settings, tmp_path: Path) -> None:
    """Data files are on disk, no version is; the same command against a new server commits each row once."""
    contract = small_contract("killed")
    home = fresh_settings(tmp_path / "home").model_copy(update={"kafka_port": kafka.kafka_port})
    (tmp_path / "contracts").mkdir()
    index = write_index(tmp_path / "index.json", contract)
    own = {"TIDELINE_INDEX": str(index), "TIDELINE_CONTRACTS": str(tmp_path / "contracts")}
    words = [sys.executable, "-c", "from tideline.cli import main; main()", "run", contract.id]

    def start(stage: str, crash_at: str = "") -> subprocess.Popen[str]:
        where = {**home.for_children(), **own, "TIDELINE_CRASH_AT": crash_at}
        command = [*words, stage, "--run-key", "r1"]
        return subprocess.Popen(command, env=where, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    log, tables = wiring.event_log(home), wiring.tables(home)
    log.create(contract.stream.topic, 4, {"message.timestamp.type": "LogAppendTime"})
    writer = log.writer()
    for number in range(20):
        id_ = f"e{number}".encode()
        writer.send(contract.stream.topic, id_, b'{"event_id": "%s", "at": "2026-01-02T10:00:00Z"}' % id_)
    assert writer.flush(30) == 0
    choose_cut(contract, Request(), "r1", Doors(log, wiring.documents(home), tables, lambda: datetime.now(UTC), 5.0))
    silver = table_path("silver", contract)
    with running(spark_server(home, java_or_skip(home)), home.for_children()) as server:
        ingested = start("ingest")
        assert ingested.communicate(timeout=240)[1] == ""
        held = start("refine", "refine.pre_commit")
        wait_until(lambda: marker(home.home).exists(), 240, "the refine reaches its crash point")
        os.killpg(server.pid, signal.SIGKILL)
        errors = held.communicate(timeout=240)[1]
    assert (held.returncode, errors[:10]) == (75, "TL-SPK-001")
    assert tables.last_commit(silver) is None
    assert list((home.lake / silver).glob("*.parquet"))
    with running(spark_server(home, java_or_skip(home)), home.for_children()):
        again = start("refine", "refine.pre_commit")
        output, errors = again.communicate(timeout=240)
    assert (again.returncode, errors) == (0, ""), output
    found = tables.read(silver, tables.version(silver) or 0, ["event_id"]).to_pylist()
    assert sorted(row["event_id"] for row in found) == sorted(f"e{number}" for number in range(20))
