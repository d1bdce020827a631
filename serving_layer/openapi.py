"""The documented shape of each view's answer, derived from its contract: parameters, typed rows, descriptions."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from serving_layer.query import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MAX_LIST,
    MAX_VALUE,
    OPERATORS,
    consistencies,
    enumerated,
    value_type,
    whole_measures,
)
from tideline.model.compiled import Kind
from tideline.model.contract import Contract, Dimension, Measure, View
from tideline.model.measure import AVERAGE_SCALE, MeasureKind

PROBLEM_TYPE = "application/problem+json"
_TYPES: dict[str, Any] = {"day": date, "date": date, "hour": str, "integer": int, "boolean": bool, "string": str}
_MEANINGS = {
    "ne": "is not", "lt": "is less", "lte": "is less or equal", "gt": "is more", "gte": "is more or equal",
    "in": "is one of a,b,c",
}  # fmt: skip
_SCHEMAS: dict[str, dict[str, Any]] = {
    "day": {"type": "string", "format": "date"},
    "date": {"type": "string", "format": "date"},
    "hour": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:00(:00)?Z$"},
    "integer": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string", "maxLength": MAX_VALUE},
}


class _Documented(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProblemDocument(_Documented):
    """An error as RFC 9457 says it; `code` is greppable, `allowed` names what would have been accepted."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(pattern="^TL-API-[0-9]{3}$")
    allowed: list[str]


class ContractName(_Documented):
    id: str
    version: str
    hash: str


class Stream(_Documented):
    name: str
    identity: str = Field(description="Which incarnation of the topic the positions belong to.")


class CoverageVectors(_Documented):
    """Positions are next-to-read, per partition: batch owns what is below `batch`, speed owns up to `merged`."""

    stream: Stream | None
    batch: dict[str, int]
    merged: dict[str, int]


class Lack(_Documented):
    """The half-open range of positions that neither layer can answer for."""

    partition: int
    from_: int = Field(alias="from")
    to: int


class Trouble(_Documented):
    """Why an answer will not get better by itself, and what to do: the members of a problem document."""

    type: str
    title: str
    detail: str
    code: str
    fix: str


class Parts(_Documented):
    """How many groups came from gold and how many from the speed layer; a group in both counts in both."""

    batch_rows: int
    speed_rows: int


class Meta(_Documented):
    contract: ContractName
    view: str
    consistency: str
    complete: bool = Field(description="False when a range is missing; `lacks` then names it.")
    lacks: list[Lack]
    gaps: list[Lack] = Field(description="What the log lost for good and somebody accepted: in no figure, in no layer.")
    problems: list[Trouble]
    release: int | None
    coverage: CoverageVectors
    as_of: str | None = Field(
        description="Log time of the newest event from speed; else when the release was published."
    )
    parts: Parts
    next_cursor: str | None


def answer_model(contract: Contract, view: View) -> type[BaseModel]:
    """The response of one view, with one typed field per dimension and measure."""
    title = "".join(part.title() for part in view.name.split("_"))
    fields: dict[str, Any] = {d.name: _dimension(contract, d) for d in view.dimensions}
    fields |= {m.name: _measure(contract, m) for m in view.measures}
    row = create_model(f"{title}Row", __base__=_Documented, __doc__=view.description, **fields)
    wanted: Any = list[row]  # type: ignore[valid-type]
    return create_model(f"{title}Answer", __base__=_Documented, data=(wanted, ...), meta=(Meta, ...))


def _dimension(contract: Contract, dimension: Dimension) -> Any:
    note = f"{dimension.description} Absent when rolled up."
    values = enumerated(contract, dimension)
    kind: Any = Literal[values] if values else _TYPES[value_type(contract, dimension)]
    return (kind | None, Field(default=None, description=note))


def _measure(contract: Contract, measure: Measure) -> Any:
    scale = AVERAGE_SCALE if measure.kind is MeasureKind.AVG else contract.measure_scale(measure)
    if measure.kind in (MeasureKind.COUNT, MeasureKind.APPROX_DISTINCT, MeasureKind.DISTINCT):
        return (int, Field(description=measure.description))
    optional = measure.kind is not MeasureKind.SUM
    if scale:
        pattern = rf"^-?[0-9]+\.[0-9]{{{scale}}}$"
        note = f"{measure.description} A decimal as text with {scale} digits."
        return (str | None if optional else str, Field(description=note, pattern=pattern))
    number = contract.compile(str(measure.expression)).type.kind is Kind.NUMBER
    kind: Any = int if number else str
    return (kind | None if optional else kind, Field(description=measure.description))


def parameters(contract: Contract, view: View) -> list[dict[str, Any]]:
    """Every query parameter of a view: each dimension with each operator, then the options."""
    listed: list[dict[str, Any]] = []
    for dimension in view.dimensions:
        kind = value_type(contract, dimension)
        for op in OPERATORS:
            if kind == "boolean" and op in ("lt", "lte", "gt", "gte"):
                continue
            values = enumerated(contract, dimension)
            one = {"type": "string", "enum": list(values)} if values else _SCHEMAS[kind]
            schema = {"type": "string", "maxLength": MAX_LIST * (MAX_VALUE + 1)} if op == "in" else one
            name = dimension.name if op == "eq" else f"{dimension.name}.{op}"
            note = dimension.description if op == "eq" else f"{dimension.name} {_MEANINGS[op]}"
            listed.append(_parameter(name, note, schema))
    names, known = ", ".join(d.name for d in view.dimensions), consistencies(view)
    listed += [
        _parameter("dimensions", f"All of: {names}, in any order." if whole_measures(view)
                   else f"Roll up to some of: {names}. Empty: one total.", {"type": "string"}),
        _parameter("consistency", "merged: batch and speed; batch: the release alone.",
                   {"type": "string", "enum": list(known), "default": known[0]}),
        _parameter("limit", "Rows of a page.",
                   {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}),
        _parameter("cursor", "`meta.next_cursor` of the page before; pinned to one snapshot.", {"type": "string"}),
    ]  # fmt: skip
    return listed


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {"description": "A problem document.", "content": {PROBLEM_TYPE: {"schema": schema}}}
        for status in statuses
    }
