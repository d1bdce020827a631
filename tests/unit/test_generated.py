"""What is generated: whole, only where it differs, cheap when little changed, never from an old engine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tideline import compiling
from tideline.generated import Places, generate
from tideline.index import check_fresh, load_index
from tideline.model.errors import ContractError, Fatal
from tideline.settings import REPOSITORY, Settings

SALES = (REPOSITORY / "contracts" / "retail" / "sales.odcs.yaml").read_text()


def other(name: str) -> str:
    """A contract like sales with another id, topic and views."""
    text = SALES.replace("id: retail.sales", f"id: retail.{name}").replace("name: sales\n", f"name: {name}\n", 1)
    return text.replace("retail.sales.v1", f"retail.{name}.v1").replace("name: sales_by_", f"name: {name}_by_")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folder = tmp_path / "contracts" / "retail"
    folder.mkdir(parents=True)
    (folder / "sales.odcs.yaml").write_text(SALES)
    (folder / "orders.odcs.yaml").write_text(other("orders"))
    roots = [tmp_path / name for name in ("contracts", "out/index.json", "dbt_project", "terraform", "compiled.json")]
    return Places(*roots)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read and rendered, in order."""
    names: list[str] = []
    real = compiling.make_unit

    def counted(contracts_dir: Path, name: str) -> compiling.Unit:
        names.append(name)
        return real(contracts_dir, name)

    monkeypatch.setattr(compiling, "make_unit", counted)
    return names


def stats(places: Places) -> dict[Path, tuple[int, int]]:
    files = [path for root in places.roots.values() for path in root.rglob("*") if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def test_everything_of_a_contract_is_written_and_nothing_is_written_twice(places: Places, made: list[str]) -> None:
    found = generate(places)
    assert set(found.values()) == {"missing"} and found.keys() == stats(places).keys()
    for name in ("terraform/_generated/catalog", "terraform/_generated/contracts", "out/contracts"):
        assert (places.contracts.parent / name / "retail" / "orders.json").is_file()
    assert (places.dbt_project / "models" / "_generated" / "retail" / "orders").is_dir()
    check_fresh(places.index, places.contracts)
    assert set(load_index(places.index)) == {"retail.orders", "retail.sales"}
    before = stats(places)
    made.clear()
    assert generate(places) == {} and made == [] and stats(places) == before


def test_one_changed_contract_costs_one_contract(places: Places, made: list[str]) -> None:
    generate(places)
    before = stats(places)
    made.clear()
    sales = places.contracts / "retail" / "sales.odcs.yaml"
    sales.write_text(SALES.replace("country.", "land.").replace("Units sold", "Pieces sold"))
    assert set(generate(places).values()) == {"stale"}
    assert made == ["retail/sales.odcs.yaml"]
    after = stats(places)
    changed = {path for path in after if after[path] != before[path]}
    assert changed and not any("orders" in str(path) for path in changed)
    assert "Pieces sold" in (places.index.parent / "contracts" / "retail" / "sales.json").read_text()


@pytest.mark.parametrize("of_old_engine", [False, True])
def test_what_somebody_changed_by_hand_is_found_and_mended(places: Places, of_old_engine: bool) -> None:
    """A check reads every file; the memory of another engine says nothing; a file of the same size is found too."""
    generate(places)
    stale = places.terraform / "_generated" / "catalog" / "retail" / "sales.json"
    left_over = places.dbt_project / "models" / "_generated" / "retail" / "gone" / "old.yml"
    left_over.parent.mkdir()
    left_over.write_text("old")
    text = stale.read_text()
    stale.write_text(text.replace("bigint", "BIGINT"))
    if of_old_engine:
        places.memory.write_text(places.memory.read_text().replace('"fingerprint":"', '"fingerprint":"0'))
    assert generate(places, check=True) == {stale: "stale", left_over: "left over"}
    assert left_over.exists()
    assert generate(places) == {stale: "stale", left_over: "left over"}
    assert stale.read_text() == text and not left_over.parent.exists()
    assert generate(places, check=True) == {}


def test_a_removed_contract_leaves_nothing_behind(places: Places) -> None:
    generate(places)
    (places.contracts / "retail" / "orders.odcs.yaml").unlink()
    assert set(generate(places).values()) == {"left over", "stale"}
    assert not [path for path in stats(places) if "orders" in str(path)]
    assert list(load_index(places.index)) == ["retail.sales"]


def test_nothing_is_written_when_anything_is_wrong(places: Places) -> None:
    generate(places)
    before = stats(places)
    (places.contracts / "retail" / "sales.odcs.yaml").write_text(SALES.replace("Units sold", "Pieces"))
    (places.contracts / "retail" / "orders.odcs.yaml").write_text(
        other("orders").replace("retail.orders.v1", "retail.sales.v1")
    )
    with pytest.raises(ContractError, match="TL-CON-031"):
        generate(places)
    assert stats(places) == before


@pytest.mark.parametrize("text", ["", "[]", "{", '{"fingerprint": null}', "FINGERPRINT"])
def test_a_memory_that_cannot_be_read_is_made_again(places: Places, text: str) -> None:
    broken = json.dumps({"fingerprint": compiling.fingerprint(), "units": {"x": []}, "written": {"y": 3}})
    places.memory.write_text(broken if text == "FINGERPRINT" else text)
    assert set(generate(places).values()) == {"missing"}
    assert json.loads(places.memory.read_text())["fingerprint"] == compiling.fingerprint()


def test_many_files_give_the_same_in_several_processes(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["retail/orders.odcs.yaml", "retail/sales.odcs.yaml"]
    alone = compiling.make_units(places.contracts, names)
    monkeypatch.setattr(compiling, "MANY", 1)
    assert compiling.make_units(places.contracts, names) == alone


def test_an_index_of_its_own_touches_nothing_in_the_repository(tmp_path: Path) -> None:
    assert Places.of(Settings(index=tmp_path / "index.json")).terraform == tmp_path / "terraform"
    assert Places.of(Settings()).terraform == REPOSITORY / "infra" / "terraform"


def test_compile_takes_away_nothing_that_it_did_not_make(places: Places) -> None:
    """An index beside the contracts would own their folder: it is refused, and every file is still there."""
    beside = replace(places, index=places.contracts.parent / "index.json")
    notes = places.contracts / "notes.txt"
    notes.write_text("mine")
    for _ in range(2):
        with pytest.raises(Fatal, match="TL-IDX-004") as refused:
            generate(beside)
        assert "TIDELINE_INDEX" in refused.value.fix
    assert notes.exists() and len(list(places.contracts.rglob("*.odcs.yaml"))) == 2
    assert not beside.index.exists()


@pytest.mark.parametrize("name", ["notes.txt", "schema.json"])
def test_a_foreign_file_where_the_index_is_written_stops_the_compile(places: Places, name: str) -> None:
    generate(places)
    foreign = places.index.parent / "contracts" / "retail" / name
    foreign.write_text('{"title": "mine"}')
    (places.contracts / "retail" / "orders.odcs.yaml").unlink()
    before = stats(places)
    with pytest.raises(Fatal, match=f"TL-IDX-004 .*{name}"):
        generate(places)
    assert stats(places) == before


def test_a_misspelt_or_empty_folder_of_contracts_takes_nothing_away(places: Places, tmp_path: Path) -> None:
    generate(places)
    before = stats(places)
    (tmp_path / "empty").mkdir()
    for name, said in (("contrats", "no such folder"), ("empty", "no contract file")):
        with pytest.raises(Fatal, match=f"TL-IDX-004 .*{said}"):
            generate(replace(places, contracts=tmp_path / name))
    assert stats(places) == before


@pytest.mark.parametrize("name", ["orders.odcs.yml", "orders.ODCS.yaml", "orders.yaml"])
def test_a_contract_under_another_name_is_not_dropped_in_silence(places: Places, name: str) -> None:
    """A file that is renamed out of sight would take its DAG, models and routes with it."""
    generate(places)
    before = stats(places)
    orders = places.contracts / "retail" / "orders.odcs.yaml"
    orders.rename(orders.with_name(name))
    with pytest.raises(ContractError, match=rf"{name}:1:1: TL-CON-003 .* Fix: call it orders\.odcs\.yaml"):
        generate(places)
    assert stats(places) == before


def test_a_link_to_nowhere_is_replaced_or_taken_away_and_one_among_contracts_is_told(places: Places) -> None:
    generate(places)
    shards = places.index.parent / "contracts" / "retail"
    (shards / "sales.json").unlink()
    (shards / "sales.json").symlink_to("nowhere")
    left_over = places.dbt_project / "models" / "_generated" / "link"
    left_over.symlink_to("nowhere")
    assert generate(places) == {shards / "sales.json": "stale", left_over: "left over"}
    assert not left_over.is_symlink() and not (shards / "sales.json").is_symlink()
    (places.contracts / "gone.odcs.yaml").symlink_to("nowhere")
    with pytest.raises(ContractError, match=r"TL-CON-001 .*gone\.odcs\.yaml:1:1"):
        generate(places)
