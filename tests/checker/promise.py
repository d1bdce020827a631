"""The contract as the ledger understands it: read from the YAML anew, event by event, by no code of the product."""

from __future__ import annotations

import ast
import json
import operator
import re
from decimal import Decimal, getcontext
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.checker.values import Bad, Fields

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


MAX_DEPTH = 32
getcontext().prec = 200  # so that no sum of money is ever rounded


def expression(text: str) -> Any:
    """Evaluate the contract's little language by way of Python's own parser, with SQL's treatment of null."""
    text = re.sub(r"(?<![<>!=])=(?!=)", "==", re.sub(r"\bnull\b", "None", text))
    tree = ast.parse(text, mode="eval").body

    def value(node: ast.AST, row: dict[str, Any]) -> Any:
        match node:
            case ast.Constant():
                return Decimal(str(node.value)) if isinstance(node.value, float) else node.value
            case ast.Name():
                return row[node.id]
            case ast.Attribute():
                held = value(node.value, row)
                return None if held is None else held[node.attr]
            case ast.Subscript(slice=ast.Constant(value=key)):
                held = value(node.value, row)
                return None if held is None else held.get(key)
            case ast.UnaryOp(op=ast.Not()):
                inner = value(node.operand, row)
                return None if inner is None else not inner
            case ast.UnaryOp(op=ast.USub()):
                inner = value(node.operand, row)
                return None if inner is None else -inner
            case ast.BoolOp():
                parts = [value(part, row) for part in node.values]
                decisive = isinstance(node.op, ast.Or)
                if decisive in parts:
                    return decisive
                return None if None in parts else not decisive
            case ast.Compare(ops=[ast.Is()]):
                return value(node.left, row) is None
            case ast.Compare(ops=[ast.IsNot()]):
                return value(node.left, row) is not None
            case ast.Compare(ops=[ast.In()], comparators=[listed]):
                asked = value(node.left, row)
                choices = [value(part, row) for part in (listed.elts if isinstance(listed, ast.Tuple) else [listed])]
                return None if asked is None else asked in choices
            case ast.Compare() | ast.BinOp():
                left, right = (
                    (node.left, node.comparators[0]) if isinstance(node, ast.Compare) else (node.left, node.right)
                )
                a, b = value(left, row), value(right, row)
                op = node.ops[0] if isinstance(node, ast.Compare) else node.op
                return None if a is None or b is None else OPERATORS[type(op)](a, b)
            case ast.Call(func=ast.Name(id="starts_with")):
                a, b = (value(argument, row) for argument in node.args)
                return None if a is None else a.startswith(b)
            case ast.Call(func=ast.Name(id="size")):
                held = value(node.args[0], row)
                return None if held is None else len(held)
        raise ValueError(f"not in the contract's language: {text}")

    return lambda row: value(tree, row)


class Contract:
    """What the YAML promises, read anew."""

    def __init__(self, path: Path) -> None:
        document = YAML(typ="safe", pure=True).load(path.read_text())
        self.schema = document["schema"][0]
        own = properties(self.schema)
        self.fields = {field["name"]: field for field in self.schema["properties"]}
        self.event = Fields(self.schema["properties"], properties(document), own.get("retired", ()))
        self.time, self.key = own["eventTime"], own["deduplication"]["key"]
        self.horizon_ms = _milliseconds(own["deduplication"]["horizon"])
        self.max_bytes = own["stream"].get("maxEventBytes", 65_536)
        self.topic = self.schema["physicalName"]
        self.rules = [
            (rule["name"], expression(rule["implementation"]))
            for rule in self.schema.get("quality", ())
            if rule["type"] == "custom" and rule["engine"] == "tideline"
        ]
        self.derived = {column["name"]: expression(column["expression"]) for column in own.get("derived", ())}
        self.views = {view["name"]: view for view in own["views"]}
        for view in self.views.values():
            for measure in view["measures"]:
                measure["of"] = expression(measure["expression"]) if "expression" in measure else (lambda _row: 1)
                measure["digits"] = self._digits(measure)

    def _digits(self, measure: dict[str, Any]) -> int:
        """Digits after the point of a measure's values: those of its expression over zeros of each column's scale."""
        zero = measure["of"](self.event.blank()) if measure["kind"] not in ("count", "approx_distinct") else 0
        return -int(zero.as_tuple().exponent) if isinstance(zero, Decimal) else 0

    def read(self, key: bytes | None, raw: bytes | None) -> dict[str, Any] | str:
        """The typed event, or the reason why there is none."""
        if raw is None:
            return "no_value"
        if len(raw) > self.max_bytes:
            return "oversize"
        try:
            event = json.loads(raw.decode(), parse_int=_whole, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "malformed_json"
        if not _sound(event):
            return "malformed_json"
        if not isinstance(event, dict):
            return "not_an_object"
        try:
            row = self.event.read(event)
        except Bad as bad:
            return str(bad)
        if key is None or row[self.key].encode() != key:
            return "key_is_not_id"
        broken = next((f"rule:{name}" for name, holds in self.rules if holds(row) is False), None)
        return broken or row | {name: of(row) for name, of in self.derived.items()}


def properties(part: dict[str, Any]) -> dict[str, Any]:
    """Tideline's own properties of a part of the contract."""
    return {entry["property"]: entry["value"] for entry in part.get("customProperties", ())}


def inside(row: dict[str, Any], path: str) -> Any:
    """The value of a column, or of a member of an object by its dotted path."""
    value: Any = row
    for name in path.split("."):
        value = None if value is None else value[name]
    return value


def _refuse(text: str) -> None:
    raise ValueError(text)


def _whole(text: str) -> int:
    """Python reads no number of thousands of digits; cut to a hundred it is out of any field's range just the same."""
    return int(text[:100])


def _sound(value: Any) -> bool:
    """Whether containers are not nested too deep, and no text holds half a character, written as an escape."""
    waiting = [(value, 0)]
    while waiting:
        inner, around = waiting.pop()
        if isinstance(inner, str) and re.search("[\ud800-\udfff]", inner):
            return False
        if isinstance(inner, dict | list):
            if around == MAX_DEPTH:
                return False
            parts = [*inner, *inner.values()] if isinstance(inner, dict) else inner
            waiting += [(part, around + 1) for part in parts]
    return True


def _milliseconds(text: str) -> int:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", text)
    assert found is not None, f"{text} is no duration of days, hours, minutes and seconds"
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return 60_000 * (1440 * days + 60 * hours + minutes) + int(1000 * Decimal(found[4] or 0))
