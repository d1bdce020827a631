"""The few doors to outside systems. Each has at least two adapters, one of which may be a fake in tests/fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tideline.model.position import Partition, Position, Range, StreamId


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record of an event log. `log_time_ms` is the broker's append time in milliseconds since the epoch, UTC."""

    partition: Partition
    position: Position
    log_time_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one send: `position` when it was acknowledged, `error` when it was refused or is unknown.

    `refused` means that it was certainly not written; an error without it may have been written all the same.
    """

    partition: Partition
    position: Position | None
    error: str | None = None
    refused: bool = False


class LogReader(Protocol):
    """Reads assigned partitions from explicit positions; never resets on its own (`auto.offset.reset` is an error)."""

    def poll(self, timeout_s: float, max_records: int) -> Sequence[LogRecord]:
        """Whatever is there, in position order per partition. Raises PositionLost or Retriable."""
        ...

    def position(self, partition: Partition) -> Position:
        """Where reading continues: it also moves past control records and compacted gaps."""
        ...

    def seek(self, partition: Partition, position: Position) -> None: ...

    def close(self) -> None: ...


class LogWriter(Protocol):
    """Sends with acks=all and idempotence, without lingering unless asked to."""

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: Partition | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None: ...

    def flush(self, timeout_s: float) -> int:
        """Wait for outstanding deliveries; returns how many are still unknown after the time limit."""
        ...

    def poll(self) -> None:
        """Run delivery callbacks that are due."""
        ...


class EventLog(Protocol):
    """A partitioned, replayable log of events."""

    def stream(self, topic: str) -> StreamId:
        """Identity of the topic's present incarnation; raises Retriable when there is none."""
        ...

    def bounds(self, topic: str) -> Mapping[Partition, Range]:
        """Per partition `[log start, log end)` as a reader of committed records sees it."""
        ...

    def create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        """Make the topic if it is missing; an existing one with other partitions is a Fatal error."""
        ...

    def reader(self, topic: str, start: Mapping[Partition, Position]) -> LogReader: ...

    def writer(self, *, linger_ms: int = 0, client_id: str = "tideline") -> LogWriter: ...


class Membership(Protocol):
    """Agrees with the other members of a group who works on which partitions. A hint: safety is the fence."""

    def held(self, timeout_s: float) -> Mapping[str, frozenset[Partition]]:
        """Wait up to `timeout_s` for news, then what is this member's now, by topic; topics without any are left out.

        Has to be called every few seconds: a member that does not is taken for dead. Raises Retriable.
        """
        ...

    def close(self) -> None:
        """Leave the group at once, so that the others take over without waiting for a time limit."""
        ...


class Documents(Protocol):
    """Small JSON documents under a prefix, written once: releases, cuts, leases (local files, S3, or a fake)."""

    def put_new(self, name: str, document: Mapping[str, Any]) -> bool:
        """Write if absent, atomically; False when the name is taken (the existing document stays)."""
        ...

    def get(self, name: str) -> dict[str, Any] | None: ...

    def names(self, prefix: str) -> list[str]:
        """Names under a prefix, sorted."""
        ...


@dataclass(frozen=True, slots=True)
class TableCommit:
    """One commit of a table: its version and what the writer said about it (Coverage, counters, run)."""

    version: int
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One data file of a table as its log knows it: bytes, rows (None: not counted), and least and greatest values.

    Values of timestamps are cut to milliseconds; columns without statistics are missing.
    """

    bytes: int
    rows: int | None
    low: Mapping[str, Any]
    high: Mapping[str, Any]

    __hash__ = None  # type: ignore[assignment]


class Tables(Protocol):
    """Reads versioned tables without an engine; writing is Spark's."""

    def last_commit(self, path: str) -> TableCommit | None:
        """The newest commit that carries Tideline's metadata, or None when there is no table."""
        ...

    def commits(self, path: str, after: int) -> Sequence[TableCommit]:
        """The commits above version `after` that carry Tideline's metadata, oldest first (-1: all that are kept)."""
        ...

    def version(self, path: str) -> int | None: ...

    def read(self, path: str, version: int, columns: Sequence[str] | None = None) -> Any:
        """The rows of a pinned version as a pyarrow Table."""
        ...

    def scan(
        self, path: str, version: int, columns: Sequence[str], ranges: Sequence[tuple[Partition, Range]]
    ) -> Iterator[Any]:
        """Rows of bronze or quarantine in ranges of (partition, position), as pyarrow RecordBatches.

        They are read as they are asked for: whoever stops early does not pay for the rest.
        """
        ...

    def schema(self, path: str, version: int | None = None) -> Mapping[str, Any] | None:
        """`{"type": "struct", "fields": [{"name", "type", ...}]}` as Delta writes it; None when there is no table."""
        ...

    def properties(self, path: str) -> Mapping[str, str]:
        """What is configured for the table, such as `delta.columnMapping.mode`; empty when there is no table."""
        ...

    def files(self, path: str, version: int | None = None) -> Sequence[DataFile]:
        """The data files of a version, from the table's log alone; empty when there is no table."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file as it was when it arrived: `etag` is what the store called its content."""

    bucket: str
    key: str
    etag: str


class Files(Protocol):
    """Files by bucket and key. What is gone or was replaced since is FileGone, what does not answer Retriable."""

    def blocks(self, file: StoredFile) -> Iterator[bytes]:
        """The whole content, in order, in blocks of no promised size."""
        ...

    def read(self, file: StoredFile, start: int, end: int) -> bytes:
        """Bytes `[start, end)`."""
        ...

    def put(self, bucket: str, key: str, body: bytes) -> None: ...

    def copy(self, file: StoredFile, bucket: str, key: str) -> None: ...

    def remove(self, file: StoredFile) -> None:
        """Remove it, unless it was replaced since; what is gone already is well."""
        ...


class Memory(Protocol):
    """Small records by (file, part). Every write is conditional, so that of two writers one learns that it lost."""

    def get(self, file: str, part: str) -> Mapping[str, Any] | None: ...

    def put_new(self, file: str, part: str, record: Mapping[str, Any]) -> bool:
        """Write if absent; False when there is one."""
        ...

    def replace(self, file: str, part: str, record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        """Write over exactly `before`; False when it is another by now."""
        ...

    def parts(self, file: str, prefix: str) -> list[Mapping[str, Any]]:
        """The records of a file whose part begins with `prefix`, in the order of their parts."""
        ...
