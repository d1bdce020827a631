"""Gates in a run: dbt measures, the audit judges; a broken fail keeps the old release, a broken warn is told."""

import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.test_audit_publish import FIRST, NOW, World
from tideline.batch.audit import last_audit
from tideline.batch.gates import table_path
from tideline.batch.model import Gold, build_views, model_name
from tideline.batch.publish import publish
from tideline.model.errors import AuditFailed, DataError
from tideline.model.gates import definition
from tideline.model.quality import Gate
from tideline.settings import Settings

NULLS = {
    "name": "lands_known", "metric": "nullValues", "columns": ("land",), "unit": "percent",
    "comparison": "mustBeLessThan", "limits": ("40",),
}  # fmt: skip


def gate(**said: Any) -> Gate:
    return Gate.model_validate(NULLS | said)


@dataclass
class Dbt:
    """Stands where dbt runs: commits the views as they are, and a row per gate with the numbers it is given."""

    world: World
    found: dict[str, tuple[str | None, int | None]]
    ran: list[list[str]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, words: Any, facts: Any, place: str, settings: Settings) -> list[Any]:
        self.ran.append(list(words))
        self.facts.append(dict(facts))
        said = json.loads(facts["commit"])["tideline"]
        contract, tables = self.world.contract, self.world.tables
        if any("tag:view" in word for word in words):
            tables.commit("gold/by_land", tables.tables["gold/by_land"].rows[-1], said)
        rows = [
            {"name": one.name, "definition": definition(one), "measured": number, "counted": counted}
            for one in contract.gates
            for number, counted in [self.found[one.name]]
        ]
        tables.commit(table_path(contract), pa.Table.from_pylist(rows), said)
        return []


class Run:
    """A world whose contract has gates; `play` is one run up to publish."""

    def __init__(self, *gates: Gate) -> None:
        self.world, self.told = World(), []
        self.world.contract = self.world.contract.model_copy(update={"gates": gates})
        self.dbt = Dbt(self.world, {one.name: ("0", 3) for one in gates})

    def model(self, key: str) -> dict[str, int]:
        settings = Settings()
        doors = Gold(self.world.documents, self.world.tables, settings, self.told.append, self.dbt)
        return build_views(self.world.contract, key, doors)

    def play(self, key: str, rows: list[tuple[str, str | None, str]]) -> Any:
        self.world.write(key, rows, tested=False)
        self.model(key)
        self.world.audit(key)
        return publish(self.world.contract, key, self.world.documents, lambda: NOW)


def test_a_gate_that_holds_is_a_check_of_the_release():
    run = Run(gate())
    run.dbt.found["lands_known"] = ("1", 3)
    release = run.play("r1", FIRST)
    (check,) = [check for check in release.checks if check.name == "gate:lands_known"]
    assert check.passed and not check.warning
    assert check.detail == (
        "nullValues of land on silver: 1 of 3 rows, promised mustBeLessThan 40 percent; action fail"
    )
    assert run.world.documents.get(model_name("shop.sales", "r1"))["gates"] == [
        {"name": "lands_known", "definition": definition(gate()), "measured": "1", "counted": 3}
    ]


def test_a_broken_gate_keeps_the_old_release_and_names_the_numbers():
    run = Run(gate())
    run.play("r1", FIRST)
    run.dbt.found["lands_known"] = ("2", 5)
    with pytest.raises(
        AuditFailed, match=r"gate:lands_known: .*2 of 5 rows, promised mustBeLessThan 40 percent; action fail"
    ):
        run.play("r2", [("d", None, "5.000"), ("e", "Spain", "1.000")])
    assert run.world.live.run_key == "r1"


def test_a_broken_gate_with_the_action_warn_is_told_and_published():
    run = Run(gate(action="warn"))
    run.dbt.found["lands_known"] = ("2", 3)
    release = run.play("r1", FIRST)
    (check,) = [check for check in release.checks if check.warning]
    assert check.passed and check.as_json()["warning"] is True
    assert "2 of 3 rows" in check.detail and "action warn" in check.detail
    assert last_audit(run.world.documents, "shop.sales", "r1").checks == release.checks


@pytest.mark.parametrize("number", [None, "NaN", "Infinity", "true"])
def test_a_query_without_a_number_holds_nothing(number):
    query = {"metric": "sql", "columns": (), "query": "select avg(price) from ${table}", "unit": "rows"}
    run = Run(gate(**query))
    run.dbt.found["lands_known"] = (number, None)
    with pytest.raises(AuditFailed, match="no number"):
        run.play("r1", FIRST)


def test_a_query_is_judged_with_all_its_digits():
    query = {"metric": "sql", "columns": (), "query": "select max(price) from ${table}", "unit": "rows"}
    run = Run(gate(**query, limits=("12345678901234567890.0000001",)))
    run.dbt.found["lands_known"] = ("12345678901234567890.0000001", None)
    with pytest.raises(AuditFailed, match=r"sql on silver: 12345678901234567890\.0000001, promised"):
        run.play("r1", FIRST)


def test_one_invocation_builds_views_and_gates_and_says_what_the_run_added():
    run = Run(gate())
    run.play("r1", FIRST)
    run.play("r2", [("d", "Spain", "5.000")])
    assert [words[:4] for words in run.dbt.ran] == [
        ["build", "--select", "tag:view,tag:shop.sales", "tag:quality,tag:shop.sales"]
    ] * 2
    assert [facts["released_batch"] for facts in run.dbt.facts] == [{"shop.sales": 0}, {"shop.sales": 1}]


def test_a_gate_that_was_changed_is_measured_although_nothing_else_is_new():
    """Gates decide no figure, so the contract's hash stays; a changed limit alone needs no new measurement."""
    run = Run(gate())
    run.play("r1", FIRST)
    contract = run.world.contract
    run.world.contract = contract.model_copy(update={"gates": (gate(limits=("50",)),)})
    run.model("r2")
    assert len(run.dbt.ran) == 1
    other = gate(name="prices_known", columns=("price",))
    run.world.contract = contract.model_copy(update={"gates": (gate(), other)})
    run.dbt.found["prices_known"] = ("0", 3)
    run.model("r3")
    assert run.dbt.ran[1:] == [["build", "--select", "tag:quality,tag:shop.sales"]]
    assert {found["name"] for found in run.world.documents.get(model_name("shop.sales", "r3"))["gates"]} == {
        "lands_known", "prices_known",
    }  # fmt: skip


def test_a_gate_that_was_added_behind_the_build_is_refused_by_the_audit():
    run = Run(gate())
    run.world.write("r1", FIRST, tested=False)
    run.model("r1")
    added = gate(name="prices_known", columns=("price",))
    run.world.contract = run.world.contract.model_copy(update={"gates": (gate(), added)})
    with pytest.raises(AuditFailed, match="gate:prices_known: it was not measured"):
        run.world.audit("r1")


def test_a_stale_dbt_project_is_named():
    run = Run(gate())
    run.world.write("r1", FIRST, tested=False)
    other = run.world.contract.model_copy(update={"gates": (gate(columns=("price",)),)})
    run.dbt.world = World()
    run.dbt.world.contract, run.dbt.world.tables = other, run.world.tables
    with pytest.raises(DataError, match="TL-GOLD-003"):
        run.model("r1")
