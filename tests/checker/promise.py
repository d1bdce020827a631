"""The contract as the ledger understands it: read from the YAML anew, event by event, by no code of the product."""

from __future__ import annotations

import ast
import json
import operator
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation, getcontext
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


getcontext().prec = 200  # so that no sum of money is ever rounded


class Bad(Exception):
    """A value that its field does not allow; the message is the reason's word."""


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

    def decimal_type(self, name: str) -> tuple[int, int]:
        found = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", self.fields[name].get("physicalType", ""))
        return (int(found[1]), int(found[2])) if found else (38, 0)

    def _digits(self, measure: dict[str, Any]) -> int:
        """Digits after the point of a measure's values: those of its expression over zeros of each column's scale."""
        blank: dict[str, Any] = dict.fromkeys(self.fields, 0)
        blank |= {n: Decimal(0).scaleb(-self.decimal_type(n)[1]) for n in blank if self.is_decimal(n)}
        zero = measure["of"](blank) if measure["kind"] not in ("count", "approx_distinct") else 0
        return -int(zero.as_tuple().exponent) if isinstance(zero, Decimal) else 0

    def is_decimal(self, name: str) -> bool:
        return bool(self.fields[name]["logicalType"] == "number")

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
            try:
                row[name] = self._typed(name, field, value)
            except Bad as bad:
                return f"{bad}:{name}"
        for name in event:
            return f"unknown_field:{name}"
        if key is None or row[self.key].encode() != key:
            return "key_is_not_id"
        broken = next((f"rule:{name}" for name, holds in self.rules if holds(row) is False), None)
        return broken or row | {name: of(row) for name, of in self.derived.items()}

    def _typed(self, name: str, field: dict[str, Any], value: Any) -> Any:
        """The exact value; raises Bad with the reason's word."""
        kind, options = field["logicalType"], field.get("logicalTypeOptions", {})
        if kind == "number":
            return self._number(name, value)
        if kind == "integer":
            _need(type(value) is int, "wrong_type")
            _need(-(2**63) <= value < 2**63, "out_of_range")
            return value
        if kind == "boolean":
            _need(type(value) is bool, "wrong_type")
            return value
        _need(isinstance(value, str), "wrong_type")
        if kind in ("timestamp", "date"):
            return _instant(value, options) if kind == "timestamp" else _day(value)
        _need(len(value) <= options.get("maxLength", 4_096), "out_of_range")
        return value

    def _number(self, name: str, value: Any) -> Decimal:
        text = value if isinstance(value, str) else str(value) if type(value) in (int, Decimal) else ""
        _need(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text, re.ASCII) is not None, "wrong_type")
        precision, scale = self.decimal_type(name)
        try:
            exact = Decimal(text)
            fitted = exact.quantize(Decimal(1).scaleb(-scale))
        except InvalidOperation:
            raise Bad("out_of_range") from None
        _need(fitted == exact and abs(fitted) < Decimal(10) ** (precision - scale), "out_of_range")
        return fitted + 0


def _refuse(text: str) -> None:
    raise ValueError(text)


def _need(holds: bool, reason: str) -> None:
    if not holds:
        raise Bad(reason)


def _milliseconds(text: str) -> int:
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", text)
    assert found is not None, f"{text} is no duration of days, hours, minutes and seconds"
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return 60_000 * (1440 * days + 60 * hours + minutes) + int(1000 * Decimal(found[4] or 0))


def _day(text: str) -> date:
    _need(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None, "wrong_type")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Bad("out_of_range") from None


def _instant(text: str, options: dict[str, Any]) -> datetime:
    """UTC; a local time that the zone's clock skipped is refused, of one that it showed twice the first is meant."""
    pattern = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?"
    parts, local = re.fullmatch(pattern, text, re.ASCII), options.get("timezone") is False
    _need(parts is not None and (parts[3] is None) == local, "wrong_type")
    assert parts is not None
    microseconds = Decimal(parts[2] or 0) * 10**6
    try:
        _need(microseconds == int(microseconds), "out_of_range")
        read = datetime.fromisoformat(parts[1] + (parts[3] or "")) + timedelta(microseconds=int(microseconds))
        if not local:
            return read.astimezone(UTC)
        zone = ZoneInfo(options.get("defaultTimezone", "UTC"))
        instant = read.replace(tzinfo=zone).astimezone(UTC)
        _need(instant.astimezone(zone).replace(tzinfo=None) == read, "nonexistent_local_time")
    except (ValueError, OverflowError):
        raise Bad("out_of_range") from None
    return instant
