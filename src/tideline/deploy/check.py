"""The first stage of an apply: what breaks somebody is refused unless it is waived or was in force before."""

from __future__ import annotations

from datetime import date

from tideline.changes.breaking import Report, decide
from tideline.changes.dbt_graph import DbtGraph
from tideline.changes.versions import Pair, Pairs
from tideline.changes.waivers import read_waivers
from tideline.deploy import order as orders
from tideline.deploy.gather import Contracts, Side
from tideline.model.errors import ContractError
from tideline.ports import Documents
from tideline.settings import Settings

WAIVERS = "waivers.yaml"


def judged(side: Side, after: Contracts, settings: Settings, documents: Documents, today: date) -> Report:
    """The verdict on every contract that is not the same on both sides; going back to a former deployment is free."""
    former = orders.held_before(documents, after)
    pairs = Pairs(side.name)
    for id_ in sorted({*side.contracts, *after}):
        old, new = side.contracts.get(id_), after.get(id_)
        if not side.differs(id_, after) or id_ in former:
            continue
        one = new or old
        assert one is not None
        pairs.pairs[id_] = Pair(one.source or id_, new, (old,) if old else ())
    file = settings.contracts / WAIVERS
    waivers = read_waivers(file) if file.exists() else ()
    return decide(pairs, waivers, today, DbtGraph(settings.dbt_project), after.values())


def refuse_blocked(report: Report) -> None:
    """Raise ContractError TL-DEP-003 with every blocked change; exit code 4."""
    lines = [
        f"{verdict.contract.id}: {told.code} {told.path}: {told.text}"
        for verdict in report.verdicts
        for told in verdict.told
        if told.severity == "error"
    ]
    if lines:
        raise ContractError(
            "TL-DEP-003",
            "not applied, because it breaks somebody:\n  " + "\n  ".join(lines) + "\n",
            fix=f"tideline contract breaking says who is hit; change it, or have it waived in contracts/{WAIVERS}",
        )
