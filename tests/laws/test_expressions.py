"""Expressions: one meaning, whether evaluated on Decimals, compiled on scaled integers, or run as SQL."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tideline.model.compiled import Kind, ValueType, compile_expression
from tideline.model.expression import Call, Column, ExpressionError, Literal, Node, evaluate, parse, scale, to_sql

COLUMNS = ("a", "b", "s", "t", "flag")
SCALES = {"b": 2}
TYPES = {
    "a": ValueType(Kind.NUMBER, 9), "b": ValueType(Kind.NUMBER, 9, 2), "s": ValueType(Kind.TEXT),
    "t": ValueType(Kind.TEXT), "flag": ValueType(Kind.BOOLEAN),
}  # fmt: skip
INDEX = {name: (at,) for at, name in enumerate(COLUMNS)}

_rows = st.fixed_dictionaries(
    {
        "a": st.one_of(st.none(), st.integers(-9, 9)),
        "b": st.one_of(st.none(), st.integers(-999, 999)),
        "s": st.one_of(st.none(), st.text("ab'\\é", max_size=3)),
        "t": st.one_of(st.none(), st.text("ab", max_size=2)),
        "flag": st.one_of(st.none(), st.booleans()),
    }
)
_numbers: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.sampled_from([Column("a"), Column("b")]),
        st.integers(0, 99).map(lambda n: Literal(Decimal(n))),
        st.integers(0, 999).map(lambda n: Literal(Decimal(n).scaleb(-1))),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-"), inner, inner).map(lambda x: Call(x[0], (x[1], x[2]))),
        inner.map(lambda node: Call("negate", (node,))),
    ),
    max_leaves=4,
)
_products = st.one_of(_numbers, st.tuples(_numbers, _numbers).map(lambda pair: Call("*", pair)))
_texts: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from([Column("s"), Column("t")]), st.text("ab'\\", max_size=2).map(Literal)
)
_compare = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_atoms: st.SearchStrategy[Node] = st.one_of(
    st.tuples(_compare, _products, _products).map(lambda x: Call(x[0], (x[1], x[2]))),
    st.tuples(_compare, _texts, _texts).map(lambda x: Call(x[0], (x[1], x[2]))),
    st.tuples(st.sampled_from(["is null", "is not null"]), _products).map(lambda x: Call(x[0], (x[1],))),
    st.text("ab'", max_size=2).map(lambda text: Call("starts_with", (Column("s"), Literal(text)))),
    st.just(Column("flag")),
)
_conditions: st.SearchStrategy[Node] = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(lambda x: Call(x[0], (x[1], x[2]))),
        inner.map(lambda node: Call("not", (node,))),
    ),
    max_leaves=5,
)


def written(node: Node) -> str:
    """The node in the contract's own grammar."""
    if isinstance(node, Literal):
        return str(node.value) if isinstance(node.value, Decimal) else "'" + node.value.replace("'", "''") + "'"
    if isinstance(node, Column):
        return node.name
    args = [written(argument) for argument in node.args]
    if node.op == "starts_with":
        return f"starts_with({args[0]}, {args[1]})"
    if node.op in ("is null", "is not null"):
        return f"({args[0]} {node.op})"
    if node.op in ("not", "negate"):
        return f"({'not ' if node.op == 'not' else '-'}({args[0]}))"
    return f"(({args[0]}) {node.op} ({args[1]}))"


def exact(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "b": None if row["b"] is None else Decimal(row["b"]).scaleb(-2)}


@given(st.one_of(_conditions, _products))
def test_what_is_written_is_read_back(node: Node) -> None:
    assert parse(written(node)) == node


@given(_conditions, _rows)
def test_a_compiled_condition_is_the_evaluated_one(node: Node, row: dict[str, Any]) -> None:
    compiled = compile_expression(node, INDEX, TYPES)
    assert compiled.type.kind is Kind.BOOLEAN
    assert compiled.of([row[name] for name in COLUMNS]) is evaluate(node, exact(row))


@given(_products, _rows)
def test_a_compiled_number_is_the_evaluated_one_scaled(node: Node, row: dict[str, Any]) -> None:
    compiled = compile_expression(node, INDEX, TYPES)
    assert compiled.type.scale == scale(node, SCALES)
    value, expected = compiled.of([row[name] for name in COLUMNS]), evaluate(node, exact(row))
    assert value == (None if expected is None else Decimal(expected).scaleb(compiled.type.scale))
    assert value is None or isinstance(value, int)


def _without(node: Node, *characters: str) -> bool:
    if isinstance(node, Literal):
        return not (isinstance(node.value, str) and any(c in node.value for c in characters))
    return isinstance(node, Column) or all(_without(argument, *characters) for argument in node.args)


@given(_conditions.filter(lambda node: _without(node, "'", "\\")), _rows)
def test_a_condition_means_in_sql_what_it_means_here(node: Node, row: dict[str, Any]) -> None:
    """Three-valued logic, comparison and arithmetic against an SQL engine; a row is kept unless the rule is false."""
    engine = sqlite3.connect(":memory:")
    engine.create_function("startswith", 2, lambda text, prefix: None if text is None else text.startswith(prefix))
    engine.execute("create table row (a integer, b real, s text, t text, flag integer)")
    tenfold = {**row, "b": None if row["b"] is None else row["b"] // 25 * 25 / 100}  # quarters: exact also as a float
    engine.execute("insert into row values (:a, :b, :s, :t, :flag)", tenfold)
    (found,) = engine.execute(f"select {to_sql(_quarters(node))} from row").fetchone()
    here = evaluate(
        _quarters(node), {**row, "b": None if row["b"] is None else Decimal(row["b"] // 25 * 25).scaleb(-2)}
    )
    assert (None if found is None else bool(found)) is here


def _quarters(node: Node) -> Node:
    """The same expression with literals that a binary fraction holds."""
    if isinstance(node, Literal) and isinstance(node.value, Decimal):
        return Literal(node.value // Decimal(1) + Decimal("0.5"))
    return Call(node.op, tuple(_quarters(argument) for argument in node.args)) if isinstance(node, Call) else node


_WORDS = [
    *COLUMNS,
    "and",
    "or",
    "not",
    "is",
    "null",
    "starts_with",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "=",
    "<=",
    "1",
    "'x'",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)))
def test_any_text_is_an_expression_or_a_readable_error(text: str) -> None:
    """And whatever compiles runs on any row, nulls included."""
    try:
        compiled = compile_expression(parse(text), INDEX, TYPES)
    except ExpressionError as error:
        assert str(error)
        return
    compiled.of([None] * 5)
    compiled.of([1, 250, "ab", "b", True])


def test_nesting_without_end_is_refused() -> None:
    for text in ("(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "not " * 500 + "flag", "1" * 3_000):
        try:
            compile_expression(parse(text), INDEX, TYPES)
        except ExpressionError:
            continue
        raise AssertionError(text[:10])
