"""What contracts ask of an environment: places of the lake's zones, the same roles, fresh or refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tideline.adapters.odcs import read_contract
from tideline.cli.env.tfvars import command
from tideline.environments.folder import environment_folders
from tideline.environments.marts import written_models
from tideline.model.errors import ContractError, Fatal
from tideline.rendering import environment, tfvars
from tideline.settings import REPOSITORY, settings

SALES = read_contract(REPOSITORY / "contracts/retail/sales.odcs.yaml")
ZONES = {"bronze", "silver", "gold", "quarantine", "documents"}


@pytest.fixture
def envs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("dev", "prod"):
        (tmp_path / "envs" / name).mkdir(parents=True)
        (tmp_path / "envs" / name / "main.tf").write_text("")
    monkeypatch.setenv("TIDELINE_TERRAFORM", str(tmp_path))
    settings.cache_clear()
    yield tmp_path / "envs"
    settings.cache_clear()


def test_every_place_begins_with_a_zone_and_ends_as_a_folder():
    found = environment.inputs(SALES)
    places = [one["place"] for one in (*found["prefixes"].values(), *found["tables"].values())]
    places += [p for role in found["roles"].values() for way in role["prefixes"].values() for p in way]
    assert places
    assert {place.partition("/")[0] for place in places} <= ZONES
    assert all(place.endswith("/") and "//" not in place for place in places)


def test_roles_and_tables_lie_in_declared_prefixes():
    """Nobody is given a place that the environment does not know by its life time."""
    found = environment.inputs(SALES)
    declared = {one["place"] for one in found["prefixes"].values()}
    asked = {p for role in found["roles"].values() for way in role["prefixes"].values() for p in way}
    assert [one for one in asked if not one.startswith(tuple(declared))] == []
    assert found["roles"]["ingest"]["prefixes"]["read"][-1] == "silver/retail/sales/_delta_log/", (
        "the log, no row of it"
    )
    assert {table["place"] for table in found["tables"].values()} <= declared
    assert set(found["roles"]) == set(tfvars.roles(SALES))


def test_personal_columns_are_marked_for_the_catalog():
    columns = {one["name"]: one for one in environment.inputs(SALES)["tables"]["silver.retail_sales"]["columns"]}
    assert columns["customer_id"]["pii"] is True and columns["customer_id"]["classification"] == "confidential"
    assert "pii" not in columns["country"]


def test_the_text_does_not_depend_on_the_order_of_contracts():
    other = SALES.model_copy(update={"product": "orders"})
    forward = environment.render({SALES.id: SALES, other.id: other}, {SALES.id: ["b", "a"]})
    assert forward == environment.render({other.id: other, SALES.id: SALES}, {SALES.id: ["a", "b"]})


def test_tables_that_people_wrote_belong_to_the_contract_that_they_name():
    found = written_models(REPOSITORY / "dbt_project")
    assert set(found) == {SALES.id}
    assert {"fct_sales", "dim_customer", "int_customers"} <= set(found[SALES.id])


@pytest.mark.parametrize("text", ["models: [", "models: [{description: x}]", "- 1", "models: 3"])
def test_properties_that_cannot_be_read_are_told_by_file(tmp_path: Path, text: str):
    (tmp_path / "models" / "marts").mkdir(parents=True)
    (tmp_path / "models" / "marts" / "broken.yml").write_text(text)
    with pytest.raises(ContractError, match="TL-ENV-005") as caught:
        written_models(tmp_path)
    assert "broken.yml" in str(caught.value)


def test_the_command_writes_once_and_tells_what_is_stale(envs: Path):
    written = CliRunner().invoke(command, ["-e", "dev", "--json"], standalone_mode=False)
    assert json.loads(written.output) == {"changed": [str(envs / "dev" / environment.FILE)], "written": True}
    assert json.loads((envs / "dev" / environment.FILE).read_text())["contracts"].keys() == {SALES.id}
    assert not (envs / "prod" / environment.FILE).exists()
    assert CliRunner().invoke(command, ["-e", "dev", "--check"], standalone_mode=False).return_value == 0
    stale = CliRunner().invoke(command, ["--check"], standalone_mode=False)
    assert stale.return_value == 4 and "prod" in stale.output and "tideline env tfvars" in stale.output
    assert [path.name for path in (envs / "prod").iterdir()] == ["main.tf"]


def test_a_name_that_is_no_environment_is_told_with_the_one_that_was_meant(envs: Path):
    with pytest.raises(Fatal, match="prod") as caught:
        environment_folders(envs.parent, ["prdo"])
    assert "did you mean prod?" in str(caught.value)
