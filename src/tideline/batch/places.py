"""Places inside nested columns of silver as polars columns, so that expressions are evaluated over flat rows."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tideline.model.compiled import NESTED, Kind, ValueType
from tideline.model.expression import Call, Column, Element, Node

Taken = dict[str, pl.Expr]


def flattened(node: Node, types: Mapping[str, ValueType]) -> tuple[Node, Taken]:
    """The expression over columns without structure, and how each of them is taken from silver's columns."""
    taken: Taken = {}
    return _flat(node, types, taken), taken


def member(path: str) -> pl.Expr:
    """A column, or a member of an object by its dotted path; null when the object is."""
    first, *members = path.split(".")
    found = pl.col(first)
    for name in members:
        found = pl.when(found.is_not_null()).then(found.struct.field(name))
    return found


def _flat(node: Node, types: Mapping[str, ValueType], taken: Taken) -> Node:
    if isinstance(node, Column | Element) or (isinstance(node, Call) and node.op == "size"):
        name = f"place {len(taken)}"
        taken[name] = _taken(node, types)
        return Column(name)
    if isinstance(node, Call):
        return Call(node.op, tuple(_flat(argument, types, taken) for argument in node.args))
    return node


def _taken(node: Column | Element | Call, types: Mapping[str, ValueType]) -> pl.Expr:
    if isinstance(node, Call):
        (inner,) = node.args
        assert isinstance(inner, Column)
        return _size(member(inner.name), types[inner.name].kind)
    if isinstance(node, Element):
        return member(node.name).map.get(node.key)
    whole = node.name in types and types[node.name].kind in NESTED
    there = pl.when(member(node.name).is_not_null()).then(pl.lit(True))  # only whether it is there can be asked
    return there if whole else member(node.name)


def _size(container: pl.Expr, kind: Kind) -> pl.Expr:
    return container.map.len() if kind is Kind.MAP else container.list.len()
