"""The closed grammar in which contracts state rules and derived values, so that no contract carries free code.

    expression := or ; or := and {"or" and} ; and := not {"and" not} ; not := ["not"] comparison
    comparison := sum [("=" | "!=" | "<" | "<=" | ">" | ">=") sum | "is" ["not"] "null"
                       | "in" "(" literal {"," literal} ")"]
    sum := product {("+" | "-") product} ; product := atom {"*" atom}
    atom := NUMBER | 'TEXT' | value | "starts_with" "(" value "," 'TEXT' ")" | "size" "(" column ")"
          | "(" expression ")" | "-" atom
    value := column ["[" 'KEY' "]"] ; column := NAME {"." NAME} ; literal := ["-"] NUMBER | 'TEXT'

A dotted column is a member of an object, `attributes['channel']` the value of a map under a key (null when there is
none), `size` the number of items of an array or entries of a map. Of a null object, array or map each of them is null.

There is no division: it is not exact. Null follows SQL: an operation with null is null, and a rule holds unless false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<op><=|>=|!=|[=<>+\-*(),\[\]]))",
    re.ASCII,
)
_KEYWORDS = {"and", "or", "not", "is", "null", "in", "starts_with"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
MAX_LENGTH = 2_000
MAX_DEPTH = 40


class ExpressionError(ValueError):
    """Says at which character of the expression the grammar was left."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Decimal | str


@dataclass(frozen=True, slots=True)
class Column:
    """A field, or a member of an object by its dotted path."""

    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """The value of the map `name` under `key`."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function over its arguments; `op` is the token that a reader of the contract wrote."""

    op: str
    args: tuple[Node, ...]


Node = Literal | Column | Element | Call


def parse(text: str) -> Node:
    """Read an expression; raises ExpressionError with the character position."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, this one has {len(text)}")
    return _Parser(text).parse()


def columns(node: Node) -> frozenset[str]:
    """The columns an expression reads, by their dotted paths; the part before the first dot is a column of silver."""
    return frozenset(leaf.name for leaf in leaves(node))


def leaves(node: Node) -> frozenset[Column | Element]:
    """The places of a row that an expression reads."""
    if isinstance(node, Column | Element):
        return frozenset({node})
    if isinstance(node, Call):
        return frozenset().union(*(leaves(argument) for argument in node.args))
    return frozenset()


def written(leaf: Column | Element) -> str:
    """The leaf in the grammar."""
    return leaf.name if isinstance(leaf, Column) else f"{leaf.name}[{_quoted(leaf.key)}]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def scale(node: Node, scales: Mapping[str, int]) -> int:
    """Digits after the point of an exact numeric expression, from the scales of its columns (`map{}`: its values)."""
    if isinstance(node, Literal):
        return max(0, -int(node.value.as_tuple().exponent)) if isinstance(node.value, Decimal) else 0
    if isinstance(node, Column | Element):
        return scales.get(node.name if isinstance(node, Column) else f"{node.name}{{}}", 0)
    if node.op == "size":
        return 0
    inner = [scale(argument, scales) for argument in node.args]
    return sum(inner) if node.op == "*" else max(inner, default=0)


def evaluate(node: Node, row: Mapping[str, Any]) -> Any:
    """The value for one row of int, Decimal, str, bool or None, mappings (objects, maps) and lists; without floats."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Column | Element):
        return _read(node, row)
    if node.op in ("and", "or"):
        return _three_valued(node.op, [evaluate(argument, row) for argument in node.args])
    values = [evaluate(argument, row) for argument in node.args]
    if node.op == "is null":
        return values[0] is None
    if node.op == "is not null":
        return values[0] is not None
    if any(value is None for value in values):
        return None
    if node.op == "not":
        return not values[0]
    if node.op == "negate":
        return -values[0]
    if node.op == "starts_with":
        return values[0].startswith(values[1])
    if node.op == "size":
        return len(values[0])
    if node.op == "in":
        return values[0] in values[1:]
    return (_COMPARE.get(node.op) or _ARITHMETIC[node.op])(*values)


def _read(leaf: Column | Element, row: Mapping[str, Any]) -> Any:
    first, *members = leaf.name.split(".")
    value = row[first]
    for member in members:
        value = None if value is None else value[member]
    return value.get(leaf.key) if isinstance(leaf, Element) and value is not None else value


def to_sql(node: Node, quote: Callable[[str], str] = lambda name: f"`{name}`") -> str:
    """The same expression as ANSI SQL text with quoted columns (each part of a path by itself) and escaped literals."""
    if isinstance(node, Literal):
        return str(node.value) if isinstance(node.value, Decimal) else _sql_text(node.value)
    if isinstance(node, Column | Element):
        path = ".".join(quote(part) for part in node.name.split("."))
        return path if isinstance(node, Column) else f"element_at({path}, {_sql_text(node.key)})"
    args = [to_sql(argument, quote) for argument in node.args]
    if node.op == "starts_with":
        return f"startswith({args[0]}, {args[1]})"
    if node.op == "size":
        return f"(case when {args[0]} is not null then size({args[0]}) end)"
    if node.op == "in":
        return f"({args[0]} in ({', '.join(args[1:])}))"
    if node.op in ("is null", "is not null"):
        return f"({args[0]} {node.op})"
    if node.op == "not":
        return f"(not {args[0]})"
    if node.op == "negate":
        return f"(-{args[0]})"
    return "(" + f" {node.op} ".join(args) + ")"


def _sql_text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _three_valued(op: str, values: list[Any]) -> bool | None:
    decisive = op == "or"
    if any(value is decisive for value in values):
        return decisive
    return None if any(value is None for value in values) else not decisive


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise ExpressionError(f"unexpected character {text[position:].strip()[0]!r} at {position + 1}")
            kind = str(match.lastgroup)
            token = match.group(kind)
            if kind == "name" and token.lower() in _KEYWORDS:
                kind, token = "op", token.lower()
            self.tokens.append((kind, token, match.start(kind) + 1))
            position = match.end()

    def parse(self) -> Node:
        node = self._or()
        if self.at < len(self.tokens):
            raise self._unexpected("the end")
        return node

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text) + 1)

    def _unexpected(self, wanted: str) -> ExpressionError:
        _, token, position = self._peek()
        return ExpressionError(f"expected {wanted} at character {position}, found {token or 'the end'!r}")

    def _take(self, *tokens: str) -> str | None:
        kind, token, _ = self._peek()
        if kind == "op" and token in tokens:
            self.at += 1
            return token
        return None

    def _need(self, token: str) -> None:
        if self._take(token) is None:
            raise self._unexpected(repr(token))

    def _chain(self, op: str, inner: Callable[[], Node]) -> Node:
        args = [inner()]
        while self._take(op):
            args.append(inner())
        return args[0] if len(args) == 1 else Call(op, tuple(args))

    def _or(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")
        node = self._chain("or", lambda: self._chain("and", self._not))
        self.depth -= 1
        return node

    def _not(self) -> Node:
        return Call("not", (self._comparison(),)) if self._take("not") else self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        if self._take("is"):
            negated = self._take("not")
            self._need("null")
            return Call("is not null" if negated else "is null", (left,))
        if self._take("in"):
            return Call("in", (left, *self._literals()))
        op = self._take(*_COMPARE)
        return Call(op, (left, self._sum())) if op else left

    def _literals(self) -> list[Node]:
        self._need("(")
        found: list[Node] = []
        while not found or self._take(","):
            node = self._atom()
            inner = node.args[0] if isinstance(node, Call) and node.op == "negate" else node
            if not isinstance(inner, Literal):
                raise ExpressionError("in takes a list of numbers or of texts in single quotes")
            found.append(node)
        self._need(")")
        return found

    def _sum(self) -> Node:
        node = self._product()
        while op := self._take("+", "-"):
            node = Call(op, (node, self._product()))
        return node

    def _product(self) -> Node:
        node = self._atom()
        while self._take("*"):
            node = Call("*", (node, self._atom()))
        return node

    def _atom(self) -> Node:
        kind, token, _ = self._peek()
        if kind in ("number", "text"):
            self.at += 1
            return Literal(Decimal(token) if kind == "number" else _unquoted(token))
        if kind == "name":
            return self._name()
        if self._take("-"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")
            node = self._atom()
            self.depth -= 1
            return Call("negate", (node,))
        if self._take("("):
            node = self._or()
            self._need(")")
            return node
        if self._take("starts_with"):
            self._need("(")
            column = self._atom()
            self._need(",")
            prefix = self._atom()
            self._need(")")
            if not isinstance(column, Column | Element) or not (
                isinstance(prefix, Literal) and isinstance(prefix.value, str)
            ):
                raise ExpressionError("starts_with takes a column and a text in single quotes")
            return Call("starts_with", (column, prefix))
        raise self._unexpected("a value")

    def _name(self) -> Node:
        """A column, a value of a map, or size(column): `size` is a name like any other where no parenthesis follows."""
        _, name, _ = self._peek()
        self.at += 1
        if name == "size" and self._take("("):
            kind, column, _ = self._peek()
            if kind != "name":
                raise self._unexpected("an array or map")
            self.at += 1
            self._need(")")
            return Call("size", (Column(column),))
        if self._take("["):
            kind, key, _ = self._peek()
            if kind != "text":
                raise self._unexpected("a key in single quotes")
            self.at += 1
            self._need("]")
            return Element(name, _unquoted(key))
        return Column(name)


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")
