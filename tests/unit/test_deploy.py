"""Plan and apply in memory: what a rollout says, and that an apply finishes once, whatever stops it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract
from tests.fakes.documents import FakeDocuments
from tests.fakes.event_log import FakeEventLog
from tests.fakes.tables import FakeTables
from tideline.batch.commits import StageCommit
from tideline.deploy import order as orders
from tideline.deploy import telling
from tideline.deploy.apply import Site, abandon, apply
from tideline.deploy.gather import Doors, Side, against, gather
from tideline.deploy.order import Deployment
from tideline.deploy.rollout import Action, Rollout, roll_out
from tideline.model.contract import Compatibility, Contract
from tideline.model.errors import ContractError, Fatal, Lifecycle, Retriable
from tideline.model.position import Coverage, StreamId
from tideline.ports import DataFile
from tideline.rendering import evolution, spark
from tideline.settings import Settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOTE = {"name": "note", "type": "string", "description": "What was said."}
OLD = small_contract()
NEW = small_contract(version="1.1.0", fields=[*OLD.fields, NOTE])
BROKEN = small_contract(version="1.0.1", fields=[f for f in OLD.fields if f.name != "country"], views=[])


class Home:
    """An installation in memory; the job of a table writes its commit unless it is told to fail."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            home=folder / "home",
            contracts=folder,
            index=folder / "index.json",
            dbt_project=folder / "dbt",
            kafka_port=1,
        )
        self.documents, self.tables, self.log = FakeDocuments(), FakeTables(), FakeEventLog()
        self.doors = Doors(self.documents, self.tables, self.log)
        self.said: list[str] = []
        self.evolved: list[str] = []
        self.generated = 0
        self.code = 0

    @property
    def site(self) -> Site:
        return Site(self.settings, self.doors, self._evolve, self._generate, self.said.append, lambda: NOW)

    def silver(self, contract: Contract) -> None:
        """Silver as this contract's runs left it: two files, four rows, the days 2 and 3 January."""
        path = "silver/retail/sales"
        coverage = Coverage(StreamId(contract.stream.topic, "one"), {0: 4})
        words = StageCommit("refine", "r", contract.id, contract.hash, 1, coverage)
        self.tables.commit(path, None, json.loads(words.as_metadata())["tideline"])
        table = self.tables.tables[path]
        fields = [{"name": c.name, "type": evolution.parsed(c.type)} for c in spark.columns("silver", contract)]
        table.schema = {"type": "struct", "fields": fields}
        days = [datetime(2026, 1, day, 9, tzinfo=UTC) for day in (2, 3)]
        table.files = [
            DataFile(1_000, 3, {"at": days[0]}, {"at": days[0]}),
            DataFile(500, 1, {"at": days[1]}, {"at": days[1]}),
        ]

    def plan(self, *after: Contract, side: Side | None = None, drop_retired: bool = False) -> tuple[Side, Rollout]:
        side = side or against(None, self.settings, self.documents)
        ours = {contract.id: contract for contract in after}
        return side, roll_out(gather(side, ours, self.settings, self.doors, drop_retired=drop_retired))

    def apply(self, *after: Contract, side: Side | None = None) -> Deployment:
        side, rollout = self.plan(*after, side=side)
        return apply(side, {contract.id: contract for contract in after}, rollout, self.site)

    def _evolve(self, contract: Contract, key: str) -> int:
        self.evolved.append(key)
        return self.code

    def _generate(self) -> int:
        self.generated += 1
        return 3


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def side(*contracts: Contract) -> Side:
    return Side("what was", {contract.id: contract for contract in contracts})


def named(rollout: Rollout, stage: str) -> set[tuple[str, Action, str]]:
    return {(item.kind, item.action, item.name) for _, item in rollout.of(stage)}


def test_nothing_changed_is_nothing_to_do(home: Home) -> None:
    _, rollout = home.plan(OLD, side=side(OLD))
    assert rollout == Rollout()
    assert "nothing to do" in telling.as_text(rollout, "x")


def test_a_plan_asks_whichever_broker_answers(home: Home) -> None:
    """Kafka has several addresses on AWS; only when none answers a plan does not know which topics there are."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        home.settings = home.settings.model_copy(update={"kafka": f"127.0.0.1:1,127.0.0.1:{broker.getsockname()[1]}"})
        home.log.create("retail.sales.v1", 3)
        side_ = side()
        assert gather(side_, {OLD.id: OLD}, home.settings, home.doors).topics == {"retail.sales.v1"}
    assert gather(side_, {OLD.id: OLD}, home.settings, home.doors).topics is None


def test_a_new_contract_creates_all_that_runs_it(home: Home) -> None:
    _, rollout = home.plan(OLD, side=side())
    assert named(rollout, "tables") == {
        ("table", Action.CREATE, f"{layer}.retail_sales") for layer in ("bronze", "silver", "quarantine")
    }
    assert named(rollout, "topics") == {("topic", Action.CREATE, "retail.sales.v1")}
    generated = named(rollout, "generate")
    assert ("dag", Action.CREATE, "retail.sales") in generated
    assert ("served field", Action.CREATE, "sales_by_country.quantity") in generated
    assert {kind for kind, _, _ in generated} >= {
        "dag",
        "served field",
        "dbt model",
        "catalog entry",
        "Terraform input",
    }
    assert not rollout.breaking


def test_a_removed_contract_keeps_its_data_and_loses_the_rest(home: Home) -> None:
    _, rollout = home.plan(side=side(OLD))
    assert {action for _, action, _ in named(rollout, "tables") | named(rollout, "topics")} == {Action.KEEP}
    assert {action for _, action, _ in named(rollout, "generate")} == {Action.REMOVE}


def test_a_removed_contract_breaks_whoever_reads_it(home: Home) -> None:
    """A comment on a pull request must not say that nothing breaks where apply will refuse."""
    _, rollout = home.plan(side=side(OLD))
    assert rollout.breaking and "TL-CHG-001" in telling.as_text(rollout, "x")
    assert "**breaking**" in telling.as_markdown(rollout, "x")
    assert telling.as_json(rollout, "x")["contracts"][0]["breaking"][0]["code"] == "TL-CHG-001"
    with pytest.raises(ContractError, match="TL-CHG-001"):
        home.apply(side=side(OLD))
    free = OLD.model_copy(update={"compatibility": Compatibility.NONE})
    assert not home.plan(side=side(free))[1].breaking


def test_a_new_column_needs_no_rebuild_and_tells_of_the_quarantine(home: Home) -> None:
    import pyarrow as pa

    home.silver(OLD)
    home.tables.commit("quarantine/retail/sales", pa.table({"status": ["open", "open", "replayed"]}), None)
    _, rollout = home.plan(NEW, side=side(OLD))
    (one,) = rollout.contracts
    assert ("column", Action.CREATE, "silver.retail_sales.note") in named(rollout, "tables")
    assert (one.rebuild, one.blocked, one.may_count) == (None, (), 2)
    assert "2 quarantined records may count" in telling.as_text(rollout, "x")


def test_a_new_rule_names_the_days_rows_and_bytes_to_rebuild(home: Home) -> None:
    home.silver(OLD)
    strict = small_contract(version="2.0.0", rules=[{"name": "enough", "expression": "quantity >= 10"}])
    _, rollout = home.plan(strict, side=side(OLD))
    (one,) = rollout.contracts
    assert one.rebuild is not None
    assert (one.rebuild.days, one.rebuild.rows, one.rebuild.bytes) == ((date(2026, 1, 2), date(2026, 1, 4)), 4, 1_500)
    assert rollout.breaking
    assert one.needs_version is None
    text = telling.as_text(rollout, "x")
    assert "tideline run retail.sales --restate 2026-01-02 2026-01-04" in text
    assert "BREAKING" in text


def test_a_version_that_does_not_fit_is_told(home: Home) -> None:
    late = NEW.model_copy(update={"version": "1.0.0"})
    _, rollout = home.plan(late, side=side(OLD))
    assert "at least 1.1.0" in telling.as_text(rollout, "x")


def test_all_three_forms_say_the_same(home: Home) -> None:
    home.silver(OLD)
    _, rollout = home.plan(NEW, side=side(OLD))
    facts = json.loads(json.dumps(telling.as_json(rollout, "x")))
    text, markdown = telling.as_text(rollout, "x"), telling.as_markdown(rollout, "x")
    for item in facts["contracts"][0]["items"]:
        assert item["name"] in text
        assert item["name"] in markdown


def test_silver_of_a_hash_that_no_deployment_knows_is_rebuilt(home: Home) -> None:
    """Somebody compiled and ran without applying: which rules those rows obey is not known."""
    home.silver(small_contract(rules=[{"name": "r", "expression": "quantity > 1"}]))
    _, rollout = home.plan(OLD, side=Side("a guess", {OLD.id: OLD}, is_guess=True))
    (one,) = rollout.contracts
    assert one.unknown is not None
    assert one.rebuild is not None
    assert list(rollout.rebuilds) == [OLD.id]


def test_apply_writes_down_what_is_in_force_and_again_there_is_nothing_to_do(home: Home) -> None:
    home.silver(OLD)
    home.apply(OLD, side=side())
    found = home.apply(NEW)
    assert (found.number, home.evolved, home.generated) == (2, ["apply-2"], 2)
    assert orders.in_force(home.documents) == found
    assert found.versions == {"silver/retail/sales": 0}
    assert home.plan(NEW)[1] == Rollout()


def test_another_wording_needs_no_spark(home: Home) -> None:
    home.silver(OLD)
    home.apply(OLD, side=side())
    home.code = 75
    reworded = small_contract(version="1.0.1", description="Other words.")
    assert home.apply(reworded).number == 2
    assert home.evolved == []


def test_what_breaks_somebody_is_refused_before_anything_is_written(home: Home) -> None:
    home.apply(OLD)
    before = dict(home.documents.texts), home.generated
    with pytest.raises(ContractError, match="TL-DEP-003") as caught:
        home.apply(BROKEN)
    assert caught.value.exit_code == 4
    assert (dict(home.documents.texts), home.generated) == before


def test_what_was_in_force_before_may_come_back(home: Home) -> None:
    """A way back must not need a waiver: the old contract removes the new field, which breaks its readers."""
    home.apply(OLD)
    home.apply(NEW)
    rollout = home.plan(OLD)[1]
    assert rollout.breaking
    said = telling.as_text(rollout, "x")
    assert "a former deployment had it so: apply lets it pass" in said and "the version has to be" not in said
    assert telling.as_json(rollout, "x")["contracts"][0]["held_before"] is True
    assert "a former deployment" not in telling.as_text(home.plan(BROKEN)[1], "x")
    assert home.apply(OLD).contracts == {OLD.id: OLD}


@pytest.mark.parametrize("at", ["submit", "generate"])
def test_an_interrupted_apply_is_finished_by_the_next_one(home: Home, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home.silver(OLD)
    home.apply(OLD, side=side())

    def dies() -> int:
        raise KeyboardInterrupt

    if at == "submit":
        home.code = 75
        with pytest.raises(Retriable, match="TL-DEP-007"):
            home.apply(NEW)
        home.code = 0
    else:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(home, "_generate", dies)
            home.apply(NEW)
    found = home.apply(NEW)
    assert (found.number, home.evolved) == (2, ["apply-2", "apply-2"])
    assert orders.in_force(home.documents) == found


def test_of_two_applies_with_other_contracts_the_second_has_to_wait(home: Home) -> None:
    home.silver(OLD)
    home.apply(OLD, side=side())
    home.code = 75
    with pytest.raises(Retriable):
        home.apply(NEW)
    other = small_contract(version="1.1.0", fields=[*OLD.fields, {**NOTE, "name": "remark"}])
    with pytest.raises(Lifecycle, match="TL-DEP-001"):
        home.apply(other)
    abandon(2, home.site)
    home.code = 0
    found = home.apply(other)
    assert (found.number, found.contracts[OLD.id]) == (3, other)


def test_of_two_applies_of_the_same_contracts_one_records_and_the_other_says_so(home: Home) -> None:
    home.apply(OLD)
    side_, rollout = home.plan(NEW)
    site = home.site
    raced: list[Callable[[], Any]] = [lambda: home.apply(NEW)]

    def generate() -> int:
        if raced:
            raced.pop()()
        return 0

    with pytest.raises(Lifecycle, match="TL-DEP-004"):
        apply(
            side_, {NEW.id: NEW}, rollout, Site(site.settings, site.doors, site.evolve, generate, site.tell, site.now)
        )
    found = orders.in_force(home.documents)
    assert found is not None
    assert (found.number, found.contracts[NEW.id]) == (2, NEW)


def test_only_an_unfinished_deployment_can_be_abandoned(home: Home) -> None:
    home.apply(OLD)
    with pytest.raises(Fatal, match="TL-DEP-006"):
        abandon(1, home.site)


def test_an_order_knows_which_rows_it_may_trust() -> None:
    """Only rows of the contract before, and only when nothing is rebuilt."""
    order = orders.Order(1, "t", {NEW.id: NEW}, {OLD.id: OLD})
    assert not order.rebuild(NEW.id, OLD.hash)
    assert order.rebuild(NEW.id, "another")
    assert orders.Order(1, "t", {NEW.id: NEW}, {OLD.id: OLD}, {NEW.id: ""}).rebuild(NEW.id, OLD.hash)
    assert orders.Order.from_json(json.loads(json.dumps(order.as_json()))) == order
