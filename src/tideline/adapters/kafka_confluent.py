"""The event log on Apache Kafka by confluent-kafka (librdkafka): the hot path of the speed layer.

A reader is assigned by hand and never resets (`auto.offset.reset=error`): a position out of range is PositionLost. It
reads committed records only; partition-end events move its position over transaction markers and aborted records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka import TopicCollection as Topics
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec

from tideline.adapters.kafka_answers import NO_TOPIC, ask
from tideline.adapters.kafka_librdkafka import LOG, connection, made, translate
from tideline.model.errors import Fatal, PositionLost, Retriable
from tideline.model.position import Partition, Position, Range, StreamId
from tideline.ports import Delivery, LogRecord

TOPIC_CONFIG = {"message.timestamp.type": "LogAppendTime"}
_LOST_FIX = "restate from bronze what it already has; raise the topic's retention so that readers are not overtaken"
_REFUSED = {
    KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_MSG, KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC, KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.POLICY_VIOLATION,
    KafkaError._INVALID_ARG, KafkaError.INVALID_RECORD,
}  # fmt: skip


class ConfluentLog:
    """EventLog on one Kafka cluster; threads may share it. Times are seconds, and every call is bounded by them.

    `options` are librdkafka's, for how a client gets in (`kafka_iam.iam_options`); without them nothing is encrypted.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        request_timeout_s: float = 10.0,
        delivery_timeout_s: float = 20.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._bootstrap, self._options = bootstrap, dict(options or {})
        self._request_s, self._delivery_s = request_timeout_s, delivery_timeout_s
        self._admin = made(AdminClient, {**connection(bootstrap), **self._options, "client.id": "tideline-admin"})

    def stream(self, topic: str) -> StreamId:
        """The topic id as the broker's own tools print it (URL-safe), so that all clients name a stream alike."""
        identity = str(ask(lambda left: self._describe(topic, left), self._request_s).topic_id)
        return StreamId(topic, identity.replace("+", "-").replace("/", "_"))

    def bounds(self, topic: str) -> Mapping[Partition, Range]:
        return ask(lambda left: self._bounds(topic, left), self._request_s)

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        wanted = NewTopic(topic, partitions, -1, config={**TOPIC_CONFIG, **(config or {})})  # -1: as the cluster copies
        ask(lambda left: self._create(wanted, left), self._request_s)
        there = len(ask(lambda left: self._bounds(topic, left), self._request_s, until_there=True))
        if there != partitions:
            raise Fatal(
                "TL-LOG-002",
                f"the topic has {there} partitions, {partitions} are asked for",
                where=f"topic {topic}",
                fix="partitions are for life (they decide which id is where): correct the contract, or use a new topic",
            )
        ask(lambda left: self._check_log_time(topic, left), self._request_s, until_there=True)

    def _check_log_time(self, topic: str, left_s: float) -> None:
        """A topic made by others may carry its producers' clocks: the deduplication horizon needs the broker's."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        try:
            found = self._admin.describe_configs([resource], request_timeout=left_s)[resource].result()
        except KafkaException as error:
            raise translate(error.args[0], topic) from error
        for name, value in TOPIC_CONFIG.items():
            if found[name].value != value:
                raise Fatal(
                    "TL-LOG-009",
                    f"the topic has {name}={found[name].value}, Tideline needs {value}",
                    where=f"topic {topic}",
                    fix=f"alter the topic's configuration: {name}={value}",
                )

    def reader(self, topic: str, start: Mapping[Partition, Position]) -> ConfluentReader:
        return ConfluentReader(self._bootstrap, topic, start, request_timeout_s=self._request_s, options=self._options)

    def writer(self, *, linger_ms: int = 0, client_id: str = "tideline") -> ConfluentWriter:
        return ConfluentWriter(self._bootstrap, client_id, linger_ms, self._delivery_s, options=self._options)

    def _create(self, wanted: NewTopic, left_s: float) -> None:
        """Asked for only when it is missing: a service that may use a topic need not be one that may make it."""
        try:
            self._describe(wanted.topic, left_s)
            return
        except Retriable as error:
            if error.code != NO_TOPIC:
                raise
        try:
            self._admin.create_topics([wanted], request_timeout=left_s)[wanted.topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise translate(error.args[0], wanted.topic) from error

    def _describe(self, topic: str, left_s: float) -> Any:
        try:
            return self._admin.describe_topics(Topics([topic]), request_timeout=left_s)[topic].result()
        except KafkaException as error:
            raise translate(error.args[0], topic) from error

    def _bounds(self, topic: str, left_s: float) -> dict[Partition, Range]:
        """Answered only when every partition has a leader that serves; a created topic has them a moment later."""
        places = [TopicPartition(topic, p.id) for p in self._describe(topic, left_s).partitions]
        starts = self._offsets(topic, places, OffsetSpec.earliest(), left_s)
        ends = self._offsets(topic, places, OffsetSpec.latest(), left_s)
        return {p: Range(starts[p], max(starts[p], ends[p])) for p in sorted(starts)}

    def _offsets(
        self, topic: str, places: list[TopicPartition], spec: OffsetSpec, left_s: float
    ) -> dict[Partition, Position]:
        answers = self._admin.list_offsets(
            dict.fromkeys(places, spec), isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=left_s
        )
        try:
            return {place.partition: answer.result().offset for place, answer in answers.items()}
        except KafkaException as error:
            raise translate(error.args[0], topic) from error


class ConfluentReader:
    """LogReader with bounded queues; outlives a broker restart. Used by one thread.

    `poll` returns empty while the broker is away for less than `request_timeout_s`, and raises Retriable from then on
    until it is back; calling `poll` again is right in both cases.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        start: Mapping[Partition, Position],
        *,
        request_timeout_s: float,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._topic, self._next, self._patience_s = topic, dict(start), request_timeout_s
        self._overrun: list[Partition] = []
        self._down_since: float | None = None
        self._probed = 0.0
        way_in = {**connection(bootstrap), **(options or {})}
        self._consumer = made(Consumer, {**way_in, **_READER, "error_cb": self._on_error})
        self._consumer.assign([TopicPartition(topic, p, at) for p, at in sorted(self._next.items())])

    def poll(self, timeout_s: float, max_records: int) -> Sequence[LogRecord]:
        if self._overrun:
            raise self._next_loss()
        if self._down_since is not None:
            self._probe(timeout_s)
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(max_records - 1, 0)] if max_records > 1 else [first]
        records = [record for record in map(self._accept, messages) if record is not None]
        if self._overrun and not records:
            raise self._next_loss()
        return records

    def position(self, partition: Partition) -> Position:
        return self._next[partition]

    def seek(self, partition: Partition, position: Position) -> None:
        """Also the way on after PositionLost, for that partition alone."""
        self._next[partition] = position
        place = TopicPartition(self._topic, partition, position)
        self._overrun = [lost for lost in self._overrun if lost != partition]
        self._consumer.incremental_unassign([place])
        self._consumer.incremental_assign([place])

    def close(self) -> None:
        self._consumer.close()

    def _accept(self, message: Message) -> LogRecord | None:
        error, partition = message.error(), message.partition()
        if error is None:
            offset = message.offset()
            self._next[partition] = offset + 1
            headers = message.headers()
            return LogRecord(
                partition,
                offset,
                message.timestamp()[1],
                message.key(),
                message.value(),
                tuple(headers) if headers else (),
            )
        if error.code() == KafkaError._PARTITION_EOF:
            self._next[partition] = max(self._next[partition], message.offset())
        elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            self._overrun.append(partition)
        else:
            problem = translate(error, self._topic)
            if not isinstance(problem, Retriable):
                raise problem
            self._on_error(error)
        return None

    def _next_loss(self) -> PositionLost:
        """What the broker cannot tell now a later `poll` tells; nothing that was read with it is dropped."""
        loss = self._lost_range(self._overrun[0])
        del self._overrun[0]
        return loss

    def _lost_range(self, partition: Partition) -> PositionLost:
        at = self._next[partition]
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), self._patience_s)
        except KafkaException as error:
            raise translate(error.args[0], self._topic) from error
        missing = (at, low) if at < low else (min(at, high), at)
        return PositionLost.of(self._topic, partition, missing, _LOST_FIX)

    def _on_error(self, error: KafkaError) -> None:
        LOG.warning("reader of %s: %s", self._topic, error)
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._down_since is None:
            self._down_since = time.monotonic()

    def _probe(self, timeout_s: float) -> None:
        """While the broker is away, ask for it about once a second; librdkafka itself only says when it goes."""
        now = time.monotonic()
        if now - self._probed < 1.0:
            return
        self._probed = now
        try:
            self._consumer.list_topics(self._topic, timeout=max(0.1, min(timeout_s, 1.0)))
            self._down_since = None
        except KafkaException as error:
            if now - (self._down_since or now) > self._patience_s:
                raise translate(error.args[0], self._topic) from error


class ConfluentWriter:
    """LogWriter: idempotent, acks=all. What is not acknowledged within the time limit is of unknown outcome."""

    def __init__(
        self,
        bootstrap: str,
        client_id: str,
        linger_ms: int,
        delivery_timeout_s: float,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._patience_s = delivery_timeout_s
        limits = {"delivery.timeout.ms": int(delivery_timeout_s * 1000), "linger.ms": linger_ms}
        way_in = {**connection(bootstrap), **(options or {})}
        self._producer = made(Producer, {**way_in, **_WRITER, **limits, "client.id": client_id})

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: Partition | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None:
        """Queue one message; when the bounded queue is full, wait for room up to the time limit, then Retriable."""

        def delivered(error: KafkaError | None, message: Message) -> None:
            if on_delivery is not None:
                on_delivery(_delivery(error, message.partition(), message.offset()))

        place = -1 if partition is None else partition
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                self._producer.produce(topic, value, key, place, delivered, headers=list(headers))
                return
            except BufferError:
                if time.monotonic() > deadline:
                    raise Retriable("TL-LOG-005", "the send queue stays full: the broker takes nothing") from None
                self._producer.poll(0.05)
            except KafkaException as error:
                if on_delivery is None:
                    raise translate(error.args[0], topic) from error
                on_delivery(_delivery(error.args[0], place, None))
                return

    def flush(self, timeout_s: float) -> int:
        return int(self._producer.flush(timeout_s))

    def poll(self) -> None:
        self._producer.poll(0)


_READER = {
    "group.id": "tideline-unused",  # the client insists on one; nothing is ever committed
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 20,
    "fetch.min.bytes": 1,
    "fetch.queue.backoff.ms": 20,
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 32_768,
    "check.crcs": True,
}
_WRITER = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # as every other Kafka client, so that an id has one partition
    "message.max.bytes": 16_777_216,  # the topic's own limit decides
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
}


def _delivery(error: KafkaError | None, partition: Partition, position: Position | None) -> Delivery:
    if error is None:
        return Delivery(partition, position)
    refused = error.code() in _REFUSED
    return Delivery(partition, None, f"{'refused' if refused else 'unknown'}: {error.name()}", refused)
