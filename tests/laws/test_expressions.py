"""Expressions: one meaning, whether evaluated on Decimals, compiled on scaled integers, or run as SQL."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from speed_layer.expressions import is_arithmetic, places, to_polars
from tideline.model.compiled import Kind, ValueType, compile_expression
from tideline.model.expression import (
    Call,
    Column,
    Element,
    ExpressionError,
    Literal,
    Node,
    evaluate,
    parse,
    scale,
    to_sql,
)  # fmt: skip
from tideline.model.expression import written as leaf_written

COLUMNS = ("a", "b", "s", "t", "flag", "o", "items", "m", "fees")
SCALES = {"b": 2, "o.cost": 1, "fees{}": 2}
NUMBER, TEXT = ValueType(Kind.NUMBER, 9), ValueType(Kind.TEXT)
TYPES = {
    "a": NUMBER, "b": ValueType(Kind.NUMBER, 9, 2), "s": TEXT, "t": TEXT, "flag": ValueType(Kind.BOOLEAN),
    "o": ValueType(Kind.OBJECT), "o.city": TEXT, "o.cost": ValueType(Kind.NUMBER, 6, 1),
    "o.deep": ValueType(Kind.OBJECT), "o.deep.n": NUMBER, "items": ValueType(Kind.ARRAY),
    "m": ValueType(Kind.MAP, element=TEXT),
    "fees": ValueType(Kind.MAP, element=ValueType(Kind.NUMBER, 6, 2)),
}  # fmt: skip
INDEX = {name: (at,) for at, name in enumerate(COLUMNS)} | {
    "o.city": (5, 0), "o.cost": (5, 1), "o.deep": (5, 2), "o.deep.n": (5, 2, 0),
}  # fmt: skip


def _nullable(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


_small = _nullable(st.integers(-9, 9))
_texts_of_rows = _nullable(st.text("ab'\\é", max_size=3))
_deep = _nullable(st.tuples(_small))
_rows = st.fixed_dictionaries(
    {
        "a": _small,
        "b": _nullable(st.integers(-999, 999)),
        "s": _texts_of_rows,
        "t": _nullable(st.text("ab", max_size=2)),
        "flag": _nullable(st.booleans()),
        "o": _nullable(st.tuples(_texts_of_rows, _nullable(st.integers(-99, 99)), _deep)),
        "items": _nullable(st.lists(_small, max_size=3)),
        "m": _nullable(st.dictionaries(st.sampled_from("kx'"), _texts_of_rows, max_size=3)),
        "fees": _nullable(st.dictionaries(st.sampled_from("kx"), _nullable(st.integers(-999, 999)), max_size=2)),
    }
)
_numbers: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.sampled_from([Column("a"), Column("b"), Column("o.cost"), Column("o.deep.n"), Element("fees", "k")]),
        st.sampled_from(["items", "m", "fees"]).map(lambda name: Call("size", (Column(name),))),
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
    st.sampled_from([Column("s"), Column("t"), Column("o.city"), Element("m", "k"), Element("m", "'")]),
    st.text("ab'\\", max_size=2).map(Literal),
)
_listed: st.SearchStrategy[Node] = st.tuples(st.integers(0, 99), st.integers(0, 2), st.booleans()).map(
    lambda x: (lambda literal: Call("negate", (literal,)) if x[2] else literal)(Literal(Decimal(x[0]).scaleb(-x[1])))
)
_compare = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_atoms: st.SearchStrategy[Node] = st.one_of(
    st.tuples(_compare, _products, _products).map(lambda x: Call(x[0], (x[1], x[2]))),
    st.tuples(_compare, _texts, _texts).map(lambda x: Call(x[0], (x[1], x[2]))),
    st.tuples(st.sampled_from(["is null", "is not null"]), _products).map(lambda x: Call(x[0], (x[1],))),
    st.text("ab'", max_size=2).map(lambda text: Call("starts_with", (Column("s"), Literal(text)))),
    st.sampled_from(["o", "o.deep", "items", "m"]).map(lambda name: Call("is null", (Column(name),))),
    st.tuples(_texts, st.lists(st.text("ab'\\", max_size=2).map(Literal), min_size=1, max_size=3)).map(
        lambda x: Call("in", (x[0], *x[1]))
    ),
    st.tuples(_products, st.lists(_listed, min_size=1, max_size=3)).map(lambda x: Call("in", (x[0], *x[1]))),
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
    if isinstance(node, Column | Element):
        return leaf_written(node)
    args = [written(argument) for argument in node.args]
    if node.op == "size":
        return f"size({args[0]})"
    if node.op == "in":
        listed = [f"-{written(n.args[0])}" if isinstance(n, Call) else written(n) for n in node.args[1:]]
        return f"(({args[0]}) in ({', '.join(listed)}))"
    if node.op == "starts_with":
        return f"starts_with({args[0]}, {args[1]})"
    if node.op in ("is null", "is not null"):
        return f"({args[0]} {node.op})"
    if node.op in ("not", "negate"):
        return f"({'not ' if node.op == 'not' else '-'}({args[0]}))"
    return f"(({args[0]}) {node.op} ({args[1]}))"


def exact(row: dict[str, Any]) -> dict[str, Any]:
    """The row as expressions are evaluated: Decimals, and objects as mappings."""
    o = None if row["o"] is None else dict(zip(("city", "cost", "deep"), row["o"], strict=True))
    if o is not None:
        o |= {"cost": _decimal(o["cost"], 1), "deep": None if o["deep"] is None else {"n": o["deep"][0]}}
    fees = None if row["fees"] is None else {key: _decimal(value, 2) for key, value in row["fees"].items()}
    return {**row, "b": _decimal(row["b"], 2), "o": o, "fees": fees}


def _decimal(value: int | None, scale: int) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-scale)


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


@given(_products, _rows)
def test_an_exact_number_is_the_same_in_the_speed_layers_columns(node: Node, row: dict[str, Any]) -> None:
    """Places inside nested values are columns of their own, filled by the contract's closures."""
    cells = [row[name] for name in COLUMNS]
    columns = {text: compile_expression(parse(text), INDEX, TYPES).of(cells) for text in places(node)}
    frame = pl.DataFrame([pl.Series("at", [0])] + [pl.Series(n, [v], dtype=pl.Int128) for n, v in columns.items()])
    assert is_arithmetic(node)
    assert frame.select(to_polars(node, SCALES)).item() == compile_expression(node, INDEX, TYPES).of(cells)


def _without(node: Node, *characters: str) -> bool:
    if isinstance(node, Literal):
        return not (isinstance(node.value, str) and any(c in node.value for c in characters))
    if isinstance(node, Element):
        return not any(c in node.key for c in characters)
    return isinstance(node, Column) or all(_without(argument, *characters) for argument in node.args)


@given(_conditions.filter(lambda node: _without(node, "'", "\\")), _rows)
def test_a_condition_means_in_sql_what_it_means_here(node: Node, row: dict[str, Any]) -> None:
    """Three-valued logic, comparison, membership and arithmetic against an SQL engine, which has objects as tables."""
    engine = sqlite3.connect(":memory:")
    engine.create_function("startswith", 2, lambda text, prefix: None if text is None else text.startswith(prefix))
    engine.create_function("element_at", 2, lambda text, key: None if text is None else json.loads(text).get(key))
    engine.create_function("size", 1, lambda text: len(json.loads(text)))
    engine.execute("create table row (a integer, b real, s text, t text, flag integer, o, items, m, fees)")
    engine.execute("create table o (city text, cost real, deep integer)")
    row = {**row, "b": None if row["b"] is None else row["b"] // 25 * 25}  # quarters: exact also as a float
    row["fees"] = None if row["fees"] is None else {k: v and v // 25 * 25 for k, v in row["fees"].items()}
    city, cost, deep = row["o"] or (None, None, None)
    row["o"] = None if row["o"] is None else (city, cost and cost // 5 * 5, deep)
    read = exact(row)
    fees = None if read["fees"] is None else {k: None if v is None else float(v) for k, v in read["fees"].items()}
    shown = {**row, "b": None if read["b"] is None else float(read["b"]), "o": row["o"] and 1, "fees": _json(fees)}
    shown |= {"items": _json(row["items"]), "m": _json(row["m"])}
    engine.execute("insert into row values (:a, :b, :s, :t, :flag, :o, :items, :m, :fees)", shown)
    inside = read["o"] or {"city": None, "cost": None, "deep": None}
    engine.execute(
        "insert into o values (?, ?, ?)",
        (inside["city"], None if inside["cost"] is None else float(inside["cost"]), inside["deep"] and 1),
    )
    three = None if inside["deep"] is None else inside["deep"]["n"]  # no engine here has a third level
    text = to_sql(_quarters(node)).replace("`o`.`deep`.`n`", "null" if three is None else f"({three})")
    (found,) = engine.execute(f"select {text} from row, o").fetchone()
    here = evaluate(_quarters(node), read)
    assert (None if found is None else bool(found)) is here


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


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
    "in",
    "size",
    "o.city",
    "o.cost",
    "[",
    "]",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)))
def test_any_text_is_an_expression_or_a_readable_error(text: str) -> None:
    """And whatever compiles runs on any row, nulls included."""
    try:
        compiled = compile_expression(parse(text), INDEX, TYPES)
    except ExpressionError as error:
        assert str(error)
        return
    compiled.of([None] * len(COLUMNS))
    compiled.of([1, 250, "ab", "b", True, ("c", 1, (2,)), [1], {"k": "v"}, {"k": 1}])


def test_nesting_without_end_is_refused() -> None:
    for text in ("(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "not " * 500 + "flag", "1" * 3_000):
        try:
            compile_expression(parse(text), INDEX, TYPES)
        except ExpressionError:
            continue
        raise AssertionError(text[:10])
