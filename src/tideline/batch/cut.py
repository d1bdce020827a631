"""The cut: the positions up to which one run owns the stream, chosen once and written down before anything is read.

The protocol (handover.md, batch 1), in numbered steps:
 1. a cut that this run key wrote before is the cut: a retry reads it;
 2. the stream must be the one bronze covers, and must still hold everything from that coverage on, but for what was
    accepted as lost (tideline.batch.accepting);
 3. per partition the cut is the newest epoch end that the speed layer has published for all views beyond the coverage;
    while the speed layer lives (its newest message is younger than `ALIVE_EPOCHS` epochs), one is waited for;
    where it lives no more, or published none, the cut is the log end: a dead speed layer must not stop the batch layer;
 4. never beyond the log end, never behind the coverage;
 5. the increments offset of the boundary goes with it, so that readers seek instead of scanning.
A restate moves no boundary: its cut begins and ends at the coverage of silver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from tideline.batch.boundaries import EpochEnds, released_offsets
from tideline.batch.commits import StageCommit
from tideline.batch.losses import accepted_losses, no_loss
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, Lifecycle, PositionLost
from tideline.model.loss import Loss, held_again, passed
from tideline.model.position import Coverage, Partition, Position
from tideline.planning import Kind, Request
from tideline.ports import Documents, EventLog, Tables

ALIVE_EPOCHS = 3
_CUT_OFF = "restore the topic, or give the product a new one: positions that were covered are given out again"


@dataclass(frozen=True, slots=True)
class Cut:
    """The document `runs/CONTRACT/RUN_KEY/cut.json`."""

    contract: str
    contract_hash: str
    run_key: str
    request: Request
    ingest_time: str
    start: Coverage
    to: Coverage
    increments: Mapping[Partition, Position]

    __hash__ = None  # type: ignore[assignment]

    def as_json(self) -> dict[str, Any]:
        days = self.request.days
        return {
            "contract": self.contract,
            "contract_hash": self.contract_hash,
            "run_key": self.run_key,
            "kind": self.request.kind.value,
            "days": None if days is None else [day.isoformat() for day in days],
            "ingest_time": self.ingest_time,
            "from": self.start.as_json(),
            "to": self.to.as_json(),
            "increments": {str(partition): offset for partition, offset in sorted(self.increments.items())},
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Cut:
        days = value.get("days")
        kind = Kind(value["kind"])
        return Cut(
            contract=str(value["contract"]),
            contract_hash=str(value["contract_hash"]),
            run_key=str(value["run_key"]),
            request=Request(kind, None if days is None else (date.fromisoformat(days[0]), date.fromisoformat(days[1]))),
            ingest_time=str(value["ingest_time"]),
            start=Coverage.from_json(value["from"]),
            to=Coverage.from_json(value["to"]),
            increments={int(partition): int(offset) for partition, offset in value["increments"].items()},
        )


@dataclass(frozen=True, slots=True)
class Doors:
    """What choosing a cut needs of the world. `now` is aware UTC time; `epoch_s` the length of an epoch in seconds."""

    log: EventLog
    documents: Documents
    tables: Tables
    now: Callable[[], datetime]
    epoch_s: float


def cut_name(contract_id: str, run_key: str) -> str:
    return f"runs/{contract_id}/{run_key}/cut.json"


def read_cut(contract: Contract, run_key: str, documents: Documents) -> Cut:
    """The cut of a run; Fatal TL-CUT-001 without one, Lifecycle TL-CUT-002 after a change of contract."""
    found = documents.get(cut_name(contract.id, run_key))
    if found is None:
        raise Fatal(
            "TL-CUT-001",
            f"run {run_key} has no cut yet",
            where=f"contract {contract.id}",
            fix=f"run the stage before: tideline run {contract.id} cut --run-key {run_key}",
        )
    return _same_contract(contract, Cut.from_json(found))


def choose_cut(contract: Contract, request: Request, run_key: str, doors: Doors) -> Cut:
    """Choose the cut of a run and write it down; a second call returns the first one's answer.

    Raises DataError (another incarnation of the topic), PositionLost (the log lacks a range), Retriable (no broker).
    """
    name = cut_name(contract.id, run_key)
    if (found := doors.documents.get(name)) is not None:  # 1
        return _same_request(request, _same_contract(contract, Cut.from_json(found)))
    restate = request.kind is Kind.RESTATE
    start = _silver_coverage(contract, doors.tables) if restate else _start(contract, doors)
    losses = accepted_losses(doors.documents, contract.id, start.stream)
    read_from = start if restate else _checked(contract, start, losses, doors)  # 2
    start = Coverage(start.stream, {partition: start.at(partition) for partition in read_from.next})
    ends = EpochEnds(contract, start, released_offsets(contract.id, doors.documents, doors.log))
    to = start if restate else Coverage(start.stream, _boundaries(contract, read_from, ends, doors))  # 3, 4
    ends.read_new(doors.log)
    if doors.tables.last_commit(table_path("bronze", contract)) is None:
        _check_first_start(contract, start, ends, losses)
    cut = Cut(
        contract=contract.id,
        contract_hash=contract.hash,
        run_key=run_key,
        request=request,
        ingest_time=doors.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        start=start,
        to=to,
        increments={partition: ends.offset_beyond(partition, position) for partition, position in to},  # 5
    )
    if doors.documents.put_new(name, cut.as_json()):
        return cut
    return _same_request(request, read_cut(contract, run_key, doors.documents))


def check_range_is_held(
    contract: Contract, start: Coverage, log: EventLog, losses: Sequence[Loss] = ()
) -> dict[Partition, Position]:
    """Where reading goes on per partition; the log must be the covered stream and hold everything from there on.

    That is `start`, or behind it where `losses` were accepted; DataError TL-LOS-006 where the log holds them again.
    """
    topic = contract.stream.topic
    stream = log.stream(topic)
    if stream != start.stream:
        raise DataError(
            "TL-CUT-004",
            f"topic {topic} has identity {stream.identity}, bronze covers {start.stream.identity}: it was re-created",
            where=f"contract {contract.id}",
            fix="positions of the two cannot be mixed: give the product a new topic or a new home",
        )
    found = {}
    for partition, held in sorted(log.bounds(topic).items()):
        if (back := held_again(losses, partition, start.at(partition), held.start)) is not None:
            raise no_loss(contract.id, back, held.start)
        at = passed(losses, partition, start.at(partition))
        if at < held.start:
            raise PositionLost.of(topic, partition, (at, held.start), _restore(contract, partition, at, held.start))
        if at > held.end:
            raise PositionLost.of(topic, partition, (held.end, at), _CUT_OFF)
        found[partition] = at
    return found


def _restore(contract: Contract, partition: Partition, start: Position, end: Position) -> str:
    command = f"tideline offsets {contract.id} --accept-loss {partition} {start} {end} --reason TEXT"
    return f"restore the topic; or, when that is gone for good, accept it as lost: {command}"


def _start(contract: Contract, doors: Doors) -> Coverage:
    """Bronze's coverage; a product without bronze begins where its log begins."""
    last = StageCommit.read(doors.tables.last_commit(table_path("bronze", contract)))
    if last is not None:
        return last.coverage
    held = doors.log.bounds(contract.stream.topic)
    return Coverage(doors.log.stream(contract.stream.topic), {p: bound.start for p, bound in held.items()})


def _checked(contract: Contract, start: Coverage, losses: Sequence[Loss], doors: Doors) -> Coverage:
    """From where the run reads, with every partition named."""
    return Coverage(start.stream, check_range_is_held(contract, start, doors.log, losses))


def _check_first_start(contract: Contract, start: Coverage, ends: EpochEnds, losses: Sequence[Loss]) -> None:
    """A first run begins where the log begins, unless speed has served older events: those would vanish unnoticed."""
    for partition, position in start:
        begun = ends.begun(partition)
        if begun is not None and (at := passed(losses, partition, begun)) < position:
            fix = _restore(contract, partition, at, position)
            raise PositionLost.of(contract.stream.topic, partition, (at, position), fix)


def _silver_coverage(contract: Contract, tables: Tables) -> Coverage:
    last = StageCommit.read(tables.last_commit(table_path("silver", contract)))
    if last is None:
        raise Fatal(
            "TL-CUT-005",
            "there is no silver table yet, so no day can be computed again",
            where=f"contract {contract.id}",
            fix=f"run the product once: tideline run {contract.id}",
        )
    return last.coverage


def _boundaries(contract: Contract, start: Coverage, ends: EpochEnds, doors: Doors) -> dict[Partition, Position]:
    """Steps 3 and 4. Waits at most two epochs, and only for a speed layer that shows signs of life."""
    log_ends = {p: held.end for p, held in doors.log.bounds(contract.stream.topic).items()}
    ends.read_new(doors.log)
    deadline = doors.now().timestamp() + 2 * doors.epoch_s
    while True:
        chosen = {p: ends.newest(p, log_ends[p]) for p in log_ends}
        waiting = [p for p, end in log_ends.items() if end > start.at(p) and (chosen[p] or 0) <= start.at(p)]
        alive = doors.now().timestamp() - ends.newest_message_s < ALIVE_EPOCHS * doors.epoch_s
        if not waiting or not alive or doors.now().timestamp() >= deadline:
            return {p: _at_least(start.at(p), chosen[p], end, p in waiting) for p, end in log_ends.items()}
        ends.read_new(doors.log, patience_s=min(doors.epoch_s / 10, 0.5))


def _at_least(covered: Position, epoch_end: Position | None, log_end: Position, waiting: bool) -> Position:
    if waiting:
        return log_end
    return covered if epoch_end is None else max(covered, min(epoch_end, log_end))


def _same_contract(contract: Contract, cut: Cut) -> Cut:
    if cut.contract_hash != contract.hash:
        raise Lifecycle(
            "TL-CUT-002",
            f"the contract changed from {cut.contract_hash} to {contract.hash} since run {cut.run_key} chose its cut",
            where=f"contract {contract.id}",
            fix="start a new run: what this one has not committed yet is taken by the next",
        )
    return cut


def _same_request(request: Request, cut: Cut) -> Cut:
    if cut.request != request:
        raise Fatal(
            "TL-CUT-003",
            f"run key {cut.run_key} already stands for another request ({cut.request.kind.value})",
            where=f"contract {cut.contract}",
            fix="give each request its own --run-key",
        )
    return cut


def table_path(layer: str, contract: Contract) -> str:
    """The table of a layer, relative to the lake."""
    return f"{layer}/{contract.domain}/{contract.product}"
