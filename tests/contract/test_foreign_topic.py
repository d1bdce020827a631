"""A topic that somebody else made: taken only if its records carry the broker's time."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tideline.adapters.kafka_confluent import ConfluentLog
from tideline.adapters.kafka_librdkafka import LOG
from tideline.model.errors import Fatal
from tideline.settings import Settings

pytestmark = pytest.mark.kafka


def test_a_topic_with_its_producers_clocks_is_refused(kafka: Settings) -> None:
    """The deduplication horizon is measured in log time: a producer's clock could make it forget."""
    admin = AdminClient({"bootstrap.servers": kafka.kafka_bootstrap}, logger=LOG)
    topic = NewTopic("foreign.clocks", 1, 1, config={"message.timestamp.type": "CreateTime"})
    admin.create_topics([topic])["foreign.clocks"].result(30)
    with pytest.raises(Fatal, match=r"TL-LOG-009 .*message.timestamp.type=CreateTime"):
        ConfluentLog(kafka.kafka_bootstrap).create("foreign.clocks", 1)


def test_a_topic_that_tideline_made_is_taken_again(kafka: Settings) -> None:
    log = ConfluentLog(kafka.kafka_bootstrap)
    log.create("own.clocks", 1)
    log.create("own.clocks", 1)
    assert list(log.bounds("own.clocks")) == [0]
