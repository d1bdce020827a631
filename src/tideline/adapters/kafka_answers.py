"""What both Kafka clients make of a broker's answers, so that one protocol has one meaning.

A leader, coordinator or controller that is just moving is normal after `create` and while a broker restarts: the broker
says "not me, not now", which is no refusal. Such a question is asked again within the caller's time limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tideline.model.errors import Fatal, Retriable

Answer = TypeVar("Answer")
NO_ANSWER, NO_TOPIC, REFUSED, NOT_READY = "TL-LOG-001", "TL-LOG-003", "TL-LOG-004", "TL-LOG-010"
PAUSE_S = 0.05
SHORTEST_S = 0.1

# Every error of the protocol that it calls retriable, by number, but for these: 3 has a code of its own; 7 and 13 say
# that time ran out or the line broke, which is no answer; 2 is a record that is damaged where it lies, and waiting for
# it would hide that.
ASKED_AGAIN = {
    5: "LEADER_NOT_AVAILABLE", 6: "NOT_LEADER_FOR_PARTITION", 9: "REPLICA_NOT_AVAILABLE",
    14: "COORDINATOR_LOAD_IN_PROGRESS", 15: "COORDINATOR_NOT_AVAILABLE", 16: "NOT_COORDINATOR",
    19: "NOT_ENOUGH_REPLICAS", 20: "NOT_ENOUGH_REPLICAS_AFTER_APPEND", 41: "NOT_CONTROLLER",
    51: "CONCURRENT_TRANSACTIONS", 56: "KAFKA_STORAGE_ERROR", 70: "FETCH_SESSION_ID_NOT_FOUND",
    71: "INVALID_FETCH_SESSION_EPOCH", 72: "LISTENER_NOT_FOUND", 74: "FENCED_LEADER_EPOCH", 75: "UNKNOWN_LEADER_EPOCH",
    78: "OFFSET_NOT_AVAILABLE", 80: "PREFERRED_LEADER_NOT_AVAILABLE", 83: "ELIGIBLE_LEADERS_NOT_AVAILABLE",
    84: "ELECTION_NOT_NEEDED", 88: "UNSTABLE_OFFSET_COMMIT", 89: "THROTTLING_QUOTA_EXCEEDED", 100: "UNKNOWN_TOPIC_ID",
    103: "INCONSISTENT_TOPIC_ID", 106: "FETCH_SESSION_TOPIC_ID_ERROR", 122: "SHARE_SESSION_NOT_FOUND",
    123: "INVALID_SHARE_SESSION_EPOCH", 133: "SHARE_SESSION_LIMIT_REACHED",
}  # fmt: skip


def ask(question: Callable[[float], Answer], limit_s: float, *, until_there: bool = False) -> Answer:
    """The answer to a question, which gets the seconds that are left; raises the last error when they are over.

    Asked again while the broker is not ready; with `until_there` also while there is no topic or no answer yet.
    """
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return question(max(SHORTEST_S, deadline - time.monotonic()))
        except Retriable as error:
            if not (until_there or error.code == NOT_READY) or time.monotonic() + PAUSE_S > deadline:
                raise
        time.sleep(PAUSE_S)


def no_topic(topic: str) -> Retriable:
    return Retriable(NO_TOPIC, "there is no such topic", where=_where(topic), fix="tideline up creates it")


def not_ready(topic: str, number: int) -> Retriable:
    what = f"the broker is not ready for this yet ({ASKED_AGAIN[number]})"
    return Retriable(NOT_READY, what, where=_where(topic), fix="ask again; if it stays so: tideline logs kafka")


def no_answer(topic: str, name: str) -> Retriable:
    what = f"the broker does not answer ({name})"
    return Retriable(NO_ANSWER, what, where=_where(topic), fix="tideline status; tideline up")


def refused(topic: str, name: str) -> Fatal:
    return Fatal(REFUSED, f"the broker refused: {name}", where=_where(topic))


def _where(topic: str) -> str:
    return f"topic {topic}" if topic else "event log"
