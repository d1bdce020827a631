"""Laws of inference: what is inferred reads every sample back, and the order and grouping of samples do not matter."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.contract_index import small_contract
from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.model.field import EventField
from tideline.model.inference import Ways, infer
from tideline.model.samples import Samples, parse

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12).map(
        "{:f}".format
    ),
    st.tuples(st.integers(-999, 999), st.integers(-6, 6)).map(lambda pair: f"{pair[0]}e{pair[1]}"),
)
TIMES = st.datetimes().map(lambda at: json.dumps(f"{at:%Y-%m-%dT%H:%M:%S}".zfill(19) + "Z"))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80).map(json.dumps)
DATES = st.dates().map(lambda day: json.dumps(day.isoformat()))
OF_ONE_KIND = (NUMBERS, TIMES, TEXTS, DATES, st.sampled_from(["true", "false"]), NUMBERS.map(json.dumps))
NAMES = st.sampled_from(["a", "b", "c", "A-1", "B-2"])


def texts_of(members: dict[str, str]) -> str:
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in members.items()) + "}"


def nested(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(values, max_size=4).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(NAMES, values, max_size=4).map(texts_of),
    )


SCALARS = st.sampled_from(OF_ONE_KIND).flatmap(lambda kind: st.lists(kind | st.just("null"), min_size=1, max_size=30))


def arrays_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values | st.just("null"), max_size=3).map(lambda items: f"[{', '.join(items)}]")


def objects_of(members: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries({}, optional=members).map(texts_of)


SHAPES: st.SearchStrategy[st.SearchStrategy[str]] = st.recursive(
    st.sampled_from(OF_ONE_KIND),
    lambda inner: inner.map(arrays_of) | st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(objects_of),
    max_leaves=5,
)
OF_ONE_SHAPE = SHAPES.flatmap(lambda shape: st.lists(shape | st.just("null"), min_size=1, max_size=12))
ANY = st.recursive(st.one_of(*OF_ONE_KIND, st.just("null")), nested, max_leaves=12)


def samples_of(values: list[str]) -> Samples:
    samples = Samples()
    for value in values:
        samples.see(parse(value))
    return samples


def read_back(field: EventField, value: str) -> Any:
    """What the one decoder says of an event that carries the value."""
    fields = [
        {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
        {"name": "at", "type": "timestamp", "required": True, "description": "When."},
        field,
    ]
    stream = {"topic": "t", "partitions": 1, "max_event_bytes": 1_048_576}
    decoder = EventDecoder(small_contract(fields=fields, views=[], stream=stream))
    event = f'{{"event_id": "e", "at": "2026-01-02T10:00:00Z", "found": {value}}}'
    return decoder.decode(b"e", event.encode())


@given(SCALARS)
def test_what_is_inferred_reads_every_scalar_back(values: list[str]) -> None:
    found = infer("found", samples_of(values))
    if found.whole:
        assert found.field is not None
        for value in values:
            assert not isinstance(read_back(found.field, value), Rejection), (found.field, value)
    else:
        assert all(value == "null" for value in values) or any("point" in remark.text for remark in found.remarks)


@given(OF_ONE_SHAPE)
def test_what_is_inferred_reads_nested_values_back(values: list[str]) -> None:
    """Objects, arrays and maps in each other; where something is undecided, somebody is told."""
    found = infer("found", samples_of(values))
    if not found.whole:
        assert any(not remark.decided for remark in found.remarks)
        return
    assert found.field is not None
    for value in values:
        assert not isinstance(read_back(found.field, value), Rejection), (found.field, value)


@given(st.lists(ANY, max_size=12), st.lists(ANY, max_size=12), st.sampled_from([Ways(), Ways(texts_only=True)]))
def test_samples_seen_apart_and_merged_say_the_same(left: list[str], right: list[str], ways: Ways) -> None:
    """But for the order of members, which is that of their first appearance."""
    together = infer("found", samples_of(left + right), ways)
    merged = infer("found", samples_of(left).merge(samples_of(right)), ways)
    assert merged == together
    swapped = infer("found", samples_of(right).merge(samples_of(left)), ways)
    assert swapped.whole == together.whole
    assert sorted(map(str, swapped.remarks)) == sorted(map(str, together.remarks))
