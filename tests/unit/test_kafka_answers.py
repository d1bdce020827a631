"""What Kafka's answers mean to both clients: who asks again, who gives up, and that they agree about each error."""

from __future__ import annotations

import time
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from kafka import errors as trouble

from tideline.adapters import kafka_confluent, kafka_librdkafka, kafka_python_log
from tideline.adapters.kafka_answers import ASKED_AGAIN, ask, no_answer, no_topic, not_ready
from tideline.model.errors import Fatal, PositionLost, Retriable, TidelineError
from tideline.model.position import Range

NOT_LEADER = KafkaError.NOT_LEADER_FOR_PARTITION
CODES = sorted(code for code in trouble.kafka_errors if code is not None and code > 0)
TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ"


def _by_confluent(code: int) -> TidelineError:
    return kafka_librdkafka.translate(KafkaError(code), "t")


def _by_python(code: int) -> TidelineError:
    with pytest.raises(TidelineError) as caught, kafka_python_log._translated("t"):
        raise trouble.for_code(code)
    return caught.value


@pytest.mark.parametrize("code", CODES)
def test_both_clients_make_the_same_of_a_brokers_error(code: int) -> None:
    """The same class and code; what kafka-python knows to be retriable is retriable, and nothing else."""
    one, other = _by_confluent(code), _by_python(code)
    assert (type(one), one.code) == (type(other), other.code)
    assert isinstance(one, Retriable) == issubclass(trouble.for_code(code), trouble.RetriableError)


@pytest.mark.parametrize(("code", "name"), ASKED_AGAIN.items())
def test_a_broker_that_is_not_ready_is_no_refusal(code: int, name: str) -> None:
    """A leader, coordinator or controller that moves is waited for; the numbers are those of the protocol."""
    assert KafkaError(code).name() in (name, f"ERR_{code}?")
    found = _by_confluent(code)
    assert isinstance(found, Retriable) and found.code == "TL-LOG-010" and name in str(found)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("TOPIC_AUTHORIZATION_FAILED", "TL-LOG-004"), ("INVALID_MSG", "TL-LOG-004"), ("INVALID_CONFIG", "TL-LOG-004"),
        ("UNKNOWN_TOPIC_OR_PART", "TL-LOG-003"), ("REQUEST_TIMED_OUT", "TL-LOG-001"), ("_TRANSPORT", "TL-LOG-001"),
        ("NETWORK_EXCEPTION", "TL-LOG-001"),
    ],
)  # fmt: skip
def test_refusals_and_silence_keep_their_codes(name: str, code: str) -> None:
    """What no waiting mends stays fatal."""
    found = _by_confluent(getattr(KafkaError, name))
    assert (found.code, isinstance(found, Fatal)) == (code, code == "TL-LOG-004")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (trouble.KafkaTimeoutError, "TL-LOG-001"), (trouble.NodeNotReadyError, "TL-LOG-001"),
        (trouble.KafkaConnectionError, "TL-LOG-001"), (trouble.IllegalStateError, "TL-LOG-004"),
    ],
)  # fmt: skip
def test_what_kafka_python_finds_without_the_broker_is_told_too(error: type[Exception], code: str) -> None:
    with pytest.raises(TidelineError, match=code), kafka_python_log._translated("t"):
        raise error


def test_asking_ends_with_the_answer_or_with_the_time() -> None:
    """The last error is raised when the time is over; the question is told how much is left."""
    left: list[float] = []

    def question(seconds: float) -> str:
        left.append(seconds)
        if len(left) < 3:
            raise not_ready("t", NOT_LEADER)
        return "here"

    assert ask(question, 5) == "here" and 5 >= left[0] > left[1] > left[2] > 0
    began = time.monotonic()
    with pytest.raises(Retriable, match=r"TL-LOG-010 topic t: .*NOT_LEADER"):
        ask(lambda _: _raise(not_ready("t", NOT_LEADER)), 0.2)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("error", [no_topic("t"), no_answer("t", "_TRANSPORT")])
def test_a_missing_topic_is_waited_for_only_by_who_creates_it(error: Retriable) -> None:
    asked: list[float] = []

    def question(seconds: float) -> str:
        asked.append(seconds)
        return "here" if len(asked) > 1 else _raise(error)

    with pytest.raises(Retriable, match=error.code):
        ask(question, 5)
    assert len(asked) == 1
    asked.clear()
    assert ask(question, 5, until_there=True) == "here"


def _raise(error: Exception) -> Any:
    raise error


class MovingBroker:
    """One topic of two partitions; its first `silent` answers of each kind are the error `code`."""

    def __init__(self, silent: int, code: int = NOT_LEADER) -> None:
        self.silent, self.code = silent, code
        self.created = 0
        self._asked: dict[str, int] = {}

    def moving(self, kind: str) -> bool:
        self._asked[kind] = self._asked.get(kind, 0) + 1
        return self._asked[kind] <= self.silent


class ConfluentAdmin:
    """The calls of confluent-kafka's AdminClient that the adapter makes."""

    def __init__(self, broker: MovingBroker) -> None:
        self.broker = broker

    def create_topics(self, wanted: list[Any], **_: Any) -> dict[str, Future[None]]:
        self.broker.created += 1
        return {wanted[0].topic: self._answer("create", None, KafkaError.NOT_CONTROLLER)}

    def describe_topics(self, _: Any, **__: Any) -> dict[str, Future[Any]]:
        found = SimpleNamespace(topic_id=TOPIC_ID, partitions=[SimpleNamespace(id=0), SimpleNamespace(id=1)])
        return {"t": self._answer("describe", found)}

    def list_offsets(self, places: dict[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Future[Any]]:
        found = SimpleNamespace(offset=7)
        last = max(place.partition for place in places)
        return {p: self._answer("offsets", found) if p.partition == last else _done(found) for p in places}

    def describe_configs(self, resources: list[Any], **_: Any) -> dict[Any, Future[Any]]:
        found = {name: SimpleNamespace(value=value) for name, value in kafka_confluent.TOPIC_CONFIG.items()}
        return {resources[0]: self._answer("configs", found)}

    def _answer(self, kind: str, found: Any, code: int | None = None) -> Future[Any]:
        if not self.broker.moving(kind):
            return _done(found)
        refused: Future[Any] = Future()
        refused.set_exception(KafkaException(KafkaError(code or self.broker.code)))
        return refused


class PythonAdmin:
    """The calls of kafka-python's KafkaAdminClient that the adapter makes."""

    def __init__(self, broker: MovingBroker) -> None:
        self.broker = broker

    def create_topics(self, _: Any) -> None:
        self.broker.created += 1
        if self.broker.moving("create"):
            raise trouble.NotControllerError

    def describe_topics(self, _: list[str]) -> list[dict[str, Any]]:
        code = self.broker.code if self.broker.moving("describe") else 0
        identity = "00000000-0000-0000-0000-000000000001"
        parts = [{"partition_index": 0}, {"partition_index": 1}]
        return [{"name": "t", "topic_id": identity, "error_code": code, "partitions": parts}]

    def list_partition_offsets(self, places: dict[Any, Any], **_: Any) -> dict[Any, Any]:
        if self.broker.moving("offsets"):
            raise trouble.for_code(self.broker.code)
        return {place: SimpleNamespace(offset=7) for place in places}


def _done(found: Any) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(found)
    return done


@pytest.fixture(params=["confluent", "python"])
def connect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    def to(broker: MovingBroker, limit_s: float = 5.0) -> Any:
        monkeypatch.setattr(kafka_confluent, "AdminClient", lambda *_, **__: ConfluentAdmin(broker))
        monkeypatch.setattr(kafka_python_log, "KafkaAdminClient", lambda **_: PythonAdmin(broker))
        kind = kafka_confluent.ConfluentLog if request.param == "confluent" else kafka_python_log.PythonLog
        return kind("nowhere:1", request_timeout_s=limit_s)

    return to


def test_questions_are_asked_again_while_a_leader_moves(connect: Any) -> None:
    assert connect(MovingBroker(2)).bounds("t") == {0: Range(7, 7), 1: Range(7, 7)}
    assert connect(MovingBroker(2)).stream("t").identity == TOPIC_ID


def test_create_ends_when_every_partition_answers(connect: Any) -> None:
    """A topic that is there but does not serve yet is waited for, so that what follows finds it."""
    broker = MovingBroker(2, KafkaError.UNKNOWN_TOPIC_OR_PART)
    connect(broker).create("t", 2)
    assert broker.created == 2 and not broker.moving("offsets")
    with pytest.raises(Retriable, match="TL-LOG-010"):
        connect(MovingBroker(10_000), 0.2).create("t", 2)


def test_a_topic_that_is_there_is_not_made(connect: Any) -> None:
    """Who may use a topic need not be allowed to make one."""
    broker = MovingBroker(0)
    connect(broker).create("t", 2)
    assert broker.created == 0


def test_a_refusal_is_not_asked_again(connect: Any) -> None:
    began = time.monotonic()
    with pytest.raises(Fatal, match="TL-LOG-004"):
        connect(MovingBroker(10_000, KafkaError.TOPIC_AUTHORIZATION_FAILED)).bounds("t")
    assert time.monotonic() - began < 2


class OverrunConsumer:
    """Partition 0 has a record, partition 1 lost its range; the broker tells which only when asked a second time."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.waiting = [_Message(0, None), _Message(1, KafkaError(KafkaError._AUTO_OFFSET_RESET))]
        self.asked = 0

    def assign(self, _: Any) -> None:
        """Nothing to prepare."""

    def poll(self, _: float) -> Any:
        return self.waiting.pop(0) if self.waiting else None

    def consume(self, _: int, __: float) -> list[Any]:
        rest, self.waiting = self.waiting, []
        return rest

    def get_watermark_offsets(self, *_: Any) -> tuple[int, int]:
        self.asked += 1
        if self.asked == 1:
            raise KafkaException(KafkaError(NOT_LEADER))
        return (5, 9)


class _Message:
    def __init__(self, partition: int, error: KafkaError | None) -> None:
        self._partition, self._error = partition, error

    def error(self) -> KafkaError | None:
        return self._error

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return 0

    def headers(self) -> None:
        return None

    def key(self) -> bytes:
        return b"k"

    value = key

    def timestamp(self) -> tuple[int, int]:
        return (1, 1)


def test_a_loss_outlives_a_broker_that_cannot_tell_it_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record beside it is delivered, and the lost range is told as soon as the broker knows it."""
    monkeypatch.setattr(kafka_confluent, "Consumer", OverrunConsumer)
    reader = kafka_confluent.ConfluentReader("nowhere:1", "t", {0: 0, 1: 2}, request_timeout_s=1)
    assert [(r.partition, r.value) for r in reader.poll(0, 10)] == [(0, b"k")]
    with pytest.raises(Retriable, match="TL-LOG-010"):
        reader.poll(0, 10)
    with pytest.raises(PositionLost) as caught:
        reader.poll(0, 10)
    assert (caught.value.partition, caught.value.missing) == (1, (2, 5))
    assert reader.poll(0, 10) == []
