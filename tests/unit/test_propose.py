"""Proposals: from drift documents and raw records to the changed contract file, through the command itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from tests.unit.sales import SALES
from tideline import wiring
from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.adapters.odcs import examine, examine_bytes, read_contract
from tideline.batch.cut import table_path
from tideline.cli.contract.propose import command
from tideline.index import compile_index, store_index
from tideline.model.contract import Contract
from tideline.model.drift import FieldDrift, Report, Tally, name_of
from tideline.model.errors import ContractError, Fatal
from tideline.model.field import FieldType
from tideline.model.samples import Samples, parse
from tideline.proposing.evidence import Drifted, Evidence
from tideline.proposing.proposal import propose
from tideline.settings import settings

SALE = {
    "event_id": "e", "invoice_no": "1", "stock_code": "A", "quantity": 6, "invoice_ts": "2011-07-01T10:00:00",
    "unit_price": "2.55", "country": "France",
}  # fmt: skip
FILE = Path(__file__).parents[2] / "contracts" / "retail" / "sales.odcs.yaml"


class Product:
    """A home with the sales contract, its compiled index, and bronze records that one run after another judged."""

    def __init__(self, home: Path) -> None:
        self.home, self.file = home, home / "contracts" / "retail" / "sales.odcs.yaml"
        self.file.parent.mkdir(parents=True)
        self.file.write_text(FILE.read_text())
        self.compile()
        self.positions = 0

    def compile(self) -> None:
        store_index(self.home / "index.json", compile_index(self.home / "contracts"))

    @property
    def contract(self) -> Contract:
        return read_contract(self.file)

    def events(self, *members: Mapping[str, Any], raw: str | None = None) -> list[tuple[bytes, bytes]]:
        made = []
        for number, one in enumerate(members):
            id_ = f"e{self.positions + number}"
            text = json.dumps({**SALE, "event_id": id_, **one}) if raw is None else raw.replace("ID", id_)
            made.append((id_.encode(), text.encode()))
        return made

    def run(self, key: str, *members: Mapping[str, Any], raw: str | None = None) -> None:
        """Append events to bronze (and refused ones to quarantine), and keep the drift document, as a run does."""
        contract, start = self.contract, self.positions
        decoder, tally = EventDecoder(contract), Tally(contract)
        rows, refused = [], []
        for key_, value in self.events(*members, raw=raw):
            row = {"partition": 0, "position": self.positions, "key": key_, "value": value}
            result = decoder.decode(key_, value)
            rows.append(row)
            if isinstance(result, Rejection):
                refused.append({**row, "reason": result.reason, "status": "open"})
            if decoder.noticed:
                tally.see((0, self.positions), decoder.noticed)
            self.positions += 1
        self._append("bronze", rows)
        if refused:
            self._append("quarantine", refused)
        fields = {path: FieldDrift(f.what, f.records, f.kinds, f.first) for path, f in tally.fields.items()}
        if fields:
            report = Report(contract.id, contract.hash, key, {0: start}, {0: self.positions}, tally.records, fields)
            assert wiring.documents(settings()).put_new(name_of(contract.id, key), report.as_json())

    def _append(self, layer: str, rows: list[dict[str, Any]]) -> None:
        path = settings().lake.folder / table_path(layer, SALES)
        schema = {"partition": pa.int32(), "position": pa.int64(), "key": pa.binary(), "value": pa.binary()}
        schema |= {"reason": pa.string(), "status": pa.string()} if layer == "quarantine" else {}
        deltalake.write_deltalake(str(path), pa.Table.from_pylist(rows, pa.schema(list(schema.items()))), mode="append")

    def propose(self, *options: str) -> Result:
        return CliRunner().invoke(command, ["retail.sales", *options], catch_exceptions=False)

    def proposed(self, *options: str) -> dict[str, Any]:
        result = self.propose("--json", *options)
        assert result.exit_code == 0
        return dict(json.loads(result.output))


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    monkeypatch.setenv("TIDELINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIDELINE_CONTRACTS", str(tmp_path / "contracts"))
    monkeypatch.setenv("TIDELINE_INDEX", str(tmp_path / "index.json"))
    settings.cache_clear()
    yield Product(tmp_path)
    settings.cache_clear()


def test_without_drift_there_is_one_sentence(product: Product) -> None:
    product.run("r1", {}, {})
    result = product.propose()
    assert (result.exit_code, result.output) == (0, "retail.sales: no run noticed drift; nothing to propose\n")


def test_new_members_become_optional_fields_and_the_changed_contract_reads_them(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The diff shows the addition and the version, nothing else; written, it reads every event that was refused."""
    members = [
        {"colour": "red", "weight": 1.25, "parcel": {"boxes": 2, "labels": ["a"]}},
        {"colour": "blue", "sent": "2011-07-01T10:00:00Z"},
    ]
    product.run("r1", {}, *members)
    product.run("r2", {"colour": "green"})
    monkeypatch.chdir(product.home)
    shown = product.propose()
    assert shown.exit_code == 0
    assert shown.output.startswith("--- contracts/retail/sales.odcs.yaml\n+++ contracts/retail/sales.odcs.yaml\n")
    lines = [line for line in shown.output.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line for line in lines if line.startswith("-")] == ["-version: 1.0.0"]
    for line in (
        "+version: 1.1.0", "+      - name: colour", "+        logicalTypeOptions: {maxLength: 64}",
        "+        description: Seen in 3 records since r1.", "+        physicalType: decimal(9,2)",
        "+        logicalType: object", "+        logicalType: timestamp",
    ):  # fmt: skip
        assert line in lines, shown.output
    assert product.file.read_text() == FILE.read_text()
    written = product.proposed("--write")
    assert written["written"] and written["added"] == ["colour", "parcel", "sent", "weight"]
    contract = product.contract
    assert contract.version == "1.1.0"
    decoder = EventDecoder(contract)
    for key, value in product.events(*members):
        assert not isinstance(decoder.decode(key, value), Rejection)
        assert decoder.noticed == ()
    assert not contract.by_name["colour"].required
    product.compile()
    again = product.propose()
    assert "what 2 runs noticed is read by the contract as it is; nothing to propose" in again.output


def test_values_never_get_out_and_what_looks_personal_is_protected(product: Product) -> None:
    """By name and by form; few different texts are no enum here, because an enum is made of values."""
    product.run("r1", *({"reply_to": "ann@example.org", "nick_name": "s3cret", "shade": "s3cret"} for _ in range(60)))
    product.file.chmod(0o640)
    before = product.file.stat().st_ino
    result = product.propose("--write")
    facts = product.file.stat()
    assert facts.st_ino != before and facts.st_mode & 0o777 == 0o640, "replaced whole: a kill leaves one or the other"
    assert "s3cret" not in result.output and "ann@" not in result.output + product.file.read_text()
    fields = product.contract.by_name
    for name in ("reply_to", "nick_name"):
        assert (
            fields[name].pii and fields[name].masking == "silver-only" and fields[name].classification == "confidential"
        )
    assert not fields["shade"].pii and fields["shade"].enum == ()
    assert "# reply_to: it looks like an e-mail address, so it is protected; confirm, or take pii away" in (
        product.file.read_text()
    )


def test_a_changed_member_is_told_at_its_field_and_not_guessed(product: Product) -> None:
    product.run("r1", {"quantity": "many"}, {"invoice_ts": 7}, {"quantity": 1.5})
    found = product.proposed("--write")
    texts = {note["path"]: note["text"] for note in found["undecided"]}
    assert "the contract says integer, number, string came" in texts["quantity"]
    assert "the contract says timestamp, integer came" in texts["invoice_ts"]
    assert (found["added"], found["version"]) == ([], "1.0.0")
    text = product.file.read_text()
    assert "      # Drift, not decided: quantity: the contract says integer" in text
    assert text.index("not decided: quantity") < text.index("- name: quantity")
    assert product.contract == read_contract(FILE)
    assert product.proposed("--write")["diff"] == "", "a remark is written once"


def test_what_cannot_be_a_field_is_told(product: Product) -> None:
    """Odd names, kinds that conflict, nothing but null, a name that silver has anyway."""
    product.run("r1", {"myColour": 1}, {"mixed": 1}, {"mixed": "a"}, {"empty": None}, {"batch": 4}, {"odd name": 1})
    found = product.proposed("--write")
    texts = {note["path"]: note["text"] for note in found["undecided"]}
    assert "its name is not [a-z]" in texts["myColour"]
    assert "different kinds" in texts["mixed"]
    assert "no value but null" in texts["empty"]
    assert "'batch' is a column that silver has anyway" in texts["batch"]
    assert "?" in texts
    assert found["added"] == []
    assert product.contract.hash == SALES.hash


def test_values_that_outgrew_a_limit_widen_it(product: Product) -> None:
    """Text length and decimal digits, in the layout that the field has."""
    product.run(
        "r1",
        {"country": "x" * 61},
        {"unit_price": "1.12345"},
        {"quantity": 2**64},
        {"invoice_ts": "2011-13-01T00:00:00"},
    )
    found = product.proposed("--write")
    assert found["widened"] == ["country", "unit_price"]
    assert product.contract.by_name["country"].max_length == 64
    price = product.contract.by_name["unit_price"]
    assert (price.type, price.precision, price.scale) == (FieldType.DECIMAL, 14, 5)
    assert {note["path"] for note in found["undecided"]} == {"quantity", "invoice_ts"}
    assert found["version"] == product.contract.version == "1.1.0"


def test_members_inside_of_objects_arrays_and_maps_find_their_place(product: Product) -> None:
    """Also what is new inside of what an earlier proposal added; the next one reads all of it."""
    first = {"parcel": {"boxes": 1}, "lines": [{"sku": "a"}], "by_shop": {"A-1": {"n": 1}, "B-2": {"n": 2}}}
    product.run("r1", first)
    assert product.proposed("--write")["added"] == ["by_shop", "lines", "parcel"]
    product.compile()
    second = {"parcel": {"kilos": 1.5}, "lines": [{"size": 3}, {"sku": "b"}], "by_shop": {"A-1": {"m": True}}}
    product.run("r2", second)
    found = product.proposed("--write")
    assert found["added"] == ["by_shop{}.m", "lines[].size", "parcel.kilos"]
    assert product.contract.version == "1.2.0"
    decoder = EventDecoder(product.contract)
    for key, value in product.events(first, second):
        assert not isinstance(decoder.decode(key, value), Rejection)
    assert "Seen in 1 record since r2." in product.file.read_text()


def test_a_family_shares_the_proposal_of_its_member(product: Product) -> None:
    """One file describes all members, so the field is new in every one of them."""
    text = product.file.read_text().replace("id: retail.sales\n", "id: retail.sales_${family}\n")
    text = text.replace("name: sales\nversion", "name: sales_${family}\nversion")
    text = text.replace("retail.sales.v1", "retail.sales_${family}.v1").replace(
        "name: sales_by_", "name: ${family}_by_"
    )
    family = "  - {property: family, vendor: tideline, value: {name: sales, members: {uk: {}, fr: {}}}}\n"
    product.file.write_text(text + family)
    product.compile()
    evidence = Evidence(1, 1, {"colour": Drifted(1, "r1", _samples('"red"'))})
    members = {one.id: one for one in examine(product.file)[0]}
    made = propose(members["retail.sales_uk"], product.file.read_text(), "sales.odcs.yaml", evidence)
    contracts, findings = examine_bytes(made.after.encode(), "sales.odcs.yaml")
    assert findings == []
    assert sorted(members) == sorted(contract.id for contract in contracts) == ["retail.sales_fr", "retail.sales_uk"]
    assert {(one.version, "colour" in one.by_name) for one in contracts} == {("1.1.0", True)}


def _samples(*values: str) -> Samples:
    samples = Samples()
    for value in values:
        samples.see(parse(value))
    return samples


def test_since_begins_with_one_run(product: Product) -> None:
    product.run("r1", {"colour": "red"})
    product.run("r2", {"size": 1})
    assert product.proposed("--since", "r2")["added"] == ["size"]
    with pytest.raises(Fatal, match="TL-DRF-003"):
        product.propose("--since", "r9")


def test_a_run_that_failed_and_read_its_range_again_is_counted_once(product: Product) -> None:
    product.run("r1", {"colour": "red"})
    documents = wiring.documents(settings())
    first = Report.from_json(documents.get("drift/retail.sales/r1.json") or {})
    again = Report(first.contract, first.contract_hash, "r2", {0: 0}, {0: 1}, 1, first.fields)
    documents.put_new("drift/retail.sales/r2.json", again.as_json())
    assert "Seen in 1 record since r2." in product.proposed()["diff"]


def test_a_file_that_is_refused_is_not_edited(product: Product) -> None:
    product.run("r1", {"colour": "red"})
    product.file.write_text(product.file.read_text().replace("tier, vendor", "teir, vendor"))
    with pytest.raises(ContractError):
        product.propose("--write")
