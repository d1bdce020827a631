"""F16: the log dropped what had not been read. Nobody skips silently: the answer and the batch name the exact range."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.living import Living, judge_by_raw_log, wait_for
from tests.platform import java_or_skip
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
