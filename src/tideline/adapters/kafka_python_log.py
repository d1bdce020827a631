"""The event log on Apache Kafka by kafka-python: no compiled library; for administration and as the second opinion.

The same promises as the hot path's adapter, kept by the same tests. About a fifth of its speed.
"""

from __future__ import annotations

import base64
import importlib.util
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as trouble
from kafka.protocol.consumer import IsolationLevel, OffsetSpec

from tideline.adapters.kafka_answers import ASKED_AGAIN, NO_TOPIC, ask, no_answer, no_topic, not_ready, refused
from tideline.model.errors import Fatal, PositionLost, Retriable, TidelineError
from tideline.model.position import Partition, Position, Range, StreamId
from tideline.ports import Delivery, LogRecord

logging.getLogger("kafka").addHandler(logging.NullHandler())

TOPIC_CONFIG = {"message.timestamp.type": "LogAppendTime"}
_COMPRESSION = "lz4" if importlib.util.find_spec("lz4") else "gzip"
_LOST_FIX = "restate from bronze what it already has; raise the topic's retention so that readers are not overtaken"
_REFUSED = (
    trouble.MessageSizeTooLargeError, trouble.RecordListTooLargeError, trouble.TopicAuthorizationFailedError,
    trouble.PolicyViolationError, trouble.InvalidTopicError,
)  # fmt: skip


class PythonLog:
    """EventLog on one Kafka cluster; used by one thread. Times are seconds, and every call is bounded by them."""

    def __init__(self, bootstrap: str, *, request_timeout_s: float = 10.0, delivery_timeout_s: float = 20.0) -> None:
        self._bootstrap = bootstrap
        self._request_s, self._delivery_s = request_timeout_s, delivery_timeout_s
        self._connected: KafkaAdminClient | None = None

    def stream(self, topic: str) -> StreamId:
        """The topic id in the broker's own spelling, so that both adapters name a stream alike."""
        raw = UUID(str(ask(lambda _: self._describe(topic), self._request_s)["topic_id"])).bytes
        return StreamId(topic, base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    def bounds(self, topic: str) -> Mapping[Partition, Range]:
        return ask(lambda left: self._bounds(topic, left), self._request_s)

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        configs = {**TOPIC_CONFIG, **(config or {})}
        wanted = {topic: {"num_partitions": partitions, "replication_factor": -1, "configs": configs}}
        ask(lambda _: self._create(wanted, topic), self._request_s)
        there = len(ask(lambda left: self._bounds(topic, left), self._request_s, until_there=True))
        if there != partitions:
            raise Fatal(
                "TL-LOG-002",
                f"the topic has {there} partitions, {partitions} are asked for",
                where=f"topic {topic}",
                fix="partitions are for life (they decide which id is where): correct the contract, or use a new topic",
            )

    def reader(self, topic: str, start: Mapping[Partition, Position]) -> PythonReader:
        return PythonReader(self._bootstrap, topic, start, request_timeout_s=self._request_s)

    def writer(self, *, linger_ms: int = 0, client_id: str = "tideline") -> PythonWriter:
        return PythonWriter(self._bootstrap, client_id, linger_ms, self._delivery_s)

    def _admin(self) -> KafkaAdminClient:
        if self._connected is None:
            limits = {"request_timeout_ms": int(self._request_s * 1000)}
            self._connected = KafkaAdminClient(**_connection(self._bootstrap, self._request_s), **limits)
        return self._connected

    def _create(self, wanted: Mapping[str, Any], topic: str) -> None:
        """Asked for only when it is missing: a service that may use a topic need not be one that may make it."""
        try:
            self._describe(topic)
            return
        except Retriable as error:
            if error.code != NO_TOPIC:
                raise
        with _translated(topic), suppress(trouble.TopicAlreadyExistsError):
            self._admin().create_topics(wanted)

    def _describe(self, topic: str) -> Any:
        with _translated(topic):
            found = [t for t in self._admin().describe_topics([topic]) if t["name"] == topic]
            if not found:
                raise trouble.UnknownTopicOrPartitionError(topic)
            if found[0]["error_code"]:
                raise trouble.for_code(found[0]["error_code"])(topic)
        return found[0]

    def _bounds(self, topic: str, left_s: float) -> dict[Partition, Range]:
        """Answered only when every partition has a leader that serves; a created topic has them a moment later."""
        numbers = sorted(int(p["partition_index"]) for p in self._describe(topic)["partitions"])
        starts = self._offsets(topic, numbers, OffsetSpec.EARLIEST, left_s)
        ends = self._offsets(topic, numbers, OffsetSpec.LATEST, left_s)
        return {p: Range(starts[p], max(starts[p], ends[p])) for p in numbers}

    def _offsets(self, topic: str, partitions: list[int], spec: OffsetSpec, left_s: float) -> dict[Partition, Position]:
        places = {TopicPartition(topic, p): spec for p in partitions}
        with _translated(topic):
            answers = self._admin().list_partition_offsets(
                places, isolation_level=IsolationLevel.READ_COMMITTED, timeout_ms=int(left_s * 1000)
            )
        return {place.partition: int(answer.offset) for place, answer in answers.items()}


class PythonReader:
    """LogReader; outlives a broker restart: `poll` is empty at first, then Retriable, until the broker is back."""

    def __init__(
        self, bootstrap: str, topic: str, start: Mapping[Partition, Position], *, request_timeout_s: float
    ) -> None:
        self._topic, self._patience_s = topic, request_timeout_s
        self._heard = self._probed = time.monotonic()
        with _translated(topic):
            self._consumer = KafkaConsumer(**_connection(bootstrap, request_timeout_s), **_READER)
        places = {self._place(p): at for p, at in start.items()}
        self._consumer.assign(list(places))
        for place, at in places.items():
            self._consumer.seek(place, at)

    def poll(self, timeout_s: float, max_records: int) -> Sequence[LogRecord]:
        with _translated(self._topic):
            try:
                batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
            except trouble.OffsetOutOfRangeError as error:
                place, at = next(iter(error.args[0].items()))
                lost = self._lost_range(place, at)  # if the broker cannot tell now, a later poll comes here again
                self._consumer.pause(place)
                raise lost from error
        found = [_record(message) for messages in batches.values() for message in messages]
        if found:
            self._heard = time.monotonic()
        else:
            self._probe()
        return found

    def position(self, partition: Partition) -> Position:
        return int(self._consumer.position(self._place(partition)))

    def seek(self, partition: Partition, position: Position) -> None:
        """Also the way on after PositionLost, for that partition alone."""
        self._consumer.seek(self._place(partition), position)
        self._consumer.resume(self._place(partition))

    def close(self) -> None:
        self._consumer.close()

    def _place(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._topic, partition)

    def _lost_range(self, place: TopicPartition, at: Position) -> PositionLost:
        low, high = self._consumer.beginning_offsets([place])[place], self._consumer.end_offsets([place])[place]
        missing = (at, low) if at < low else (min(at, high), at)
        return PositionLost.of(self._topic, place.partition, missing, _LOST_FIX)

    def _probe(self) -> None:
        """An idle log and a dead broker look alike here: ask about once a second which it is."""
        now = time.monotonic()
        if now - max(self._heard, self._probed) < 1.0:
            return
        self._probed = now
        place = next(iter(self._consumer.assignment()))
        try:
            self._consumer.end_offsets([place], timeout_ms=500)
            self._heard = now
        except trouble.KafkaError as error:
            if now - self._heard > self._patience_s:
                raise no_answer(self._topic, type(error).__name__) from error


class PythonWriter:
    """LogWriter: idempotent, acks=all. What is not acknowledged within the time limit is of unknown outcome."""

    def __init__(self, bootstrap: str, client_id: str, linger_ms: int, delivery_timeout_s: float) -> None:
        patience_ms = int(delivery_timeout_s * 1000)
        limits = {
            "linger_ms": linger_ms,
            "delivery_timeout_ms": patience_ms,
            "request_timeout_ms": max(500, patience_ms // 2 - linger_ms),
            "max_block_ms": patience_ms,
        }
        settings = {**_connection(bootstrap, delivery_timeout_s), **_WRITER, **limits, "client_id": client_id}
        with _translated(""):
            self._producer = KafkaProducer(**settings)
        self._due: deque[tuple[Callable[[Delivery], None] | None, Delivery]] = deque()
        self._outstanding = 0

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
        """Queue one message; its callback runs in `poll` or `flush`, in this thread."""
        place = -1 if partition is None else partition
        self._outstanding += 1
        try:
            future = self._producer.send(topic, value, key, list(headers), partition)
        except trouble.KafkaError as error:
            self._failed(on_delivery, place, error)
            return
        future.add_callback(partial(self._acknowledged, on_delivery))
        future.add_errback(partial(self._failed, on_delivery, place))

    def flush(self, timeout_s: float) -> int:
        try:
            self._producer.flush(timeout_s)
        except trouble.KafkaTimeoutError:
            logging.getLogger("kafka").info("flush ended by its time limit")
        self.poll()
        return self._outstanding

    def poll(self) -> None:
        while self._due:
            callback, delivery = self._due.popleft()
            self._outstanding -= 1
            if callback is not None:
                callback(delivery)

    def _acknowledged(self, callback: Callable[[Delivery], None] | None, metadata: Any) -> None:
        self._due.append((callback, Delivery(metadata.partition, metadata.offset)))

    def _failed(self, callback: Callable[[Delivery], None] | None, partition: Partition, error: Exception) -> None:
        refused = isinstance(error, _REFUSED)
        text = f"{'refused' if refused else 'unknown'}: {type(error).__name__}"
        self._due.append((callback, Delivery(partition, None, text, refused)))


_READER = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "isolation_level": "read_committed",
    "fetch_max_wait_ms": 20,
    "fetch_min_bytes": 1,
    "check_crcs": True,
}
_WRITER = {"acks": "all", "enable_idempotence": True, "compression_type": _COMPRESSION}


def _connection(bootstrap: str, patience_s: float) -> dict[str, Any]:
    return {
        "bootstrap_servers": bootstrap,
        "bootstrap_timeout_ms": int(patience_s * 1000),
        "reconnect_backoff_max_ms": 1_000,
    }


def _record(message: Any) -> LogRecord:
    return LogRecord(
        message.partition, message.offset, message.timestamp, message.key, message.value, tuple(message.headers or ())
    )


@contextmanager
def _translated(topic: str) -> Iterator[None]:
    """kafka-python's errors as Tideline's."""
    try:
        yield
    except trouble.UnknownTopicOrPartitionError as error:
        raise no_topic(topic) from error
    except trouble.UnsupportedCodecError as error:
        raise Fatal("TL-LOG-007", "no library for this compression", where=topic, fix="install lz4") from error
    except trouble.KafkaError as error:
        raise _told(error, topic) from error


def _told(error: trouble.KafkaError, topic: str) -> TidelineError:
    """The client's own errors have no number."""
    name, number = type(error).__name__, getattr(error, "errno", None)
    if number in ASKED_AGAIN:
        return not_ready(topic, number)
    if isinstance(error, (trouble.RetriableError, trouble.KafkaConnectionError)):
        return no_answer(topic, name)
    return refused(topic, name)
