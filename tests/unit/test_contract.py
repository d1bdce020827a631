"""Reading contracts: whatever is wrong is told with its place, what is allowed and what may have been meant."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tideline.adapters.odcs import examine, read_contract
from tideline.model.errors import ContractError

SALES = Path(__file__).parents[2] / "contracts" / "retail" / "sales.odcs.yaml"


def findings(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    text = SALES.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "sales.odcs.yaml"
    path.write_text(text)
    contracts, found = examine(path, "sales.odcs.yaml")
    assert bool(contracts) is not bool(found)
    return [str(finding) for finding in found]


def line(text: str, occurrence: str) -> int:
    return 1 + text[: text.index(occurrence)].count("\n")


def test_the_sales_contract_is_read_with_everything_it_says() -> None:
    contract = read_contract(SALES)
    assert contract.id == "retail.sales" and contract.stream.partitions == 4 and contract.tier == "gold"
    assert contract.by_name["customer_id"].pii and contract.by_name["invoice_ts"].timezone == "Europe/London"
    assert (contract.by_name["unit_price"].precision, contract.by_name["unit_price"].scale) == (12, 3)
    assert [rule.name for rule in contract.rules] == ["unit_price_not_negative", "quantity_not_zero"]
    assert contract.freshness.total_seconds() == 60 and contract.retention.days == 3650
    assert contract.deduplication.horizon.days == 7


@pytest.mark.parametrize(
    ("old", "new", "code", "hint"),
    [
        ("kind: DataContract", "kind: DataContrct", "TL-CON-011", "did you mean 'DataContract'?"),
        ("required: true", "requierd: true", "TL-CON-010", "did you mean 'required'?"),
        ("domain: retail", "domian: retail", "TL-CON-010", "did you mean 'domain'?"),
        ("logicalType: integer", "logicalType: intger", "TL-CON-011", "did you mean 'integer'?"),
        ("version: 1.0.0", "version: 1.0", "TL-CON-011", "put it in quotes"),
        ("version: 1.0.0", "version: '1.0'", "TL-CON-022", "MAJOR.MINOR.PATCH"),
        ("id: retail.sales", "id: retail.sale", "TL-CON-022", "retail.sales"),
        ("name: retail-data", "nam: retail-data", "TL-CON-010", "did you mean 'name'?"),
        ("host: $", "hoost: $", "TL-CON-010", "did you mean 'host'?"),
        ("partitions: 4", "partitons: 4", "TL-CON-020", "did you mean 'partitions'?"),
        ("partitions: 4", "partitions: 0", "TL-CON-022", "greater than or equal to 1"),
        ("maxLength: 64", "maxLenth: 64", "TL-CON-010", "did you mean 'maxLength'?"),
        ("maxLength: 64", "format: uuid", "TL-CON-020", "state a rule under quality"),
        ("property: eventTime", "property: evntTime", "TL-CON-020", "did you mean 'eventTime'?"),
        ("property: freshness", "property: freshnes", "TL-CON-020", "did you mean 'freshness'?"),
        ("unit: s", "unit: lightyears", "TL-CON-022", "seconds"),
        ("horizon: P7D", "horizon: 7 days", "TL-CON-022", "such as P7D"),
        ("grain: day", "gran: day", "TL-CON-020", "did you mean 'grain'?"),
        ("grain: day", "grain: week", "TL-CON-022", "'hour' or 'day'"),
        ("kind: count", "kind: cuont", "TL-CON-022", "'count'"),
        ("value: gold", "value: golden", "TL-CON-022", "'gold'"),
        ("pii, value: true", "pii, value: yes", "TL-CON-022", "true, false"),
        ("Europe/London}", "Europe/Londn}", "TL-CON-022", "did you mean 'Europe/London'?"),
        ("timezone: false", "timezone: true", "TL-CON-022", "defaultTimezone"),
        ("decimal(12,3)", "decimal(12)", "TL-CON-022", "decimal(12,3)"),
        ("engine: tideline", "engine: soda", "TL-CON-023", "engine: tideline"),
        ("unit_price >= 0", "unit_prize >= 0", "TL-CON-030", "did you mean 'unit_price'?"),
        ("unit_price >= 0", "unit_price >= '0'", "TL-CON-030", "compares a number with a text"),
        ("unit_price >= 0", "unit_price", "TL-CON-030", "not a condition"),
        ("quantity != 0", "quantity !== 0", "TL-CON-030", "at character 12"),
        ("starts_with(invoice_no, 'C')", "starts_with(quantity, 'C')", "TL-CON-030", "works on a text"),
        ("column: country,", "column: customer_id,", "TL-CON-030", "PII"),
        ("kind: max, expression: unit_price", "kind: max, expression: customer_id", "TL-CON-030", "PII"),
        ("kind: sum, expression: quantity,", "kind: sum, expression: country,", "TL-CON-030", "takes a number"),
        ("kind: sum, expression: quantity,", "kind: sum,", "TL-CON-030", "needs an expression"),
        ("{name: country, column: country,", "{name: limit, column: country,", "TL-CON-030", "query language"),
        ("name: quantity, kind: sum", "name: revenue, kind: sum", "TL-CON-030", "defined twice"),
        ("key: event_id", "key: customer_id", "TL-CON-030", "required string"),
        ("value: invoice_ts", "value: country", "TL-CON-030", "required timestamp"),
        ("value: 0 0 * * *", "value: [1]", "TL-CON-022", "string"),
        ("tags: [retail, sales]", "tags: &a [*a]", "TL-CON-002", "anchors"),
        ("domain: retail", "domain: retail\ndomain: retail", "TL-CON-002", "second time"),
        ("domain: retail", "domain: !!python/name:os.system retail", "TL-CON-002", "tags"),
        ("domain: retail", "domain: retail\n<<: {a: 1}", "TL-CON-002", "plain word"),
        ("domain: retail", "domain: [retail", "TL-CON-001", "YAML"),
        ("domain: retail", "domain: \t- x: y: z", "TL-CON-001", "YAML"),
        ("domain: retail", "domain: " + "[" * 5_000, "TL-CON-002", "24 levels"),
        ("        logicalType: integer\n", "", "TL-CON-021", "'quantity' has no logicalType. Allowed: string,"),
        ("logicalType: integer", "logicalType: integer\n        semanticType: measure", "TL-CON-022", "under views"),
        (
            "logicalType: integer",
            "logicalType: integer\n        semanticType: dimension",
            "TL-CON-022",
            "no event carries",
        ),
        ("decimal(12,3)", "BIGINT", "TL-CON-022", "did you mean logicalType: integer?"),
        ("        physicalType: decimal(12,3)\n", "", "TL-CON-021", "the number 'unit_price' has no physicalType"),
        ("retail.sales.v1", "tideline.increments.retail.sales", "TL-CON-030", "keep such names for themselves"),
        ("retail.sales.v1", "__consumer_offsets", "TL-CON-030", "keep such names for themselves"),
        ("name: country, column", "name: partition, column", "TL-CON-030", "gold is built with"),
        ("name: country, column", "name: batch, column", "TL-CON-030", "gold is built with"),
        ("name: country, column", "name: event_us, column", "TL-CON-030", "gold is built with"),
        ("name: country, column", "name: revenue__value, column", "TL-CON-030", "gold is built with"),
        ("retail.sales.v1", "..", "TL-CON-030", "keep such names for themselves"),
    ],
)
def test_a_mistake_is_told_at_its_line_with_what_is_allowed(
    tmp_path: Path, old: str, new: str, code: str, hint: str
) -> None:
    found = findings(tmp_path, (old, new))
    assert found, "the mistake passed"
    expected = line(SALES.read_text(), old)
    told = [text for text in found if code in text and hint in text]
    assert told, found
    assert min(abs(int(text.split(":")[1]) - expected) for text in told) <= 6
    assert all("Traceback" not in text and text.startswith("sales.odcs.yaml:") for text in found)


def test_a_product_that_could_need_more_digits_than_are_exact_is_told_where_it_is_made(tmp_path: Path) -> None:
    """A column may be as wide as 38 digits; multiplying it is what does not fit."""
    found = findings(tmp_path, ("decimal(12,3)", "decimal(38,3)"))
    assert len(found) == 3 and all("38 are exact" in text and "quantity * unit_price" not in text for text in found)
    assert {int(text.split(":")[1]) for text in found} == {
        number for number, text in enumerate(SALES.read_text().splitlines(), 1) if "quantity * unit_price" in text
    }


def test_several_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = findings(tmp_path, ("quantity != 0", "quantiti != 0"), ("grain: day", "grain: hour, column: x"))
    assert len(found) == 1 and "second time" in found[0]
    found = findings(tmp_path, ("quantity != 0", "quantiti != 0"), ("column: country,", "column: x,"))
    assert [int(text.split(":")[1]) for text in found] == sorted(int(text.split(":")[1]) for text in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"text", b"\xff\xfe", b"a: 1\n---\nb: 2\n", b"? [a]\n: b\n", b"x" * 1_000_001, b"\x00",
        b"schema: 5\nkind: 1\n", b"{}",
    ],
)  # fmt: skip
def test_what_is_no_contract_at_all_is_a_finding_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.odcs.yaml"
    path.write_bytes(content)
    started = time.process_time()
    contracts, found = examine(path)
    assert not contracts and found and time.process_time() - started < 3
    with pytest.raises(ContractError) as refused:
        read_contract(path)
    assert refused.value.exit_code == 4


def test_the_smallest_odcs_file_says_what_tideline_needs(tmp_path: Path) -> None:
    path = tmp_path / "x.odcs.yaml"
    path.write_text("version: 1.0.0\napiVersion: v3.2.0\nkind: DataContract\nid: a.b\nname: b\ndomain: a\n")
    assert "exactly one event" in str(examine(path)[1][0])
    path.write_text(path.read_text() + "schema:\n  - name: b\n")
    told = "\n".join(str(finding) for finding in examine(path)[1])
    for needed in ("owner", "what it is for", "no fields", "'stream'", "'eventTime'", "'deduplication'", "no topic"):
        assert needed in told


def test_the_hash_is_of_the_meaning_not_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "sales.odcs.yaml"
    path.write_text(SALES.read_text() + "\n# a comment\n")
    assert read_contract(path).hash == read_contract(SALES).hash
    path.write_text(SALES.read_text().replace("maxLength: 64", "maxLength: 65"))
    assert read_contract(path).hash != read_contract(SALES).hash


def test_placeholders_of_the_environment_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "sales.odcs.yaml"
    path.write_text(SALES.read_text().replace("name: retail-data", "name: ${HOME}"))
    assert read_contract(path).owner == "${HOME}"
