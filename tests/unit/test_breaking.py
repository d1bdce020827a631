"""`tideline contract breaking` on a real git repository: what is stopped, who is named, what a waiver lets pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.contract_clone import FILE, NARROW, REPOSITORY, Clone, command
from tideline.changes.places import Places
from tideline.changes.telling import FORMATS
from tideline.changes.versions import contracts_at
from tideline.changes.waivers import read_waivers
from tideline.model.errors import ContractError
from tideline.settings import settings


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture
def tideline(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    yield command(clone, monkeypatch, capsys)
    settings.cache_clear()


WAIVER = """waivers:
  - {contract: retail.sales, code: TL-CHG-022, path: fields.unit_price, owner: retail-data, expires: %s,
     reason: Prices above a million pounds never came.}
"""


def test_a_break_is_stopped_and_names_whom_it_hits(clone: Clone, tideline: Any) -> None:
    """Exit code 4; models, exposures, views and consuming contracts, each with its owner."""
    clone.edit(NARROW)
    code, text, _ = tideline("contract", "breaking", "--against", "main")
    assert code == 4
    assert "BLOCKED TL-CHG-022  fields.unit_price: narrowed from decimal(12,3) to decimal(10,3)" in text
    assert "model    fct_sales (owner retail-data): names unit_price" in text
    assert "exposure daily_figures (owner retail-data): reads kpi_daily" in text
    assert "view     sales_by_country_and_day (owner retail-data)" in text
    assert "contract shop.orders (owner shop-team): consumes retail.sales" in text
    assert "dim_date" not in text
    assert "needs at least version 2.0.0: it was 1.0.0, is 1.0.0" in text


def test_a_waiver_lets_it_pass_until_its_last_day(clone: Clone) -> None:
    clone.edit(NARROW, ("version: 1.0.0", "version: 2.0.0"))
    assert clone.report().blocked
    held = clone.report(waivers=WAIVER % "2026-06-01")
    assert not held.blocked and held.waivers == ()
    assert "waived until 2026-06-01 by retail-data: Prices above" in FORMATS["text"](held, Places(clone.root))
    expired = clone.report(waivers=WAIVER % "2026-05-31")
    assert expired.blocked
    assert "its waiver (" in FORMATS["text"](expired, Places(clone.root)) and expired.waivers == ()


def test_a_waiver_that_nothing_needs_is_a_warning(clone: Clone, tideline: Any) -> None:
    clone.write(WAIVER % "9999-12-31", "contracts/waivers.yaml")
    code, text, _ = tideline("contract", "breaking", "--against", "main")
    assert code == 0 and "TL-CHG-004 (warning)" in text and "waivers.yaml:2:5" in text
    code, text, _ = tideline("contract", "breaking", "--against", "main", "--format", "github")
    assert "::warning file=" in text and "title=TL-CHG-004::" in text
    old = clone.report(waivers=WAIVER % "2001-01-01")
    assert [told.code for _, told in old.waivers] == ["TL-CHG-003"] and not old.blocked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("waivers:\n  - {contract: retail.sales}\n", "expires: is missing"),
        (WAIVER % "31.12.2026", "a day such as 2026-12-31"),
        (WAIVER % "2026-12-31" + "     until: never\n", "TL-CHG-005"),
        ("- 1\n", "one key, waivers"),
        ((WAIVER % "2026-12-31").replace("owner:", "oner:"), "oner: is no key of a waiver"),
        ((WAIVER % "2026-12-31").replace("TL-CHG-022", "TL-CHG-*"), "code"),
        (WAIVER % "2026-13-31", "expires"),
        ((WAIVER % "2026-12-31").replace("contract: retail.sales, ", ""), "either a contract or a family"),
        (
            (WAIVER % "2026-12-31").replace("contract: ", "family: retail.sales, contract: "),
            "either a contract or a family",
        ),
    ],
)
def test_a_typo_waives_nothing(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    with pytest.raises(ContractError) as refused:
        read_waivers(file)
    assert said in str(refused.value) or "TL-CON-001" in str(refused.value)
    assert "waivers.yaml:" in str(refused.value)


def test_an_empty_file_of_waivers_is_fine(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("waivers:\n")
    assert read_waivers(tmp_path / "w.yaml") == ()


def test_what_is_compatible_passes_with_a_fitting_version(clone: Clone, tideline: Any) -> None:
    clone.edit(("decimal(12,3)", "decimal(14,3)"))
    assert ("error", "TL-CHG-002", "version") in clone.told()
    clone.edit(("version: 1.0.0", "version: 1.1.0"))
    code, text, _ = tideline("contract", "breaking", "--against", "main")
    assert code == 0 and "nothing blocked" in text and "TL-CHG-021" in text


def test_nothing_changed_says_so(clone: Clone, tideline: Any) -> None:
    code, text, _ = tideline("contract", "breaking", "--against", "main")
    assert code == 0 and text.endswith("0 contracts changed, nothing blocked\n")


def test_a_removed_file_is_a_break_and_a_moved_one_is_not(clone: Clone) -> None:
    (clone.root / "contracts" / "retail" / "sales.odcs.yaml").rename(clone.root / "contracts" / "moved.odcs.yaml")
    assert clone.told() == []
    (clone.root / "contracts" / "moved.odcs.yaml").unlink()
    assert clone.told() == [("error", "TL-CHG-001", "contract")]
    assert clone.told(against=str(REPOSITORY / "contracts"))[0] == ("error", "TL-CHG-001", "contract")
    hit = {hit.name for hit in clone.report().verdicts[0].hits}
    assert {"dim_date", "kpi_daily", "daily_figures", "shop.orders", "sales_by_product_and_hour"} <= hit


def test_a_family_is_compared_member_by_member(clone: Clone) -> None:
    """A member that goes is a contract that goes; the others are not touched by it."""
    text = clone.text().replace("id: retail.sales", "id: retail.sales_${family}")
    text = text.replace("name: sales\n", "name: sales_${family}\n", 1).replace("retail.sales.v1", "retail.${family}.v1")
    text = text.replace("sales_by", "${family}_by")
    family = "  - {property: family, vendor: tideline, value: {name: sales, members: {%s}}}\n"
    clone.write(text.rstrip() + "\n" + family % "north: {}, south: {}", "contracts/retail/sites.odcs.yaml")
    clone.commit()
    clone.write(text.rstrip() + "\n" + family % "north: {}", "contracts/retail/sites.odcs.yaml")
    verdicts = clone.report().verdicts
    assert [(v.contract.id, v.blocked) for v in verdicts] == [("retail.sales_south", True)]


def test_one_waiver_is_enough_for_a_family(clone: Clone) -> None:
    """One file describes hundreds of contracts; what it breaks is one decision of one owner."""
    text = clone.text().replace("id: retail.sales", "id: retail.sales_${family}")
    text = text.replace("name: sales\n", "name: sales_${family}\n", 1).replace("retail.sales.v1", "retail.${family}.v1")
    text = text.replace("sales_by", "${family}_by").rstrip()
    text += "\n  - {property: family, vendor: tideline, value: {name: sites, members: {north: {}, south: {}}}}\n"
    clone.write(text, "contracts/retail/sites.odcs.yaml")
    clone.commit()
    text = text.replace(*NARROW).replace("kind: avg", "kind: max").replace("version: 1.0.0", "version: 2.0.0")
    clone.write(text, "contracts/retail/sites.odcs.yaml")
    facts = "owner: retail-data, expires: 2026-06-01, reason: Both sites agreed to it."
    paths = {
        "TL-CHG-022": "fields.unit_price",
        "TL-CHG-070": "views.${family}_by_country_and_day.measures.average_line",
    }
    lines = [f"  - {{family: retail.sites, code: {code}, path: '{path}', {facts}}}" for code, path in paths.items()]
    report = clone.report(waivers="\n".join(["waivers:", *lines]))
    assert not report.blocked and not report.waivers
    assert {v.contract.id for v in report.verdicts} == {"retail.sales_north", "retail.sales_south"}
    waived = json.loads(FORMATS["json"](report, Places(clone.root)))["contracts"][0]["findings"][0]["waiver"]
    assert waived["family"] == "retail.sites" and "contract" not in waived
    other = clone.report(waivers="\n".join(["waivers:", *lines]).replace("retail.sites", "retail.shops"))
    assert other.blocked and "family retail.shops" in FORMATS["text"](other, Places(clone.root))


def test_earlier_versions_are_read_out_of_history(clone: Clone) -> None:
    """A name that was a text two versions ago cannot come back as a number, also when the file moved in between."""
    field = "      - {name: note, logicalType: %s, description: A note.}\n"
    end = "        description: Country of the customer.\n"
    clone.edit((end, end + field % "string"), ("1.0.0", "1.1.0"))
    clone.commit()
    clone.edit((field % "string", ""), ("1.1.0", "2.0.0"))
    clone.commit()
    moved = "contracts/shop/sales.odcs.yaml"
    (clone.root / FILE).rename(clone.root / moved)
    clone.edit(("One event per invoice line", "An event per invoice line"), ("2.0.0", "2.0.1"), name=moved)
    clone.commit()
    clone.edit((end, end + field % "integer"), ("2.0.1", "2.1.0"), name=moved)
    (told,) = [
        told for told in clone.report().verdicts[0].told if told.severity == "error" and told.code != "TL-CHG-002"
    ]
    assert (told.code, told.path) == ("TL-CHG-020", "fields.note") and "version 1.1.0" in told.text
    assert {told.code for told in clone.report().verdicts[0].told} == {"TL-CHG-020", "TL-CHG-002", "TL-CHG-010"}


def test_what_others_did_on_the_branch_since_does_not_count(clone: Clone) -> None:
    """The comparison is with where HEAD left main, so a field that main got later is no removal."""
    clone.git("checkout", "-q", "-b", "mine")
    clone.git("checkout", "-q", "main")
    clone.edit(("decimal(12,3)", "decimal(14,3)"), ("1.0.0", "1.1.0"))
    clone.commit()
    clone.git("checkout", "-q", "mine")
    assert clone.told() == []
    assert contracts_at("main", [clone.root / "contracts"])["retail.sales"].version == "1.0.0"


def test_a_file_that_is_no_contract_is_told_and_stops(clone: Clone, tideline: Any) -> None:
    clone.edit(("logicalType: integer", "logicalType: intege"))
    code, text, _ = tideline("contract", "breaking", "--against", "main")
    assert code == 4 and "sales.odcs.yaml:" in text and "TL-CON-" in text


def test_the_formats_say_the_same(clone: Clone) -> None:
    """JSON has stable keys, GitHub's commands stand on the line of the part, Markdown lets no text out of its cell."""
    clone.edit(NARROW, ("Price of one unit in pounds sterling.", "Price | `x` @everyone <b>."), ("1.0.0", "2.0.0"))
    report, places = clone.report(), Places(clone.root)
    document = json.loads(FORMATS["json"](report, places))
    (contract,) = document["contracts"]
    finding = contract["findings"][0]
    lines = clone.text().splitlines()
    assert document["blocked"] and contract["before"] == "1.0.0" and document["dbt"] == ["stg_retail_sales+"]
    assert (finding["code"], finding["needs"], finding["kind"]) == ("TL-CHG-022", "silver", "narrowed")
    assert "unit_price" in lines[finding["line"] - 1]
    command = FORMATS["github"](report, places).splitlines()[0]
    assert command.startswith(f"::error file={FILE},line={finding['line']},col=") and "\n" not in command
    table = [line for line in FORMATS["markdown"](report, places).splitlines() if "everyone" in line]
    assert len(table) == 1 and "@everyone" not in table[0] and "\\<b\\>" in table[0] and " \\| " in table[0]


def test_what_lies_among_contracts_and_cannot_be_read_is_told_and_stops(clone: Clone) -> None:
    (clone.root / "contracts" / "folder.odcs.yaml").mkdir()
    (clone.root / "contracts" / "gone.odcs.yaml").symlink_to("nowhere")
    (clone.root / "contracts" / "more.odcs.yml").write_text(clone.text())
    report = clone.report()
    assert report.blocked and [line.split(": ")[1].split()[0] for line in report.refused] == [
        "TL-CON-003",
        "TL-CON-001",
    ]


def test_a_dbt_project_in_any_state_names_whom_it_can(clone: Clone) -> None:
    """Files in another form, links to nowhere and other encodings describe nothing; `.yaml` is read like `.yml`."""
    marts = clone.root / "dbt_project" / "models" / "marts"
    for name, text in {
        "a.yml": b"models: [", "b.yml": b"exposures: 3\nmodels: {a: 1}", "c.yml": b"- 1", "d.yml": b"a: \xff",
        "e.yml": b"exposures: [1, {name: x, owner: me, depends_on: {a: 1}}, {depends_on: [1, [2]]}]\nmodels: [2]",
        "deep.yml": b"[" * 3000, "z.sql": b"select unit_price from {{ ref('stg_retail_sales') }} \xff",
        "report.yaml": b"exposures: [{name: board, owner: {name: finance}, depends_on: [ref('z')]}]",
    }.items():  # fmt: skip
        (marts / name).write_bytes(text)
    for name in ("gone.yml", "gone.sql"):
        (marts / name).symlink_to("nowhere")
    (marts / "folder.yml").mkdir()
    clone.edit(NARROW)
    hits = {(hit.kind, hit.name, hit.owner) for verdict in clone.report().verdicts for hit in verdict.hits}
    assert {("model", "z", ""), ("exposure", "board", "finance")} <= hits
