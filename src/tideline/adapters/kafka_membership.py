"""Who works on which partitions, agreed through a consumer group of Kafka that is used for nothing else.

Being given a partition and reading it are two things to librdkafka: this client takes note of what it is given and
assigns itself nothing, so it never fetches, asks for no offsets and commits none. Sharing is cooperative and sticky: a
partition that stays where it is is never taken away in between, and one that moves is given up before it is given on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tideline.adapters.kafka_librdkafka import LOG, connection, made, translate
from tideline.model.position import Partition

SESSION_S = 10.0  # a member that was not heard of for so long is dead; brokers take 6 s at least
SLOWEST_S = 30.0  # a member whose process lives but does not ask is taken for dead as well
SLICE_S = 0.1
PROBE_S = 1.0
_JOINS_AGAIN = {
    KafkaError._MAX_POLL_EXCEEDED, KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS,
}  # fmt: skip


class KafkaMembership:
    """Membership of one group, over all partitions of `topics`; a topic that is made later is shared when it is seen.

    Used by one thread. `session_s` is how long a member that was killed keeps its partitions; whoever leaves by `close`
    keeps them for about a second. `options` are librdkafka's, for how a client gets in.
    """

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Sequence[str],
        *,
        session_s: float = SESSION_S,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._held, self._news = dict[str, set[Partition]](), False
        self._any = next(iter(topics), None)
        self._down: KafkaException | None = None
        self._probed = 0.0
        limits = {
            "session.timeout.ms": int(session_s * 1000),
            "max.poll.interval.ms": int(max(session_s, SLOWEST_S) * 1000),
        }
        way_in = {**connection(bootstrap), **_MEMBER, **limits, **(options or {})}
        self._consumer = made(Consumer, {**way_in, "group.id": group, "error_cb": self._on_error})
        if topics:
            self._consumer.subscribe(list(topics), on_assign=self._given, on_revoke=self._taken, on_lost=self._taken)

    def held(self, timeout_s: float) -> Mapping[str, frozenset[Partition]]:
        """Raises Retriable while the broker is away, also when this member has lost its partitions meanwhile.

        Fatal when the broker refuses the group, which no waiting mends.
        """
        deadline = time.monotonic() + timeout_s
        self._news = False
        while True:
            message = self._consumer.poll(max(0.0, min(SLICE_S, deadline - time.monotonic())))
            if message is not None:
                self._hear(message)
            if self._down is not None:
                self._probe(deadline)
            elif self._news or time.monotonic() >= deadline:
                return {topic: frozenset(held) for topic, held in self._held.items() if held}

    def close(self) -> None:
        self._consumer.close()

    def _given(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        for place in places:
            self._held.setdefault(place.topic, set()).add(place.partition)
        self._news = self._news or bool(places)
        consumer.incremental_assign([])  # said at once, or librdkafka would begin to read them

    def _taken(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        for place in places:
            self._held.get(place.topic, set()).discard(place.partition)
        self._news = self._news or bool(places)
        consumer.incremental_unassign([])

    def _hear(self, message: Message) -> None:
        """What concerns one topic is that contract's trouble, told by its own worker; the others are shared on."""
        error = message.error()
        if error is None:
            return
        LOG.warning("group: %s", error)
        if not message.topic() and error.code() not in _JOINS_AGAIN:
            raise translate(error, "")

    def _on_error(self, error: KafkaError) -> None:
        LOG.warning("group: %s", error)
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._down is None:
            self._down = KafkaException(error)

    def _probe(self, deadline: float) -> None:
        """While the broker is away, ask for it about once a second; librdkafka itself only says when it goes."""
        assert self._down is not None
        if (now := time.monotonic()) - self._probed >= PROBE_S:
            self._probed = now
            try:
                self._consumer.list_topics(self._any, timeout=max(SLICE_S, min(PROBE_S, deadline - now)))
                self._down = None
                return
            except KafkaException as error:
                self._down = error
        if time.monotonic() >= deadline:
            raise translate(self._down.args[0], "") from self._down


_MEMBER = {
    "client.id": "tideline-member",
    "partition.assignment.strategy": "cooperative-sticky",
    "heartbeat.interval.ms": 1_000,  # also how soon the others hear of a change
    "topic.metadata.refresh.interval.ms": 10_000,  # how soon a topic that is made later is seen; 5 min by default
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
}
