"""Accepting that the log has lost a range: for exactly what is gone, by somebody, for a reason.

Without it a run ends with PositionLost (exit 66) for ever, because nothing is skipped unasked. From then on batch reads
on behind the range, and every release and answer that covers it names it as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tideline.batch.boundaries import EpochEnds, released_offsets
from tideline.batch.commits import StageCommit
from tideline.batch.cut import Doors, table_path
from tideline.batch.losses import accepted_losses, loss_name
from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.model.loss import Loss, passed
from tideline.model.position import Coverage, Partition, Position, Range
from tideline.ports import Documents, EventLog, Tables


def missing_now(contract: Contract, log: EventLog, documents: Documents, tables: Tables) -> dict[Partition, Range]:
    """Per partition what batch would have to read next and the log no longer holds, less what was accepted."""
    stream, held = log.stream(contract.stream.topic), log.bounds(contract.stream.topic)
    losses = accepted_losses(documents, contract.id, stream)
    found = {}
    for partition, at in _wanted(contract, log, documents, tables, held).items():
        start = passed(losses, partition, at)
        if start < held[partition].start:
            found[partition] = Range(start, held[partition].start)
    return found


def accept(contract: Contract, wanted: tuple[Partition, Range], words: tuple[str, str], doors: Doors) -> Loss:
    """Write down that a range is lost; the same call again finds it. `words` are who and why.

    Raises Fatal TL-LOS-002 unless exactly this range is gone, TL-LOS-003 when it was accepted otherwise.
    """
    (partition, lost), (by, reason) = wanted, words
    stream = doors.log.stream(contract.stream.topic)
    name = loss_name(contract.id, partition, lost.start)
    loss = Loss(stream, partition, lost, by, reason, _utc(doors.now()))
    before = doors.documents.get(name)
    if before is None:
        _check_is_gone(contract, partition, lost, doors)
        if doors.documents.put_new(name, loss.as_json()):
            return loss
        before = doors.documents.get(name)
    assert before is not None
    known = Loss.from_json(before)
    if (known.stream, known.missing) != (stream, lost):
        raise Fatal(
            "TL-LOS-003",
            f"{known.by} accepted the loss of {known.missing} on {known.accepted}, of stream {known.stream.identity}",
            where=f"contract {contract.id}, partition {partition}",
            fix=f"what is missing beyond it is a loss of its own: tideline offsets {contract.id} --verify names it",
        )
    return known


def _check_is_gone(contract: Contract, partition: Partition, lost: Range, doors: Doors) -> None:
    missing = missing_now(contract, doors.log, doors.documents, doors.tables)
    if missing.get(partition) == lost:
        return
    ranges = "; ".join(f"partition {p}: {gone}" for p, gone in sorted(missing.items()))
    raise Fatal(
        "TL-LOS-002",
        f"{lost} is not what partition {partition} has lost; lost is " + (ranges or "nothing"),
        where=f"contract {contract.id}",
        fix="accept exactly a range that is lost: nothing that can still be read is given up",
    )


def _wanted(
    contract: Contract, log: EventLog, documents: Documents, tables: Tables, held: Mapping[Partition, Range]
) -> dict[Partition, Position]:
    """Where bronze continues; before the first run the position from which speed has served, if it ever began."""
    last = StageCommit.read(tables.last_commit(table_path("bronze", contract)))
    stream = log.stream(contract.stream.topic)
    if last is not None:
        return {partition: last.coverage.at(partition) for partition in held} if last.coverage.stream == stream else {}
    start = Coverage(stream, {partition: bound.start for partition, bound in held.items()})
    ends = EpochEnds(contract, start, released_offsets(contract.id, documents, log))
    ends.read_new(log)
    return {p: at for p in held if (at := ends.begun(p)) is not None}


def _utc(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
