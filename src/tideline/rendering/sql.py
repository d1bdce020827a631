"""Contract -> Spark SQL of the gold views: state columns, presented measures, dimensions; exact, in UTC, under ANSI.

Every query has the same steps: `keyed` (dimensions and the value each measure adds up), `touched` (the groups to
compute again), `states` (one row per group) and the presented measures. Sums are `decimal(38, scale)`, counts bigint.
"""

from __future__ import annotations

import re

from tideline.model import expression
from tideline.model.compiled import Kind
from tideline.model.contract import Contract, Dimension, Grain, Measure, View
from tideline.model.measure import MeasureKind, merges

_TRUNCATED = {
    Grain.DAY: "cast(date_trunc('DAY', {column}) as date)",
    Grain.HOUR: "date_trunc('HOUR', {column})",
}


def quoted(name: str) -> str:
    """A column, or a member of an object by its dotted path."""
    return ".".join(f"`{part}`" for part in name.split("."))


def without_jinja(text: str, gap: str) -> str:
    """The text with `gap` inside each mark that dbt would take for a template; only literals and prose can hold one."""
    return re.sub(r"\{(?=[{%#])", "{" + gap, text)


def inert(text: str) -> str:
    """SQL in whose literals neither dbt finds a template nor Spark a variable: such marks are taken apart."""
    return re.sub(r"\{(?=[{%#])|\$(?=\{)", lambda mark: mark[0] + "' || '", text)


def dimension_sql(dimension: Dimension) -> str:
    """The value a view groups by."""
    column = quoted(dimension.column)
    return column if dimension.grain is None else _TRUNCATED[dimension.grain].format(column=column)


def value_sql(contract: Contract, measure: Measure) -> str | None:
    """What one row adds to a measure; None for a plain count. A number that is computed is `decimal(38, scale)`."""
    if measure.expression is None:
        return None
    node = expression.parse(measure.expression)
    text = inert(expression.to_sql(node))
    if isinstance(node, expression.Column | expression.Element) and not _adds(measure):
        return text
    if contract.compile(measure.expression).type.kind is not Kind.NUMBER:
        return text
    return f"cast({text} as decimal(38, {contract.measure_scale(measure)}))"


def _adds(measure: Measure) -> bool:
    return measure.kind in (MeasureKind.SUM, MeasureKind.AVG)


def state_sql(contract: Contract, measure: Measure) -> tuple[str, ...]:
    """The aggregate of each state column of a measure, in the order of `Contract.measure_states`."""
    value = quoted(value_name(measure))
    scale = contract.measure_scale(measure)
    added = f"coalesce(sum({value}), cast(0 as decimal(38, {scale})))"
    kinds: dict[MeasureKind, tuple[str, ...]] = {
        MeasureKind.COUNT: ("count(*)" if measure.expression is None else f"count({value})",),
        MeasureKind.SUM: (added,),
        MeasureKind.MIN: (f"min({value})",),
        MeasureKind.MAX: (f"max({value})",),
        MeasureKind.AVG: (added, f"count({value})"),
        MeasureKind.APPROX_DISTINCT: (f"case when count({value}) > 0 then hll_sketch_agg({value}) end",),
        MeasureKind.LATEST: (
            f"max(struct(event_us, `partition`, position, {value} as value)) filter (where {value} is not null)",
        ),
        MeasureKind.DISTINCT: (f"count(distinct {value})",),
    }
    return kinds[measure.kind]


def presented_sql(contract: Contract, measure: Measure) -> str:
    """What a person reads, from the state columns alone; the macros are in dbt_project/macros/measures.sql."""
    columns = [quoted(column.name) for column in contract.measure_states(measure)]
    if measure.kind is MeasureKind.AVG:
        return f"{{{{ exact_average('{columns[0]}', '{columns[1]}') }}}}"
    if measure.kind is MeasureKind.APPROX_DISTINCT:
        return f"{{{{ distinct_estimate('{columns[0]}') }}}}"
    return f"{columns[0]}.value" if measure.kind is MeasureKind.LATEST else columns[0]


def value_name(measure: Measure) -> str:
    return f"{measure.name}__value"


def view_sql(contract: Contract, view: View, staging: str) -> str:
    """The select of a view over the ephemeral model `staging`, with its closing newline."""
    dimensions = [quoted(dimension.name) for dimension in view.dimensions]
    keyed = [f"{dimension_sql(d)} as {quoted(d.name)}" for d in view.dimensions]
    for measure in view.measures:
        value = value_sql(contract, measure)
        keyed += [] if value is None else [f"{value} as {quoted(value_name(measure))}"]
    keyed += [f"unix_micros({quoted(contract.event_time)}) as event_us", "`partition`", "position", "batch"]
    states = list(dimensions)
    presented = list(dimensions) + [quoted(column.name) for column in contract.view_states(view)]
    for measure in view.measures:
        columns = contract.measure_states(measure)
        states += [f"{sql} as {quoted(c.name)}" for c, sql in zip(columns, state_sql(contract, measure), strict=True)]
        presented.append(f"{presented_sql(contract, measure)} as {quoted(measure.name)}")
    keys = ", ".join(f"'{dimension.name}'" for dimension in view.dimensions)
    numbers = ", ".join(dimensions)
    steps = [
        ("keyed", _select(keyed, f"{{{{ ref('{staging}') }}}}")),
        ("touched", f"    {{{{ touched_groups('keyed', [{keys}], '{contract.id}') }}}}\n"),
        ("states", _select(states, "touched") + f"    group by {numbers}\n"),
        ("final", _select(presented, "states")),
    ]
    listed = ",\n\n".join(f"{name} as (\n{body})" for name, body in steps)
    return f"with {listed}\n\nselect * from final\n"


def _select(columns: list[str], source: str) -> str:
    listed = ",\n        ".join(columns)
    return f"    select\n        {listed}\n    from {source}\n"


def state_types(contract: Contract, view: View) -> dict[str, str]:
    """A sentence about each stored state column, for the catalog."""
    words: dict[str, str] = {}
    for measure in view.measures:
        for column in contract.measure_states(measure):
            part = column.name.rsplit("__", 1)[1]
            digits = f", decimal(38, {column.scale})" if part == "sum" else ""
            merging = "merges with newer events" if merges(measure.kind) else "does not merge"
            words[column.name] = f"State of {measure.name} ({part}{digits}): {merging}, not for reading."
    return words
