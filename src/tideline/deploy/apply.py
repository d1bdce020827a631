"""Carries a rollout out, stage by stage; each stage finds what an interrupted apply has done already.

1. check     what breaks somebody is refused before anything is written
2. order     the deployment's order is written down: who comes second with other contracts has to wait
3. tables    one Spark job per table that changes; its outcome is in the table's own log
4. topics    missing event topics are made
5. generate  index, dbt models, catalog and Terraform inputs are written: services and DAGs follow them from here on
6. rebuild   nothing is done: the days that have to be judged again are told, with the commands
7. record    the deployment is in force
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tideline.batch.commits import StageCommit
from tideline.batch.cut import table_path
from tideline.crash import point
from tideline.deploy import order as orders
from tideline.deploy.check import judged, refuse_blocked
from tideline.deploy.gather import Contracts, Doors, Side
from tideline.deploy.order import Deployment, Order
from tideline.deploy.rollout import STAGES, Action, ContractPlan, Rollout
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, Lifecycle, Retriable, TidelineError
from tideline.settings import Settings

Evolve = Callable[[Contract, str], int]  # a contract, the deployment's key -> exit code of its table's job


@dataclass(frozen=True, slots=True)
class Site:
    """Where a rollout is carried out. `now` is aware UTC time, `generate` writes what is generated and counts it."""

    settings: Settings
    doors: Doors
    evolve: Evolve
    generate: Callable[[], int]
    tell: Callable[[str], None]
    now: Callable[[], datetime]


def apply(side: Side, after: Contracts, rollout: Rollout, site: Site) -> Deployment:
    """Walk the stages and return what is in force now; the same call after an interruption finishes the deployment.

    Raises ContractError (breaking), Lifecycle (another apply), Fatal, Retriable or DataError of a table's job.
    """
    documents, began = site.doors.documents, orders.unfinished(site.doors.documents)
    if began is None:
        report = judged(side, after, site.settings, documents, site.now().date())
        refuse_blocked(report)  # 1
        site.tell("check: nothing breaks that is not waived")
    order = orders.place_order(documents, _order(side, after, rollout, site))  # 2
    if began is not None:
        site.tell(f"check: going on with deployment {order.number}, ordered {order.ordered}")
    point("apply.ordered")
    _tables(order, rollout, site)  # 3
    point("apply.tables")
    _topics(rollout, after, site)  # 4
    site.tell(f"generate: {site.generate()} files written")  # 5
    point("apply.generated")
    for one in rollout.contracts:  # 6
        if one.rebuild is not None and one.rebuild.days is not None:
            first, end = one.rebuild.days
            site.tell(f"rebuild: tideline run {one.id} --restate {first} {end}")
    done = Deployment(order.number, _stamp(site.now), dict(after), STAGES, order.versions)
    if not orders.record(documents, done):  # 7
        raise Lifecycle(
            "TL-DEP-004",
            f"deployment {order.number} was recorded by another apply at the same time; it did the same",
            fix="nothing: the contracts are in force",
        )
    site.tell(f"record: deployment {order.number} is in force")
    return done


def abandon(number: int, site: Site) -> None:
    """Give an unfinished order up; what its tables have got stays, and the next plan is made from there."""
    began = orders.unfinished(site.doors.documents)
    if began is None or began.number != number:
        now = f"deployment {began.number} is" if began else "none is"
        raise Fatal("TL-DEP-006", f"deployment {number} is not unfinished", fix=f"{now} unfinished")
    given_up = Deployment(number, _stamp(site.now), began.before, (), began.versions, abandoned=True)
    orders.record(site.doors.documents, given_up)
    site.tell(f"deployment {number} is abandoned; columns that it added or widened stay until a plan says otherwise")


def _order(side: Side, after: Contracts, rollout: Rollout, site: Site) -> Order:
    tables = site.doors.tables
    paths = [table_path("silver", contract) for contract in after.values()]
    versions = {path: version for path in paths if (version := tables.version(path)) is not None}
    return Order(
        number=orders.next_number(site.doors.documents),
        ordered=_stamp(site.now),
        contracts=dict(after),
        before=dict(side.contracts),
        rebuilds=rollout.rebuilds,
        drop_retired=rollout.drop_retired,
        versions=versions,
    )


def _tables(order: Order, rollout: Rollout, site: Site) -> None:
    for one in rollout.contracts:
        contract = order.contracts.get(one.id)
        if contract is None or not _moves(one, contract, site):
            continue
        code = site.evolve(contract, order.key)
        if code:
            raise _of_code(code)("TL-DEP-007", f"the table of {one.id} does not follow yet", fix=_AGAIN)


def _moves(one: ContractPlan, contract: Contract, site: Site) -> bool:
    """Whether there is a table that has to follow; prose changes no hash and no column, and needs no Spark."""
    path, tables = table_path("silver", contract), site.doors.tables
    if tables.version(path) is None:
        return False
    last = StageCommit.read(tables.last_commit(path))
    altered = (Action.CREATE, Action.CHANGE, Action.REMOVE)
    columns = any(item.kind == "column" and item.action in altered for item in one.items)
    return columns or (last is not None and last.contract_hash != contract.hash)


_AGAIN = "mend what the job said, then: tideline apply (it goes on where it stopped)"


def _of_code(code: int) -> type[TidelineError]:
    by_code: dict[int, type[TidelineError]] = {
        kind.exit_code: kind for kind in (Fatal, Retriable, DataError, Lifecycle)
    }
    return by_code.get(code, Retriable)


def _topics(rollout: Rollout, after: Contracts, site: Site) -> None:
    for one, item in rollout.of("topics"):
        if item.action != Action.CREATE:
            continue
        try:
            site.doors.log.create(item.name, after[one.id].stream.partitions)
            site.tell(f"topics: {item.name} is there")
        except Retriable:
            site.tell(f"topics: no broker answers; the speed layer makes {item.name} when it starts")


def _stamp(now: Callable[[], datetime]) -> str:
    return now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
