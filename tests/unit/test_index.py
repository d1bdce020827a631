"""The compiled index: deterministic, complete, quick to read, and stale exactly when a contract changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tideline.cli import app
from tideline.generated import differences, rendered, write
from tideline.index import check_fresh, compile_index, load_contract, load_index, render_index
from tideline.model.errors import ContractError, Fatal, StaleIndex
from tideline.settings import settings

ROOT = Path(__file__).parents[2]
SALES = ROOT / "contracts" / "retail" / "sales.odcs.yaml"


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    (folder / "retail").mkdir(parents=True)
    (folder / "retail" / "sales.odcs.yaml").write_text(SALES.read_text())
    return folder


def compiled(contracts: Path) -> Path:
    path = contracts.parent / "index.json"
    path.write_text(render_index(compile_index(contracts)))
    return path


def test_the_committed_index_is_fresh() -> None:
    check_fresh(ROOT / "dags" / "_generated" / "index.json", ROOT / "contracts")


def test_what_is_compiled_is_what_is_loaded(contracts: Path) -> None:
    index = compiled(contracts)
    assert render_index(compile_index(contracts)) == index.read_text()
    (contract,) = load_index(index).values()
    assert contract == load_contract(index, "retail.sales")
    assert contract.hash == load_index(ROOT / "dags" / "_generated" / "index.json")["retail.sales"].hash


def test_a_changed_added_or_removed_contract_makes_it_stale(contracts: Path) -> None:
    """The error names the file and the command that mends it."""
    index, sales = compiled(contracts), contracts / "retail" / "sales.odcs.yaml"
    check_fresh(index, contracts)
    for change in (
        lambda: sales.write_text(SALES.read_text() + "# x\n"),
        lambda: sales.unlink(),
        lambda: (sales.write_text(SALES.read_text()), (contracts / "new.odcs.yaml").write_text("")),
    ):
        change()
        with pytest.raises(StaleIndex, match=r"(retail/sales|new)\.odcs\.yaml.*tideline compile"):
            check_fresh(index, contracts)


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 2, "contracts": {}, "sources": {}}'])
def test_an_index_that_cannot_be_read_says_how_to_make_one(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "index.json"
    if content is not None:
        path.write_text(content)
    for read in (lambda: load_index(path), lambda: check_fresh(path, tmp_path)):
        with pytest.raises(StaleIndex, match="tideline compile") as stale:
            read()
        assert stale.value.exit_code == 4


def test_an_unknown_contract_names_the_known_ones(contracts: Path) -> None:
    with pytest.raises(Fatal, match=r"retail\.sales"):
        load_contract(compiled(contracts), "retail.sale")


def test_two_contracts_must_not_share_an_id_or_a_view(contracts: Path) -> None:
    (contracts / "copy.odcs.yaml").write_text(SALES.read_text())
    with pytest.raises(ContractError, match="TL-CON-031"):
        compile_index(contracts)
    text = (
        SALES.read_text().replace("id: retail.sales", "id: retail.other").replace("name: sales\n", "name: other\n", 1)
    )
    (contracts / "copy.odcs.yaml").write_text(text)
    with pytest.raises(ContractError, match="sales_by_country_and_day"):
        compile_index(contracts)


def test_loading_imports_no_yaml_no_schema_and_no_engine() -> None:
    """DAG parsing and every service start with this."""
    program = (
        "import sys; from pathlib import Path; from tideline.index import load_index;"
        f"load_index(Path({str(ROOT / 'dags' / '_generated' / 'index.json')!r}));"
        "heavy = ('ruamel.yaml', 'jsonschema', 'msgspec', 'pyarrow', 'datasketches', 'numpy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_generated_files_are_written_whole_and_left_over_ones_removed(contracts: Path, tmp_path: Path) -> None:
    index, project = tmp_path / "out" / "index.json", tmp_path / "dbt_project"
    left_over = project / "models" / "_generated" / "old.yml"
    left_over.parent.mkdir(parents=True)
    left_over.write_text("old")
    files = rendered(contracts, index, project)
    changed = differences(files, project)
    assert changed[index] == "missing" and changed[left_over] == "left over"
    write(files, changed)
    assert not left_over.exists() and differences(files, project) == {}
    index.write_text("{}")
    assert differences(files, project) == {index: "stale"}


@pytest.fixture
def place(contracts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TIDELINE_CONTRACTS", str(contracts))
    monkeypatch.setenv("TIDELINE_INDEX", str(compiled(contracts)))
    settings.cache_clear()
    yield contracts
    settings.cache_clear()


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words, standalone_mode=False)
    return (result.return_value or 0) if result.exception is None else -1, result.output


def test_lint_counts_and_exits_with_four(place: Path) -> None:
    assert run("contract", "lint") == (0, "1 contract, no findings\n")
    sales = place / "retail" / "sales.odcs.yaml"
    sales.write_text(SALES.read_text().replace("grain: day", "gran: day"))
    code, output = run("contract", "lint", str(place), "--format", "json")
    (finding,) = json.loads(output)["findings"]
    assert code == 4 and finding["code"] == "TL-CON-020" and finding["line"] > 100 and finding["suggestion"]


def test_plan_shows_every_stage_and_the_days_of_a_restate(place: Path) -> None:
    code, output = run("plan", "retail.sales", "--json")
    facts = json.loads(output)
    assert code == 0 and [stage["name"] for stage in facts["stages"]] == [
        "cut", "ingest", "refine", "model", "audit", "publish",
    ]  # fmt: skip
    code, output = run("plan", "retail.sales", "--restate", "2011-01-04", "2011-01-06")
    assert code == 0 and "days [2011-01-04, 2011-01-06)" in output
    assert run("plan", "retail.sales", "--restate", "2011-01-06", "2011-01-06")[0] == -1
