"""The query of a sql gate, read strictly: one SELECT of one number from `${table}`, with functions of a closed list.

It runs on the engine with the rights of the platform, so everything that is not known to be harmless is refused: other
tables, other statements, functions that call code or read files, comments, templates and variables of other tools.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

TABLE = "${table}"
MAX_LENGTH = 4_000
_TOKEN = re.compile(
    r"[ \t\r\n]*(?:(?P<table>\$\{table\})|(?P<comment>--|/\*)|(?P<text>'(?:[^'\\]|\\.|'')*')"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_]))|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|`(?P<quoted>[A-Za-z_][A-Za-z0-9_]*)`|(?P<op><=>|<=|>=|<>|!=|==|\|\||->|::|[-+*/%=<>(),.\[\]]))",
    re.DOTALL,
)
_AGGREGATES = frozenset(
    {
        "any_value", "approx_count_distinct", "avg", "bool_and", "bool_or", "count", "count_if", "every", "first",
        "last", "max", "max_by", "median", "min", "min_by", "percentile", "percentile_approx", "stddev",
        "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
    }
)  # fmt: skip
_SCALARS = frozenset(
    {
        "abs", "array_contains", "cardinality", "cast", "ceil", "ceiling", "char_length", "coalesce", "concat",
        "concat_ws", "contains", "date_add", "date_diff", "date_sub", "date_trunc", "datediff", "day",
        "dayofmonth", "dayofweek", "decimal", "dense_rank", "element_at", "endswith", "exists", "filter", "floor",
        "forall", "greatest", "hour", "if", "ifnull", "isnan", "isnotnull", "isnull", "lag", "lead", "least",
        "length", "lower", "ltrim", "map_contains_key", "map_keys", "map_values", "minute", "mod", "month",
        "nullif", "nvl", "nvl2", "rank", "regexp_count", "regexp_like", "replace", "round", "row_number", "rtrim",
        "second", "size", "split", "startswith", "substr", "substring", "timestampadd", "timestampdiff",
        "to_date", "trim", "trunc", "try_cast", "try_divide", "unix_micros", "unix_millis", "unix_seconds",
        "upper", "weekofyear", "year",
    }
)  # fmt: skip
FUNCTIONS = _AGGREGATES | _SCALARS
_BEFORE_PAREN = frozenset(
    {
        "all", "and", "any", "as", "between", "by", "case", "distinct", "else", "exists", "from", "having", "in",
        "is", "like", "not", "on", "or", "over", "rlike", "select", "some", "then", "when", "where",
    }
)  # fmt: skip
_WORDS = _BEFORE_PAREN | frozenset(
    {
        "anti", "asc", "bigint", "boolean", "cross", "current", "current_date", "current_timestamp", "date",
        "day", "days", "desc", "double", "end", "escape", "false", "first", "float", "following", "full", "group",
        "hour", "hours", "inner", "int", "integer", "interval", "join", "last", "left", "limit", "minute",
        "minutes", "month", "months", "null", "nulls", "order", "outer", "partition", "preceding", "range",
        "right", "row", "rows", "second", "seconds", "semi", "smallint", "string", "timestamp", "tinyint", "true",
        "unbounded", "week", "weeks", "year", "years",
    }
)  # fmt: skip
_REFUSED = frozenset(
    {
        "alter", "call", "create", "delete", "describe", "drop", "except", "execute", "explain", "import",
        "insert", "intersect", "into", "lateral", "map", "merge", "minus", "natural", "pivot", "qualify",
        "reduce", "refresh", "reset", "set", "show", "table", "tablesample", "transform", "truncate", "unify",
        "union", "unpivot", "update", "use", "using", "values", "with",
    }
)  # fmt: skip
_END_OF_FROM = frozenset(("where", "group", "having", "order", "limit", "window"))


@dataclass(frozen=True, slots=True)
class _Token:
    """`kind` is table, text, number, name, quoted or op; `word` is a name in lower case, else the token itself."""

    kind: str
    word: str


@dataclass(slots=True)
class _Level:
    """What is inside one pair of parentheses, or the whole query."""

    selects: bool = False
    in_from: bool = False


def problems(query: str, columns: Collection[str] | None = None) -> list[str]:
    """What a sql gate may not be, in words; empty when it may run. `columns` are those of its table, when known."""
    if len(query) > MAX_LENGTH:
        return [f"a query has at most {MAX_LENGTH} characters, this one has {len(query)}"]
    tokens, refused = _tokens(query)
    if refused:
        return [refused]
    found = [*_statement(tokens), *_tables(tokens), *_calls(tokens)]
    if columns is not None and not found:
        found += _unknown(tokens, columns)
    return list(dict.fromkeys(found))


def names(query: str) -> frozenset[str]:
    """Every plain word of a query that is no keyword and no function: the columns it may read, and its aliases."""
    tokens, _ = _tokens(query)
    return frozenset(token.word for at, token in enumerate(tokens) if _is_name(tokens, at))


def _tokens(query: str) -> tuple[list[_Token], str]:
    """The tokens, or what cannot be read."""
    for mark in ("{{", "{%", "{#"):
        if mark in query:
            return [], f"{mark!r} is a mark of a template, which a query is not"
    if (other := re.search(r"\$\{(?!table\})[^}]{0,40}\}?", query)) is not None:
        return [], f"{other[0]!r} is unknown; the only variable is {TABLE}"
    tokens: list[_Token] = []
    at = 0
    while query[at:].strip(" \t\r\n"):
        match = _TOKEN.match(query, at)
        if match is None:
            rest = query[at:].lstrip(" \t\r\n")
            text = "a text is in single quotes, a name as it is" if rest[0] == '"' else "no query has it"
            return [], f"unexpected {rest[0]!r} at character {len(query) - len(rest) + 1}: {text}"
        kind = str(match.lastgroup)
        if kind == "comment":
            return [], f"{match['comment']!r} begins a comment: say it in the rule's description"
        touched = query[match.start(kind) - 1 : match.start(kind)]
        if kind == "text" and tokens and tokens[-1].kind in ("name", "text") and touched not in " \t\r\n":
            return [], f"{tokens[-1].word!r} touches a text: prefixed texts are not for queries"
        if kind == "text" and TABLE in match[kind]:
            return [], f"{TABLE} inside a text is no table"
        tokens.append(_Token(kind, match[kind].lower() if kind in ("name", "quoted") else match[kind]))
        at = match.end()
    return tokens, ""


def _statement(tokens: list[_Token]) -> Iterator[str]:
    if not tokens or tokens[0] != _Token("name", "select"):
        yield "a query is one SELECT"
        return
    for token in tokens:
        if token.kind == "name" and token.word in _REFUSED:
            yield f"{token.word!r} is not for a gate: a query is one SELECT from {TABLE}"
    outer = list(_outermost(tokens))
    words = [token.word for token in outer if token.kind == "name"]
    chosen = outer[: next((at for at, t in enumerate(outer) if t == _Token("name", "from")), len(outer))]
    if any(token == _Token("op", ",") for token in chosen) or chosen[1:2] == [_Token("op", "*")]:
        yield "a query gives one number, not several columns"
    if "group" in words or "over" in words:
        yield "a query gives one number, not one per group or row: put those into a subquery"
    elif not any(token.word in _AGGREGATES or token == _Token("op", "(") for token in chosen if token.kind != "text"):
        yield "a query gives one number: its SELECT takes an aggregate such as count(*)"


def _outermost(tokens: list[_Token]) -> Iterator[_Token]:
    """The tokens outside of parentheses; of a parenthesis that holds a SELECT the opening one."""
    depth = 0
    for at, token in enumerate(tokens):
        if token == _Token("op", "("):
            if depth == 0 and tokens[at + 1 : at + 2] == [_Token("name", "select")]:
                yield token
            depth += 1
        elif token == _Token("op", ")"):
            depth -= 1
        elif depth == 0:
            yield token


def _tables(tokens: list[_Token]) -> Iterator[str]:
    """FROM and JOIN name `${table}` or a subquery, and nothing beside it; parentheses match."""
    levels, read = [_Level(selects=True)], False
    for at, token in enumerate(tokens):
        follows = [*tokens[at + 1 : at + 3], _Token("end", ""), _Token("end", "")]
        if token.kind == "op" and token.word == "(":
            levels.append(_Level(selects=follows[0] == _Token("name", "select")))
        elif token.kind == "op" and token.word == ")":
            levels.pop()
            if not levels:
                yield "a parenthesis is closed that was not opened"
                return
        elif token.kind == "op" and token.word == "," and levels[-1].in_from:
            yield f"{TABLE} is the only table: FROM takes no list"
        elif token.kind == "name" and token.word in ("from", "join"):
            levels[-1].in_from = True
            if follows[0].kind == "table" and follows[1] != _Token("op", "."):
                read = True
            elif follows[:2] != [_Token("op", "("), _Token("name", "select")]:
                yield f"{token.word} is followed by {TABLE} or by (select ...), not by {follows[0].word or 'the end'!r}"
        elif token.kind == "name" and token.word in _END_OF_FROM:
            levels[-1].in_from = False
        elif token.kind == "name" and token.word == "select" and at and not levels[-1].selects:
            yield "a query is one SELECT; a second one stands in parentheses"
        if token == _Token("name", "select"):
            levels[-1].selects = False
    if len(levels) > 1:
        yield "a parenthesis is opened and not closed"
    if not read:
        yield f"a query reads {TABLE}"


def _calls(tokens: list[_Token]) -> Iterator[str]:
    for at, token in enumerate(tokens):
        if tokens[at + 1 : at + 2] != [_Token("op", "(")] or token.kind not in ("name", "quoted"):
            continue
        if token.kind == "quoted" or (token.word not in FUNCTIONS and not _may_precede(tokens, at)):
            near = difflib.get_close_matches(token.word, FUNCTIONS, 1)
            yield f"function {token.word!r} is not for gates" + (f"; did you mean {near[0]!r}?" if near else "")


def _may_precede(tokens: list[_Token], at: int) -> bool:
    """Keywords, and the length or digits of a type behind AS or `::`."""
    word, before = tokens[at].word, tokens[at - 1].word if at else ""
    return word in _BEFORE_PAREN or (word in ("varchar", "char", "numeric", "dec") and before in ("as", "::"))


def _is_name(tokens: list[_Token], at: int) -> bool:
    token = tokens[at]
    called = token.kind == "name" and tokens[at + 1 : at + 2] == [_Token("op", "(")]
    return token.kind == "quoted" or (token.kind == "name" and token.word not in _WORDS and not called)


def _unknown(tokens: list[_Token], columns: Collection[str]) -> Iterator[str]:
    """Names that are no column and not said to be something else: an alias, a lambda's variable, a type, a member."""
    named = [at for at in range(len(tokens)) if _is_name(tokens, at)]
    others = {tokens[at].word for at in named if _introduces(tokens, at)}
    for at in named:
        word = tokens[at].word
        member = at and tokens[at - 1].word in (".", "::")
        if word not in columns and word not in others and not member:
            near = difflib.get_close_matches(word, columns, 1)
            advice = f"; did you mean {near[0]!r}?" if near else f"; columns are {', '.join(columns)}"
            yield f"no column {word!r}{advice}"


def _introduces(tokens: list[_Token], at: int) -> bool:
    """An alias stands behind AS or behind a value; a lambda's variable before an arrow."""
    before = tokens[at - 1] if at else _Token("end", "")
    after = tokens[at + 1] if at + 1 < len(tokens) else _Token("end", "")
    valued = before.kind in ("table", "number", "text", "quoted") or before.word in (")", "]", "end", "as")
    plain = before.kind == "name" and before.word not in _WORDS
    return valued or plain or after.word == "->"
