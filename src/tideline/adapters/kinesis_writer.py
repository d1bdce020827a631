"""Writes to Kinesis Data Streams, one stream per topic: in batches, again what fails, each with its outcome.

A partition is a shard's number, a position its sequence number (up to 56 digits). The key decides the shard; there
are no headers. A record whose answer was lost may be in the stream twice: readers know it by its id.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tideline.adapters.aws_answers import translated
from tideline.model.errors import Fatal, Retriable
from tideline.model.position import Partition
from tideline.ports import Delivery

MOST_RECORDS, MOST_BYTES = 500, 4 << 20  # of one request: AWS takes 500 records and 5 MiB with their keys
_BUSY = {"ProvisionedThroughputExceededException", "InternalFailure"}
_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


@dataclass(slots=True)
class _Waiting:
    topic: str
    key: str
    value: bytes
    told: Callable[[Delivery], None] | None


@dataclass(slots=True)
class KinesisWriter:
    """LogWriter: `send` queues, `flush` writes; used by one thread. `prefix` begins the name of each stream."""

    prefix: str
    client: Any = None
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _queue: deque[_Waiting] = field(default_factory=deque)

    def __post_init__(self) -> None:
        if self.client is None:
            patience = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 2})
            self.client = boto3.client("kinesis", config=patience)

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
        """Queue one record; Kinesis has neither headers nor empty records, and the key alone chooses the shard."""
        if key is None or value is None or headers or partition is not None:
            what = "a record of Kinesis has a key and a value, no headers and no partition of its own choice"
            raise Fatal("TL-KIN-001", what, where=f"topic {topic}")
        self._queue.append(_Waiting(topic, key.decode(), value, on_delivery))

    def poll(self) -> None:
        """Nothing is due before `flush`."""

    def flush(self, timeout_s: float) -> int:
        """Write what is queued, with growing pauses where a shard is busy; what is left at the limit is unknown."""
        deadline, pause = self.now() + timeout_s, _PAUSE_S
        while self._queue:
            batch = self._next_batch()
            again = self._put(batch)
            if not again:
                pause = _PAUSE_S
                continue
            if self.now() + pause >= deadline:
                return self._give_up(again)
            self._queue.extendleft(reversed(again))
            self.pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        return 0

    def _next_batch(self) -> list[_Waiting]:
        """From one topic, in order, within the limits of a request."""
        batch, size = [self._queue.popleft()], 0
        size = len(batch[0].value) + len(batch[0].key)
        while self._queue and len(batch) < MOST_RECORDS and self._queue[0].topic == batch[0].topic:
            size += len(self._queue[0].value) + len(self._queue[0].key)
            if size > MOST_BYTES:
                break
            batch.append(self._queue.popleft())
        return batch

    def _put(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Those that have to be sent again; the others have their outcome."""
        stream = f"{self.prefix}{batch[0].topic}"
        try:
            with translated(f"stream {stream}"):
                records = [{"PartitionKey": one.key, "Data": one.value} for one in batch]
                answer = self.client.put_records(StreamName=stream, Records=records)
        except Retriable:
            return batch
        again = []
        for one, result in zip(batch, answer["Records"], strict=True):
            code = result.get("ErrorCode")
            if code in _BUSY:
                again.append(one)
            elif one.told is not None:
                one.told(_outcome(result) if code is None else Delivery(-1, None, f"refused: {code}", refused=True))
        return again

    def _give_up(self, again: list[_Waiting]) -> int:
        left = [*again, *self._queue]
        self._queue.clear()
        for one in left:
            if one.told is not None:
                one.told(Delivery(-1, None, "unknown: the stream was busy until the time limit"))
        return len(left)


def _outcome(result: dict[str, Any]) -> Delivery:
    """`shardId-000000000003` is partition 3."""
    return Delivery(int(result["ShardId"].rpartition("-")[2]), int(result["SequenceNumber"]))
