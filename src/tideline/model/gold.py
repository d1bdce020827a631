"""What gold may hold: nothing that is masked with omit, and no figure that needs all rows where parts are merged."""

from __future__ import annotations

from collections.abc import Iterator

from tideline.model import expression
from tideline.model.contract import Contract, View
from tideline.model.field import EventField, Masking
from tideline.model.measure import MeasureKind, merges
from tideline.model.problem import Path, Problem

RESERVED = ("quality_", "stg_")  # what other generated models of dbt begin with


def omitted(contract: Contract, path: str) -> bool:
    """Whether gold must not see what stands at a dotted path: it, or what it is in, is masked with omit."""
    parts = path.split(".")
    around = (contract.paths.get(".".join(parts[:end])) for end in range(1, len(parts) + 1))
    return any(field is not None and field.masking is Masking.OMIT for field in around)


def shown(field: EventField) -> EventField | None:
    """The field without what is masked with omit inside it; None when nothing of it is left."""
    if field.masking is Masking.OMIT:
        return None
    fields = tuple(inner for inner in map(shown, field.fields) if inner is not None)
    items = None if field.items is None else shown(field.items)
    values = None if field.values is None else shown(field.values)
    if (bool(fields), items is None, values is None) != (bool(field.fields), field.items is None, field.values is None):
        return None
    return field.model_copy(update={"fields": fields, "items": items, "values": values})


def problems(contract: Contract) -> Iterator[Problem]:
    """What views and keys may not use, and what only a batch-only view may have."""
    for name, path in ((contract.event_time, ("event_time",)), (contract.deduplication.key, ("deduplication", "key"))):
        if omitted(contract, name):
            yield Problem(path, f"{name!r} is masked with omit, but gold needs the event time and the key", house=True)
    for at, view in enumerate(contract.views):
        place: Path = ("views", at)
        for prefix in RESERVED:
            if view.name.startswith(prefix):
                text = f"view {view.name!r}: names with {prefix!r} are those of other generated models; take another"
                yield Problem((*place, "name"), text, house=True)
        yield from _columns(contract, view, place)
        for number, measure in enumerate(view.measures):
            if not merges(measure.kind) and not view.batch_only:
                text = f"view {view.name!r}, measure {measure.name!r}: {measure.kind.value} does not merge"
                text = f"{text}: declare batchOnly: true for the view"
                yield Problem((*place, "measures", number, "kind"), text, house=True)
            if measure.kind is MeasureKind.DISTINCT and measure.expression and not _read(measure.expression):
                text = f"view {view.name!r}, measure {measure.name!r}: distinct counts the values of a column"
                yield Problem((*place, "measures", number, "expression"), text)


def _columns(contract: Contract, view: View, place: Path) -> Iterator[Problem]:
    for at, dimension in enumerate(view.dimensions):
        if omitted(contract, dimension.column):
            yield Problem((*place, "dimensions", at, "column"), _refusal(view, dimension.column), house=True)
    for at, measure in enumerate(view.measures):
        for column in sorted(_read(measure.expression)):
            if omitted(contract, column):
                yield Problem((*place, "measures", at, "expression"), _refusal(view, column), house=True)


def _read(text: str | None) -> frozenset[str]:
    """The columns of an expression; none of one that cannot be read, which is told elsewhere."""
    try:
        return frozenset() if text is None else expression.columns(expression.parse(text))
    except expression.ExpressionError:
        return frozenset()


def _refusal(view: View, column: str) -> str:
    return f"view {view.name!r}: {column!r} is masked with omit, so gold cannot count or group by it"
