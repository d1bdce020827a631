"""Expressions made fast and type-checked: closures over rows whose decimals are integers scaled by a power of ten.

Compiling is also the type check of the contract: whatever compiles runs on every row without an error, with the result
that `expression.evaluate` gives on Decimals. Rows are sequences (a tuple of the decoder's columns); null is None.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tideline.model.expression import Call, Column, Element, ExpressionError, Literal, Node, written

Row = Sequence[Any]
Place = tuple[int, ...]  # the cell of a row, then the cell of the object in it, and so on
Closure = Callable[[Row], Any]
MAX_DIGITS = 38
SIZE_DIGITS = 7  # of the number of items of an array or entries of a map
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


class Kind(StrEnum):
    """What a value is for an expression: integers and decimals are both numbers."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"
    OBJECT = "object"
    ARRAY = "array"
    MAP = "map"

    @property
    def said(self) -> str:
        """With its article, for messages."""
        return f"{'an' if self.value[0] in 'ao' else 'a'} {self.value}"


NESTED = frozenset({Kind.OBJECT, Kind.ARRAY, Kind.MAP})


@dataclass(frozen=True, slots=True)
class ValueType:
    """Kind and, for numbers, digits: `digits` in all, `scale` of them after the point; `element`: what a map holds."""

    kind: Kind
    digits: int = 0
    scale: int = 0
    element: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A typed expression; `of(row)` is its value, a number as the integer scaled by `type.scale`."""

    type: ValueType
    of: Closure


def compile_expression(node: Node, index: Mapping[str, Place], types: Mapping[str, ValueType]) -> Compiled:
    """Bind an expression to places in rows; raises ExpressionError when the kinds do not fit each other."""
    if isinstance(node, Literal):
        return _literal(node.value)
    if isinstance(node, Column | Element):
        if node.name not in types:
            raise ExpressionError(f"no column {node.name!r}; columns are {', '.join(types)}")
        cell = Compiled(types[node.name], _cell(index[node.name]))
        return cell if isinstance(node, Column) else _element(node, cell)
    args = [compile_expression(argument, index, types) for argument in node.args]
    if node.op in ("and", "or"):
        return _logic(node.op, args)
    if node.op in ("is null", "is not null"):
        of, wanted = args[0].of, node.op == "is null"
        return Compiled(ValueType(Kind.BOOLEAN), lambda row: (of(row) is None) is wanted)
    if node.op in ("not", "negate", "starts_with"):
        return _unary(node, args)
    if node.op == "size":
        return _size(args[0])
    if node.op == "in":
        return _membership(args)
    return _comparison(node.op, *args) if node.op in _COMPARE else _arithmetic(node.op, *args)


def _cell(place: Place) -> Closure:
    """The value at a place; of a null object every member is null."""
    if len(place) == 1:
        return operator.itemgetter(place[0])
    first, members = place[0], place[1:]

    def of(row: Row) -> Any:
        value = row[first]
        for member in members:
            if value is None:
                return None
            value = value[member]
        return value

    return of


def _element(node: Element, cell: Compiled) -> Compiled:
    if cell.type.element is None:
        raise ExpressionError(f"{written(node)}: {node.name!r} is {cell.type.kind.said}, only maps have keys")
    of, key = cell.of, node.key
    return Compiled(cell.type.element, lambda row: None if (held := of(row)) is None else held.get(key))


def _size(cell: Compiled) -> Compiled:
    if cell.type.kind not in (Kind.ARRAY, Kind.MAP):
        raise ExpressionError(f"'size' works on an array or a map, not on {cell.type.kind.said}")
    of = cell.of
    return Compiled(ValueType(Kind.NUMBER, SIZE_DIGITS), lambda row: None if (held := of(row)) is None else len(held))


def _membership(args: list[Compiled]) -> Compiled:
    first, *listed = args
    if first.type.kind not in (Kind.NUMBER, Kind.TEXT):
        raise ExpressionError(f"'in' works on a number or a text, not on {first.type.kind.said}")
    for argument in listed:
        if argument.type.kind is not first.type.kind:
            raise ExpressionError(f"'in' compares {first.type.kind.said} with {argument.type.kind.said}")
    scale = max(argument.type.scale for argument in args)
    of = _aligned(first, scale)
    allowed = frozenset(_aligned(argument, scale)(()) for argument in listed)
    return Compiled(ValueType(Kind.BOOLEAN), lambda row: None if (value := of(row)) is None else value in allowed)


def _literal(value: Decimal | str) -> Compiled:
    if isinstance(value, str):
        return Compiled(ValueType(Kind.TEXT), lambda _row: value)
    scale = max(0, -int(value.as_tuple().exponent))
    digits = len(value.as_tuple().digits)
    if max(digits, scale) > MAX_DIGITS:
        raise ExpressionError(f"a number has at most {MAX_DIGITS} digits")
    scaled = int("".join(map(str, value.as_tuple().digits)))
    return Compiled(ValueType(Kind.NUMBER, max(digits, scale), scale), lambda _row: scaled)


def _need(op: str, kind: Kind, *args: Compiled) -> None:
    for argument in args:
        if argument.type.kind is not kind:
            raise ExpressionError(f"{op!r} works on {kind.said}, not on {argument.type.kind.said}")


def _logic(op: str, args: list[Compiled]) -> Compiled:
    _need(op, Kind.BOOLEAN, *args)
    closures, decisive = tuple(argument.of for argument in args), op == "or"

    def of(row: Row) -> bool | None:
        outcome: bool | None = not decisive
        for closure in closures:
            value = closure(row)
            if value is decisive:
                return decisive
            if value is None:
                outcome = None
        return outcome

    return Compiled(ValueType(Kind.BOOLEAN), of)


def _unary(node: Call, args: list[Compiled]) -> Compiled:
    inner = args[0].of
    if node.op == "starts_with":
        _need(node.op, Kind.TEXT, *args)
        prefix = args[1].of(())
        return Compiled(
            ValueType(Kind.BOOLEAN), lambda row: None if (text := inner(row)) is None else text.startswith(prefix)
        )
    if node.op == "not":
        _need(node.op, Kind.BOOLEAN, *args)
        return Compiled(args[0].type, lambda row: None if (value := inner(row)) is None else not value)
    _need("-", Kind.NUMBER, *args)
    return Compiled(args[0].type, lambda row: None if (value := inner(row)) is None else -value)


def _comparison(op: str, left: Compiled, right: Compiled) -> Compiled:
    if left.type.kind is not right.type.kind:
        raise ExpressionError(f"{op!r} compares {left.type.kind.said} with {right.type.kind.said}")
    if left.type.kind is Kind.BOOLEAN and op not in ("=", "!="):
        raise ExpressionError(f"{op!r} does not order booleans; use = or !=")
    if left.type.kind in NESTED:
        raise ExpressionError(f"{op!r} does not compare a whole {left.type.kind.value}; name what is in it")
    scale = max(left.type.scale, right.type.scale)
    return Compiled(ValueType(Kind.BOOLEAN), _strict(_COMPARE[op], _aligned(left, scale), _aligned(right, scale)))


def _arithmetic(op: str, left: Compiled, right: Compiled) -> Compiled:
    _need(op, Kind.NUMBER, left, right)
    if op == "*":
        scale, digits = left.type.scale + right.type.scale, left.type.digits + right.type.digits + 1
    else:
        scale = max(left.type.scale, right.type.scale)
        digits = max(left.type.digits - left.type.scale, right.type.digits - right.type.scale) + scale + 1
        left, right = Compiled(left.type, _aligned(left, scale)), Compiled(right.type, _aligned(right, scale))
    if digits > MAX_DIGITS:
        raise ExpressionError(f"{op!r} can need {digits} digits and at most {MAX_DIGITS} are exact: narrow its columns")
    return Compiled(ValueType(Kind.NUMBER, digits, scale), _strict(_ARITHMETIC[op], left.of, right.of))


def _aligned(argument: Compiled, scale: int) -> Closure:
    """The same number with `scale` digits after the point."""
    inner = argument.of
    factor = 10 ** max(0, scale - argument.type.scale)
    if factor == 1:
        return inner
    return lambda row: None if (value := inner(row)) is None else value * factor


def _strict(apply: Callable[[Any, Any], Any], left: Closure, right: Closure) -> Closure:
    """Null in, null out."""

    def of(row: Row) -> Any:
        a, b = left(row), right(row)
        return None if a is None or b is None else apply(a, b)

    return of
