"""The contract as the ledger understands it: read from the YAML anew, event by event, by no code of the product."""

from __future__ import annotations

import ast
import json
import operator
import re
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


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
        raise ValueError(f"not in the contract's language: {text}")

    return lambda row: value(tree, row)


class Contract:
    """What the YAML promises, read anew."""

    def __init__(self, path: Path) -> None:
        document = YAML(typ="safe", pure=True).load(path.read_text())
        self.schema = document["schema"][0]
        own = {entry["property"]: entry["value"] for entry in self.schema["customProperties"]}
        self.fields = {field["name"]: field for field in self.schema["properties"]}
        self.time, self.key = own["eventTime"], own["deduplication"]["key"]
        days = re.fullmatch(r"P(\d+)D", own["deduplication"]["horizon"])
        self.horizon_ms = int(days[1]) * 86_400_000 if days else 0
        self.max_bytes = own["stream"].get("maxEventBytes", 65_536)
        self.topic = self.schema["physicalName"]
        self.rules = [
            (rule["name"], expression(rule["implementation"]))
            for rule in self.schema["quality"]
            if rule["type"] == "custom" and rule["engine"] == "tideline"
        ]
        self.views = {view["name"]: view for view in own["views"]}
        for view in self.views.values():
            for measure in view["measures"]:
                measure["of"] = expression(measure["expression"]) if "expression" in measure else (lambda _row: 1)

    def decimal_type(self, name: str) -> tuple[int, int]:
        found = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", self.fields[name].get("physicalType", ""))
        return (int(found[1]), int(found[2])) if found else (38, 0)

    def read(self, key: bytes | None, raw: bytes | None) -> dict[str, Any] | str:
        """The typed event, or the reason why there is none."""
        if raw is None:
            return "no_value"
        if len(raw) > self.max_bytes:
            return "oversize"
        try:
            event = json.loads(raw.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return "malformed_json"
        if not isinstance(event, dict):
            return "not_an_object"
        row: dict[str, Any] = {}
        for name, field in self.fields.items():
            value = event.pop(name, None)
            if value is None:
                if field.get("required"):
                    return f"missing_field:{name}"
                row[name] = None
                continue
            row[name] = self._typed(name, field, value)
            if row[name] is None:
                return f"bad_value:{name}"
        if event:
            return "unknown_field"
        if key is None or row[self.key].encode() != key:
            return "key_is_not_id"
        return next((f"rule:{name}" for name, holds in self.rules if holds(row) is False), row)

    def _typed(self, name: str, field: dict[str, Any], value: Any) -> Any:
        kind, options = field["logicalType"], field.get("logicalTypeOptions", {})
        if kind == "string":
            if not isinstance(value, str) or len(value) > options.get("maxLength", 4_096) or _has_surrogate(value):
                return None
            return value
        if kind == "integer":
            return value if type(value) is int and -(2**63) <= value < 2**63 else None
        if kind == "number":
            precision, scale = self.decimal_type(name)
            if isinstance(value, str) and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value):
                return None
            if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
                return None
            exact = Fraction(value) * 10**scale if abs(Decimal(value).adjusted()) < 400 else Fraction(1, 3)
            return Decimal(value) if exact.denominator == 1 and abs(exact) < 10**precision else None
        if kind == "timestamp":
            return _instant(value, options)
        return value if type(value) is bool else None


def _refuse(text: str) -> None:
    raise ValueError(text)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _instant(value: Any, options: dict[str, Any]) -> datetime | None:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?"
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    if read.tzinfo is not None:
        return None if options.get("timezone") is False else read.astimezone(UTC)
    zone = ZoneInfo(options.get("defaultTimezone", "UTC"))
    instant = read.replace(tzinfo=zone).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == read else None
