"""What the gates of a contract measured in a run, and the verdict on each: `Gate.holds` is the only judge.

dbt wrote one row per gate into the table `gold/quality_DOMAIN_PRODUCT`; the stage that builds gold reads it back at the
version that follows the pinned silver and keeps it in the model document, so that audit judges what was released.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tideline.batch.commits import StageCommit
from tideline.model import gates
from tideline.model.contract import Contract
from tideline.model.quality import Action, Gate, Metric
from tideline.model.release import Check
from tideline.ports import Tables
from tideline.rendering.quality import model_name, table_of

_READ = ("name", "definition", "measured", "counted")


@dataclass(frozen=True, slots=True)
class Found:
    """One measured gate: `measured` is exact text (None when a query gave no number), `counted` rows were looked at."""

    name: str
    definition: str
    measured: str | None
    counted: int | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _READ}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Found:
        return Found(*(value[name] for name in _READ))

    @property
    def number(self) -> Decimal | None:
        """The finite number that was measured."""
        try:
            number = Decimal(self.measured or "")
        except InvalidOperation:
            return None
        return number if number.is_finite() else None


def table_path(contract: Contract) -> str:
    return f"gold/{model_name(contract)}"


def found_for(contract: Contract, silver_version: int, tables: Tables) -> list[Found] | None:
    """What was measured beside this version of silver; None unless it was every gate of the contract as it is now."""
    wanted = gates.measured(contract)
    if not wanted:
        return []
    found = tables.last_commit(table_path(contract))
    commit = StageCommit.read(found)
    if found is None or commit is None or commit.source_version != silver_version:
        return None
    if commit.contract_hash != contract.hash:
        return None
    rows = tables.read(table_path(contract), found.version, _READ).to_pylist()
    listed = [Found.from_json(row) for row in rows]
    known = {(one.name, one.definition) for one in listed}
    complete = all((gate.name, gates.definition(gate)) in known for gate in wanted)
    return sorted(listed, key=lambda one: one.name) if complete else None


def verdicts(contract: Contract, found: Sequence[Found]) -> list[Check]:
    """A check per measured gate; a broken one with the action warn passes with a warning. No value of a row is told."""
    by_name = {one.name: one for one in found}
    return [_verdict(gate, by_name.get(gate.name)) for gate in gates.measured(contract)]


def _verdict(gate: Gate, found: Found | None) -> Check:
    name = f"gate:{gate.name}"
    if found is None or found.definition != gates.definition(gate):
        return Check(name, False, "it was not measured in this run as the contract states it: start a new run")
    number = found.number
    holds = number is not None and gate.holds(gate.number(number, found.counted))
    warned = not holds and gate.action is Action.WARN
    return Check(name, holds or warned, _sentence(gate, found), warning=warned)


def _sentence(gate: Gate, found: Found) -> str:
    over = f" of {', '.join(gate.columns)}" if gate.columns else ""
    place = f"{table_of(gate)}{' (rows of this run)' if gate.run_only else ''}"
    if found.number is None:
        what = "no number"
    elif gate.metric in (Metric.SQL, Metric.ROW_COUNT):
        what = f"{found.number:f}"
    else:
        what = f"{found.number:f} of {found.counted} rows"
    return f"{gate.metric.value}{over} on {place}: {what}, promised {gate.promise}; action {gate.action.value}"
