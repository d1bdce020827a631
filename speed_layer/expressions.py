"""Measures' expressions as polars: exact arithmetic on scaled 128-bit integers, column by column.

The contract's compiler has already bounded every arithmetic expression to 38 digits, which fit 128 bits. What stands
inside nested values is a column of the frame under the text of its place, such as `shipping.cost` or `size(items)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from tideline.model.expression import Call, Column, Element, Literal, Node, scale, written

_ARITHMETIC = ("+", "-", "*", "negate")


def place(node: Node) -> str | None:
    """The frame's column for a leaf of an expression; None for anything that is computed."""
    if isinstance(node, Column | Element):
        return written(node)
    if isinstance(node, Call) and node.op == "size":
        return f"size({place(node.args[0])})"
    return None


def places(node: Node) -> frozenset[str]:
    """All columns of the frame that an arithmetic expression needs."""
    own = place(node)
    if own is not None:
        return frozenset({own})
    return frozenset().union(*(places(inner) for inner in node.args)) if isinstance(node, Call) else frozenset()


def is_arithmetic(node: Node) -> bool:
    """Whether an expression is numbers and + - * only; others are evaluated row by row by the contract's closures."""
    if place(node) is not None:
        return True
    if isinstance(node, Call):
        return node.op in _ARITHMETIC and all(is_arithmetic(argument) for argument in node.args)
    return isinstance(node, Literal) and isinstance(node.value, Decimal)


def to_polars(node: Node, scales: Mapping[str, int]) -> pl.Expr:
    """The expression as Int128 scaled by `scale(node, scales)`; null in, null out."""
    column = place(node)
    if column is not None:
        return pl.col(column).cast(pl.Int128)
    if isinstance(node, Literal):
        assert isinstance(node.value, Decimal)
        return pl.lit(int("".join(map(str, node.value.as_tuple().digits))), dtype=pl.Int128)
    assert isinstance(node, Call)
    if node.op == "negate":
        return pl.lit(0, dtype=pl.Int128) - to_polars(node.args[0], scales)  # polars cannot negate Int128
    left, right = node.args
    if node.op == "*":
        return to_polars(left, scales) * to_polars(right, scales)
    digits = scale(node, scales)
    one, two = _aligned(left, digits, scales), _aligned(right, digits, scales)
    return one + two if node.op == "+" else one - two


def _aligned(node: Node, digits: int, scales: Mapping[str, int]) -> pl.Expr:
    factor = 10 ** (digits - scale(node, scales))
    inner = to_polars(node, scales)
    return inner if factor == 1 else inner * pl.lit(factor, dtype=pl.Int128)
