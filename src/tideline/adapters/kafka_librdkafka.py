"""What all clients of confluent-kafka (librdkafka) share: how they connect, how they are made, what errors mean."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tideline.adapters.kafka_answers import ASKED_AGAIN, no_answer, no_topic, not_ready, refused
from tideline.model.errors import TidelineError

LOG = logging.getLogger("tideline.kafka")
LOG.addHandler(logging.NullHandler())

_Client = TypeVar("_Client", AdminClient, Consumer, Producer)
_OUTSIDE = {
    KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT, KafkaError._RESOLVE,
    KafkaError._WAIT_COORD, KafkaError.REQUEST_TIMED_OUT, KafkaError.NETWORK_EXCEPTION, KafkaError._TIMED_OUT_QUEUE,
}  # fmt: skip


def connection(bootstrap: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap,
        "allow.auto.create.topics": False,
        "broker.address.family": "v4",
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1_000,
        "socket.connection.setup.timeout.ms": 5_000,
    }


def made(client: Callable[..., _Client], settings: dict[str, Any]) -> _Client:
    """A client that signs in by token asks for its first one here, and waits for it."""
    try:
        return client(settings, logger=LOG)
    except KafkaException as error:
        raise translate(error.args[0], "") from error


def translate(error: KafkaError, topic: str) -> TidelineError:
    code = error.code()
    if code in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION):
        return no_topic(topic)
    if code in ASKED_AGAIN:
        return not_ready(topic, code)
    if code in _OUTSIDE or error.retriable():
        return no_answer(topic, error.name())
    return refused(topic, f"{error.name()}: {error.str()}")
