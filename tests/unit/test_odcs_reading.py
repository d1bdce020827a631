"""What the keys of docs/contract.md become in the model, and which contradictions in them are told."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tideline.adapters.odcs import Finding, examine_bytes, examine_earlier
from tideline.adapters.odcs.source import parse
from tideline.model.contract import Compatibility, Contract, DriftAction, FieldType
from tideline.model.field import Masking
from tideline.model.quality import Action, Comparison, Metric, Unit
from tideline.model.severity import Severity

CORPUS = Path(__file__).parents[1] / "corpus"
RICH = (CORPUS / "good" / "orders.odcs.yaml").read_text()
SALES = (CORPUS.parents[1] / "contracts" / "retail" / "sales.odcs.yaml").read_text()
FAMILY = (CORPUS / "good" / "shops.odcs.yaml").read_text()


def examined(text: str, *changes: tuple[str, str]) -> tuple[tuple[Contract, ...], list[Finding]]:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return examine_bytes(text.encode(), "x.odcs.yaml", "shop/x.odcs.yaml")


def rich(*changes: tuple[str, str]) -> Contract:
    (contract,), found = examined(RICH, *changes)
    assert not [finding for finding in found if finding.severity is Severity.ERROR]
    return contract


def test_every_file_of_the_good_corpus_is_a_contract() -> None:
    """The good corpus holds every key of the documentation, v3.1.0, and a Kinesis server with its stream."""
    for path in sorted((CORPUS / "good").glob("*.odcs.yaml")):
        contracts, found = examine_bytes(path.read_bytes(), path.name)
        assert contracts and not found, [str(finding) for finding in found]


def test_fields_carry_their_options() -> None:
    fields = rich().by_name
    assert (fields["channel"].enum, fields["coupon"].pattern) == (("web", "app", "counter"), "[A-Z]{4}[0-9]{2}")
    assert (fields["coupon"].min_length, fields["coupon"].max_length) == (6, 6)
    assert (fields["pieces"].bits, fields["pieces"].minimum, fields["pieces"].maximum) == (32, 1, 1000)
    assert fields["weight"].bits == 64
    assert fields["coupon"].deprecated and fields["shop_number"].renamed_from == "shop_no"
    assert (fields["email"].masking, fields["phone"].masking) == (Masking.OMIT, Masking.SILVER_ONLY)


def test_nested_fields_are_read_to_their_leaves() -> None:
    fields = rich().by_name
    shipping, items, attributes = fields["shipping"], fields["items"], fields["attributes"]
    assert [member.name for member in shipping.fields] == ["city", "express", "place"]
    assert [member.name for member in shipping.fields[2].fields] == ["latitude", "longitude"]
    assert items.items is not None and items.max_items == 50 and items.items.type is FieldType.OBJECT
    assert [member.name for member in items.items.fields] == ["sku", "price"]
    assert attributes.values is not None and attributes.values.type is FieldType.STRING
    assert attributes.values.max_length == 100


def test_a_limit_keeps_every_digit_that_was_written() -> None:
    """0.1 and a limit of 38 digits have no exact float: they reach the model as their text says."""
    price = rich().paths["price"]
    assert (price.minimum, price.maximum) == (Decimal("0.1"), Decimal("12345678901234567890123456789012345.678"))
    gate = next(gate for gate in rich().gates if gate.name == "few_unknown_channels")
    assert gate.limits == (Decimal("0.30000000000000000001"),)


def test_promises_schedule_and_policies_are_read() -> None:
    contract = rich()
    assert contract.freshness.total_seconds() == 300 and contract.retention.days == 730
    assert contract.deadline is not None and contract.deadline.total_seconds() == 7200
    assert contract.compatibility is Compatibility.FULL and contract.schedule == "30 2 * * mon-fri"
    assert contract.drift.new_fields is DriftAction.EVOLVE and contract.drift.changed_fields is DriftAction.FAIL
    assert contract.consumes == ("retail.sales",) and contract.retired == ("fax",)
    assert contract.source == "shop/x.odcs.yaml" and contract.family is None
    assert [view.batch_only for view in contract.views] == [False, True]


def test_checks_become_rules_and_gates_with_their_action() -> None:
    contract = rich()
    assert [(rule.name, rule.severity.value) for rule in contract.rules] == [
        ("has_items", "error"),
        ("city_known", "error"),
    ]
    gates = {gate.name: gate for gate in contract.gates}
    assert gates["rows_arrive"].metric is Metric.ROW_COUNT and gates["rows_arrive"].run_only
    assert gates["totals_match"].metric is Metric.BREACHES and gates["totals_match"].action is Action.WARN
    assert gates["totals_match"].limits == (0,) and gates["totals_match"].expression == "total >= 0"
    assert gates["revenue_plausible"].table == "orders_by_city" and gates["revenue_plausible"].unit is Unit.ROWS
    assert gates["revenue_plausible"].comparison is Comparison.BETWEEN and gates["revenue_plausible"].limits == (
        0,
        1000,
    )
    assert gates["one_number"].metric is Metric.SQL and "${table}" in str(gates["one_number"].query)
    assert "coupon is null" in str(gates["coupons_are_rare"].query)
    assert gates["few_unknown_channels"].columns == ("channel",) and gates["few_unknown_channels"].unit is Unit.PERCENT
    assert gates["null_values_shipping_city"].columns == ("shipping.city",)
    assert gates["duplicate_values_shop_number_ordered_at"].columns == ("shop_number", "ordered_at")


def test_a_check_in_words_runs_nothing_and_is_no_mistake() -> None:
    assert "described_only" not in {gate.name for gate in rich().gates}


@pytest.mark.parametrize(
    ("old", "new", "code", "hint"),
    [
        ("maxItems: 50", "maxItem: 50", "TL-CON-010", "did you mean 'maxItems'?"),
        ("maxItems: 50", "minItems: 5", "TL-CON-020", "maxItems"),
        ("format: i32", "format: i16", "TL-CON-022", "i32, i64"),
        ("minimum: 1,", "minimum: 1001,", "TL-CON-030", "above maximum"),
        ("{value: app}", "{value: 7}", "TL-CON-022", "put it in quotes"),
        ("{value: app}", "{value: web}", "TL-CON-011", "non-unique"),
        ("'[A-Z]{4}[0-9]{2}'", "'(a+)+'", "TL-CON-030", "pattern"),
        ("minLength: 6", "minLength: 7", "TL-CON-030", "above maxLength"),
        ("deprecated: true", "deprecated: true\n        required: true", "TL-CON-030", "deprecated"),
        ("value: shop_no,", "value: weight,", "TL-CON-030", "renamed from"),
        ("value: shop_no,", "value: Shop No,", "TL-CON-022", "[a-z]"),
        ("value: omit,", "value: hash,", "TL-CON-022", "silver-only, omit"),
        ("classification: confidential", "classification: public", "TL-CON-022", "such as confidential"),
        ("classification: confidential", "tags: []", "TL-CON-021", "add classification"),
        ("- {property: masking, value: omit, vendor: tideline}", "", "TL-CON-021", "no masking"),
        ("property: pii, value: true", "property: pii, value: false", "TL-CON-022", "personal data only"),
        ("key: {logicalType: string}", "key: {logicalType: integer}", "TL-CON-022", "string"),
        ("logicalType: map", "logicalType: vector", "TL-CON-022", "boolean"),
        ("logicalType: map", "logicalType: array", "TL-CON-021", "no items"),
        ("column: shipping.city,", "column: shipping.citi,", "TL-CON-030", "did you mean 'shipping.city'?"),
        ("shipping.city is not null", "shiping.city is not null", "TL-CON-030", "did you mean 'shipping"),
        ("property: latency", "property: latenci", "TL-CON-020", "did you mean 'latency'?"),
        ("property: latency, value: 2, unit: h", "property: latency, value: 2", "TL-CON-021", "has no unit"),
        ("property: retention", "property: frequency", "TL-CON-021", "how long data is kept"),
        ("property: latency", "property: freshness", "TL-CON-030", "a second time"),
        ("value: full,", "value: ful,", "TL-CON-022", "'full'"),
        ("newFields: evolve", "newField: evolve", "TL-CON-020", "did you mean 'newFields'?"),
        ("changedFields: fail", "changedFields: evolve", "TL-CON-022", "'quarantine'"),
        ("value: [retail.sales]", "value: [retail]", "TL-CON-022", "domain.name"),
        ("value: [retail.sales]", "value: [shop.orders]", "TL-CON-030", "consumes itself"),
        ("value: [fax]", "value: [weight]", "TL-CON-030", "former names"),
        ("30 2 * * mon-fri", "30 2 * *", "TL-CON-022", "5 fields"),
        ("30 2 * * mon-fri", "30 24 * * *", "TL-CON-022", "within 0 and 23"),
        ("30 2 * * mon-fri", "0 0 30 2 *", "TL-CON-022", "never comes"),
        ("batchOnly: true", "batchonly: true", "TL-CON-020", "did you mean 'batchOnly'?"),
        ("batchOnly: true", "batch_only: true", "TL-CON-020", "batchOnly"),
        ("batchOnly: true", "batchOnly: false", "TL-CON-030", "does not merge"),
        ("value: table,", "value: tabel,", "TL-CON-022", "did you mean 'table'?"),
        ("value: warn,", "value: quarantaine,", "TL-CON-022", "did you mean 'quarantine'?"),
        ("value: orders_by_city,", "value: orders_by_cty,", "TL-CON-030", "did you mean 'orders_by_city'?"),
        ("metric: rowCount", "metric: rowCuont", "TL-CON-011", "did you mean 'rowCount'?"),
        ("mustBeGreaterThan: 0", "mustBeGreatherThan: 0", "TL-CON-012", "did you mean 'mustBeGreaterThan'?"),
        ("mustBeGreaterThan: 0", "mustBe: 0\n        mustNotBe: 0", "TL-CON-011", "exclude each other"),
        ("mustBeGreaterThan: 0", "mustBe: many", "TL-CON-022", "a number"),
        ("mustBeGreaterThan: 0", "mustBe: []", "TL-CON-022", "mustBe is"),
        ("mustBeGreaterThan: 0", "mustBe: [0, 1]", "TL-CON-022", "mustBe is"),
        ("mustBeGreaterThan: 0", "mustNotBe: [1]", "TL-CON-022", "mustNotBe is"),
        ("value: shop_no,", "value: null,", "TL-CON-022", "the name that the field had"),
        ("mustBeGreaterThan: 0\n        unit: rows", "mustBeGreaterThan: 0", "TL-CON-021", "has no unit"),
        ("mustBeGreaterThan: 0\n        unit: rows", "mustBe: 0\n        unit: percent", "TL-CON-022", "rows"),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0\n        schedule: 0 1 * * *", "TL-CON-023", "no schedule"),
        ("mustBeBetween: [0, 1000]", "mustBeBetween: [1000, 0]", "TL-CON-030", "larger limit first"),
        ("mustBeGreaterThan: 0", "mustBeLessThan: 0", "TL-CON-030", "no number of rows is ever"),
        ("mustBeGreaterThan: 0", "mustBe: 0.5", "TL-CON-030", "no number of rows is ever"),
        ("arguments: {properties: [shop_number, ordered_at]}", "arguments: {}", "TL-CON-021", "names no column"),
        ("properties: [shop_number, ordered_at]", "properties: [shop_numbr]", "TL-CON-030", "mean 'shop_number'?"),
        ("validValues: [web, app, counter]", "validValue: [web]", "TL-CON-020", "did you mean 'validValues'?"),
        ("select count(*) from ${table}", "drop table x", "TL-CON-030", "one SELECT"),
        ("engine: tideline", "engine: tidelin", "TL-CON-023", "did you mean 'tideline'?"),
        ("name: totals_match", "name: has_items", "TL-CON-030", "defined twice"),
        ("id: rule_one", "id: rule_two", "TL-CON-030", "a second time"),
        ("vendor: tideline, value: ordered_at", "vendor: tidelime, value: ordered_at", "TL-CON-020", "'tideline'?"),
        ("stream: clicks", "streem: clicks", "TL-CON-010", "did you mean 'stream'?"),
        ("v3.2.0", "v3.0.2", "TL-CON-022", "v3.2.0, v3.1.0"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_richer_keys_is_told_with_its_place(old: str, new: str, code: str, hint: str) -> None:
    contracts, found = examined(RICH, (old, new))
    assert not contracts
    told = [finding for finding in found if finding.code == code and hint in str(finding)]
    assert told, [str(finding) for finding in found]
    line = 1 + RICH[: RICH.index(old)].count("\n")
    assert min(abs(finding.line - line) for finding in told) <= 8


def test_a_decimal_may_be_written_as_databases_write_it() -> None:
    """The standard's own examples say DECIMAL(18,2)."""
    (plain,), _ = examined(SALES)
    for written in ("DECIMAL(12,3)", "Numeric( 12 , 3 )", "decimal(12, 3)"):
        (contract,), found = examined(SALES, ("decimal(12,3)", written))
        assert contract == plain and not found, written


def test_what_stands_beside_a_second_event_is_told_too() -> None:
    """One finding must not hide all others."""
    second = "  - {name: returns, logicalType: object}\ncustomProperties:"
    contracts, found = examined(
        SALES, ("\ncustomProperties:", f"\n{second}"), ("property: freshness", "property: freshnes")
    )
    said = [str(finding) for finding in found]
    assert not contracts and len(said) == 2
    assert "unknown promise 'freshnes'" in said[0]
    assert "exactly one event, here are 2" in said[1] and "a file for each event, or a family" in said[1]


def test_a_physical_name_that_nobody_looks_for_is_a_warning() -> None:
    """Events and tables have the field's name; whoever wrote another one may rely on it."""
    (contract,), found = examined(SALES, ("- name: country\n", "- name: country\n        physicalName: ctry\n"))
    assert [(one.code, one.severity) for one in found] == [("TL-CON-041", Severity.WARNING)]
    assert "'ctry'" in found[0].what and "country" in contract.columns
    assert not examined(SALES, ("- name: country\n", "- name: country\n        physicalName: country\n"))[1]


def test_a_field_that_was_a_measure_once_is_compared_all_the_same() -> None:
    """The rule is younger than contracts that were in force."""
    text = RICH.replace("logicalType: integer\n", "logicalType: integer\n        semanticType: measure\n", 1)
    (contract,), found = examine_earlier(text.encode(), "x.odcs.yaml")
    assert contract.fields and found[0].house and "a measure" in found[0].what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("value: 60, unit: s,", "value: 60, unit: s, customProperties: [OURS],"),
        ("    format: json\n", "    format: json\n    customProperties: [OURS]\n"),
        ("  name: retail-data\n", "  name: retail-data\n  customProperties: [OURS]\n"),
        ("description:\n  purpose", "description:\n  customProperties: [OURS]\n  purpose"),
    ],
)
def test_a_property_of_ours_where_nobody_looks_is_told(old: str, new: str) -> None:
    """`drift` beside a promise would be obeyed by nobody."""
    ours = "{property: drift, vendor: tideline, value: {newFields: fail}}"
    contracts, found = examined(SALES, (old, new.replace("OURS", ours)))
    assert not contracts and len(found) == 1
    assert found[0].code == "TL-CON-020" and "nothing reads the property 'drift' here" in found[0].what
    assert abs(found[0].line - 1 - SALES[: SALES.index(old)].count("\n")) <= 1
    nested = "{property: drift, vendor: another, value: {customProperties: [drift, {vendor: tideline}]}}"
    assert examined(SALES, (old, new.replace("OURS", nested)))[0]


@pytest.mark.parametrize("text", [RICH, SALES, FAMILY], ids=["rich", "sales", "family"])
def test_no_value_in_any_place_makes_it_crash(text: str) -> None:
    """Every value of a good file, each replaced by what is least expected there."""
    whole = parse(text.encode(), "x.odcs.yaml").data
    odd = (None, [], {"a": None})

    def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        if path:
            yield path
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in entries:
            yield from places(inner, (*path, key))

    for path in places(whole):
        for new in odd:
            changed = copy.deepcopy(whole)
            holder = changed
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = new
            contracts, found = examine_bytes(json.dumps(changed, default=float).encode(), "x.odcs.yaml")
            assert contracts or found, (path, new)


def test_nesting_deeper_than_eight_levels_is_told() -> None:
    inner = "{name: leaf, logicalType: string, description: Leaf.}"
    for level in range(8):
        inner = f"{{name: level_{level}, logicalType: object, description: Severity., properties: [{inner}]}}"
    contracts, found = examined(RICH, ("\n    quality:\n", f"\n      - {inner}\n    quality:\n"))
    assert not contracts and any("8 levels" in str(finding) for finding in found), [str(f) for f in found]


def test_a_key_that_nothing_keeps_unique_is_a_warning_and_stops_nothing() -> None:
    contracts, found = examined(RICH, ("- name: weight\n", "- name: weight\n        unique: true\n"))
    assert contracts and [(finding.code, finding.severity) for finding in found] == [("TL-CON-041", Severity.WARNING)]
    assert "duplicateValues" in str(found[0]) and "(warning)" in str(found[0])


def test_a_list_of_members_as_team_is_told_to_be_given_up() -> None:
    _, found = examined(RICH, ("team:\n  name: shop-data\n", "team:\n  - {username: shop}\n"))
    assert {finding.code for finding in found} == {"TL-CON-040", "TL-CON-021"}


def test_a_family_gives_one_contract_per_member() -> None:
    contracts, found = examined(FAMILY)
    assert not found and [contract.id for contract in contracts] == ["shop.till_leeds", "shop.till_lyon"]
    assert {contract.family for contract in contracts} == {"shop.tills"}
    assert [contract.stream.topic for contract in contracts] == ["shop.till.leeds.v1", "shop.till.lyon.v1"]
    assert [contract.by_name["sold_at"].timezone for contract in contracts] == ["Europe/London", "Europe/Paris"]
    assert [contract.views[0].name for contract in contracts] == ["till_leeds_by_day", "till_lyon_by_day"]


def test_a_value_that_is_nothing_but_a_parameter_keeps_its_kind() -> None:
    contracts, _ = examined(FAMILY)
    assert [contract.stream.partitions for contract in contracts] == [4, 2]
    assert contracts[0].description == "One event per sale in Leeds, read in 4 partitions."


def test_a_mistake_in_a_family_is_told_once_at_its_place() -> None:
    contracts, found = examined(FAMILY, ("kind: count", "kind: cuont"))
    assert not contracts and len(found) == 1 and found[0].code == "TL-CON-022"
    assert FAMILY.splitlines()[found[0].line - 1].count("kind: count") == 1


def test_a_mistake_of_one_member_only_is_told_too() -> None:
    contracts, found = examined(FAMILY, ("zone: Europe/Paris", "zone: Europe/Pariss"))
    assert not contracts and len(found) == 1 and "did you mean 'Europe/Paris'?" in str(found[0])


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("zone: Europe/Paris,", "", "lacks the parameter 'zone'"),
        ("zone: Europe/Paris,", "zone: Europe/Paris, zne: x,", "'leeds' lacks"),
        ("city: Leeds, ", "city: Leeds, colour: red, ", "lacks the parameter 'colour'"),
        ("in ${family.city}", "here", "'city' is used nowhere"),
        ("${family.city}", "${family.citi}", "did you mean 'city'?"),
        ("till.${family}.v1", "till.v1", "two members of the family have the topic"),
        ("till_${family}_by_day", "till_by_day", "two members of the family have the view"),
        ("leeds:", "Leeds:", "the member's name"),
        ("name: tills", "name: Tills", "the family's name"),
        ("name: tills", "nam: tills", "did you mean 'name'?"),
        ("city: Leeds", "city: [Leeds]", "a single value"),
        ("city: Leeds", "city: '${family.zone}'", "a single value"),
    ],
)
def test_a_family_that_does_not_fit_is_told(old: str, new: str, hint: str) -> None:
    contracts, found = examined(FAMILY, (old, new))
    assert not contracts and any(hint in str(finding) for finding in found), [str(finding) for finding in found]


def test_a_family_without_its_name_in_the_id_is_told() -> None:
    contracts, found = examined(
        FAMILY, ("id: shop.till_${family}", "id: shop.till"), ("name: till_${family}", "name: till")
    )
    assert not contracts and any("two members of the family have the id" in str(finding) for finding in found)


@pytest.mark.parametrize("said", ['"  "', '""', '"a\\nb"', '"\\t"', "o" * 101])
def test_an_owner_is_a_line_that_says_something(said: str) -> None:
    """Blanks are nobody to call, and the owner stands in DAGs, alarms and tables."""
    contracts, found = examined(SALES, ("name: retail-data", f"name: {said}"))
    assert not contracts and {finding.code for finding in found} <= {"TL-CON-021", "TL-CON-022"}
    assert "owner" in str(found[0])


@pytest.mark.parametrize(
    "what", ["One event per invoice line of a wholesaler, live and complete", "Units sold; negative"]
)
def test_blanks_describe_nothing(what: str) -> None:
    line = next(line.strip() for line in SALES.splitlines() if what in line)
    key = line.partition(":")[0]
    contracts, found = examined(SALES, (line, f'{key}: "   "'))
    assert not contracts and [finding.code for finding in found] == ["TL-CON-021"]


def test_a_threshold_that_everything_meets_is_a_warning() -> None:
    """Such a check says nothing whatever the table holds; one over a query may be about any number."""
    contracts, found = examined(SALES, ("mustBeGreaterThan: 0", "mustBeGreaterOrEqualTo: 0"))
    assert contracts and [(finding.code, finding.severity.value) for finding in found] == [("TL-CON-041", "warning")]
    assert "every number of rows" in found[0].what and found[0].line == 109
    contracts, found = examined(SALES, ("mustBeLessThan: 50", "mustBeLessOrEqualTo: 100"))
    assert contracts and "every number of percent" in found[0].what


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("purpose: One event per sale", "purpose: ${famliy} One event per sale", "write ${family}"),
        ("purpose: One event per sale", "purpose: ${ family } sale", "write ${family}"),
        ("purpose: One event per sale", "purpose: ${Family.city} sale", "write ${family}"),
        ("team: {name: shop-data}", 'team: {name: "${familiy}-data"}', "write ${family}"),
    ],
)
def test_a_misspelt_place_of_a_family_is_told(old: str, new: str, hint: str) -> None:
    """It would stand in names and documents as it was written; a place of a server's environment may."""
    contracts, found = examined(FAMILY, (old, new))
    assert not contracts and [(finding.code, hint in str(finding)) for finding in found] == [("TL-CON-030", True)]
    of_a_server = "servers: [{server: x, type: kafka, host: '${familly}', format: json}]\nteam: {"
    assert examined(FAMILY, ("team: {", of_a_server))[0]
    assert examined(FAMILY, (old, old.replace("One", "${OTHER} One")))[0]


def test_a_place_without_a_family_is_told_and_an_earlier_version_with_it_is_read() -> None:
    text = SALES.replace("One sold,", "One of ${family} sold,")
    contracts, found = examined(text)
    assert not contracts and "the file has no family" in str(found[0])
    earlier, told = examine_earlier(text.encode(), "x.odcs.yaml")
    assert earlier and [finding.house for finding in told] == [True]
