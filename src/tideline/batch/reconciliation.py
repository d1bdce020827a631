"""Gold against silver at pinned versions, with exact integers and Decimals and without Spark.

Rows are first grouped by the few values an expression reads; each different combination is then computed once, by the
contract's own evaluator, and multiplied: exact and fast. What is held in memory is one column set of silver at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any

import polars as pl

from tideline.batch import places
from tideline.batch.model import table_path, view_path
from tideline.model import expression
from tideline.model.compiled import Kind
from tideline.model.contract import Contract, Grain, Measure, View
from tideline.model.measure import StateOp, merges
from tideline.model.release import Check
from tideline.ports import Tables

_EXACT = Context(prec=200)
_TRUNCATE = {Grain.DAY: "1d", Grain.HOUR: "1h"}
_COUNT = "__rows"


def checks(contract: Contract, silver_version: int, views: Mapping[str, int], good: int, tables: Tables) -> list[Check]:
    """Silver keeps its rules and its key; every view's totals and groups are silver's."""
    silver = _Frame(tables, table_path("silver", contract), silver_version)
    found = [_rows(silver, good), *(_rule(contract, silver, r.name, r.expression) for r in contract.rules)]
    found.append(_key(contract, silver))
    for name, version in sorted(views.items()):
        gold = _Frame(tables, view_path(name), version)
        found += [_groups(contract.view(name), silver, gold), _totals(contract, contract.view(name), silver, gold)]
    return found


class _Frame:
    """Columns of one table version as a polars frame."""

    def __init__(self, tables: Tables, path: str, version: int) -> None:
        self._tables, self._path, self._version = tables, path, version

    def columns(self, names: Sequence[str]) -> pl.DataFrame:
        frame = pl.from_arrow(self._tables.read(self._path, self._version, sorted(set(names))))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def values(self, contract: Contract, text: str) -> Iterator[tuple[Any, int]]:
        """The value of an expression for each different combination of what it reads, with the number of rows."""
        node = expression.parse(text)
        flat, taken = places.flattened(node, contract.types)
        if not taken:
            yield expression.evaluate(flat, {}), self.columns(["position"]).height
            return
        frame = self.columns(_whole(expression.columns(node)))
        read = frame.select(value.alias(name) for name, value in taken.items())
        for row in read.group_by(list(taken)).len(_COUNT).iter_rows(named=True):
            yield expression.evaluate(flat, row), int(row[_COUNT])


def _whole(paths: Iterable[str]) -> list[str]:
    """The columns in which dotted paths begin."""
    return [path.split(".")[0] for path in paths]


def _rows(silver: _Frame, good: int) -> Check:
    held = silver.columns(["position"]).height
    return Check("silver_holds_the_good", held == good, f"{held} rows in silver, {good} good events in its commits")


def _rule(contract: Contract, silver: _Frame, name: str, text: str) -> Check:
    with localcontext(_EXACT):
        broken = sum(rows for value, rows in silver.values(contract, text) if value is False)
    return Check(f"rule:{name}", broken == 0, f"{broken} rows of silver break it")


def _key(contract: Contract, silver: _Frame) -> Check:
    """No counted event of an id stands within the horizon of log time after another one of its partition."""
    key, horizon = contract.deduplication.key, contract.deduplication.horizon
    frame = silver.columns([key, "partition", "position", "log_time"])
    repeated = frame.filter(pl.struct(key, "partition").is_duplicated()).sort("partition", key, "position")
    waited = repeated.select(pl.col("log_time").diff().over("partition", key).alias("waited"))
    broken = waited.filter(pl.col("waited") <= horizon).height
    return Check(f"unique:{key}", broken == 0, f"{broken} ids are counted twice inside the horizon")


def _keys(view: View) -> list[pl.Expr]:
    return [
        places.member(d.column).alias(d.name)
        if d.grain is None
        else places.member(d.column).dt.truncate(_TRUNCATE[d.grain]).alias(d.name)
        for d in view.dimensions
    ]


def _groups(view: View, silver: _Frame, gold: _Frame) -> Check:
    wanted = silver.columns(_whole(d.column for d in view.dimensions)).select(_keys(view)).unique().height
    found = gold.columns([dimension.name for dimension in view.dimensions])
    different = found.unique().height
    right = wanted == different == found.height
    detail = f"{found.height} rows, {different} different groups, silver has {wanted}"
    return Check(f"groups:{view.name}", right, detail)


def _totals(contract: Contract, view: View, silver: _Frame, gold: _Frame) -> Check:
    wrong = [problem for m in view.measures for problem in _measure_problems(contract, m, silver, gold)]
    whole = [measure for measure in view.measures if not merges(measure.kind)]
    wrong += [problem for m in whole for problem in _distinct_problems(contract, view, m, silver, gold)]
    names = ", ".join(m.name for m in view.measures if _comparable(contract, m) or m in whole)
    return Check(f"totals:{view.name}", not wrong, "; ".join(wrong) or f"{names} equal silver's exactly")


def _distinct_problems(contract: Contract, view: View, measure: Measure, silver: _Frame, gold: _Frame) -> list[str]:
    """Over all groups as many different values as silver has pairs of group and value."""
    node = expression.parse(str(measure.expression))
    flat, taken = places.flattened(node, contract.types)
    frame = silver.columns(_whole([*(d.column for d in view.dimensions), *expression.columns(node)]))
    read = pl.struct(value.alias(name) for name, value in taken.items())
    with localcontext(_EXACT):
        pairs = frame.select(*_keys(view), read.alias(_COUNT)).unique().iter_rows()
        values = {(tuple(group), expression.evaluate(flat, row)) for *group, row in pairs}
    wanted = sum(value is not None for _, value in values)
    name = contract.measure_states(measure)[0].name
    held = gold.columns([name])[name].sum()
    return [] if wanted == held else [f"{name} differs: gold {held}, silver {wanted}"]


def _comparable(contract: Contract, measure: Measure) -> bool:
    return any(column.op in (StateOp.ADD, StateOp.MIN, StateOp.MAX) for column in contract.measure_states(measure))


def _measure_problems(contract: Contract, measure: Measure, silver: _Frame, gold: _Frame) -> list[str]:
    if not _comparable(contract, measure):
        return []
    columns = contract.measure_states(measure)
    with localcontext(_EXACT):
        values = list(_values(contract, measure, silver))
        found = gold.columns([column.name for column in columns])
        problems = []
        for column in columns:
            is_count = column.name.endswith("__count")
            wanted = _folded(column.op, values, count=is_count)
            have = [value for value in found[column.name].to_list() if value is not None]
            held = _folded(column.op, [(value, 1) for value in have], count=False)
            if wanted != held:
                shown = "" if _is_text(contract, measure) else f": gold {held}, silver {wanted}"
                problems.append(f"{column.name} differs{shown}")
    return problems


def _is_text(contract: Contract, measure: Measure) -> bool:
    """A minimum of texts is a value of a row, which no message carries."""
    used = expression.leaves(expression.parse(measure.expression)) if measure.expression else frozenset()
    return any(contract.compile(expression.written(leaf)).type.kind is not Kind.NUMBER for leaf in used)


def _values(contract: Contract, measure: Measure, silver: _Frame) -> Iterator[tuple[Any, int]]:
    """The different values of a measure's expression with how many rows have each; nulls do not count."""
    if measure.expression is None:
        yield 1, silver.columns(["position"]).height
        return
    for value, rows in silver.values(contract, measure.expression):
        if value is not None:
            yield value, rows


def _folded(op: StateOp, values: Sequence[tuple[Any, int]], *, count: bool) -> Any:
    if op is StateOp.ADD:
        return sum((rows if count else value * rows for value, rows in values), Decimal(0))
    pick = min if op is StateOp.MIN else max
    return pick((value for value, _ in values), default=None)
