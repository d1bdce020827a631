"""Each rendering of the golden contracts is what a person has reviewed: python tests/golden/regenerate.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden.renderings import GIVEN, HERE, given, golden
from tideline.rendering import catalog, spark, tfvars


@pytest.mark.parametrize("id_", GIVEN)
def test_each_rendering_is_the_reviewed_one(id_: str) -> None:
    found = {str(p.relative_to(HERE)): p.read_text() for p in HERE.rglob("*") if p.is_file() and p.parent.name == id_}
    assert golden(id_) == found


def test_every_kind_has_a_folder() -> None:
    assert {path.name for path in HERE.iterdir()} == {"index", "dbt", "catalog", "terraform", "spark", "openapi"}


@pytest.mark.parametrize("id_", GIVEN)
def test_the_catalog_knows_every_column_and_marks_personal_ones(id_: str) -> None:
    contract = given(id_)
    tables = {(table["DatabaseName"], table["Name"]): table for table in catalog.tables(contract)}
    assert len(tables) == 3 + len(contract.views)
    for layer in spark.LAYERS:
        table = tables[layer, f"{contract.domain}_{contract.product}"]
        columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
        assert columns == [(column.name, column.type.lower()) for column in spark.columns(layer, contract)]
        assert table["Parameters"]["tideline.owner"] == table["Owner"] == contract.owner
    silver = tables["silver", f"{contract.domain}_{contract.product}"]["StorageDescriptor"]["Columns"]
    marked = {column["Name"] for column in silver if column.get("Parameters", {}).get("pii") == "true"}
    assert marked == {field.name for field in contract.fields if field.pii}


@pytest.mark.parametrize("id_", GIVEN)
def test_a_role_touches_what_its_stage_needs_and_nothing_of_another_contract(id_: str) -> None:
    contract = given(id_)
    inputs = tfvars.inputs(contract)
    topics, prefixes = set(inputs["topics"]), {prefix["prefix"] for prefix in inputs["prefixes"].values()}
    for name, role in inputs["roles"].items():
        assert {*role["topics"]["read"], *role["topics"]["write"]} <= topics, name
        for touched in (*role["prefixes"]["read"], *role["prefixes"]["write"]):
            assert touched.startswith(tuple(prefixes)), name  # a log alone lies below its table's prefix
    writers = {name for name, role in inputs["roles"].items() if contract.stream.topic in role["topics"]["write"]}
    assert writers == {"producer"}
    assert inputs["roles"]["producer"]["prefixes"] == {"read": [], "write": []}
    assert inputs["roles"]["serving"]["prefixes"]["write"] == [], "who answers people changes nothing"
    horizon = contract.deduplication.horizon.total_seconds() * 1000
    assert int(inputs["topics"][contract.stream.topic]["config"]["retention.ms"]) > horizon


def test_terraform_and_catalog_are_plain_json() -> None:
    paths = [*Path(HERE / "catalog").rglob("*.json"), *Path(HERE / "terraform").rglob("*.json")]
    assert len(paths) == 2 * len(GIVEN)
    for path in paths:
        assert json.loads(path.read_text())["contract"] == path.parent.name
