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

from tideline.local.generator import missing_hour
from tideline.local.journal import PlannedEvent
from tideline.model.contract import Contract, FieldType

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
    broken = _broken(contract, seed)
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
            yield _conflict(random.choice(near if random.random() < 0.5 else far), contract)
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


def _conflict(event: PlannedEvent, contract: Contract) -> PlannedEvent:
    """The same id with another payload."""
    payload = json.loads(event.value)
    for field in contract.fields:
        if field.type is FieldType.INTEGER and payload.get(field.name):
            payload[field.name] = payload[field.name] * 2
            break
    else:
        first = next(f.name for f in contract.fields if f.type is FieldType.STRING and f.name in payload)
        if first == contract.deduplication.key:
            return replace(event, kind="conflict", value=event.value + b" ")
        payload[first] = f"{payload[first]}~"
    return replace(event, kind="conflict", value=json.dumps(payload).encode())


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
    for field in contract.fields:
        skipped = missing_hour(field.timezone) if field.timezone else None
        if field.type is FieldType.TIMESTAMP and skipped is not None:
            ways["nonexistent_local_time"] = _set(field.name, skipped.isoformat())
        if field.type is FieldType.DECIMAL:
            ways[f"too_precise_{field.name}"] = _set(field.name, f"1.{'1' * (field.scale + 2)}")
    for name, value in (("unit_price", "-11.50"), ("quantity", 0)):
        if any(name in rule.expression for rule in contract.rules):
            ways[f"rule_{name}"] = _set(name, value)
    return ways


def _broken(contract: Contract, seed: int) -> Iterator[Callable[[PlannedEvent], PlannedEvent]]:
    """Breaks in turn in every way, each under an id of its own."""
    for number, way in enumerate(itertools.cycle(kinds(contract).values())):
        yield partial(_break, contract=contract, way=way, event_id=f"b{seed}-{number:06d}")


def _break(event: PlannedEvent, contract: Contract, way: Breaker, event_id: str) -> PlannedEvent:
    payload = json.loads(event.value) | {contract.deduplication.key: event_id}
    return PlannedEvent("broken", event_id, way(payload))


def _set(name: str, value: str | int) -> Breaker:
    return lambda event: _text({**event, name: value})


def _text(event: Event) -> bytes:
    return json.dumps(event).encode()
