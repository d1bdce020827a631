"""What a request asks for, read strictly: every parameter is known, typed by its dimension, and bounded."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl

from serving_layer.gold import Group
from serving_layer.problems import Problem
from tideline.model.contract import Contract, Dimension, FieldType, Grain, View
from tideline.model.measure import merges

OPERATORS = ("eq", "ne", "lt", "lte", "gt", "gte", "in")
CONSISTENCY = ("merged", "batch")
OPTIONS = ("dimensions", "consistency", "limit", "cursor")
MAX_QUERY_BYTES, MAX_FILTERS, MAX_LIST, MAX_VALUE, MAX_LIMIT, DEFAULT_LIMIT = 8_192, 32, 100, 256, 10_000, 1_000
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge,
    "in": lambda value, choices: value in choices,
}  # fmt: skip
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one dimension; a null never passes, as in SQL."""

    dimension: int
    op: str
    operand: Any

    def passes(self, group: Group) -> bool:
        value = group[self.dimension]
        return value is not None and _COMPARE[self.op](value, self.operand)


@dataclass(frozen=True, slots=True)
class Query:
    """`dimensions` are indexes into the view's; `text` is the canonical form without limit and cursor."""

    filters: tuple[Filter, ...]
    dimensions: tuple[int, ...]
    consistency: str
    limit: int
    cursor: str | None
    text: str


def value_type(contract: Contract, dimension: Dimension) -> str:
    """How values of a dimension are written: `day`, `hour`, `integer`, `boolean`, `date` or `string`."""
    if dimension.grain is not None:
        return dimension.grain.value
    field = contract.paths.get(dimension.column)
    kind = FieldType.BOOLEAN if field is None else field.type
    return kind.value


def enumerated(contract: Contract, dimension: Dimension) -> tuple[str, ...]:
    """The only values that a dimension can have besides null; empty when the contract lists none."""
    field = contract.paths.get(dimension.column)
    return () if field is None else field.enum


def consistencies(view: View) -> tuple[str, ...]:
    """What a client may ask for, the usual one first: a batch-only view has no speed part."""
    return ("batch",) if view.batch_only else CONSISTENCY


def whole_measures(view: View) -> list[str]:
    """The measures that cannot be put together from groups, so that the view is not rolled up."""
    return [measure.name for measure in view.measures if not merges(measure.kind)]


def read_query(contract: Contract, view: View, query_string: bytes) -> Query:
    """Raises Problem for anything that is not in the view's parameters, names what is allowed."""
    if len(query_string) > MAX_QUERY_BYTES:
        raise Problem("TL-API-012", f"a query has at most {MAX_QUERY_BYTES} bytes, this one has {len(query_string)}")
    pairs = _pairs(query_string)
    if len(pairs) > MAX_FILTERS:
        raise Problem("TL-API-013", f"a query has at most {MAX_FILTERS} parameters, this one has {len(pairs)}")
    options: dict[str, str] = {}
    filters: dict[str, Filter] = {}
    for name, value in pairs:
        if name in options or name in filters:
            raise Problem("TL-API-014", f"parameter {_shown(name)} is given twice; use .in for several values")
        if name in OPTIONS:
            options[name] = value
        else:
            filters[name] = _filter(contract, view, name, value)
    known = consistencies(view)
    consistency = options.get("consistency", known[0])
    if consistency not in known:
        why = f": {view.name} is answered from gold alone" if consistency in CONSISTENCY else ""
        raise Problem("TL-API-008", f"{_shown(consistency)} is no consistency of this view{why}", known)
    dimensions = _dimensions(view, options.get("dimensions"))
    said = sorted((f.dimension, f.op, repr(f.operand)) for f in filters.values())
    return Query(
        filters=tuple(filters.values()),
        dimensions=dimensions,
        consistency=consistency,
        limit=_limit(options.get("limit")),
        cursor=options.get("cursor"),
        text=repr((view.name, said, dimensions, consistency)),
    )


def is_bare(query_string: bytes) -> bool:
    """True when only a cursor (and a limit) is given: the cursor then says everything."""
    return {name for name, _ in _pairs(query_string)} <= {"cursor", "limit"}


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        text = query_string.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=200)
    except (UnicodeDecodeError, ValueError) as error:
        raise Problem("TL-API-006", "the query string is not a list of name=value in percent-encoded UTF-8") from error


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem("TL-API-009", f"{_shown(text)} is no limit", [f"1 to {MAX_LIMIT}"])
    return int(text)


def _dimensions(view: View, text: str | None) -> tuple[int, ...]:
    known = [dimension.name for dimension in view.dimensions]
    if text is None:
        return tuple(range(len(known)))
    names = text.split(",") if text else []
    if len(set(names)) != len(names) or not set(names) <= set(known):
        raise Problem("TL-API-007", f"{_shown(text)} is no list of different dimensions of {view.name}", known)
    if len(names) < len(known) and (whole := whole_measures(view)):
        why = f"{', '.join(whole)} counts different values, which the counts of its groups cannot be added up to"
        raise Problem("TL-API-007", f"{view.name} is not rolled up: {why}", [",".join(known)])
    return tuple(known.index(name) for name in names)


def _filter(contract: Contract, view: View, name: str, text: str) -> Filter:
    base, _, op = name.partition(".")
    known = [dimension.name for dimension in view.dimensions]
    if base not in known:
        raise Problem("TL-API-004", f"view {view.name} has no parameter {_shown(name)}", [*known, *OPTIONS])
    if "." in name and op not in OPERATORS:
        raise Problem("TL-API-005", f"{_shown(op)} is no operator", OPERATORS)
    at = known.index(base)
    kind, op = value_type(contract, view.dimensions[at]), op or "eq"
    if kind == "boolean" and op not in ("eq", "ne", "in"):
        raise Problem("TL-API-005", f"{base} is true or false and has no order", ("eq", "ne", "in"))
    allowed = enumerated(contract, view.dimensions[at])
    if op != "in":
        return Filter(at, op, _value(base, kind, text, allowed))
    choices = text.split(",")
    if len(choices) > MAX_LIST:
        raise Problem("TL-API-013", f"a list has at most {MAX_LIST} values, {base}.in has {len(choices)}")
    return Filter(at, op, tuple(sorted({_value(base, kind, choice, allowed) for choice in choices})))


def _value(name: str, kind: str, text: str, allowed: tuple[str, ...]) -> Any:
    if allowed and text not in allowed:
        raise Problem("TL-API-006", f"{_shown(text)} is no value of {name}", allowed)
    try:
        if len(text) > MAX_VALUE:
            raise ValueError(text)
        return _READERS[kind](text)
    except ValueError as error:
        raise Problem("TL-API-006", f"{_shown(text)} is no value of {name}", (_EXAMPLES[kind],)) from error


def _day(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def _hour(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:00(:00)?Z", text):
        raise ValueError(text)
    return datetime.fromisoformat(text[:13] + ":00:00").strftime("%Y-%m-%dT%H:00:00Z")


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or int(text) not in _INT64:
        raise ValueError(text)
    return int(text)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_READERS: dict[str, Callable[[str], Any]] = {
    Grain.DAY.value: _day, Grain.HOUR.value: _hour, "date": _day, "integer": _integer, "boolean": _boolean,
    "string": str,
}  # fmt: skip
_EXAMPLES = {
    "day": "a day as 2011-01-04", "hour": "an hour as 2011-01-04T10:00:00Z", "date": "a date as 2011-01-04",
    "integer": "a whole number of 64 bits", "boolean": "true or false", "string": f"up to {MAX_VALUE} characters",
}  # fmt: skip


def choices(names: Sequence[str]) -> list[str]:
    return sorted(names)
