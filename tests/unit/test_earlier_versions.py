"""An earlier version that today's rules refuse: compared in full where it can be read, and never passed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.contract_clone import CONSUMER, FILE, NARROW, REPOSITORY, Clone
from tideline.adapters.odcs import examine_bytes, examine_earlier
from tideline.changes.breaking import Report
from tideline.changes.places import Places
from tideline.changes.telling import FORMATS
from tideline.changes.unread import UNREADABLE
from tideline.changes.versions import contracts_at
from tideline.model.errors import ContractError

SALES = (REPOSITORY / FILE).read_text()
MASKING = "          - {property: masking, value: silver-only, vendor: tideline}\n"
NOT_READ = ("logicalType: integer", "logicalType: intege")
Change = Callable[[str], str]


def swap(was: str, now: str) -> Change:
    def change(text: str) -> str:
        assert was in text, was
        return text.replace(was, now, 1)

    return change


HOUSE = {
    "masking": swap(MASKING, ""),
    "classification": swap("classification: confidential", "classification: public"),
    "retention": swap("property: retention", "property: availability"),
    "owner": swap("  name: retail-data\n", ""),
    "purpose": swap("  purpose: One", "  # One"),
    "apiVersion": swap("apiVersion: v3.2.0", "apiVersion: v3.0.2"),
    "reserved": swap("- name: sales_by_country_and_day", "- name: stg_by_day"),
    "served": swap("column: country", "column: customer_id"),
}
SHAPE = {
    "no yaml": lambda text: text + "\n\t- {",
    "type": swap(*NOT_READ),
    "unknown column": swap("column: country", "column: contry"),
    "unknown key": swap("property: deduplication", "property: deduplicate"),
    "version": swap("version: 1.0.0", "version: one"),
    "house and shape": lambda text: swap(*NOT_READ)(swap(MASKING, "")(text)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOUSE)
def test_a_rule_of_the_house_does_not_hide_an_earlier_version(name: str) -> None:
    """Lint refuses it today; the comparison reads it, whole, and says what it overlooked."""
    raw = HOUSE[name](SALES).encode()
    refused, found = examine_bytes(raw, FILE)
    assert refused == () and found
    (read,), told = examine_earlier(raw, FILE)
    (now,), _ = examine_bytes(SALES.encode(), FILE)
    assert told == found and any(finding.house for finding in told)
    assert [f.name for f in read.fields] == [f.name for f in now.fields] and len(read.views) == len(now.views)
    assert (read.rules, read.stream, read.deduplication) == (now.rules, now.stream, now.deduplication)


@pytest.mark.parametrize("name", SHAPE)
def test_what_is_not_understood_is_not_guessed(name: str) -> None:
    raw = SHAPE[name](SALES).encode()
    contracts, findings = examine_earlier(raw, FILE)
    assert contracts == () and not all(finding.house for finding in findings)


def test_a_mistake_behind_many_small_ones_still_counts() -> None:
    """Only so many findings are kept; one that is not kept stops the reading all the same."""
    fields = "".join(f"      - {{name: extra_{n}, logicalType: string}}\n" for n in range(250))
    start = "    properties:\n"
    many = swap(start, start + fields)
    (read,), _ = examine_earlier(many(SALES).encode(), FILE)
    assert len(read.fields) > 250
    late = swap("property: masking", "property: maskin")(many(SALES))
    assert examine_earlier(late.encode(), FILE)[0] == ()


def test_what_is_read_now_says_the_same_as_before() -> None:
    assert examine_earlier(SALES.encode(), FILE) == examine_bytes(SALES.encode(), FILE)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def unread(report: Report) -> list[tuple[str, str, str]]:
    assert all(told.code == UNREADABLE for _, told in report.unread)
    return [(one.contract, told.severity.value, told.path) for one, told in report.unread]


def waiver(path: str, expires: str = "9999-12-31", contract: str = "retail.sales") -> str:
    said = f"contract: {contract}, code: {UNREADABLE}, path: {path}, owner: retail-data, expires: {expires}"
    return f"waivers:\n  - {{{said}, reason: It never was in force.}}\n"


def spoil(clone: Clone, *more: tuple[str, str], name: str = FILE) -> str:
    """Commit a version that cannot be read, then write a good one; gives the good text that was there before."""
    good = clone.text(name)
    clone.edit(NOT_READ, *more, name=name)
    clone.commit()
    return good


def test_a_version_of_before_a_rule_is_compared_in_full(clone: Clone) -> None:
    """A younger rule of the house hides no break."""
    good = clone.text()
    clone.edit((MASKING, ""))
    clone.commit()
    clone.write(good.replace(*NARROW))
    report = clone.report()
    assert report.blocked and ("error", "TL-CHG-022", "fields.unit_price") in clone.told()
    assert report.unread == () and "a rule of today refuses it: TL-CON-021" in report.notes[0]
    assert contracts_at("main", [clone.root / "contracts"])["retail.sales"].version == "1.0.0"


def test_a_version_that_cannot_be_read_blocks_until_it_is_waived(clone: Clone) -> None:
    """Exactly this content, by its owner, until a day; what came before it is compared."""
    clone.write(spoil(clone).replace(*NARROW))
    report = clone.report()
    ((contract, severity, path),) = unread(report)
    line = clone.git("show", f"main:{FILE}").splitlines().index("        logicalType: intege") + 1
    assert report.blocked and (contract, severity) == ("retail.sales", "error")
    assert path == f"earlier.{clone.git('rev-parse', f'main:{FILE}')[:10]}"
    text = FORMATS["text"](report, Places(clone.root))
    assert f"{FILE}:{line}:" in text and "'intege'" in text and "compare with another ref, or waive" in text
    assert ("error", "TL-CHG-022", "fields.unit_price") in clone.told()
    assert unread(clone.report(waivers=waiver("earlier.0123456789"))) == [(contract, "error", path)]
    assert unread(clone.report(waivers=waiver(path, "2026-05-31"))) == [(contract, "error", path)]
    clone.write(clone.git("show", f"main~1:{FILE}"))
    held = clone.report(waivers=waiver(path, "2026-06-01"))
    assert unread(held) == [(contract, "warning", path)] and not held.blocked and held.waivers == ()


def test_a_contract_of_which_nothing_could_ever_be_read_is_not_called_new(clone: Clone) -> None:
    clone.write(clone.text().replace("retail.sales", "retail.stock").replace(*NOT_READ), "contracts/retail/s.odcs.yaml")
    clone.commit()
    good = clone.text().replace("retail.sales", "retail.stock").replace("name: sales\n", "name: stock\n", 1)
    clone.write(good, "contracts/retail/s.odcs.yaml")
    report = clone.report()
    assert [contract for contract, _, _ in unread(report)] == ["retail.stock"] and report.blocked
    assert [told.text for told in report.verdicts[0].told] == [f"compared with nothing: see {UNREADABLE}"]


def test_a_removed_file_that_cannot_be_read_blocks_too(clone: Clone) -> None:
    """Also when its text names no id: then its path does."""
    spoil(clone)
    (clone.root / FILE).unlink()
    assert [found[:2] for found in unread(clone.report())] == [("retail.sales", "error")]
    clone.write("\t{", "contracts/shop/odd-one.odcs.yaml")
    clone.commit()
    (clone.root / "contracts/shop/odd-one.odcs.yaml").unlink()
    assert [found[:2] for found in unread(clone.report())] == [("shop.odd_one", "error")]


def test_every_earlier_version_counts_where_the_mode_is_transitive(clone: Clone) -> None:
    """One in the middle of history that cannot be read blocks; where only the last counts it does not."""
    clone.write(spoil(clone).replace("1.0.0", "1.0.1"))
    clone.commit()
    blob = clone.git("rev-parse", f"main~1:{FILE}")[:10]
    clone.edit(("1.0.1", "1.0.2"), ("One event per invoice line", "An event per invoice line"))
    assert unread(clone.report()) == [("retail.sales", "error", f"earlier.{blob}")]
    assert not clone.report(waivers=waiver(f"earlier.{blob}")).blocked
    last = CONSUMER.replace("consumes", "compatibility").replace("[retail.sales]", "backward")
    clone.write(clone.text().rstrip() + last)
    clone.commit()
    clone.edit(("1.0.2", "1.0.3"), ("An event per", "One event per"))
    assert clone.report().unread == ()


def test_a_file_that_moved_when_it_was_mended_has_its_history(clone: Clone) -> None:
    moved = "contracts/shop/sales.odcs.yaml"
    good = spoil(clone)
    (clone.root / FILE).unlink()
    clone.write(good, moved)
    clone.commit()
    clone.edit(("1.0.0", "1.0.1"), ("One event per invoice line", "An event per invoice line"), name=moved)
    assert [contract for contract, _, _ in unread(clone.report())] == ["retail.sales"]


def test_a_family_that_could_not_be_read_blocks_its_members(clone: Clone) -> None:
    text = clone.text().replace("id: retail.sales", "id: retail.sales_${family}")
    text = text.replace("name: sales\n", "name: sales_${family}\n", 1).replace("retail.sales.v1", "retail.${family}.v1")
    text = text.replace("sales_by", "${family}_by").rstrip() + "\n"
    family = "  - {property: family, vendor: tideline, value: {name: sales, members: {north: {}, south: {}}}}\n"
    name = "contracts/retail/sites.odcs.yaml"
    clone.write((text + family).replace(*NOT_READ), name)
    clone.commit()
    clone.write(text + family, name)
    assert [found[0] for found in unread(clone.report())] == ["retail.sales_north", "retail.sales_south"]


def test_a_folder_is_no_way_round(clone: Clone, tmp_path: Path) -> None:
    old = tmp_path / "old" / "retail" / "sales.odcs.yaml"
    old.parent.mkdir(parents=True)
    old.write_text(clone.text().replace(*NOT_READ))
    found = unread(clone.report(str(tmp_path / "old"), "", FILE))
    assert [one[:2] for one in found] == [("retail.sales", "error")]


def test_a_plan_against_a_version_that_cannot_be_read_is_refused(clone: Clone) -> None:
    """Otherwise it would create what is there."""
    clone.write(spoil(clone))
    with pytest.raises(ContractError, match=rf"{UNREADABLE}.*") as refused:
        contracts_at("main", [clone.root / "contracts"])
    assert "intege" in str(refused.value) and refused.value.exit_code == 4


def test_the_formats_tell_it(clone: Clone) -> None:
    clone.write(spoil(clone))
    report, places = clone.report(), Places(clone.root)
    document = json.loads(FORMATS["json"](report, places))
    (found,) = document["unread"]
    assert document["blocked"] and (found["contract"], found["file"], found["code"]) == (
        "retail.sales",
        FILE,
        UNREADABLE,
    )
    assert found["line"] > 1 and found["severity"] == "error" and found["path"].startswith("earlier.")
    assert f"::error file={FILE},line=1,col=1,title={UNREADABLE}::retail.sales" in FORMATS["github"](report, places)
    assert f"- BLOCKED {UNREADABLE} `retail.sales`" in FORMATS["markdown"](report, places)
    assert FORMATS["text"](report, places).endswith("1 blocked")
