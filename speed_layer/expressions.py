"""Measures' expressions as polars: exact arithmetic on scaled 128-bit integers, column by column.

The contract's compiler has already bounded every arithmetic expression to 38 digits, which fit 128 bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from tideline.model.expression import Call, Column, Literal, Node, scale

_ARITHMETIC = ("+", "-", "*", "negate")


def is_arithmetic(node: Node) -> bool:
    """Whether an expression is numbers and + - * only; others are evaluated row by row by the contract's closures."""
    if isinstance(node, Call):
        return node.op in _ARITHMETIC and all(is_arithmetic(argument) for argument in node.args)
    return isinstance(node, Column) or isinstance(node.value, Decimal)


def to_polars(node: Node, scales: Mapping[str, int]) -> pl.Expr:
    """The expression as Int128 scaled by `scale(node, scales)`; null in, null out."""
    if isinstance(node, Column):
        return pl.col(node.name).cast(pl.Int128)
    if isinstance(node, Literal):
        assert isinstance(node.value, Decimal)
        return pl.lit(int("".join(map(str, node.value.as_tuple().digits))), dtype=pl.Int128)
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
