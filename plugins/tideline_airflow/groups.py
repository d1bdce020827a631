"""Which contracts share a DAG when there are thousands: those of one schedule, owner, tier and deadline. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tideline.listing import Listed

PREFIX = "grouped-"  # no contract id has a dash
_ELSE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Group:
    """The contracts of one DAG; `part` counts from 1 of `parts` when there are more than one DAG holds."""

    id: str
    schedule: str
    owner: str
    tier: str
    deadline: float | None
    part: int
    parts: int
    members: tuple[Listed, ...]


def grouped(contracts: Iterable[Listed], size: int) -> tuple[Group, ...]:
    """Groups of about `size`, by id. A contract's part follows from its id, so that a new one moves none of the others
    until a group needs one part more.
    """
    kinds: dict[tuple[str, str, str, float | None], list[Listed]] = {}
    for listed in contracts:
        kinds.setdefault((listed.owner, listed.tier, listed.schedule, listed.deadline), []).append(listed)
    found = [group for kind, members in kinds.items() for group in _parts(kind, members, size)]
    return tuple(sorted(found, key=lambda group: group.id))


def _parts(kind: tuple[str, str, str, float | None], members: list[Listed], size: int) -> list[Group]:
    owner, tier, schedule, deadline = kind
    count = -(-len(members) // size)
    parts: list[list[Listed]] = [[] for _ in range(count)]
    for listed in sorted(members, key=lambda listed: listed.id):
        parts[_number(listed.id) % count].append(listed)
    name = f"{PREFIX}{_slug(owner)}.{tier}.{_slug(schedule.replace('*', 'x'))}-{_number(repr(kind)) % 16**6:06x}"
    return [
        Group(f"{name}.{at:02d}", schedule, owner, tier, deadline, at, count, tuple(part))
        for at, part in enumerate(parts, 1)
        if part
    ]


def _slug(text: str) -> str:
    """For people; what makes a name unique is the number after it."""
    return _ELSE.sub("-", text.lower()).strip("-")[:60] or "x"


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
