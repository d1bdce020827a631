"""Policy over all DAGs: what every one of them must have, and what parsing them must not cost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract, write_index
from tideline.local import airflow_home
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(120)]
pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

STAGES = ["cut", "ingest", "refine", "model", "audit", "publish"]
ENGINES = ["pyspark", "boto3", "botocore", "kafka", "confluent_kafka", "deltalake", "ruamel", "polars", "dbt", "duckdb"]
PARSE = """
import json, sys, time
import airflow.sdk.definitions.asset, airflow.sdk.definitions.timetables.interval, tideline_airflow.dags
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
started = time.process_time()
bag = DagBag(dag_folder=sys.argv[1], bundle_name="dags")
spent = time.process_time() - started
bag.dags and [dag.check_cycle() for dag in bag.dags.values()]
facts = {"spent": spent, "modules": sorted(sys.modules), "errors": bag.import_errors,
         "dags": {i: DagSerialization.to_dict(d)["dag"] for i, d in bag.dags.items()},
         "order": {i: [[t.task_id, sorted(t.downstream_task_ids)] for t in d.topological_sort()]
                   for i, d in bag.dags.items()}}
json.dump(facts, open(sys.argv[2], "w"), default=str)
"""


def parse(folder: Path, *contracts: Any, index: Path | None = None, **variables: str) -> dict[str, Any]:
    """What Airflow sees after parsing `dags/` with an index of these contracts, in a process of its own."""
    environment = {
        **os.environ,
        **variables,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "TIDELINE_INDEX": str(index or write_index(folder / "index.json", *contracts)),
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "plugins"), os.environ.get("PYTHONPATH", "")]),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
    }
    out = folder / "facts.json"
    command = [sys.executable, "-W", "error::DeprecationWarning:tideline_airflow", "-c", PARSE]
    done = subprocess.run(
        [*command, str(REPOSITORY / "dags"), str(out)],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    facts: dict[str, Any] = json.loads(out.read_text())
    return facts


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    tiers = ["gold", "silver", "bronze"]
    contracts = [small_contract(f"product_{n}", tier=tiers[n % 3], owner=f"team-{n % 4}") for n in range(49)]
    return parse(tmp_path_factory.mktemp("dags"), small_contract(), *contracts)


def tasks(dag: dict[str, Any]) -> list[dict[str, Any]]:
    return [task["__var"] for task in dag["tasks"]]


def test_every_contract_is_a_dag_and_its_star_schema_another_and_no_file_fails(many: dict[str, Any]) -> None:
    """Only a contract with models in marts has a DAG for them."""
    assert many["errors"] == {}
    assert len(many["dags"]) == 51
    assert {"retail.sales", "retail.sales.marts", "retail.product_48"} <= set(many["dags"])


def test_a_contract_runs_the_stages_of_the_plan_one_after_the_other(many: dict[str, Any]) -> None:
    expected = [[name, STAGES[i + 1 : i + 2]] for i, name in enumerate(STAGES)]
    assert many["order"]["retail.sales"] == expected
    assert many["order"]["retail.sales.marts"] == [["marts", []]]


def test_parsing_loads_no_engine_and_reads_no_yaml(many: dict[str, Any]) -> None:
    loaded = {module.split(".")[0] for module in many["modules"]}
    assert not loaded & set(ENGINES)


def test_parsing_fifty_contracts_costs_little_cpu_beside_imports(many: dict[str, Any]) -> None:
    assert many["spent"] < 3.0, f"{many['spent']:.2f} s of CPU for 51 DAGs"


def test_every_dag_has_owner_tier_tags_and_limits(many: dict[str, Any]) -> None:
    for name, dag in many["dags"].items():
        assert any(tag.startswith("tier:") for tag in dag["tags"]), name
        assert "retail" in dag["tags"] and dag["description"], name
        assert (dag["max_active_runs"], dag["catchup"]) == (1, False), name
        assert dag["dagrun_timeout"] > 0, name
        assert dag["start_date"] < 1291766400, "backfills have to reach the oldest event"
        for task in tasks(dag):
            owner = task.get("owner") or dag["default_args"]["__var"]["owner"]
            assert re.fullmatch(r"[a-z0-9-]+", owner) and owner != "airflow", name
            assert owner in dag["tags"], name


def test_every_dag_page_tells_what_to_do_when_a_task_is_red(many: dict[str, Any]) -> None:
    for name, dag in many["dags"].items():
        for word in ("### Triage", "docs/airflow.md", "| failed, 66 |", "tideline offsets", "airflow backfill create"):
            assert word in dag["doc_md"], f"{name} lacks {word}"


def test_the_runbook_that_the_pages_name_exists() -> None:
    assert "## When a task is red" in (REPOSITORY / "docs" / "airflow.md").read_text()


def test_every_task_has_a_time_limit_and_backs_off(many: dict[str, Any]) -> None:
    for name, dag in many["dags"].items():
        for task in tasks(dag):
            where = f"{name}.{task['task_id']}"
            assert 60 <= task["execution_timeout"] <= 7200, where
            assert 1 <= task["retries"] <= 5 and task["retry_exponential_backoff"] > 1, where
            assert task["retry_delay"] <= 60 and task["max_retry_delay"] <= 600, where
            assert task["max_active_tis_per_dag"] == 1, where
            assert task["_task_module"] == "tideline_airflow.stage", where


def test_assets_lead_from_the_stream_to_the_marts(many: dict[str, Any]) -> None:
    names: dict[str, tuple[list[str], list[str]]] = {}
    for task in tasks(many["dags"]["retail.sales"]) + tasks(many["dags"]["retail.sales.marts"]):
        sides = [[asset["__var"]["name"] for asset in task.get(side, [])] for side in ("inlets", "outlets")]
        names[task["task_id"]] = (sides[0], sides[1])
    assert names["ingest"] == (["stream/retail/sales"], ["bronze/retail/sales"])
    assert names["refine"] == (["bronze/retail/sales"], ["silver/retail/sales"])
    assert names["model"] == (["silver/retail/sales"], ["gold/retail/sales"])
    assert names["publish"] == (["gold/retail/sales"], ["release/retail/sales"])
    assert names["marts"] == (["release/retail/sales"], ["marts/retail/sales"])
    assert "release/retail/sales" in json.dumps(many["dags"]["retail.sales.marts"]["timetable"])


def test_gold_tier_goes_first(many: dict[str, Any]) -> None:
    weight = {tier: set[int]() for tier in ("gold", "silver", "bronze")}
    for dag in many["dags"].values():
        tier = next(tag.split(":")[1] for tag in dag["tags"] if tag.startswith("tier:"))
        weight[tier] |= {task.get("priority_weight", 1) for task in tasks(dag)}
    assert min(weight["gold"]) > max(weight["silver"]) >= min(weight["silver"]) > max(weight["bronze"])


def test_a_missing_index_is_an_import_error_that_names_the_command(tmp_path: Path) -> None:
    facts = parse(tmp_path, index=tmp_path / "nothing.json")
    assert len(facts["errors"]) == 2
    assert all("tideline compile" in error for error in facts["errors"].values())


@pytest.mark.parametrize("file", sorted((REPOSITORY / "dags").glob("*.py")), ids=lambda file: file.name)
def test_a_dag_file_is_a_table_of_contents(file: Path) -> None:
    text = file.read_text()
    assert len(text.splitlines()) <= 60
    assert "def " not in text and "airflow" in text and "dag" in text, "Airflow skips files without these two words"


def test_a_stage_waits_for_a_slot_of_its_engine(many: dict[str, Any]) -> None:
    pools = {task["task_id"]: task["pool"] for task in tasks(many["dags"]["retail.sales"])}
    assert pools == {
        "cut": "python", "ingest": "spark", "refine": "spark", "model": "dbt", "audit": "python", "publish": "python",
    }  # fmt: skip
    assert set(pools.values()) == set(airflow_home.pools(Settings()))


def test_a_promised_deadline_is_an_alert_from_the_end_of_the_interval(tmp_path: Path) -> None:
    facts = parse(tmp_path, small_contract(deadline="PT2H"), small_contract("stock"))
    (alert,) = facts["dags"]["retail.sales"]["deadline"]
    alert = alert.get("__var", alert)
    assert alert["reference"]["__class_path"] == "tideline_airflow.deadline.IntervalEnd"
    assert "7200" in json.dumps(alert["interval"])
    assert "tideline_airflow.deadline.missed" in json.dumps(alert["callback"]) and "SyncCallback" in json.dumps(alert)
    assert "published within 120 minutes" in facts["dags"]["retail.sales"]["doc_md"]
    assert not facts["dags"]["retail.stock"].get("deadline")


@pytest.mark.parametrize(
    ("asked", "built"),
    [("retail.product_7", ["retail.product_7"]), ("retail.product_7.marts", ["retail.product_7.marts"])],
)
def test_a_task_builds_its_own_dag_and_reads_its_own_contract_only(
    tmp_path: Path, asked: str, built: list[str]
) -> None:
    """The list of all contracts may even be gone."""
    index = write_index(tmp_path / "index.json", *(small_contract(f"product_{n}") for n in range(20)))
    index.unlink()
    facts = parse(tmp_path, index=index, _AIRFLOW_PARSING_CONTEXT_DAG_ID=asked)
    assert facts["errors"] == {} and list(facts["dags"]) == built


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    contracts = [
        small_contract(f"product_{n}", tier=["gold", "bronze"][n % 2], owner=f"team-{n % 2}", deadline="PT2H")
        for n in range(39)
    ]
    contracts.append(small_contract(tier="gold", owner="team-0", deadline="PT2H"))
    return parse(tmp_path_factory.mktemp("groups"), *contracts, TIDELINE_DAGS="grouped", TIDELINE_GROUP_SIZE="11")


def test_contracts_of_one_schedule_owner_and_tier_share_a_dag(groups: dict[str, Any]) -> None:
    """Each is a mapped task group that bears the contract's name, with the stages in order and marts at the end."""
    assert groups["errors"] == {} and len(groups["dags"]) == 4
    for name, dag in groups["dags"].items():
        assert name.startswith("grouped-team-") and dag["max_active_runs"] == 1 and len(dag["deadline"]) == 1
        order = dict(groups["order"][name])
        assert "cut" in order["choose"] and order["model"] == ["audit"]
        assert order.get("marts") == ([] if "`retail.sales`" in dag["doc_md"] else None)
        for task in tasks(dag)[1:]:
            assert task["map_index_template"] == "{{ task.contract_id }}" and task["weight_rule"] == "absolute"
        (inner,) = [child for child in dag["task_group"]["children"].values() if child[0] == "taskgroup"]
        assert inner[1]["is_mapped"] is True


def test_a_group_page_names_its_contracts_and_has_the_same_policy(groups: dict[str, Any]) -> None:
    named = [word for dag in groups["dags"].values() for word in re.findall(r"- `(retail\.\w+)`", dag["doc_md"])]
    assert sorted(named) == sorted(["retail.sales", *(f"retail.product_{n}" for n in range(39))])
    test_every_dag_has_owner_tier_tags_and_limits(groups)
    test_every_dag_page_tells_what_to_do_when_a_task_is_red(groups)
    test_gold_tier_goes_first(
        {"dags": {**groups["dags"], "x": {"tags": ["tier:silver"], "tasks": [{"__var": {"priority_weight": 10}}]}}}
    )


def test_a_task_of_a_group_builds_that_group_only(tmp_path: Path, groups: dict[str, Any]) -> None:
    contracts = [small_contract(f"product_{n}", owner=f"team-{n % 2}") for n in range(4)]
    facts = parse(tmp_path, *contracts, TIDELINE_DAGS="grouped")
    asked = sorted(facts["dags"])[0]
    alone = parse(tmp_path, *contracts, TIDELINE_DAGS="grouped", _AIRFLOW_PARSING_CONTEXT_DAG_ID=asked)
    assert len(facts["dags"]) == 2 and list(alone["dags"]) == [asked]


def test_one_odd_contract_or_file_takes_no_other_dag_away(tmp_path: Path) -> None:
    """An older index may hold labels that lint refuses today, a dbt project links to nowhere and other encodings."""
    marts = tmp_path / "dbt" / "models" / "marts"
    marts.mkdir(parents=True)
    (marts / "bad.yml").write_bytes(b"\xff\xfe")
    (marts / "gone.yml").symlink_to("nowhere")
    (marts / "board.yaml").write_text("meta: {contract: retail.sales}\n")
    odd = small_contract("odd", tags=("t" * 101, ""), owner="o" * 200)
    home = {"TIDELINE_DBT_PROJECT": str(tmp_path / "dbt")}
    found = parse(tmp_path, small_contract(), odd, **home)
    assert found["errors"] == {}
    assert found["dags"].keys() == {"retail.sales", "retail.odd", "retail.sales.marts"}
    assert parse(tmp_path, small_contract(), odd, TIDELINE_DAGS="grouped", **home)["errors"] == {}
