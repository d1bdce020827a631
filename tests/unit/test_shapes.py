"""What the fields of a contract may not say: contradictions and clashes inside them, each told at its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden.cases import contract
from tideline.model.contract import Contract


def problems(**changes: Any) -> list[str]:
    """What is told about the orders contract when the field `changes["of"]`, or the contract, is changed."""
    document, of = contract("shop_orders").model_dump(), changes.pop("of", None)
    target: Any = document
    for step in of.split("/") if of else ():
        target = target[int(step) if isinstance(target, list | tuple) else step]
    target.update(changes)
    context: dict[str, Any] = {"problems": []}
    Contract.model_validate(document, context=context)
    return [f"{'/'.join(map(str, problem.path))}: {problem.text}" for problem in context["problems"]]


SCALAR = {"name": "x", "type": "string", "description": "d"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"of": "fields/4", "minimum": 9, "maximum": 8}, "fields/4/minimum: 'priority': minimum 9 is above maximum 8"),
        ({"of": "fields/6", "min_length": 13}, "fields/6/min_length: 'coupon': minLength 13 is above maxLength 12"),
        ({"of": "fields/6", "max_length": 300}, "fields/6/pattern: 'coupon': a field with a pattern has a maxLength"),
        ({"of": "fields/6", "pattern": "(a+)+"}, "fields/6/pattern: 'coupon': the pattern is not one of those allowed"),
        ({"of": "fields/2", "max_length": 3}, "fields/2/enum: 'channel': 'phone' has 5 characters, allowed are 0 to 3"),
        ({"of": "fields/2", "pattern": "[a-z]{3,4}", "max_length": 9}, "'phone' does not match the pattern"),
        ({"of": "fields/7/fields/1", "name": "country"}, "'shipping' has two members 'country'"),
        ({"of": "fields/7/fields/1", "renamed_from": "cost"}, "'city' was renamed from 'cost', which another field"),
        (
            {"of": "fields/6", "renamed_from": "remark"},
            "'coupon' was renamed from 'remark', which another field or a re",
        ),
        ({"of": "fields/8/items/fields/0", "minimum": 1}, "fields/8/items/fields/0/minimum: 'items[].sku': minimum is"),
        ({"of": "fields/9/values", "pattern": "["}, "fields/9/values/pattern: 'attributes{}': the pattern is not"),
        ({"retired": ["coupon"]}, "retired/0: 'coupon' is a field, or retired twice"),
        ({"of": "views/1/dimensions/0", "column": "shipping.cost"}, "decimal values are no dimension"),
        ({"of": "views/1/dimensions/0", "column": "shipping"}, "object values are no dimension"),
        ({"of": "views/1/dimensions/0", "column": "shipping.zip"}, "no column 'shipping.zip'; columns are order_id, "),
        ({"of": "views/1/dimensions/0", "column": "shipping.recipient"}, "'shipping.recipient' is PII and cannot be"),
        ({"of": "views/1/measures/5", "expression": "shipping.recipient"}, "'shipping.recipient' is PII and cannot be"),
        ({"of": "views/1/measures/1", "expression": "items"}, "max takes a number or text, this is an array"),
        ({"of": "fields/4", "name": "value"}, "'value' is a column of decoded rows; take another name"),
        ({"of": "rules/0", "expression": "items = items"}, "'=' does not compare a whole array"),
        ({"of": "rules/0", "expression": "size(total) > 0"}, "'size' works on an array or a map, not on a number"),
        ({"of": "rules/0", "expression": "shipping['x'] = 'y'"}, "'shipping' is an object, only maps have keys"),
        ({"of": "rules/0", "expression": "channel in (1, 2)"}, "'in' compares a text with a number"),
    ],
)
def test_a_contradiction_is_told_at_its_place(changes: dict[str, Any], told: str) -> None:
    found = problems(**changes)
    assert any(told in problem for problem in found), found


def test_the_orders_contract_has_none_and_nesting_ends() -> None:
    assert problems() == []
    deep: dict[str, Any] = SCALAR
    for _ in range(8):
        deep = {"name": "x", "type": "object", "description": "d", "fields": [deep]}
    document = contract("shop_orders").model_dump()
    document["fields"] = [*document["fields"], deep]
    context: dict[str, Any] = {"problems": []}
    Contract.model_validate(document, context=context)
    assert ["nested deeper than 8 levels" in problem.text for problem in context["problems"]] == [True]
