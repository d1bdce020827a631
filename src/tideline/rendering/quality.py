"""Contract -> the dbt model that measures its gates: one row per gate, one pass over each table, numbers as exact text.

SQL only measures. Whether a number keeps its promise is judged by `Gate.holds` when the run is audited, so a changed
limit needs no new measurement; `definition` says what was measured.
"""
# ruff: noqa: S608 - all SQL is text of checked contracts: names of a closed pattern, literals escaped, queries parsed

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tideline.model import expression, gate_query, gates
from tideline.model.compiled import Kind, ValueType
from tideline.model.contract import Contract
from tideline.model.quality import Gate, Metric
from tideline.rendering.sql import inert, quoted

COLUMNS = {
    "name": "Name of the gate in the contract.",
    "definition": "Changes when another number would be measured.",
    "on_table": "silver, or the view that was measured.",
    "metric": "What was counted; sql: a query of the contract.",
    "promise": "The comparison that the contract states.",
    "action": "fail: no release when the promise is broken; warn: it is told.",
    "severity": "As the contract says.",
    "dimension": "Dimension of data quality, as the contract says.",
    "measured": "The number that was found, exactly; null when a query gave none.",
    "counted": "How many rows were looked at; null for a query.",
}

_SILVER = "pinned_silver"
_WHOLE_SILVER = {"table": None, "run_only": False}


def model_name(contract: Contract) -> str:
    """The model and its table in gold; views may not begin like it."""
    return f"quality_{contract.domain}_{contract.product}"


def table_of(gate: Gate) -> str:
    return gate.table or "silver"


def model_sql(contract: Contract) -> str:
    """The whole model but its header; the contract has gates that are measured."""
    measured = gates.measured(contract)
    steps = [(_relation(gate), _source(contract, gate)) for gate in measured]
    if any(gate.run_only for gate in measured):
        steps.insert(0, (_SILVER, _source(contract, measured[0].model_copy(update=_WHOLE_SILVER))))
    parts: list[str] = []
    for relation in dict.fromkeys(_relation(gate) for gate in measured):
        own = [gate for gate in measured if _relation(gate) == relation and gate.metric is not Metric.SQL]
        if own:
            steps.append((f"counts_{relation}", _counts(contract, own, relation)))
            steps.append((f"found_{relation}", _found(own, f"counts_{relation}", "counted")))
            parts.append(f"found_{relation}")
    queries = [gate for gate in measured if gate.metric is Metric.SQL]
    if queries:
        steps += [("queries", _queries(queries)), ("found_queries", _found(queries, "queries", "cast(null as bigint)"))]
        parts.append("found_queries")
    steps.append(("final", "    union all\n".join(f"    select * from {part}\n" for part in parts)))
    listed = ",\n\n".join(f"{name} as (\n{body})" for name, body in dict(steps).items())
    return f"{{{{ config(materialized='table') }}}}\n\nwith {listed}\n\nselect * from final\n"


def properties(contract: Contract, tags: Sequence[str], meta: dict[str, Any]) -> dict[str, Any]:
    """The catalog entry: what each gate promises stands in `meta`, so that dbt's page shows it."""
    measured = gates.measured(contract)
    tables = ", ".join(dict.fromkeys(table_of(gate) for gate in measured))
    model = {
        "name": model_name(contract),
        "description": f"What the quality gates of {contract.id} measured on {tables} before a release. "
        "Grain: one row per gate.",
        "config": {"tags": ["quality", contract.id, *tags], "meta": {**meta, "gates": [_meta(g) for g in measured]}},
        "columns": [{"name": name, "description": words} for name, words in COLUMNS.items()],
    }
    return {"version": 2, "models": [model]}


def _meta(gate: Gate) -> dict[str, Any]:
    said = {
        "name": gate.name, "table": table_of(gate), "metric": gate.metric.value, "columns": list(gate.columns),
        "promise": gate.promise, "action": gate.action.value, "severity": gate.severity.value,
        "dimension": gate.dimension, "scope": "run" if gate.run_only else "table", "description": gate.description,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _relation(gate: Gate) -> str:
    if gate.table is not None:
        return f"view_{gate.table}"
    return f"{_SILVER}_of_run" if gate.run_only else _SILVER


def _source(contract: Contract, gate: Gate) -> str:
    if gate.run_only:
        return f"    select * from {_SILVER} where batch > {{{{ released_batch('{contract.id}') }}}}\n"
    if gate.table is not None:
        return f"    select * from {{{{ ref('{gate.table}') }}}}\n"
    return f"    select * from {{{{ silver('{contract.domain}', '{contract.product}') }}}}\n"


def _counts(contract: Contract, own: Sequence[Gate], relation: str) -> str:
    listed = [f"{count_sql(contract, gate)} as {_cell(at)}" for at, gate in enumerate(own)]
    return "    select\n        " + ",\n        ".join([*listed, "count(*) as counted"]) + f"\n    from {relation}\n"


def _queries(queries: Sequence[Gate]) -> str:
    listed = []
    for at, gate in enumerate(queries):
        text = str(gate.query).strip().replace(gate_query.TABLE, f"`{_relation(gate)}`")
        listed.append(f"cast((\n{text}\n        ) as string) as {_cell(at)}")
    return "    select\n        " + ",\n        ".join(listed) + "\n"


def _cell(at: int) -> str:
    return f"m{at}"


def _found(own: Sequence[Gate], source: str, counted: str) -> str:
    """One row per gate out of the one row of numbers."""
    rows = []
    for at, gate in enumerate(own):
        texts = (
            gate.name, gates.definition(gate), table_of(gate), gate.metric.value, gate.promise, gate.action.value,
            gate.severity.value, gate.dimension or "",
        )  # fmt: skip
        cells = [f"{literal(text)} as {name}" for text, name in zip(texts, COLUMNS, strict=False)]
        cells += [f"cast({_cell(at)} as string) as measured", f"{counted} as counted"]
        rows.append(f"struct({', '.join(cells)})")
    return "    select inline(array(\n        " + ",\n        ".join(rows) + f"\n    ))\n    from {source}\n"


def count_sql(contract: Contract, gate: Gate) -> str:
    """The aggregate of a gate that counts rows of its table."""
    columns = [quoted(name) for name in gate.columns]
    if gate.metric is Metric.ROW_COUNT:
        return "count(*)"
    if gate.metric is Metric.DUPLICATE_VALUES:
        whole = " and ".join(f"{column} is not null" for column in columns)
        return f"count_if({whole}) - count(distinct {', '.join(columns)})"
    if gate.metric is Metric.BREACHES:
        return f"count_if(not {inert(expression.to_sql(expression.parse(str(gate.expression))))})"
    types = gates.columns_of(contract, gate.table)
    wrong = []
    for name, column in zip(gate.columns, columns, strict=True):
        missing = f"{column} in ({_values(gate.missing_values, types[name])})" if gate.missing_values else ""
        if gate.metric is not Metric.INVALID_VALUES:
            wrong.append(f"{column} is null" + (f" or {missing}" if missing else ""))
            continue
        faults = [f"{column} not in ({_values(gate.valid_values, types[name])})"] if gate.valid_values else []
        faults += [f"not {column} rlike {literal(_whole(gate.pattern))}"] if gate.pattern is not None else []
        known = [f"{column} is not null", *([f"not {missing}"] if missing else []), f"({' or '.join(faults)})"]
        wrong.append(f"({' and '.join(known)})")
    return f"count_if({' or '.join(wrong)})"


def _whole(pattern: str) -> str:
    """As the fields of an event: the pattern describes the whole text."""
    return rf"\A(?:{pattern})\z"


def _values(values: Sequence[str], kind: ValueType) -> str:
    return ", ".join(_value(gates.exact(value, kind), kind) for value in values)


def _value(value: Decimal | str | bool, kind: ValueType) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"date {literal(value)}" if kind.kind is Kind.DATE else literal(value)


def literal(text: str) -> str:
    """A text as a literal that no template and no variable can be found in."""
    return inert("'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
