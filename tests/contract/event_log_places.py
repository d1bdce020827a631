"""Where the event log's promises are tried, in memory and on a broker; and what an operator can do there."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.fakes.event_log import FakeEventLog
from tideline.model.errors import Retriable
from tideline.model.position import StreamId
from tideline.ports import Delivery, EventLog, LogReader, LogRecord

QUIET = logging.getLogger("tests.kafka")


class InMemory:
    """The fake, its switch and its scissors."""

    def __init__(self) -> None:
        self.fake = FakeEventLog()
        self.log: EventLog = self.fake

    def stopped(self) -> EventLog:
        gone = FakeEventLog()
        gone.create("events", 1)
        gone.online = False
        return gone

    def recreate(self, topic: str, partitions: int) -> None:
        self.fake.delete(topic)
        self.log.create(topic, partitions)

    def truncate(self, topic: str, partition: int, before: int) -> None:
        self.fake.truncate(topic, partition, before)

    def abort(self, topic: str, partition: int, count: int) -> None:
        self.fake.gap(topic, partition, count + 1)

    def commit(self, topic: str, partition: int, values: list[bytes]) -> None:
        for value in values:
            self.fake.append(topic, value, partition=partition)
        self.fake.gap(topic, partition)


class OnBroker:
    """A real broker by one of the two clients; operator's work is done with confluent-kafka in both cases."""

    def __init__(self, bootstrap: str, make: Callable[..., EventLog], unused_port: int) -> None:
        self.log = make(bootstrap)
        self._bootstrap, self._make, self._unused_port = bootstrap, make, unused_port
        self._admin = AdminClient({"bootstrap.servers": bootstrap}, logger=QUIET)

    def stopped(self) -> EventLog:
        return self._make(f"127.0.0.1:{self._unused_port}", request_timeout_s=1.0, delivery_timeout_s=1.5)

    def recreate(self, topic: str, partitions: int) -> None:
        before = self.log.stream(topic)
        self._admin.delete_topics([topic])[topic].result(10)
        until(lambda: self._is_new(topic, partitions, before))

    def truncate(self, topic: str, partition: int, before: int) -> None:
        place = TopicPartition(topic, partition, before)
        self._admin.delete_records([place])[place].result(10)

    def abort(self, topic: str, partition: int, count: int) -> None:
        end = self._end(topic, partition) + count + 1
        self._transaction(topic, partition, [b"aborted"] * count).abort_transaction(10)
        until(lambda: self._end(topic, partition) == end)

    def commit(self, topic: str, partition: int, values: list[bytes]) -> None:
        end = self._end(topic, partition) + len(values) + 1
        self._transaction(topic, partition, values).commit_transaction(10)
        until(lambda: self._end(topic, partition) == end)

    def _end(self, topic: str, partition: int) -> int:
        """The broker writes the marker of a transaction a moment after it has accepted its end."""
        return self.log.bounds(topic)[partition].end

    def _transaction(self, topic: str, partition: int, values: list[bytes]) -> Any:
        settings = {"bootstrap.servers": self._bootstrap, "transactional.id": uuid.uuid4().hex}
        producer = Producer(settings, logger=QUIET)
        producer.init_transactions(20)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=partition)
        producer.flush(10)
        return producer

    def _is_new(self, topic: str, partitions: int, before: StreamId) -> bool:
        """Deleting takes a moment; until then the old incarnation may still answer."""
        try:
            self.log.create(topic, partitions)
            return self.log.stream(topic) != before
        except Retriable:
            return False


Place = InMemory | OnBroker


def until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for a condition that does its own waiting; fails after the time limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"


def read_to(reader: LogReader, ends: dict[int, int], limit_s: float = 20.0) -> list[LogRecord]:
    """Everything until the reader stands at these positions."""
    found: list[LogRecord] = []

    def arrived() -> bool:
        found.extend(reader.poll(0.2, 1_000))
        return all(reader.position(partition) >= end for partition, end in ends.items())

    until(arrived, limit_s)
    return found


def send(
    log: EventLog, topic: str, *values: bytes | None, key: bytes = b"k", partition: int | None = 0
) -> list[Delivery]:
    """Send and wait for every outcome."""
    outcomes: list[Delivery] = []
    writer = log.writer()
    for value in values:
        writer.send(topic, key, value, partition=partition, on_delivery=outcomes.append)
    assert writer.flush(20) == 0
    return outcomes
