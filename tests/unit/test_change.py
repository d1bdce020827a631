"""Changes of a contract: what each kind of edit is called, whom it breaks, what it needs, which version it asks for."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sales import SALES
from tideline.model.change import compare, judge, needs_rebuild, reads
from tideline.model.compatibility import BOOK, Code, Level, Needs, blocks, level, raised, removed
from tideline.model.contract import (
    Compatibility,
    Contract,
    Dimension,
    DriftAction,
    EventField,
    Gate,
    Measure,
    RowRule,
    View,
)

PLAIN = SALES.model_dump(mode="json")
DOCUMENT = Path(__file__).parents[2] / "docs" / "changing-contracts.md"
GATE = {
    "name": "few_unknown", "metric": "nullValues", "columns": ["customer_id"], "comparison": "mustBeLessThan",
    "limits": ["30"], "unit": "percent",
}  # fmt: skip


def edited(*path: str | int, to: Any) -> Contract:
    """The sales contract with one part replaced; a path ends at the part, `+` appends to a list."""
    plain = copy.deepcopy(PLAIN) | {"gates": [copy.deepcopy(GATE)]}
    place: Any = plain
    for step in path[:-1]:
        place = place[step]
    if path[-1] == "+":
        place.append(to)
    else:
        place[path[-1]] = to
    return Contract.model_validate(plain)


OLD = edited("owner", to="retail-data")
FIELD = {name: at for at, name in enumerate(SALES.columns)}
VIEW = "sales_by_country_and_day"
EXTRA = {"name": "extra", "type": "string", "description": "More."}
S, G, M, N = Needs.SILVER, Needs.GOLD, Needs.METADATA, Needs.NOTHING
# the edit, then: code, path, whom it breaks (b, f, c), what the tables need
CASES: list[tuple[Contract, str, str, str, Needs]] = [
    (edited("fields", "+", to=EXTRA), "FIELD_ADDED", "fields.extra", "f", M),
    (edited("fields", "+", to=EXTRA | {"required": True}), "FIELD_ADDED_REQUIRED", "fields.extra", "bf", S),
    (edited("fields", FIELD["quantity"], "bits", to=32), "NARROWED", "fields.quantity", "bc", S),
    (edited("fields", FIELD["unit_price"], "precision", to=14), "WIDENED", "fields.unit_price", "f", M),
    (edited("fields", FIELD["unit_price"], "scale", to=4), "NARROWED", "fields.unit_price", "bfc", S),
    (edited("fields", FIELD["stock_code"], "max_length", to=80), "LIMIT_LOOSER", "fields.stock_code", "f", N),
    (edited("fields", FIELD["stock_code"], "max_length", to=20), "LIMIT_TIGHTER", "fields.stock_code", "b", S),
    (edited("fields", FIELD["stock_code"], "enum", to=["A"]), "ENUM_NARROWED", "fields.stock_code", "b", S),
    (edited("fields", FIELD["country"], "required", to=False), "OPTIONAL", "fields.country", "f", M),
    (edited("fields", FIELD["description"], "required", to=True), "REQUIRED", "fields.description", "b", S),
    (edited("fields", FIELD["description"], "deprecated", to=True), "DEPRECATED", "fields.description", "", N),
    (edited("fields", FIELD["description"], "masking", to="omit"), "MASKING_STRICTER", "fields.description", "c", G),
    (edited("fields", FIELD["invoice_ts"], "timezone", to=None), "RETYPED", "fields.invoice_ts", "bfc", S),
    (edited("fields", FIELD["country"], "description", to="Land."), "PROSE", "fields.country", "", N),
    (edited("fields", FIELD["country"], "classification", to="public"), "CLASSIFICATION", "fields.country", "", N),
    (edited("deduplication", "key", to="invoice_no"), "KEY", "deduplication.key", "bfc", S),
    (edited("deduplication", "horizon", to="P8D"), "HORIZON", "deduplication.horizon", "bfc", S),
    (edited("stream", "topic", to="retail.sales.v2"), "TOPIC", "stream.topic", "bfc", S),
    (edited("stream", "partitions", to=2), "PARTITIONS_FEWER", "stream.partitions", "bfc", S),
    (edited("stream", "partitions", to=8), "PARTITIONS_MORE", "stream.partitions", "", M),
    (edited("stream", "max_event_bytes", to=4096), "EVENT_SMALLER", "stream.maxEventBytes", "b", S),
    (edited("drift", "new_fields", to="evolve"), "DRIFT_LOOSER", "drift.newFields", "f", N),
    (edited("drift", "changed_fields", to="fail"), "PROMISE", "drift.changedFields", "", N),
    (edited("derived", 0, "expression", to="quantity < 0"), "DERIVED_CHANGED", "derived.is_cancellation", "bfc", S),
    (edited("derived", to=[]), "DERIVED_REMOVED", "derived.is_cancellation", "c", M),
    (edited("rules", to=PLAIN["rules"][:1]), "RULE_REMOVED", "rules.quantity_not_zero", "fc", N),
    (edited("rules", 0, "expression", to="unit_price > 0"), "RULE_CHANGED", "rules.unit_price_not_negative", "bfc", S),
    (edited("rules", 1, "expression", to="(quantity!=0)"), "PROSE", "rules.quantity_not_zero.expression", "", N),
    (edited("rules", 0, "name", to="no_debts"), "RULE_RENAMED", "rules.no_debts", "", N),
    (edited("gates", to=[]), "GATE_REMOVED", "gates.few_unknown", "c", N),
    (edited("gates", 0, "limits", to=["20"]), "GATE_TIGHTER", "gates.few_unknown", "", N),
    (edited("gates", 0, "limits", to=["40"]), "GATE_CHANGED", "gates.few_unknown", "c", N),
    (edited("gates", 0, "action", to="warn"), "GATE_CHANGED", "gates.few_unknown", "c", N),
    (edited("views", to=PLAIN["views"][1:]), "VIEW_REMOVED", f"views.{VIEW}", "c", M),
    (edited("views", 0, "batch_only", to=True), "VIEW_BATCH_ONLY", f"views.{VIEW}", "c", N),
    (edited("views", 0, "dimensions", 1, "grain", to="hour"), "DIMENSION_CHANGED", f"views.{VIEW}.dimensions.day",
     "c", G),
    (edited("views", 0, "dimensions", to=PLAIN["views"][0]["dimensions"][:1]), "DIMENSION_REMOVED",
     f"views.{VIEW}.dimensions.day", "c", G),
    (edited("views", 0, "measures", 1, "kind", to="max"), "MEASURE_CHANGED", f"views.{VIEW}.measures.quantity", "c", G),
    (edited("views", 0, "measures", to=PLAIN["views"][0]["measures"][1:]), "MEASURE_REMOVED",
     f"views.{VIEW}.measures.revenue", "c", G),
    (edited("freshness", to="PT2M"), "PROMISE", "freshness", "", N),
    (edited("retention", to="P30D"), "RETENTION_SHORTER", "retention", "c", N),
    (edited("retention", to="P36500D"), "PROMISE", "retention", "", N),
    (edited("compatibility", to="none"), "PROMISE", "compatibility", "", N),
    (edited("owner", to="somebody-else"), "PROSE", "owner", "", N),
]  # fmt: skip


@pytest.mark.parametrize(("new", "code", "path", "breaks", "needs"), CASES, ids=[case[1] for case in CASES])
def test_an_edit_is_one_change_with_its_consequences(
    new: Contract, code: str, path: str, breaks: str, needs: Needs
) -> None:
    (change,) = compare(OLD, new)
    assert (change.code.name, ".".join(change.path)) == (code, path)
    assert "".join(word[0] for word in change.breaks) == breaks
    assert change.needs is needs and needs_rebuild((change,)) is (needs is S)
    assert change.text and "{" not in change.text


def test_a_removal_is_announced_or_it_breaks() -> None:
    """Deprecated, then retired: nobody is hit. Retired at once: consumers. Removed: also the earlier events."""
    spoken = edited("fields", FIELD["description"], "deprecated", to=True)
    kept = [field for field in PLAIN["fields"] if field["name"] != "description"]
    retired = edited("fields", to=kept).model_copy(update={"retired": ("description",)})
    assert [change.code for change in compare(spoken, retired)] == [Code.FIELD_RETIRED]
    assert not judge([spoken], retired).blocked
    assert [change.breaks for change in compare(OLD, retired)] == [("forward", "consumers")]
    assert [change.breaks for change in compare(OLD, edited("fields", to=kept))] == [("backward", "consumers")]


def test_a_rename_carries_rules_views_and_keys_along() -> None:
    """Only the field changes; what speaks of it under the new name means the same."""
    plain = json.loads(OLD.model_dump_json().replace('"event_id"', '"id"').replace("unit_price", "price"))
    for field in plain["fields"]:
        field["renamed_from"] = {"id": "event_id", "price": "unit_price"}.get(field["name"])
    plain["rules"][0]["name"] = OLD.rules[0].name
    for was, now in zip(OLD.views, plain["views"], strict=True):
        for before, after in zip(was.measures, now["measures"], strict=True):
            after["name"] = before.name
    new = Contract.model_validate(plain)
    meant = [change for change in compare(OLD, new) if change.code is not Code.PROSE]
    assert [(change.before, change.after, change.needs) for change in meant] == [
        ("event_id", "id", M), ("unit_price", "price", M),
    ]  # fmt: skip
    assert not judge([OLD], new).blocked


def test_the_views_that_are_built_again_are_those_that_read_the_field() -> None:
    """All of them when silver is judged again."""
    assert [reads(view, "country") for view in SALES.views] == [True, False]
    widened = compare(OLD, edited("fields", FIELD["unit_price"], "precision", to=14))
    assert widened[0].views == tuple(view.name for view in SALES.views)
    added = {"name": "units", "kind": "sum", "expression": "quantity", "description": "Units."}
    assert compare(OLD, edited("views", 1, "measures", "+", to=added))[0].views == ("sales_by_product_and_hour",)
    assert len(compare(OLD, edited("fields", FIELD["stock_code"], "max_length", to=20))[0].views) == 2


WHOLE = {"name": "inner", "type": "integer", "description": "Inside."}
TEXT = EXTRA | {"name": "inner"}
_SHAPES: dict[str, dict[str, Any]] = {
    "text": EXTRA,
    "whole": EXTRA | {"type": "integer"},
    "money": EXTRA | {"type": "decimal", "precision": 9},
    "moment": EXTRA | {"type": "timestamp"},
    "object": EXTRA | {"type": "object", "fields": [TEXT]},
    "array": EXTRA | {"type": "array", "items": TEXT},
    "map": EXTRA | {"type": "map", "values": TEXT},
}
# member -> (shape of the field that uses it, another value)
_OTHER_FIELD: dict[str, tuple[str, Any]] = {
    "type": ("text", "date"), "description": ("text", "Else."), "required": ("text", True), "precision": ("money", 10),
    "scale": ("money", 1), "bits": ("whole", 32), "minimum": ("whole", "1"), "maximum": ("money", "9"),
    "timezone": ("moment", "Europe/Paris"), "pii": ("text", True), "masking": ("text", "omit"),
    "classification": ("text", "public"), "min_length": ("text", 1), "max_length": ("text", 9),
    "pattern": ("text", "a+"), "enum": ("text", ["a"]), "fields": ("object", [WHOLE]), "items": ("array", WHOLE),
    "values": ("map", WHOLE), "max_items": ("array", 9), "renamed_from": ("text", "former"),
    "deprecated": ("text", True),
}  # fmt: skip
_OTHER_PART: dict[type[Any], dict[str, Any]] = {
    RowRule: {"expression": "quantity > 1", "description": "x", "severity": "info", "dimension": "x"},
    Gate: {
        "metric": "missingValues", "table": VIEW, "columns": ["country"], "expression": "quantity > 1",
        "query": "select 1", "valid_values": ["a"], "missing_values": ["-"], "pattern": "a+",
        "comparison": "mustBeLessOrEqualTo", "limits": ["1"], "unit": "rows", "run_only": True, "action": "warn",
        "severity": "info", "dimension": "x", "description": "x",
    },
    View: {"description": "x", "batch_only": True, "dimensions": [], "measures": []},
    Dimension: {"column": "country", "grain": "hour", "description": "x"},
    Measure: {"kind": "max", "expression": "quantity + 1", "description": "x"},
}  # fmt: skip
_WHERE: dict[type[Any], tuple[str | int, ...]] = {
    RowRule: ("rules", 0), Gate: ("gates", 0), View: ("views", 0), Dimension: ("views", 0, "dimensions", 1),
    Measure: ("views", 0, "measures", 1),
}  # fmt: skip


def test_no_member_of_the_language_is_forgotten_here() -> None:
    """A key that is added to the model needs another value below, and with it a comparison."""
    assert _OTHER_FIELD.keys() | {"name"} == EventField.model_fields.keys()
    for kind, others in _OTHER_PART.items():
        assert others.keys() | {"name"} == kind.model_fields.keys(), kind


@pytest.mark.parametrize("member", _OTHER_FIELD)
def test_every_member_of_a_field_is_compared(member: str) -> None:
    shape, value = _OTHER_FIELD[member]
    old, new = (
        SALES.model_copy(update={"fields": (*SALES.fields, EventField.model_validate(plain))})
        for plain in (_SHAPES[shape], _SHAPES[shape] | {member: value})
    )
    assert {change.path[:2] for change in compare(old, new)} == {("fields", "extra")}


@pytest.mark.parametrize(
    ("kind", "member"), [(kind, member) for kind, others in _OTHER_PART.items() for member in others]
)
def test_every_member_of_a_part_is_compared(kind: type[Any], member: str) -> None:
    plain: Any = copy.deepcopy(PLAIN) | {"gates": [copy.deepcopy(GATE)]}
    place = plain
    for step in _WHERE[kind]:
        place = place[step]
    place[member] = _OTHER_PART[kind][member]
    loose = {name: [model.model_validate(part) if part.get("dimensions") != [] and part.get("measures") != [] else
                    model.model_construct(**(SALES.views[0].__dict__ | {member: ()})) for part in plain[name]]
             for name, model in (("rules", RowRule), ("gates", Gate), ("views", View))}  # fmt: skip
    new = OLD.model_copy(update={name: tuple(parts) for name, parts in loose.items()})
    assert compare(OLD, new)


def test_every_part_of_a_contract_is_compared() -> None:
    """The same for the contract itself; what is no content is named here."""
    no_content = {"domain", "product", "version", "family", "source"}
    other: dict[str, Any] = {
        "owner": "x", "tier": "silver", "description": "x", "tags": ("x",), "schedule": "1 0 * * *",
        "freshness": SALES.retention, "retention": SALES.freshness, "deadline": SALES.freshness, "consumes": ("a.b",),
        "compatibility": Compatibility.FULL, "drift": OLD.drift.model_copy(update={"new_fields": DriftAction.FAIL}),
        "stream": SALES.stream.model_copy(update={"topic": "x"}), "fields": SALES.fields[1:], "derived": (),
        "rules": (), "gates": OLD.gates, "retired": ("x",), "event_time": "x", "views": (),
        "deduplication": SALES.deduplication.model_copy(update={"key": "x"}),
    }  # fmt: skip
    assert other.keys() | no_content == Contract.model_fields.keys()
    for name, value in other.items():
        assert compare(SALES, SALES.model_copy(update={name: value})), name
    for name in no_content:
        assert compare(SALES, SALES.model_copy(update={name: "9.9.9"})) == ()


@pytest.mark.parametrize(
    ("mode", "code", "stopped"),
    [
        ("backward", Code.LIMIT_TIGHTER, True), ("backward", Code.LIMIT_LOOSER, False),
        ("forward", Code.LIMIT_TIGHTER, False), ("forward_transitive", Code.LIMIT_LOOSER, True),
        ("full", Code.LIMIT_TIGHTER, True), ("full_transitive", Code.LIMIT_LOOSER, True),
        ("none", Code.LIMIT_TIGHTER, False),
    ],
)  # fmt: skip
def test_the_mode_says_which_direction_counts(mode: str, code: Code, stopped: bool) -> None:
    lengths = {Code.LIMIT_TIGHTER: 20, Code.LIMIT_LOOSER: 80}
    (change,) = compare(OLD, edited("fields", FIELD["stock_code"], "max_length", to=lengths[code]))
    assert blocks(change, Compatibility(mode)) is stopped
    numbered = stopped or (mode == "none" and code is Code.LIMIT_TIGHTER)  # without a promise as if it were backward
    assert level(change, Compatibility(mode)) is (Level.MAJOR if numbered else Level.MINOR)


def test_what_consumers_lose_counts_in_every_mode_but_none() -> None:
    (change,) = compare(OLD, edited("views", to=PLAIN["views"][1:]))
    assert [mode for mode in Compatibility if not blocks(change, mode)] == [Compatibility.NONE]
    assert blocks(removed(OLD), Compatibility.FORWARD)


def test_a_change_cannot_lower_its_own_bar() -> None:
    """The mode of the earlier version judges; the lower one counts from the next change on."""
    draft = edited("stream", "topic", to="retail.sales.v2").model_copy(update={"compatibility": Compatibility.NONE})
    assert judge([OLD], draft).blocked
    assert not judge([draft], OLD.model_copy(update={"compatibility": Compatibility.NONE})).blocked


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [("1.2.3", "1.2.3", Level.NONE), ("1.2.3", "1.2.4", Level.PATCH), ("1.2.3", "1.3.0", Level.MINOR),
     ("1.9.9", "2.0.0", Level.MAJOR), ("1.10.0", "1.9.0", None), ("1.2.3", "1.2.10", Level.PATCH)],
)  # fmt: skip
def test_the_part_of_a_version_that_was_raised(before: str, after: str, part: Level | None) -> None:
    assert raised(before, after) is part


@pytest.mark.parametrize(
    ("new", "version", "asked"),
    [
        (edited("owner", to="x"), "1.0.0", "1.0.1"), (edited("owner", to="x"), "1.0.1", None),
        (edited("fields", "+", to=EXTRA), "1.0.9", "1.1.0"), (edited("fields", "+", to=EXTRA), "2.0.0", None),
        (edited("stream", "topic", to="t"), "1.5.0", "2.0.0"), (edited("stream", "topic", to="t"), "0.9.0", "2.0.0"),
        (OLD, "1.0.0", None), (OLD, "7.0.0", None),
    ],
)  # fmt: skip
def test_the_version_has_to_fit_the_change(new: Contract, version: str, asked: str | None) -> None:
    """Breaking is major, compatible is minor, words are patch; a new number for the same content harms nobody."""
    assert judge([OLD], new.model_copy(update={"version": version})).version == asked


def test_older_versions_count_where_the_mode_is_transitive() -> None:
    """A pattern that was dropped and comes back fits the last version but one, and not the events in between."""
    first = edited("fields", FIELD["stock_code"], "max_length", to=100)
    with_pattern = first.model_copy(update={"fields": tuple(
        field.model_copy(update={"max_length": 10}) if field.name == "stock_code" else field for field in OLD.fields
    )})  # fmt: skip
    assert [version for version, _ in judge([with_pattern, first], with_pattern).older] == []
    tighter = edited("fields", FIELD["stock_code"], "max_length", to=5)
    assert judge([with_pattern, first], tighter).blocked


def test_a_name_that_was_removed_cannot_come_back_as_something_else() -> None:
    """Against the last version it is a new field; the version before it says what earlier events carry."""
    text, whole = EXTRA, EXTRA | {"type": "integer"}
    v1, v2 = edited("fields", "+", to=text).model_copy(update={"version": "1.0.0"}), OLD
    v3 = edited("fields", "+", to=whole)
    assert not judge([v2], v3).blocked
    assert [(version, change.code) for version, change in judge([v2, v1], v3).older] == [("1.0.0", Code.RETYPED)]
    last = v2.model_copy(update={"compatibility": Compatibility.BACKWARD})
    assert judge([last, v1], v3).older == ()


def test_every_code_is_explained_in_the_documentation() -> None:
    """docs/changing-contracts.md lists each code with what it breaks and needs, as the book of rules says."""
    rows = dict(re.findall(r"^\| (TL-CHG-\d{3}) \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE))
    for code, rule in BOOK.items():
        flags = [name for name in ("backward", "forward", "consumers") if getattr(rule, name)]
        cells = [cell.strip() for cell in rows[code.value].split("|")]
        assert cells[1:] == [", ".join(flags) or "nobody", rule.needs.name.lower()], code
