"""Gathers what a rollout is decided from: both sides, tables without an engine, topics if a broker is up."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tideline.batch.commits import StageCommit
from tideline.batch.cut import table_path
from tideline.batch.judged import Days, days_held
from tideline.batch.model import view_path
from tideline.deploy import order as orders
from tideline.deploy.rollout import Stored, World
from tideline.model.contract import Contract
from tideline.model.errors import Fatal, StaleIndex, TidelineError
from tideline.ports import Documents, EventLog, Tables
from tideline.settings import Settings

DEPLOYED = "deployed"
Contracts = Mapping[str, Contract]


@dataclass(frozen=True, slots=True)
class Side:
    """The contracts to compare with, and in words what they are; a guess when nobody wrote down what is in force."""

    name: str
    contracts: Contracts
    is_guess: bool = False

    def differs(self, id_: str, after: Contracts) -> bool:
        """Whether a contract is another one now; the file that it stands in is no part of it."""
        old, new = self.contracts.get(id_), after.get(id_)
        if old is None or new is None:
            return old is not new
        return old.model_copy(update={"source": None}) != new.model_copy(update={"source": None})


def against(asked: str | None, settings: Settings, documents: Documents) -> Side:
    """What is deployed; before the first deployment what is compiled; else the folder or git revision that is named."""
    begun = orders.unfinished(documents)
    if asked in (None, DEPLOYED) and begun is not None:
        return Side(f"what was in force before deployment {begun.number}, which is not finished", begun.before)
    found = orders.in_force(documents)
    if asked in (None, DEPLOYED) and found is not None:
        return Side(f"deployment {found.number}", found.contracts)
    if asked == DEPLOYED:
        raise Fatal("TL-DEP-005", "nothing is deployed yet", fix="leave --against out, or: tideline apply")
    if asked is None:
        return _compiled(settings)
    from tideline.changes.versions import contracts_at, folder_named

    folder = folder_named([settings.contracts], asked)
    if folder is not None:
        return Side(f"folder {asked}", contracts_in(folder))
    return Side(asked, contracts_at(asked, [settings.contracts]))


def contracts_in(folder: Path, dbt_project: Path | None = None) -> Contracts:
    """The contracts of a folder, to be built in a dbt project or not; raises ContractError with every finding."""
    from tideline.index import compile_index, models_of_people
    from tideline.model.contract import Contract

    models = models_of_people(dbt_project) if dbt_project else None
    return {id_: Contract.model_validate(entry) for id_, entry in compile_index(folder, models)["contracts"].items()}


def gather(side: Side, after: Contracts, settings: Settings, doors: Doors, *, drop_retired: bool = False) -> World:
    """Only what differs is looked at, unless nobody knows yet what is deployed: then every table is."""
    changed = {id_ for id_ in {*side.contracts, *after} if side.is_guess or side.differs(id_, after)}
    before = {id_: contract for id_, contract in side.contracts.items() if id_ in changed}
    after = {id_: contract for id_, contract in after.items() if id_ in changed}
    return World(
        before=before,
        after=after,
        stored={id_: stored(contract, doors.tables) for id_, contract in after.items()},
        rendered_before=_rendered(before.values()),
        rendered_after=_rendered(after.values()),
        topics=_topics(after.values(), settings, doors.log),
        held_before=orders.held_before(doors.documents, after) if before else frozenset(),
        drop_retired=drop_retired,
    )


@dataclass(frozen=True, slots=True)
class Doors:
    """What looking at an installation needs."""

    documents: Documents
    tables: Tables
    log: EventLog


def stored(contract: Contract, tables: Tables) -> Stored:
    """What the lake holds of a contract."""
    path = table_path("silver", contract)
    version = tables.version(path)
    if version is None:
        return Stored()
    files, last = tables.files(path, version), StageCommit.read(tables.last_commit(path))
    return Stored(
        schema=tables.schema(path, version),
        held=None if last is None else last.contract_hash,
        days=_days(contract, tables, version),
        rows=sum(file.rows or 0 for file in files),
        bytes=sum(file.bytes for file in files),
        quarantined=_open(contract, tables),
        gold={view.name: _size(view_path(view.name), tables) for view in contract.views},
    )


def _days(contract: Contract, tables: Tables, version: int) -> Days | None:
    schema = tables.schema(table_path("silver", contract), version) or {"fields": []}
    names = {field["name"] for field in schema["fields"]}
    for name in (contract.event_time, contract.by_name[contract.event_time].renamed_from):
        if name in names:
            return days_held(contract, tables, version, name)
    return None


def _open(contract: Contract, tables: Tables) -> int:
    path = table_path("quarantine", contract)
    version = tables.version(path)
    if version is None:
        return 0
    return sum(status == "open" for status in tables.read(path, version, ["status"]).column("status").to_pylist())


def _size(path: str, tables: Tables) -> tuple[int, int]:
    files = tables.files(path)
    return sum(file.rows or 0 for file in files), sum(file.bytes for file in files)


def _rendered(contracts: Iterable[Contract]) -> dict[str, str]:
    from tideline.compiling import DBT, INDEX, rendered

    found: dict[str, str] = {}
    for contract in contracts:
        for place, text in rendered(contract, contract.source or "", "").items():
            root, _, name = place.partition(":")
            if root == DBT:
                found[f"{contract.id}|{'dbt model' if name.endswith('.sql') else 'dbt file'}|{name}"] = text
            elif root != INDEX:
                kind = "catalog entry" if "/catalog/" in name else "Terraform input"
                found[f"{contract.id}|{kind}|{name}"] = text
    return found


def _topics(contracts: Iterable[Contract], settings: Settings, log: EventLog) -> frozenset[str] | None:
    """The event topics that exist; None when no broker answers, which is no error for a plan."""
    if not any(_answers(address) for address in settings.kafka_bootstrap.split(",")):
        return None
    found = set()
    for contract in contracts:
        try:
            log.stream(contract.stream.topic)
        except TidelineError as error:
            if error.code != "TL-LOG-003":
                return None
        else:
            found.add(contract.stream.topic)
    return frozenset(found)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _compiled(settings: Settings) -> Side:
    from tideline.index import load_index

    try:
        return Side("what is compiled, since nothing is deployed yet", load_index(settings.index), is_guess=True)
    except StaleIndex:
        return Side("nothing", {}, is_guess=True)
