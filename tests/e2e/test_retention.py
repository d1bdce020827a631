"""F16: the log dropped what had not been read. Nobody skips silently: the answer and the batch name the exact range."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.living import Living, judge_by_raw_log, positions, wait_for
from tests.platform import java_or_skip
from tideline.local.journal import read
from tideline.local.probes import ask

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark, pytest.mark.timeout(900)]


@pytest.fixture
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    platform = Living(tmp_path_factory.mktemp("retention"), seed=16)
    java_or_skip(platform.settings)
    platform.up("kafka", "spark", "speed", "serving")
    yield platform
    platform.down()


def test_f16_lost_range_is_named_and_never_skipped(living: Living) -> None:
    view = living.contract.views[0].name
    living.feed.burst(1_000)
    living.settle()
    reached = living.merged(view)
    living.kill("speed", signal.SIGSTOP)
    living.feed.burst(1_000)
    cut = {partition: position - 20 for partition, position in living.feed.known().items()}
    _delete_before(living, cut)
    living.kill("speed", signal.SIGCONT)

    expected = [{"partition": p, "from": reached[p], "to": cut[p]} for p in sorted(cut)]
    wait_for(lambda: living.answer(view)["meta"]["lacks"] == expected, 60, f"the answer lacks {expected}")
    assert living.answer(view)["meta"]["complete"] is False

    refused = living.tideline("run", living.contract.id, "cut", "--run-key", "f16", code=66)
    assert f"[0, {cut[0]})" in refused.stderr, refused.stderr
    _accept_the_loss(living, view, cut)
    _roll_back_too_far(living, view)


def _delete_before(living: Living, cut: dict[int, int]) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": living.settings.kafka_bootstrap})
    deletion = admin.delete_records([TopicPartition(living.contract.stream.topic, p, n) for p, n in cut.items()])
    for future in deletion.values():
        future.result(30)


def _accept_the_loss(living: Living, view: str, cut: dict[int, int]) -> None:
    """What is gone can be accepted, exactly and once; then batch goes on, and every answer names the gap."""
    offsets = ("offsets", living.contract.id)
    near = [*offsets, "--accept-loss", "0", "0", str(cut[0] - 1), "--reason", "short retention"]
    assert "TL-LOS-002" in living.tideline(*near, code=2).stderr
    for partition, end in cut.items():
        lost = ["--accept-loss", str(partition), "0", str(end), "--reason", "short retention", "--by", "ada"]
        assert "accepted by ada" in living.tideline(*offsets, *lost).stdout
    living.run_batch("f16")
    living.tideline(*offsets, "--verify")
    gaps = [{"partition": p, "from": 0, "to": cut[p]} for p in sorted(cut)]
    wait_for(lambda: living.answer(view)["meta"]["gaps"] == gaps, 60, f"the answer names {gaps}")
    living.feed.burst(300)
    living.settle_positions()
    assert all(ask(url)["meta"]["complete"] for url in living.urls())
    wait_for(lambda: _equals_the_raw_log(living), 120, "speed has forgotten what batch lost, and figures are the log's")


def _equals_the_raw_log(living: Living) -> bool:
    answers = [{"url": url, "body": ask(url), "client": "settled"} for url in living.urls()]
    try:
        return judge_by_raw_log(living, answers) == {"compared": len(answers), "violations": {}}
    except subprocess.CalledProcessError:  # the oracle found a difference, and said which on its standard output
        return False


def _roll_back_too_far(living: Living, view: str) -> None:
    """Release 1 ends where the log no longer begins: refused; forced, answers stand still and say why until a run."""
    between = [sent.event for sent in read(living.journal)][-300:]  # all that release 1 does not cover
    living.run_batch("f62")
    wait_for(lambda: living.answer(view)["meta"]["release"] == 2, 60, "the second release is served")
    _delete_before(living, positions(living.answer(view)["meta"]["coverage"]["batch"]))
    back = ("offsets", living.contract.id, "--rollback-to", "1")
    assert "TL-REL-003" in living.tideline(*back, code=66).stderr
    living.tideline(*back, "--force")
    wait_for(lambda: living.answer(view)["meta"]["release"] == 3, 60, "the rollback is served")
    before = living.answer(view)["data"]
    living.resend("duplicate", between)  # a layer that has forgotten these ids would count them again
    living.feed.burst(100)
    wait_for(lambda: _standing_still(living, view), 120, "answers, status and health say that they stand still")
    assert living.answer(view)["data"] == before

    living.run_batch("f62-forward")
    wait_for(lambda: living.answer(view)["meta"]["complete"], 60, "a newer release lets answers move on")
    living.settle_positions()
    after = living.answer(view)
    assert after["meta"]["problems"] == [] and after["data"] != before
    living.resend("duplicate", between)
    living.settle_positions()
    assert living.answer(view)["data"] == after["data"], "repeats of what lies between the releases count nowhere"


def _standing_still(living: Living, view: str) -> bool:
    meta, base = living.answer(view)["meta"], living.settings.serving_url
    status = ask(f"{base}/v1/status")["contracts"][living.contract.id]
    told = {problem["code"] for problem in meta["problems"]} == {"TL-SRV-018"} and not meta["complete"]
    partitions = list(range(living.contract.stream.partitions))
    return told and status["standing_still"] == partitions and ask(f"{base}/healthz")["status"] == "degraded"
