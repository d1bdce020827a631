"""One platform, one stream, one fault after the other: two clients ask without pause and no answer may ever be wrong.

The names F1 ... F46 are those of the fault catalogue in docs/faults.md.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.living import Living, collected, judge_by_raw_log, wait_for
from tests.platform import free_ports, java_or_skip
from tideline.local import journal
from tideline.settings import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    platform = Living(tmp_path_factory.mktemp("faults"), seed=11)
    java_or_skip(platform.settings)
    platform.up("kafka", "spark", "speed", "serving")
    yield platform
    platform.down()


def test_live_answers_before_any_batch(living: Living) -> None:
    """Speed alone answers, exactly, seconds after the first event."""
    with living.probed():
        living.feed.burst(3_000, rate=3_000)
        living.settle()
    assert living.answer(living.contract.views[0].name)["meta"]["parts"]["batch_rows"] == 0


def test_f45_readers_between_publish_and_trim(living: Living) -> None:
    """While a run publishes and speed goes on, every answer is exact and no client's position moves back."""
    living.run_batch("f45-a")
    with living.probed(every_s=0.05):
        living.feed.trickle(200)
        living.run_batch("f45-b")
        living.feed.rest()
        living.settle()
    assert living.answer(living.contract.views[0].name)["meta"]["parts"]["batch_rows"] > 0


def test_f40_running_a_finished_run_again_changes_nothing(living: Living) -> None:
    before = living.versions()
    living.run_batch("f45-b")
    assert living.versions() == before


def test_f1_speed_layer_killed_in_mid_batch(living: Living) -> None:
    with living.probed():
        living.feed.trickle(2_000)
        for _ in range(3):
            sent = living.feed.sent
            wait_for(lambda sent=sent: living.feed.sent > sent + 500, 30, "events flow")
            living.kill("speed")
            living.await_ready("speed")
        living.feed.rest()
        living.settle()


def test_f2_spark_killed_between_data_files_and_commit(living: Living) -> None:
    """The half-written files stay invisible, and the same run key goes through after the restart."""
    marker = living.settings.home / "run" / "crash-point"
    living.feed.burst(500)
    with living.probed():
        job = living.begin("run", living.contract.id, "--run-key", "f2", TIDELINE_CRASH_AT="refine.pre_commit")
        wait_for(lambda: marker.exists() and "refine.pre_commit" in marker.read_text(), 120, "the crash point")
        before = living.versions()
        living.kill("spark")
        said, _ = job.communicate(timeout=120)
        assert job.returncode != 0, said
        assert living.versions()["silver/retail/sales"] == before["silver/retail/sales"]
        living.await_ready("spark")
        living.run_batch("f2")
        living.settle()


def test_f3_job_killed_after_its_commit(living: Living) -> None:
    """The commit stands, nobody was told, and running the stage again finds it."""
    living.feed.burst(300)
    job = living.begin("run", living.contract.id, "--run-key", "f3", TIDELINE_CRASH_AT="ingest.post_commit")
    said, _ = job.communicate(timeout=180)
    assert job.returncode not in (0, 2, 65), said
    bronze = living.versions()["bronze/retail/sales"]
    living.tideline("run", living.contract.id, "ingest", "--run-key", "f3")
    assert living.versions()["bronze/retail/sales"] == bronze
    living.run_batch("f3")
    living.settle()


def test_f5_paused_worker_wakes_up_beside_its_successor(living: Living) -> None:
    """Whatever the zombie still sends is of an old generation; it ends itself and nothing is doubled."""
    zombie = living.pid("speed")
    (port,) = free_ports(1)
    env = {**living.settings.for_children(), "TIDELINE_SPEED_PORT": str(port)}
    with living.probed():
        living.feed.trickle(1_000)
        living.kill("speed", signal.SIGSTOP)
        successor = subprocess.Popen([sys.executable, "-m", "speed_layer"], env=env, cwd=REPOSITORY)
        try:
            reached = dict(living.feed.known())
            view = living.contract.views[0].name
            wait_for(
                lambda: all(living.merged(view).get(p, 0) >= n for p, n in reached.items()), 60, "the successor works"
            )
            living.kill("speed", signal.SIGCONT)
            wait_for(lambda: living.service("speed")["pid"] not in (zombie, None), 60, "the zombie ended itself")
            assert successor.wait(60) == 76, "the successor is fenced by the restarted worker"
        finally:
            successor.kill()
            successor.wait(10)
            living.feed.rest()
        living.settle()


def test_f38_duplicates_across_the_cut(living: Living) -> None:
    """Events that batch already has come again, with the same and with another payload: nothing counts twice."""
    old = [sent.event for sent in journal.read(living.journal) if sent.phase == "ok"]
    with living.probed():
        living.resend("duplicate", old[:2_000])
        living.run_batch("f38")
        living.resend("duplicate", old[1_000:3_000])
        living.settle()


def test_f46_speed_layer_lost_with_all_its_state(living: Living) -> None:
    """State and increments are gone: it rebuilds from the release's positions, and answers stay exact."""
    living.feed.burst(400)
    living.settle()
    before = living.merged(living.contract.views[0].name)
    shutil.rmtree(living.settings.home / "state" / "speed")
    living.kill("speed")
    living.await_ready("speed")
    living.feed.burst(400)
    living.settle()
    after = living.merged(living.contract.views[0].name)
    assert all(after[partition] >= position for partition, position in before.items())


def test_f10_broker_killed_and_back(living: Living) -> None:
    """Sends without an answer are sent again under their id; nothing that was accepted is lost or counted twice."""
    view = living.contract.views[0].name
    with collected(living) as answers:
        living.feed.trickle(1_500)
        sent = living.feed.sent
        wait_for(lambda: living.feed.sent > sent + 500, 30, "events flow")
        living.kill("kafka")
        living.await_ready("kafka")
        resumed = living.feed.sent
        wait_for(lambda: living.feed.sent > resumed + 500, 60, "events flow again")
        living.feed.rest()
        known = living.feed.known()
        wait_for(lambda: all(living.merged(view).get(p, 0) >= n for p, n in known.items()), 60, f"serving has {known}")
        living.run_batch("f10")
    assert len(answers) > 20
    assert judge_by_raw_log(living, answers) == {"compared": len(answers), "violations": {}}


def test_offsets_agree_at_the_end(living: Living) -> None:
    """After all of it, positions, versions and counters of every layer still fit together."""
    living.tideline("offsets", living.contract.id, "--verify")
