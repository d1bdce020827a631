"""The wire form of the increments topic: what the speed layer says to the serving layer, value by value.

A message is one tag byte and a msgpack map (docs/formats.md). `encode` and `decode` are inverse for every record;
integers beyond 64 bits travel as text and come back through `exact_states`: only the contract knows which are numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tideline.model.compiled import Kind
from tideline.model.contract import Contract, View
from tideline.model.errors import DataError
from tideline.model.measure import StateOp
from tideline.model.position import Position, StreamId

Generation = int
Columns = tuple[tuple[Any, ...], ...]
LOST = "lost"
REASONS = ("start", "straddle", "contract", LOST, "restated")
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Fence:
    """A worker takes a partition over; the generation it opens is the offset of this record."""

    worker: str
    stream: StreamId
    contract_hash: str


@dataclass(frozen=True, slots=True)
class Rebase:
    """The lineage of these views (re)starts at a position, for one of `REASONS`."""

    generation: Generation
    views: Mapping[str, Position]
    reason: str

    @property
    def lost(self) -> bool:
        """Whether the writer goes on without what the log has lost: no answer may contain what it then folds."""
        return self.reason == LOST


@dataclass(frozen=True, slots=True)
class Counts:
    """Records of a range: `records` (in) = good + quarantined + deduplicated."""

    records: int = 0
    good: int = 0
    quarantined: int = 0
    deduplicated: int = 0


@dataclass(frozen=True, slots=True)
class Increment:
    """What one view gained from `[start, end)` of one partition: groups as columns of equal length."""

    generation: Generation
    view: str
    start: Position
    end: Position
    epoch_end: bool = False
    newest_ms: int = 0
    counts: Counts = field(default_factory=Counts)
    dimensions: Columns = ()
    states: Columns = ()

    @property
    def rows(self) -> int:
        return len(self.dimensions[0]) if self.dimensions else 0


Record = Fence | Rebase | Increment


class _FenceBody(msgspec.Struct, forbid_unknown_fields=True):
    worker: str
    stream: tuple[str, str]
    hash: str


class _RebaseBody(msgspec.Struct, forbid_unknown_fields=True):
    g: int
    views: dict[str, int]
    reason: str


class _IncrementBody(msgspec.Struct, forbid_unknown_fields=True):
    g: int
    v: str
    f: int
    t: int
    e: bool
    at: int
    n: tuple[int, int, int, int]
    d: list[list[Any]]
    s: list[list[Any]]


_encoder = msgspec.msgpack.Encoder()
_fences = msgspec.msgpack.Decoder(_FenceBody)
_rebases = msgspec.msgpack.Decoder(_RebaseBody)
_increments = msgspec.msgpack.Decoder(_IncrementBody)


def encode(record: Record) -> bytes:
    """The bytes of one message of the increments topic."""
    if isinstance(record, Fence):
        stream = (record.stream.name, record.stream.identity)
        return b"F" + _encoder.encode(_FenceBody(record.worker, stream, record.contract_hash))
    if isinstance(record, Rebase):
        return b"R" + _encoder.encode(_RebaseBody(record.generation, dict(record.views), record.reason))
    counts = record.counts
    body = _IncrementBody(
        g=record.generation,
        v=record.view,
        f=record.start,
        t=record.end,
        e=record.epoch_end,
        at=record.newest_ms,
        n=(counts.records, counts.good, counts.quarantined, counts.deduplicated),
        d=[list(column) for column in record.dimensions],
        s=[[_wire(value) for value in column] for column in record.states],
    )
    return b"I" + _encoder.encode(body)


def decode(value: bytes | None) -> Record:
    """The record in a message; raises DataError TL-INC-001 for anything that this codec did not write."""
    try:
        if not value:
            raise msgspec.DecodeError("the message is empty")
        tag, body = value[:1], memoryview(value)[1:]
        if tag == b"I":
            return _increment(_increments.decode(body))
        if tag == b"F":
            fence = _fences.decode(body)
            return Fence(fence.worker, StreamId(*fence.stream), fence.hash)
        if tag == b"R":
            rebase = _rebases.decode(body)
            return Rebase(rebase.g, rebase.views, rebase.reason)
        raise msgspec.DecodeError("the tag byte is none of F, R, I")
    except msgspec.DecodeError as error:
        raise DataError(
            "TL-INC-001",
            f"a message of the increments topic cannot be read: {error}",
            fix="it was not written by this version of Tideline: restart speed and serving from the same version",
        ) from error


def exact_states(contract: Contract, view: View, increment: Increment) -> Columns:
    """The state columns with integers of any size as int, in the order of `contract.view_states(view)`."""
    return tuple(
        tuple(_exact(value) for value in column) if numeric else column
        for column, numeric in zip(increment.states, numeric_states(contract, view), strict=True)
    )


def numeric_states(contract: Contract, view: View) -> tuple[bool, ...]:
    """Per state column of a view whether its values are integers (in `latest` states: whether the inner value is)."""
    flags: list[bool] = []
    for measure in view.measures:
        for column in contract.measure_states(measure):
            if column.op is StateOp.ADD:
                flags.append(True)
            elif column.op is StateOp.UNION:
                flags.append(False)
            else:
                flags.append(contract.compile(str(measure.expression)).type.kind is Kind.NUMBER)
    return tuple(flags)


def _increment(body: _IncrementBody) -> Increment:
    lengths = {len(column) for column in (*body.d, *body.s)}
    if len(lengths) > 1 or not 0 <= body.f <= body.t:
        raise msgspec.DecodeError("columns differ in length or the range is not one")
    return Increment(
        generation=body.g,
        view=body.v,
        start=body.f,
        end=body.t,
        epoch_end=body.e,
        newest_ms=body.at,
        counts=Counts(*body.n),
        dimensions=tuple(tuple(column) for column in body.d),
        states=tuple(tuple(tuple(v) if isinstance(v, list) else v for v in column) for column in body.s),
    )


def _wire(value: Any) -> Any:
    if isinstance(value, int) and value not in _INT64:
        return str(value)
    if isinstance(value, tuple):
        return [_wire(part) for part in value]
    return value


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, tuple):
        return (*value[:3], _exact(value[3]))
    return value
