"""What the types of a contract cannot say: names resolve and are unique, kinds fit, nothing personal is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tideline.model import expression, gates, gold, shapes
from tideline.model.compiled import NESTED, Compiled, Kind
from tideline.model.contract import Contract, FieldType, Measure, View
from tideline.model.measure import MeasureKind
from tideline.model.problem import Path, Problem

SILVER_COLUMNS = ("partition", "position", "log_time", "payload_hash", "batch")
DECODED_COLUMNS = ("key", "value", "reason", "drift", "verdict", "repeat")
OWN_TOPICS = ("tideline.", "__")  # increments of the speed layer, and what brokers remember
GROUPED_COLUMNS = ("partition", "position", "batch", "event_us")  # that stand beside dimensions while gold is built
QUERY_WORDS = ("dimensions", "consistency", "limit", "cursor")
_NO_DIMENSIONS = frozenset({FieldType.DECIMAL, FieldType.OBJECT, FieldType.ARRAY, FieldType.MAP})
_SERVED = {MeasureKind.MIN, MeasureKind.MAX, MeasureKind.LATEST}
_FITTING: dict[MeasureKind, tuple[Kind, ...]] = {
    MeasureKind.SUM: (Kind.NUMBER,),
    MeasureKind.AVG: (Kind.NUMBER,),
    MeasureKind.MIN: (Kind.NUMBER, Kind.TEXT),
    MeasureKind.MAX: (Kind.NUMBER, Kind.TEXT),
    MeasureKind.LATEST: (Kind.NUMBER, Kind.TEXT),
    MeasureKind.APPROX_DISTINCT: (Kind.NUMBER, Kind.TEXT),
    MeasureKind.COUNT: tuple(kind for kind in Kind if kind not in NESTED),
    MeasureKind.DISTINCT: (Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP),
}


def problems(contract: Contract) -> list[Problem]:
    """Everything that does not fit together, in the order of the contract's parts."""
    found = [*_names(contract), *_topic(contract), *shapes.problems(contract), *_keys(contract), *_conditions(contract)]
    for at, view in enumerate(contract.views):
        found += _view(contract, view, ("views", at))
    return [*found, *gold.problems(contract), *gates.problems(contract)]


def _repeated(names: Iterable[str]) -> list[int]:
    """Where a name stands that stood before."""
    seen: set[str] = set()
    found = []
    for at, name in enumerate(names):
        if name in seen:
            found.append(at)
        seen.add(name)
    return found


def _names(contract: Contract) -> Iterator[Problem]:
    parts: list[tuple[Path, str]] = [(("fields", at, "name"), field.name) for at, field in enumerate(contract.fields)]
    parts += [(("derived", at, "name"), column.name) for at, column in enumerate(contract.derived)]
    for at in _repeated(name for _, name in parts):
        yield Problem(parts[at][0], f"column {parts[at][1]!r} is defined twice")
    for path, name in parts:
        if name in SILVER_COLUMNS:
            yield Problem(path, f"{name!r} is a column that silver has anyway; take another name", house=True)
        elif name in DECODED_COLUMNS:
            text = f"{name!r} is a column of decoded rows; take another name, with renamedFrom: {name}"
            yield Problem(path, text, house=True)
    for at in _repeated(rule.name for rule in contract.rules):
        yield Problem(("rules", at, "name"), f"rule {contract.rules[at].name!r} is defined twice")
    for at in _repeated(view.name for view in contract.views):
        yield Problem(("views", at, "name"), f"view {contract.views[at].name!r} is defined twice")


def _topic(contract: Contract) -> Iterator[Problem]:
    topic = contract.stream.topic
    if topic.startswith(OWN_TOPICS) or topic in (".", ".."):
        text = f"the topic {topic!r} is none for events: Tideline and Kafka keep such names for themselves"
        yield Problem(("stream", "topic"), text, house=True)


def _keys(contract: Contract) -> Iterator[Problem]:
    time, key = contract.by_name.get(contract.event_time), contract.by_name.get(contract.deduplication.key)
    if time is None or time.type is not FieldType.TIMESTAMP or not time.required:
        yield Problem(("event_time",), f"eventTime {contract.event_time!r} must be a required timestamp column")
    if key is None or key.type is not FieldType.STRING or not key.required:
        text = f"the deduplication key {contract.deduplication.key!r} must be a required string column"
        yield Problem(("deduplication", "key"), text)
    if contract.deduplication.horizon.total_seconds() <= 0:
        yield Problem(("deduplication", "horizon"), "the horizon must be longer than nothing")


def _conditions(contract: Contract) -> Iterator[Problem]:
    """Rules and derived columns are conditions."""
    parts = [(("rules", at), "rule", rule.name, rule.expression) for at, rule in enumerate(contract.rules)]
    parts += [(("derived", at), "derived column", c.name, c.expression) for at, c in enumerate(contract.derived)]
    for path, what, name, text in parts:
        compiled = _compiled(contract, text)
        if isinstance(compiled, str):
            yield Problem((*path, "expression"), f"{what} {name!r}: {compiled}")
        elif compiled.type.kind is not Kind.BOOLEAN:
            yield Problem((*path, "expression"), f"{what} {name!r} is {compiled.type.kind.said}, not a condition")


def _compiled(contract: Contract, text: str) -> Compiled | str:
    try:
        return contract.compile(text)
    except expression.ExpressionError as error:
        return str(error)


def _view(contract: Contract, view: View, path: Path) -> Iterator[Problem]:
    names = [(("dimensions", at, "name"), dimension.name) for at, dimension in enumerate(view.dimensions)]
    names += [(("measures", at, "name"), measure.name) for at, measure in enumerate(view.measures)]
    for at in _repeated(name for _, name in names):
        yield Problem((*path, *names[at][0]), f"view {view.name!r}: {names[at][1]!r} is defined twice")
    yield from _dimensions(contract, view, path)
    values = {f"{measure.name}__value" for measure in view.measures}
    for at, dimension in enumerate(view.dimensions):
        if dimension.name in values.union(GROUPED_COLUMNS):
            text = f"view {view.name!r}: {dimension.name!r} is a column that gold is built with; take another name"
            yield Problem((*path, "dimensions", at, "name"), text, house=True)
    sound = True
    for at, measure in enumerate(view.measures):
        for text in _measure(contract, measure):
            sound = False
            place = (*path, "measures", at, "expression" if measure.expression is not None else "name")
            yield Problem(place, f"view {view.name!r}, measure {measure.name!r}: {text}")
        for name in _served(contract, measure):
            text = f"view {view.name!r}, measure {measure.name!r}: {name!r} is PII and cannot be served as a value"
            yield Problem((*path, "measures", at, "expression"), text, house=True)
    states = {column.name for column in contract.view_states(view)} if sound else set()
    for place, name in names:
        if name in states:
            yield Problem((*path, *place), f"view {view.name!r}: {name!r} is the name of a stored state; take another")


def _dimensions(contract: Contract, view: View, path: Path) -> Iterator[Problem]:
    for at, dimension in enumerate(view.dimensions):
        label, place = f"view {view.name!r}, dimension {dimension.name!r}", (*path, "dimensions", at)
        if dimension.name in QUERY_WORDS:
            text = f"{label}: the name is a word of the query language; take another"
            yield Problem((*place, "name"), text, house=True)
        if dimension.column not in contract.places:
            allowed = ", ".join(contract.places)
            yield Problem((*place, "column"), f"{label}: no column {dimension.column!r}; columns are {allowed}")
            continue
        field = contract.paths.get(dimension.column)
        is_time = field is not None and field.type is FieldType.TIMESTAMP
        if is_time != (dimension.grain is not None):
            text = f"{label}: a timestamp needs a grain (hour or day), other columns take none"
            yield Problem((*place, "grain"), text)
        if field is not None and field.type in _NO_DIMENSIONS:
            yield Problem((*place, "column"), f"{label}: {field.type.value} values are no dimension")
        if contract.personal(dimension.column):
            text = f"{label}: {dimension.column!r} is PII and cannot be served as a dimension"
            yield Problem((*place, "column"), text, house=True)


def _measure(contract: Contract, measure: Measure) -> Iterator[str]:
    if measure.expression is None:
        if measure.kind is not MeasureKind.COUNT:
            yield f"{measure.kind.value} needs an expression"
        return
    compiled = _compiled(contract, measure.expression)
    if isinstance(compiled, str):
        yield compiled
        return
    node = expression.parse(measure.expression)
    fitting = _FITTING[measure.kind]
    if compiled.type.kind not in fitting:
        kinds = " or ".join(kind.value for kind in fitting)
        yield f"{measure.kind.value} takes a {kinds}, this is {compiled.type.kind.said}"
    elif measure.kind is MeasureKind.APPROX_DISTINCT and not (
        isinstance(node, expression.Column | expression.Element) and compiled.type.scale == 0
    ):
        yield "approx_distinct counts one string or integer column"


def _served(contract: Contract, measure: Measure) -> list[str]:
    """The first personal column whose values a measure would show, of an expression that can be read."""
    if measure.kind not in _SERVED or measure.expression is None:
        return []
    if isinstance(_compiled(contract, measure.expression), str):
        return []
    read = sorted(expression.columns(expression.parse(measure.expression)))
    return [name for name in read if contract.personal(name)][:1]


__all__ = ["Path", "Problem", "problems"]
