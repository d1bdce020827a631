"""How incoming events differ from their contract: unknown members and members of another type, counted by path.

Paths are the decoder's: dotted, `[]` is an item, `{}` a value of a map, a name that is no plain word is `?`.
A report never holds a value of an event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tideline.model.contract import Contract, Drift, DriftAction, EventField
from tideline.model.errors import DataError
from tideline.model.position import Partition, Position

MAX_PATHS = 100
OTHER = "(other)"
Noticed = Sequence[tuple[str, str]]
Place = tuple[Partition, Position]
_STEP = re.compile(r"[^.\[\]{}]+|\[\]|\{\}")


class What(StrEnum):
    NEW = "new"
    CHANGED = "changed"


@dataclass(slots=True)
class FieldDrift:
    """One path: in how many records, of which JSON kinds, where first. `last` is known to the speed layer only."""

    what: What
    records: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    first: Place | None = None
    last: Place | None = None

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"what": self.what.value, "records": self.records}
        found |= {"kinds": dict(sorted(self.kinds.items())), "first": None if self.first is None else list(self.first)}
        return found if self.last is None else {**found, "last": list(self.last)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> FieldDrift:
        first = value["first"]
        kinds = Counter({str(kind): int(count) for kind, count in value["kinds"].items()})
        place = None if first is None else (int(first[0]), int(first[1]))
        return FieldDrift(What(value["what"]), int(value["records"]), kinds, place)


@dataclass(frozen=True, slots=True)
class Report:
    """The document `drift/CONTRACT/RUN_KEY.json`: what one run noticed in the half-open ranges that it read.

    `records` are those with at least one difference.
    """

    contract: str
    contract_hash: str
    run_key: str
    start: Mapping[Partition, Position]
    end: Mapping[Partition, Position]
    records: int
    fields: Mapping[str, FieldDrift]

    __hash__ = None  # type: ignore[assignment]

    def as_json(self) -> dict[str, Any]:
        return {
            "contract": self.contract,
            "contract_hash": self.contract_hash,
            "run_key": self.run_key,
            "from": {str(partition): position for partition, position in sorted(self.start.items())},
            "to": {str(partition): position for partition, position in sorted(self.end.items())},
            "records": self.records,
            "fields": {path: found.as_json() for path, found in sorted(self.fields.items())},
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Report:
        try:
            return Report(
                contract=str(value["contract"]),
                contract_hash=str(value["contract_hash"]),
                run_key=str(value["run_key"]),
                start={int(partition): int(position) for partition, position in value["from"].items()},
                end={int(partition): int(position) for partition, position in value["to"].items()},
                records=int(value["records"]),
                fields={str(path): FieldDrift.from_json(found) for path, found in value["fields"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError("TL-DRF-002", f"the drift document is not in its form ({type(error).__name__})") from error

    def within(self, other: Report) -> bool:
        """Whether every position of this report is also of the other: a run that failed reads its range again."""
        ranges = ((partition, self.start.get(partition, 0), end) for partition, end in self.end.items())
        return all(
            start >= end or (other.start.get(partition, 0) <= start and end <= other.end.get(partition, 0))
            for partition, start, end in ranges
        )

    def failing(self, promise: Drift) -> dict[str, FieldDrift]:
        """The paths for which the contract stops the run."""
        actions = {What.NEW: promise.new_fields, What.CHANGED: promise.changed_fields}
        return {path: found for path, found in self.fields.items() if actions[found.what] is DriftAction.FAIL}


def name_of(contract: str, run_key: str, number: int = 1) -> str:
    """The document of a run; a retry that read another range or contract writes one of the next number."""
    return f"drift/{contract}/{run_key}.json" if number == 1 else f"drift/{contract}/{run_key}.{number}.json"


def steps(path: str) -> list[str]:
    """The parts of a path: names, `[]` and `{}`."""
    return _STEP.findall(path)


def known_field(fields: Iterable[EventField], path: str) -> EventField | None:
    """The contract's field at a path of the decoder, None when there is none."""
    held: EventField | None = None
    members = {known.name: known for known in fields}
    for step in steps(path):
        if step == "[]" or step == "{}":
            held = None if held is None else (held.items if step == "[]" else held.values)
        else:
            held = members.get(step)
        if held is None:
            return None
        members = {known.name: known for known in held.fields}
    return held


def known_paths(fields: Iterable[EventField], before: str = "") -> Iterator[str]:
    """Every path at which the decoder may find another type than the contract says."""
    for known in fields:
        yield from _paths_of(known, before + known.name)


def _paths_of(known: EventField, path: str) -> Iterator[str]:
    yield path
    for inner, mark in ((known.items, "[]"), (known.values, "{}")):
        if inner is not None:
            yield from _paths_of(inner, path + mark)
    yield from known_paths(known.fields, f"{path}.")


def what_of(contract: Contract, path: str) -> What:
    """A member that the contract knows has changed, any other is new."""
    return What.NEW if known_field(contract.fields, path) is None else What.CHANGED


@dataclass(slots=True)
class Tally:
    """Counts by path in bounded memory: the first 100 paths have their own counts, what comes later shares one."""

    contract: Contract
    records: int = 0
    fields: dict[str, FieldDrift] = field(default_factory=dict)

    def see(self, place: Place, noticed: Noticed) -> frozenset[What]:
        """Take in what was noticed in one record; returns what sort of drift it was."""
        self.records += 1
        told: dict[str, FieldDrift] = {}
        kinds: set[tuple[str, str]] = set()
        for path, kind in noticed:
            name = path if path in self.fields or len(self.fields) < MAX_PATHS else OTHER
            found = self.fields.get(name)
            if found is None:
                found = self.fields[name] = FieldDrift(what_of(self.contract, path), first=place)
            told[name] = found
            kinds.add((name, kind))
        for name, kind in kinds:
            self.fields[name].kinds[kind] += 1
        for found in told.values():
            found.records, found.last = found.records + 1, place
        return frozenset(what_of(self.contract, path) for path, _ in noticed)

    def as_json(self) -> dict[str, Any]:
        """For the status page: a copy, so that it may be read while the tally goes on."""
        fields = {path: found.as_json() for path, found in sorted(self.fields.items())}
        return {"records": self.records, "fields": fields}


def refusal(contract: Contract, report: Report) -> DataError | None:
    """The error that ends a run whose drift the contract does not stand; None when it does."""
    failing = sorted(report.failing(contract.drift).items(), key=lambda item: (-item[1].records, item[0]))
    if not failing:
        return None
    listed = ", ".join(f"{path} ({found.what.value}, {found.records} records)" for path, found in failing[:10])
    more = f" and {len(failing) - 10} more" if len(failing) > 10 else ""
    return DataError(
        "TL-DRF-001",
        f"events differ from the contract in {report.records} records: {listed}{more}",
        where=f"contract {contract.id}",
        fix=f"tideline contract propose {contract.id} writes the contract that reads them; the old release stays",
    )
