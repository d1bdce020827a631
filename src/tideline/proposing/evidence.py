"""What is known about drift: the documents of runs, and the values of a bounded sample of the raw records themselves.

The documents say where and how often. Which of it the contract of today still does not read, only its decoder knows:
every record looked at is decoded again, and only what is noticed then is evidence. No value leaves this module but
inside Samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.batch.cut import table_path
from tideline.model.contract import Contract
from tideline.model.drift import OTHER, FieldDrift, Report, steps
from tideline.model.errors import Fatal
from tideline.model.position import Partition, Range
from tideline.model.samples import Samples, parse
from tideline.ports import Documents, Tables

MAX_ROWS = 100_000
MAX_VALUES = 1_000
MAX_PATHS = 200
_COLUMNS = ("partition", "position", "key", "value")
_TOO_WIDE = "out_of_range:"


@dataclass(slots=True)
class Drifted:
    """One path over all runs: its records, the first run that met it, and the values of the sample."""

    records: int = 0
    since: str = ""
    samples: Samples = field(default_factory=Samples)


@dataclass(slots=True)
class Evidence:
    """`drifted` are unknown or changed members, `refused` known ones whose values do not fit; by the decoder's path.

    `unseen` are paths of the documents of which no record of the sample has a value that is still refused.
    """

    runs: int = 0
    rows: int = 0
    drifted: dict[str, Drifted] = field(default_factory=dict)
    refused: dict[str, Drifted] = field(default_factory=dict)
    unseen: dict[str, Drifted] = field(default_factory=dict)


def reports(documents: Documents, contract: str, since: str | None = None) -> list[Report]:
    """The drift documents of a contract, oldest first; without those whose range a later run read again.

    `since` is the run key to begin with; an unknown one is Fatal.
    """
    names = documents.names(f"drift/{contract}/")
    read = ((name, document) for name in names if (document := documents.get(name)) is not None)
    by_name = {name: Report.from_json(document) for name, document in read}
    ordered = sorted(by_name, key=lambda name: (sum(by_name[name].end.values()), len(name), name))
    found = [by_name[name] for name in ordered]
    if since is not None:
        begin = next((at for at, report in enumerate(found) if report.run_key == since), None)
        if begin is None:
            known = ", ".join(dict.fromkeys(report.run_key for report in found[-5:])) or "none"
            raise Fatal(
                "TL-DRF-003", f"run {since} noticed no drift", where=f"contract {contract}", fix=f"one of: {known}"
            )
        found = found[begin:]
    later = range(len(found))
    return [r for at, r in enumerate(found) if not any(r.within(found[other]) for other in later[at + 1 :])]


def gather(contract: Contract, found: Sequence[Report], tables: Tables) -> Evidence:
    """Look at the first record of each path, then at the ranges of the runs, until every path has enough values."""
    evidence = Evidence(runs=len(found))
    told = _told(found)
    looking = _Looking(contract, evidence, told)
    firsts = [(p, Range(at, at + 1)) for report in found for p, at in _firsts(report.fields.values())]
    ranges = [
        (partition, Range(report.start.get(partition, 0), end))
        for report in reversed(found)
        for partition, end in report.end.items()
        if report.start.get(partition, 0) <= end
    ]
    for layer in ("bronze", "quarantine"):
        for stretch in (firsts, ranges):
            if not looking.enough:
                looking.take(_records(contract, layer, stretch, tables))
    looking.take_refused(_refused(contract, tables))
    for path, drifted in told.items():
        if path not in evidence.drifted:
            evidence.unseen[path] = drifted
    return evidence


def _told(found: Sequence[Report]) -> dict[str, Drifted]:
    told: dict[str, Drifted] = {}
    for report in found:
        for path, seen in report.fields.items():
            drifted = told.setdefault(path, Drifted(since=report.run_key))
            drifted.records += seen.records
    return told


def _firsts(fields: Iterable[FieldDrift]) -> list[tuple[Partition, int]]:
    return sorted({seen.first for seen in fields if seen.first is not None})


def _records(
    contract: Contract, layer: str, ranges: Sequence[tuple[Partition, Range]], tables: Tables
) -> Iterator[dict[str, Any]]:
    path = table_path(layer, contract)
    version = tables.version(path)
    if version is None:
        return
    for batch in tables.scan(path, version, _COLUMNS, ranges):
        yield from batch.to_pylist()


def _refused(contract: Contract, tables: Tables) -> Iterator[dict[str, Any]]:
    """Quarantined records whose reason is a value that did not fit its field."""
    path = table_path("quarantine", contract)
    version = tables.version(path)
    if version is None:
        return
    everything = [(partition, Range(0, 2**62)) for partition in range(contract.stream.partitions)]
    for batch in tables.scan(path, version, (*_COLUMNS, "reason", "status"), everything):
        for row in batch.to_pylist():
            if row["status"] == "open" and row["reason"].startswith(_TOO_WIDE):
                yield row


class _Looking:
    """One look at records; each is taken once, however many ranges and tables hold it."""

    def __init__(self, contract: Contract, evidence: Evidence, told: dict[str, Drifted]) -> None:
        self._decoder = EventDecoder(contract)
        self._evidence, self._told = evidence, told
        self._taken: set[tuple[int, int]] = set()

    @property
    def enough(self) -> bool:
        drifted, named = self._evidence.drifted, (path for path in self._told if path != OTHER and "?" not in path)
        full = all(path in drifted and drifted[path].samples.seen >= MAX_VALUES for path in named)
        return full or self._evidence.rows >= MAX_ROWS

    def take(self, rows: Iterator[dict[str, Any]]) -> None:
        for row in rows:
            if self.enough:
                return
            if (place := (row["partition"], row["position"])) in self._taken:
                continue
            self._taken.add(place)
            self._evidence.rows += 1
            self._decoder.decode(row["key"], row["value"])
            if self._decoder.noticed:
                self._see(row["value"], dict(self._decoder.noticed))

    def _see(self, value: bytes, noticed: Iterable[str]) -> None:
        event = _parsed(value)
        for path in noticed:
            held = self._evidence.drifted.get(path)
            if held is None and len(self._evidence.drifted) < MAX_PATHS:
                told = self._told.get(path, Drifted())
                held = self._evidence.drifted[path] = Drifted(told.records, told.since)
            if held is not None:
                _add(held, event, path)

    def take_refused(self, rows: Iterator[dict[str, Any]]) -> None:
        """Values that today's contract still refuses for their size."""
        for at, row in enumerate(rows):
            if at >= MAX_ROWS:
                return
            result = self._decoder.decode(row["key"], row["value"])
            if not isinstance(result, Rejection) or not result.reason.startswith(_TOO_WIDE):
                continue
            path = result.reason.removeprefix(_TOO_WIDE)
            held = self._evidence.refused.setdefault(path, Drifted())
            held.records += 1
            _add(held, _parsed(row["value"]), path)


def _add(held: Drifted, event: Any, path: str) -> None:
    for value in _values([event], steps(path)) if held.samples.seen < MAX_VALUES else ():
        held.samples.see(value)


def _parsed(value: bytes) -> Any:
    try:
        return parse(value)
    except ValueError:
        return None


def _values(holders: list[Any], path: Sequence[str]) -> list[Any]:
    """Every value at a path."""
    for step in path:
        if step == "[]":
            holders = [item for held in holders if isinstance(held, list) for item in held]
        elif step == "{}":
            holders = [item for held in holders if isinstance(held, dict) for item in held.values()]
        else:
            holders = [held[step] for held in holders if isinstance(held, dict) and step in held]
    return holders
