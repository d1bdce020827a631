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
from tideline.index import (
    Claim,
    check_fresh,
    clashes,
    compile_index,
    load_contract,
    load_hashes,
    load_index,
    render_index,
    store_index,
)
from tideline.listing import read_listed, read_listing
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
    return store_index(contracts.parent / "index.json", compile_index(contracts))


def test_the_committed_index_is_fresh() -> None:
    check_fresh(ROOT / "dags" / "_generated" / "index.json", ROOT / "contracts")


def test_what_is_compiled_is_what_is_loaded(contracts: Path) -> None:
    index = compiled(contracts)
    files = render_index(compile_index(contracts))
    assert {name: (index.parent / name).read_text() for name in files} == files
    (contract,) = load_index(index).values()
    assert contract == load_contract(index, "retail.sales") and contract.source == "retail/sales.odcs.yaml"
    assert load_hashes(index) == {"retail.sales": contract.hash}
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


def test_the_list_says_what_the_scheduler_needs_and_a_contract_alone_says_the_same(contracts: Path) -> None:
    index = compiled(contracts)
    contract, listed = load_contract(index, "retail.sales"), read_listed(index, "retail.sales")
    assert read_listing(index).contracts == {"retail.sales": listed}
    assert (listed.domain, listed.product, listed.owner, listed.hash) == (
        contract.domain, contract.product, contract.owner, contract.hash,
    )  # fmt: skip
    assert (listed.schedule, listed.deadline, listed.freshness) == (contract.schedule, None, 60.0)
    assert [name for name, _ in listed.views] == [view.name for view in contract.views]


def test_a_folder_that_is_named_like_a_contract_is_none(contracts: Path) -> None:
    index = compiled(contracts)
    (contracts / "archive.odcs.yaml").mkdir()
    check_fresh(index, contracts)


def test_a_task_of_one_contract_does_not_care_for_the_others(contracts: Path) -> None:
    """Another file that was changed or added stops no task; its own file does."""
    index = compiled(contracts)
    (contracts / "new.odcs.yaml").write_text("")
    check_fresh(index, contracts, "retail.sales")
    with pytest.raises(StaleIndex):
        check_fresh(index, contracts)
    for change in (lambda sales: sales.write_text("x"), lambda sales: sales.unlink()):
        change(contracts / "retail" / "sales.odcs.yaml")
        with pytest.raises(StaleIndex, match="retail/sales"):
            check_fresh(index, contracts, "retail.sales")


def test_parts_that_were_not_written_together_are_not_loaded(contracts: Path) -> None:
    index = compiled(contracts)
    index.write_text(index.read_text().replace("retail/sales.odcs.yaml", "retail/other.odcs.yaml"))
    with pytest.raises(StaleIndex, match="tideline compile"):
        load_index(index)
    (index.parent / "contracts" / "retail" / "sales.json").unlink()
    with pytest.raises(StaleIndex, match="not written"):
        load_contract(index, "retail.sales")


@pytest.mark.parametrize("content", [None, "", "[]", '{"format": 1, "contracts": {}, "sources": {}}'])
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


@pytest.mark.parametrize("id_", ["retail", "", "../x.y", "retail.../../sales", "a.b.c"])
def test_an_id_that_can_be_no_contract_leads_out_of_no_folder(contracts: Path, id_: str) -> None:
    with pytest.raises(Fatal, match="TL-IDX-003"):
        load_contract(compiled(contracts), id_)


def test_two_contracts_must_not_share_an_id_a_topic_or_a_view(contracts: Path) -> None:
    (contracts / "copy.odcs.yaml").write_text(SALES.read_text())
    with pytest.raises(ContractError, match="TL-CON-031"):
        compile_index(contracts)
    text = (
        SALES.read_text().replace("id: retail.sales", "id: retail.other").replace("name: sales\n", "name: other\n", 1)
    )
    (contracts / "copy.odcs.yaml").write_text(text)
    with pytest.raises(ContractError, match="sales_by_country_and_day"):
        compile_index(contracts)
    with pytest.raises(ContractError, match=r"topic 'retail\.sales\.v1' of retail\.sales is one of retail\.other"):
        compile_index(contracts)


def test_two_contracts_must_not_share_their_tables(tmp_path: Path) -> None:
    """`a_b.c` and `a.b_c` are two ids and would be one table and one model of dbt."""
    for domain, name in (("shop", "orders_leeds"), ("shop_orders", "leeds")):
        text = SALES.read_text().replace("retail.sales", f"{domain}.{name}")
        text = text.replace("name: sales\n", f"name: {name}\n", 1)
        text = text.replace("domain: retail\n", f"domain: {domain}\n").replace("sales_by_", f"{name}_by_")
        (tmp_path / f"{domain}.odcs.yaml").write_text(text)
    with pytest.raises(ContractError, match=r"table 'shop_orders_leeds' of \S+ is one of \S+ in \S+ too"):
        compile_index(tmp_path)


def test_a_contract_consumes_only_what_there_is(contracts: Path) -> None:
    claims = [Claim("a.b", "b.odcs.yaml", (), ()), Claim("a.c", "c.odcs.yaml", (), ("a.b", "a.x"))]
    (finding,) = clashes(claims, contracts)
    assert (finding.code, finding.file) == ("TL-CON-031", str(contracts / "c.odcs.yaml"))
    assert "a.c consumes a.x, which is no contract" in str(finding)


def test_loading_imports_no_yaml_no_schema_and_no_engine() -> None:
    """DAG parsing and every service start with this."""
    program = (
        "import sys; from pathlib import Path; from tideline.index import load_index;"
        f"load_index(Path({str(ROOT / 'dags' / '_generated' / 'index.json')!r}));"
        "heavy = ('yaml', 'ruamel.yaml', 'jsonschema_rs', 'msgspec', 'pyarrow', 'datasketches', 'numpy');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
    assert run("contract", "lint") == (0, "1 file, no findings\n")
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


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("models/marts/sales_by_country_and_day.sql", "- name: sales_by_country_and_day"),
        ("seeds/stg_retail_sales.csv", "id: retail.sales"),
    ],
)
def test_a_name_of_dbt_that_people_gave_is_not_taken(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, part: str
) -> None:
    """dbt builds nothing for anybody while two models have one name: lint, compile and plan say so before."""
    monkeypatch.setenv("TIDELINE_DBT_PROJECT", str(tmp_path / "dbt"))
    monkeypatch.setenv("TIDELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDELINE_INDEX", str(tmp_path / "dags" / "index.json"))
    settings.cache_clear()
    own = tmp_path / "dbt" / file
    own.parent.mkdir(parents=True)
    own.write_text("select 1 as one\n")
    line = 1 + next(at for at, text in enumerate(SALES.read_text().splitlines()) if text.strip() == part)
    for words in (("contract", "lint"), ("contract", "lint", str(place)), ("compile",), ("plan",)):
        done = CliRunner().invoke(app, words, standalone_mode=False)
        said = f"{done.output}{done.exception or ''}"
        assert "TL-CON-031" in said and f"there is one already: {file}" in said, words
        assert f"sales.odcs.yaml:{line}:" in said, words
    own.unlink()
    assert run("contract", "lint") == (0, "1 file, no findings\n")
    assert run("compile")[0] == 0
    assert run("contract", "lint") == (0, "1 file, no findings\n"), "what compile wrote is no clash"


def test_compile_says_what_it_did_and_check_what_is_wrong(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`missing` of a file that was just written reads like a failure; nobody reads thousands of lines."""
    monkeypatch.setenv("TIDELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDELINE_DBT_PROJECT", str(tmp_path / "dbt"))
    monkeypatch.setenv("TIDELINE_INDEX", str(tmp_path / "dags" / "index.json"))
    settings.cache_clear()
    index, sales = tmp_path / "dags" / "index.json", place / "retail" / "sales.odcs.yaml"
    assert f"{index}: missing" in run("compile", "--check")[1]
    assert f"{index}: written\n" in run("compile")[1]
    sales.write_text(SALES.read_text().replace("Units sold", "Pieces sold"))
    code, said = run("compile", "--check")
    assert code == 4 and f"{index}: stale" in said
    assert f"{index}: written anew" in run("compile")[1]
    members = ", ".join(f"m{number}: null" for number in range(12))
    family = f"{{property: family, vendor: tideline, value: {{name: sales, members: {{{members}}}}}}}"
    text = SALES.read_text().replace("name: sales\n", "name: sales_${family}\n", 1).replace("sales_by", "${family}_by")
    text = text.replace("id: retail.sales", "id: retail.sales_${family}").replace("sales.v1", "${family}.v1")
    sales.write_text(f"{text.rstrip()}\n  - {family}\n")
    code, said = run("compile")
    assert code == 0 and len(said.splitlines()) == 51 and " more (--json names all)" in said
    sales.write_text(SALES.read_text())
    assert ": removed\n" in run("compile")[1]
    assert run("compile") == (0, "everything generated is fresh\n")
