"""Deployments as documents: what was ordered (written before anything is done) and what is in force (written last).

    deployments/00000000000000000003.order.json
        {"number", "ordered", "contracts", "before", "drop_retired", "rebuilds", "versions": {table: version before}}
    deployments/00000000000000000003.json
        {"number", "applied", "contracts", "stages", "versions", "abandoned"}

Each is written once. An order without its record is unfinished: the same order goes on with it, another one has to wait
or to abandon it. The newest record that is not abandoned says what is in force.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tideline.model.contract import Contract, dump_index_entry
from tideline.model.errors import Fatal, Lifecycle
from tideline.ports import Documents

PREFIX = "deployments/"
_NAME = re.compile(r"deployments/(\d{20})(\.order)?\.json")
Contracts = Mapping[str, Contract]


@dataclass(frozen=True, slots=True)
class Order:
    """What one deployment is to do; `rebuilds` maps a contract to the hash whose rows have to be judged again."""

    number: int
    ordered: str
    contracts: Contracts
    before: Contracts
    rebuilds: Mapping[str, str] = field(default_factory=dict)
    drop_retired: bool = False
    versions: Mapping[str, int] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def key(self) -> str:
        """Names the deployment as a run key does a run."""
        return f"apply-{self.number}"

    def contract(self, contract_id: str) -> Contract:
        return self.contracts[contract_id]

    def rebuild(self, contract_id: str, held: str) -> bool:
        """Whether rows judged under `held` have to be judged again; a hash that no plan knew is never trusted."""
        known = {self.contracts[contract_id].hash}
        if contract_id in self.before and contract_id not in self.rebuilds:
            known.add(self.before[contract_id].hash)
        return held not in known

    def asks_the_same(self, other: Order) -> bool:
        mine, theirs = ({i: c.hash for i, c in o.contracts.items()} for o in (self, other))
        return mine == theirs and self.drop_retired == other.drop_retired

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "ordered": self.ordered,
            "contracts": _dumped(self.contracts),
            "before": _dumped(self.before),
            "rebuilds": dict(self.rebuilds),
            "drop_retired": self.drop_retired,
            "versions": dict(self.versions),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Order:
        return Order(
            number=int(value["number"]),
            ordered=str(value["ordered"]),
            contracts=_loaded(value["contracts"]),
            before=_loaded(value["before"]),
            rebuilds=value["rebuilds"],
            drop_retired=value["drop_retired"] is True,
            versions=value["versions"],
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is in force since `applied`."""

    number: int
    applied: str
    contracts: Contracts
    stages: Sequence[str]
    versions: Mapping[str, int]
    abandoned: bool = False

    __hash__ = None  # type: ignore[assignment]

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "applied": self.applied,
            "contracts": _dumped(self.contracts),
            "stages": list(self.stages),
            "versions": dict(self.versions),
            "abandoned": self.abandoned,
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Deployment:
        return Deployment(
            number=int(value["number"]),
            applied=str(value["applied"]),
            contracts=_loaded(value["contracts"]),
            stages=tuple(value["stages"]),
            versions=value["versions"],
            abandoned=value["abandoned"] is True,
        )


def in_force(documents: Documents) -> Deployment | None:
    """The newest deployment that was finished and not abandoned."""
    for number in reversed(_numbers(documents, order=False)):
        document = documents.get(record_name(number))
        if document is not None and not document["abandoned"]:
            return Deployment.from_json(document)
    return None


def held_before(documents: Documents, contracts: Contracts) -> frozenset[str]:
    """Those that some deployment had exactly as they are: going back to them is free."""
    wanted, found = _dumped(contracts), set[str]()
    for number in _numbers(documents, order=False):
        document = documents.get(record_name(number))
        if document is not None and not document["abandoned"]:
            found |= {id_ for id_, entry in wanted.items() if document["contracts"].get(id_) == entry}
    return frozenset(found)


def unfinished(documents: Documents) -> Order | None:
    """The order that was begun and has no record yet; there is at most one."""
    orders, records = _numbers(documents, order=True), _numbers(documents, order=False)
    if not orders or (records and records[-1] >= orders[-1]):
        return None
    return Order.from_json(documents.get(order_name(orders[-1])) or {})


def next_number(documents: Documents) -> int:
    records = _numbers(documents, order=False)
    return records[-1] + 1 if records else 1


def place_order(documents: Documents, order: Order) -> Order:
    """Write the order, or go on with the same one that is unfinished; Lifecycle TL-DEP-001 when another one is."""
    if documents.put_new(order_name(order.number), order.as_json()):
        return order
    found = Order.from_json(documents.get(order_name(order.number)) or {})
    if not found.asks_the_same(order):
        raise Lifecycle(
            "TL-DEP-001",
            f"deployment {found.number} of {found.ordered} is not finished and asks for other contracts",
            fix=f"wait for it, or start it again from its contracts; if it is dead: tideline apply --abandon "
            f"{found.number}, then apply yours",
        )
    return found


def record(documents: Documents, deployment: Deployment) -> bool:
    """Write what is in force; False when another apply has recorded this number already."""
    return documents.put_new(record_name(deployment.number), deployment.as_json())


def read_order(documents: Documents, key: str) -> Order:
    """The order of `apply-NUMBER`; Fatal TL-DEP-002 without one."""
    number = key.removeprefix("apply-")
    found = documents.get(order_name(int(number))) if number.isdigit() else None
    if found is None:
        raise Fatal("TL-DEP-002", f"there is no order {key}", fix="tideline apply writes it, then starts this job")
    return Order.from_json(found)


def record_name(number: int) -> str:
    return f"{PREFIX}{number:020d}.json"


def order_name(number: int) -> str:
    return f"{PREFIX}{number:020d}.order.json"


def _numbers(documents: Documents, *, order: bool) -> list[int]:
    found = (_NAME.fullmatch(name) for name in documents.names(PREFIX))
    return sorted(int(match[1]) for match in found if match and bool(match[2]) is order)


def _dumped(contracts: Contracts) -> dict[str, Any]:
    return {id_: dump_index_entry(contract) for id_, contract in sorted(contracts.items())}


def _loaded(entries: Mapping[str, Any]) -> dict[str, Contract]:
    return {id_: Contract.model_validate_json(json.dumps(entry)) for id_, entry in entries.items()}
