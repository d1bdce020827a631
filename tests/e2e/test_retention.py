"""F16: the log dropped what had not been read. Nobody skips silently: the answer and the batch name the exact range."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.e2e.living import Living, wait_for
from tests.platform import java_or_skip

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(240)]


@pytest.fixture
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    platform = Living(tmp_path_factory.mktemp("retention"), seed=16)
    java_or_skip(platform.settings)
    platform.up("kafka", "speed", "serving")
    yield platform
    platform.down()


def test_f16_lost_range_is_named_and_never_skipped(living: Living) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    view = living.contract.views[0].name
    living.feed.burst(1_000)
    living.settle()
    reached = living.merged(view)
    living.kill("speed", signal.SIGSTOP)
    living.feed.burst(1_000)
    cut = {partition: position - 20 for partition, position in living.feed.known().items()}
    admin = AdminClient({"bootstrap.servers": living.settings.kafka_bootstrap})
    deletion = admin.delete_records([TopicPartition(living.contract.stream.topic, p, n) for p, n in cut.items()])
    for future in deletion.values():
        future.result(30)
    living.kill("speed", signal.SIGCONT)

    expected = [{"partition": p, "from": reached[p], "to": cut[p]} for p in sorted(cut)]
    wait_for(lambda: living.answer(view)["meta"]["lacks"] == expected, 60, f"the answer lacks {expected}")
    assert living.answer(view)["meta"]["complete"] is False

    refused = living.tideline("run", living.contract.id, "cut", "--run-key", "f16", code=66)
    assert f"[0, {cut[0]})" in refused.stderr, refused.stderr
