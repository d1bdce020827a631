"""What every event log promises: the same sentences for the fake and for both Kafka clients."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from tests.contract.event_log_places import InMemory, OnBroker, Place, read_to, send, until
from tideline.model.errors import Fatal, PositionLost, Retriable
from tideline.model.position import Range
from tideline.ports import Delivery, LogReader
from tideline.settings import Settings

KAFKA = [pytest.param(name, marks=pytest.mark.kafka) for name in ("confluent", "python")]


@pytest.fixture(params=["fake", *KAFKA])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "fake":
        return InMemory()
    broker = request.getfixturevalue("kafka")
    bootstrap = broker.kafka_bootstrap
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        unused = probe.getsockname()[1]
    if request.param == "confluent":
        from tideline.adapters.kafka_confluent import ConfluentLog

        return OnBroker(bootstrap, ConfluentLog, unused)
    from tideline.adapters.kafka_python_log import PythonLog

    return OnBroker(bootstrap, PythonLog, unused)


@pytest.fixture
def topic(place: Place) -> str:
    name = f"promise-{uuid.uuid4().hex[:8]}"
    place.log.create(name, 2)
    return name


@pytest.fixture
def reader(place: Place, topic: str) -> Iterator[LogReader]:
    opened = place.log.reader(topic, {0: 0, 1: 0})
    yield opened
    opened.close()


def test_a_recreated_topic_has_another_identity(place: Place, topic: str) -> None:
    """Positions of two incarnations can never be mixed up."""
    before = place.log.stream(topic)
    assert place.log.stream(topic) == before
    place.recreate(topic, 2)
    after = place.log.stream(topic)
    assert after.name == topic
    assert after.identity != before.identity


def test_creating_twice_is_harmless_but_other_partitions_are_refused(place: Place, topic: str) -> None:
    place.log.create(topic, 2)
    with pytest.raises(Fatal, match="TL-LOG-002"):
        place.log.create(topic, 3)


def test_a_missing_topic_is_retriable(place: Place) -> None:
    with pytest.raises(Retriable, match="TL-LOG-003"):
        place.log.stream("nobody-made-this")


def test_bounds_are_half_open_per_partition(place: Place, topic: str) -> None:
    send(place.log, topic, b"a", b"b", b"c", partition=1)
    place.truncate(topic, 1, 2)
    assert place.log.bounds(topic) == {0: Range(0, 0), 1: Range(2, 3)}


def test_records_come_in_order_and_whole(place: Place, topic: str, reader: LogReader) -> None:
    """Key, value, headers, tombstones and empty values survive; log time is set."""
    writer = place.log.writer()
    writer.send(topic, b"\xff\x00", b"", partition=0, headers=[("h", b"1"), ("h", b"\xfe")])
    writer.send(topic, b"k", None, partition=0)
    writer.send(topic, None, b"v", partition=0)
    assert writer.flush(20) == 0
    found = read_to(reader, {0: 3})
    assert [(r.position, r.key, r.value, r.headers) for r in found] == [
        (0, b"\xff\x00", b"", (("h", b"1"), ("h", b"\xfe"))),
        (1, b"k", None, ()),
        (2, None, b"v", ()),
    ]
    assert all(r.log_time_ms > 1_600_000_000_000 for r in found)


def test_deliveries_name_the_positions(place: Place, topic: str) -> None:
    assert send(place.log, topic, b"a", b"b") == [Delivery(0, 0), Delivery(0, 1)]


def test_one_key_has_one_partition(place: Place, topic: str) -> None:
    """Repeats of an id share a partition; different ids spread."""
    first = {key: send(place.log, topic, b"1", key=key, partition=None)[0].partition for key in map(_key, range(20))}
    again = {key: send(place.log, topic, b"2", key=key, partition=None)[0].partition for key in map(_key, range(5))}
    assert again.items() <= first.items()
    assert set(first.values()) == {0, 1}


def _key(number: int) -> bytes:
    return f"id-{number}".encode()


def test_positions_move_past_aborted_transactions_and_markers(place: Place, topic: str, reader: LogReader) -> None:
    """A reader that has read everything stands at the log end, also when the last positions carry no record."""
    place.commit(topic, 0, [b"a", b"b"])
    place.abort(topic, 0, 3)
    send(place.log, topic, b"c")
    place.abort(topic, 0, 1)
    end = place.log.bounds(topic)[0].end
    assert end == 10
    found = read_to(reader, {0: end})
    assert [(r.position, r.value) for r in found] == [(0, b"a"), (1, b"b"), (7, b"c")]
    assert reader.position(0) == end
    assert reader.position(1) == 0


def test_a_truncated_range_is_lost_loudly_and_exactly(place: Place, topic: str) -> None:
    """The error names partition and range; the other partition, and this one after a seek, can still be read."""
    send(place.log, topic, b"a", b"b", b"c", b"d")
    place.truncate(topic, 0, 3)
    reader = place.log.reader(topic, {0: 1, 1: 0})
    with pytest.raises(PositionLost) as caught:
        read_to(reader, {0: 4})
    assert (caught.value.partition, caught.value.missing) == (0, (1, 3))
    assert "[1, 3)" in str(caught.value)
    send(place.log, topic, b"x", partition=1)
    assert [r.value for r in read_to(reader, {1: 1})] == [b"x"]
    reader.seek(0, 3)
    assert [r.value for r in read_to(reader, {0: 4})] == [b"d"]
    reader.close()


def test_a_position_past_the_end_is_lost_too(place: Place, topic: str) -> None:
    """A log that ends before what was read has lost its end: never wait there in silence."""
    send(place.log, topic, b"a")
    reader = place.log.reader(topic, {0: 5})
    with pytest.raises(PositionLost) as caught:
        read_to(reader, {0: 6})
    assert caught.value.missing == (1, 5)
    reader.close()


def test_seek_reads_again(place: Place, topic: str, reader: LogReader) -> None:
    send(place.log, topic, b"a", b"b", b"c")
    assert len(read_to(reader, {0: 3})) == 3
    reader.seek(0, 1)
    assert reader.position(0) == 1
    assert [r.value for r in read_to(reader, {0: 3})] == [b"b", b"c"]


def test_poll_keeps_to_the_number_asked_for(place: Place, topic: str, reader: LogReader) -> None:
    send(place.log, topic, *[str(n).encode() for n in range(30)])
    found: list[bytes | None] = []

    def three_at_most() -> bool:
        batch = reader.poll(0.2, 3)
        assert len(batch) <= 3
        found.extend(r.value for r in batch)
        return len(found) >= 30

    until(three_at_most)
    assert found == [str(n).encode() for n in range(30)]


def test_a_writer_to_a_stopped_broker_ends_in_an_unknown_outcome(place: Place) -> None:
    """Neither a hang nor a lie: the send may have been applied for all the writer knows."""
    began = time.monotonic()
    outcomes: list[Delivery] = []
    try:
        writer = place.stopped().writer()
        writer.send("events", b"k", b"v", on_delivery=outcomes.append)
        until(lambda: writer.flush(0.5) == 0, 15)
        assert [(d.position, d.refused) for d in outcomes] == [(None, False)]
        assert outcomes[0].error is not None
    except Retriable as error:
        assert error.code == "TL-LOG-001"
    assert time.monotonic() - began < 15


def test_a_stopped_broker_is_retriable_within_the_time_limit(place: Place) -> None:
    began = time.monotonic()
    with pytest.raises(Retriable, match="TL-LOG-001"):
        place.stopped().bounds("events")
    assert time.monotonic() - began < 10


@pytest.mark.kafka
def test_both_clients_name_a_stream_alike_and_place_keys_alike(kafka: Settings) -> None:
    """The batch side and the hot path may use different clients."""
    from tideline.adapters.kafka_confluent import ConfluentLog
    from tideline.adapters.kafka_python_log import PythonLog

    bootstrap = kafka.kafka_bootstrap
    one, other = ConfluentLog(bootstrap), PythonLog(bootstrap)
    topic = f"promise-{uuid.uuid4().hex[:8]}"
    one.create(topic, 4)
    assert one.stream(topic) == other.stream(topic)
    keys = [_key(n) for n in range(10)]
    placed = [[send(log, topic, b"v", key=key, partition=None)[0].partition for key in keys] for log in (one, other)]
    assert placed[0] == placed[1]
