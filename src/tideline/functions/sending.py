"""Events into the log: each with its outcome, within a time limit, over whichever writer there is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tideline.functions.events import Event
from tideline.ports import Delivery, LogWriter

_NO_ANSWER = Delivery(-1, None, "unknown: no answer within the time limit")


def send_all(writer: LogWriter, topic: str, events: Sequence[Event], patience_s: float) -> list[Delivery]:
    """The outcome of each event, in their order. What is unknown may be in the log: sending it again does no harm.

    A repeat has the id of the first, so batch and speed count it once (within the contract's horizon).
    """
    outcomes: dict[int, Delivery] = {}
    for at, event in enumerate(events):
        writer.send(topic, event.key, event.value, on_delivery=partial(outcomes.__setitem__, at))
    writer.flush(patience_s)
    return [outcomes.get(at, _NO_ANSWER) for at in range(len(events))]
