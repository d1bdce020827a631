"""What goes wrong with events on their way: repeats, delays, conflicts and broken records, planned by a seed."""

from __future__ import annotations

import heapq
import itertools
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.local.generator import example, missing_hour
from tideline.local.journal import PlannedEvent
from tideline.model.contract import Contract, DriftAction, EventField, FieldType
from tideline.model.field import NESTED

_FAR = 2_000  # how many events, spread over all that was sent, a far repeat is chosen from
Event = dict[str, Any]
Breaker = Callable[[Event], bytes]


@dataclass(frozen=True, slots=True)
class Mix:
    """Share of each mishap in per cent of the events; late events are held back by 50 to 3,000 others."""

    duplicates: float = 2.0
    late: float = 1.0
    broken: float = 0.5
    conflicts: float = 0.2


def disturb(events: Iterable[PlannedEvent], contract: Contract, mix: Mix, seed: int) -> Iterator[PlannedEvent]:
    """The events with mishaps between them; the same seed gives the same stream."""
    random = Random(f"{seed}/mishaps")  # noqa: S311 - has to be repeatable, not secret
    near: deque[PlannedEvent] = deque(maxlen=100)
    far: list[PlannedEvent] = []
    held: list[tuple[int, int, PlannedEvent]] = []
    broken, decoder = _broken(contract, seed), EventDecoder(contract)
    for number, event in enumerate(events):
        while held and held[0][0] <= number:
            yield heapq.heappop(held)[2]
        if random.random() * 100 < mix.late:
            due = number + random.randint(50, 3_000)
            heapq.heappush(held, (due, number, replace(event, kind="late")))
            continue
        yield event
        near.append(event)
        _remember(far, event, number, random)
        if random.random() * 100 < mix.duplicates:
            yield replace(random.choice(near if random.random() < 0.5 else far), kind="duplicate")
        if random.random() * 100 < mix.conflicts:
            yield _conflict(random.choice(near if random.random() < 0.5 else far), contract, decoder)
        if random.random() * 100 < mix.broken:
            yield next(broken)(event)
    while held:
        yield heapq.heappop(held)[2]


def _remember(far: list[PlannedEvent], event: PlannedEvent, number: int, random: Random) -> None:
    """An even sample of everything so far."""
    if len(far) < _FAR:
        far.append(event)
    elif (slot := random.randrange(number + 1)) < _FAR:
        far[slot] = event


def _conflict(event: PlannedEvent, contract: Contract, decoder: EventDecoder) -> PlannedEvent:
    """The same id with another payload that is valid by itself."""
    for payload in _changed(json.loads(event.value), contract):
        value = json.dumps(payload).encode()
        if not isinstance(decoder.decode(event.key.encode(), value), Rejection):
            return replace(event, kind="conflict", value=value)
    return replace(event, kind="conflict", value=event.value + b" ")


def _changed(payload: Event, contract: Contract) -> Iterator[Event]:
    """The event with one value changed: a whole number doubled, or else a text made longer."""
    for field in contract.fields:
        if field.type is FieldType.INTEGER and payload.get(field.name):
            yield {**payload, field.name: payload[field.name] * 2}
    for field in contract.fields:
        if field.type is FieldType.STRING and payload.get(field.name) and field.name != contract.deduplication.key:
            yield {**payload, field.name: f"{payload[field.name]}~"}


def kinds(contract: Contract) -> dict[str, Breaker]:
    """Every way to break an event of this contract; each leaves the id readable to the eye, not to the decoder."""
    required = next(f.name for f in contract.fields if f.required and f.name != contract.deduplication.key)
    ways: dict[str, Breaker] = {
        "truncated": lambda e: _text(e)[: len(_text(e)) // 2],
        "not_an_object": lambda e: json.dumps([e]).encode(),
        "wrong_type": lambda e: _text({**e, required: {"a": 1}}),
        "missing_field": lambda e: _text({name: value for name, value in e.items() if name != required}),
        "unknown_field": lambda e: _text({**e, "surprise": 1}),
        "bad_utf8": lambda e: _text(e)[:-1] + b',"\xc3\x28":1}',
        "oversize": lambda e: _text(e) + b" " * contract.stream.max_event_bytes,
        "key_is_not_id": lambda e: _text({**e, contract.deduplication.key: "other-id"}),
    }
    if contract.drift.new_fields is DriftAction.EVOLVE:
        del ways["unknown_field"]
    for field in contract.fields:
        if field.name != contract.deduplication.key:
            for way, value in _bad_values(field, field.name, example(contract, field)):
                ways[way] = _set(field.name, value)
    for name, value in (("unit_price", "-11.50"), ("quantity", 0)):
        if any(name in rule.expression for rule in contract.rules):
            ways[f"rule_{name}"] = _set(name, value)
    return ways


def _bad_values(field: EventField, path: str, good: Any) -> Iterator[tuple[str, Any]]:
    """Values of a field that are wrong in one place, however deep; `good` is a value in which nothing is left out."""
    if field.type is FieldType.TIMESTAMP and field.timezone and (skipped := missing_hour(field.timezone)):
        yield f"nonexistent_local_time_{path}", skipped.isoformat()
    if field.type is FieldType.DECIMAL:
        yield f"too_precise_{path}", f"1.{'1' * (field.scale + 2)}"
    if field.enum:
        yield f"not_in_enum_{path}", f"{field.enum[0]}~"
    if field.pattern is not None:
        yield f"other_pattern_{path}", "~" * max(field.min_length, 1)
    if field.bits < 64:
        yield f"too_large_{path}", 2**31
    if field.type in NESTED:
        yield f"wrong_type_{path}", "text"
    for inner in field.fields:
        for way, value in _bad_values(inner, f"{path}.{inner.name}", good[inner.name]):
            yield way, {**good, inner.name: value}
    if field.items is not None:
        yield from ((way, [value]) for way, value in _bad_values(field.items, f"{path}[]", good[0]))
    if field.values is not None:
        key, held = next(iter(good.items()))
        yield from ((way, {key: value}) for way, value in _bad_values(field.values, f"{path}{{}}", held))


def _broken(contract: Contract, seed: int) -> Iterator[Callable[[PlannedEvent], PlannedEvent]]:
    """Breaks in turn in every way, each under an id of its own."""
    for number, way in enumerate(itertools.cycle(kinds(contract).values())):
        yield partial(_break, contract=contract, way=way, event_id=f"b{seed}-{number:06d}")


def _break(event: PlannedEvent, contract: Contract, way: Breaker, event_id: str) -> PlannedEvent:
    payload = json.loads(event.value) | {contract.deduplication.key: event_id}
    return PlannedEvent("broken", event_id, way(payload))


def _set(name: str, value: Any) -> Breaker:
    return lambda event: _text({**event, name: value})


def _text(event: Event) -> bytes:
    return json.dumps(event).encode()
