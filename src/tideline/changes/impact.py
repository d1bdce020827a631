"""Who is hit by a break: dbt models and exposures, served views, contracts that consume this one, and their owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tideline.changes.dbt_graph import DbtGraph
from tideline.model.change import reads
from tideline.model.compatibility import Change, Kind
from tideline.model.contract import Contract

_TOLD_TO_ALL = {
    Kind.KEY, Kind.HORIZON, Kind.EVENT_TIME, Kind.TOPIC, Kind.PARTITIONS, Kind.RULE, Kind.DRIFT, Kind.CONTRACT_REMOVED,
    Kind.LIMITS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hit:
    """One who has to be told. `kind` is model, exposure, view or contract; `why` is a few words."""

    kind: str
    name: str
    owner: str
    why: str


def hits(old: Contract, changes: Sequence[Change], graph: DbtGraph, contracts: Iterable[Contract]) -> tuple[Hit, ...]:
    """Everybody whom these changes of a contract reach, each once, nearest first."""
    found: dict[tuple[str, str], Hit] = {}
    for change in changes:
        for hit in (*_dbt(old, change, graph), *_views(old, change)):
            found.setdefault((hit.kind, hit.name), hit)
    if changes:
        for contract in contracts:
            if old.id in contract.consumes:
                hit = Hit("contract", contract.id, contract.owner, f"consumes {old.id}")
                found.setdefault((hit.kind, hit.name), hit)
    return tuple(found.values())


def _column(change: Change) -> str | None:
    """The silver column as readers know it today."""
    return change.before if change.kind is Kind.FIELD_RENAMED and change.before else change.column


def _dbt(old: Contract, change: Change, graph: DbtGraph) -> Iterator[Hit]:
    for reader in graph.below(_roots(old, change)):
        if reader.generated:
            continue
        column = _column(change)
        if column is None:
            yield Hit(reader.kind, reader.name, reader.owner, f"reads {', '.join(sorted(reader.reads))}")
        elif column in reader.words:
            yield Hit(reader.kind, reader.name, reader.owner, f"names {column}")
        elif named := sorted(_named_above(reader.reads, column, graph)):
            yield Hit(reader.kind, reader.name, reader.owner, f"reads {', '.join(named)}")


def _roots(old: Contract, change: Change) -> set[str]:
    """What in dbt carries the changed part: one view, or silver and what staging makes of it."""
    table = f"{old.domain}_{old.product}"
    if change.path[0] == "views":
        return {change.path[1]}
    if change.kind in (Kind.PROSE, Kind.ORDER, Kind.PROMISE, Kind.GATE):
        return set()
    return {f"silver.{table}", f"quarantine.{table}", f"stg_{table}"}


def _named_above(names: Iterable[str], column: str, graph: DbtGraph) -> Iterator[str]:
    """Which of these models name the column, or read one that does."""
    for name in names:
        reader = graph.readers.get(name)
        if reader is None or reader.generated:
            continue
        if column in reader.words or any(_named_above(reader.reads, column, graph)):
            yield name


def _views(old: Contract, change: Change) -> Iterator[Hit]:
    if change.path[0] == "views":
        touched = [view.name for view in old.views if view.name == change.path[1]]
    elif change.column is not None:
        touched = [view.name for view in old.views if reads(view, _column(change) or "")]
    else:
        touched = [view.name for view in old.views] if change.kind in _TOLD_TO_ALL else []
    for name in touched:
        yield Hit("view", name, old.owner, f"served as /v1/{old.domain}/{name}")
