"""A group of speed processes in memory: who joins, leaves, dies or has not heard yet, without a clock or a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tideline.model.errors import Retriable
from tideline.model.position import Partition

Owned = tuple[str, Partition]


class Group:
    """Shares the partitions of `topics` evenly; whoever has one keeps it as long as that is even (sticky).

    Failures: `online = False` makes every `held` Retriable; `die` takes a member out without its knowing, as a time
    limit does; `FakeMembership.deaf` lets a member keep what it heard last, whatever the group has agreed on since.
    """

    def __init__(self, topics: Mapping[str, int]) -> None:
        self.topics = dict(topics)
        self.online = True
        self._members: list[FakeMembership] = []
        self._owner: dict[Owned, FakeMembership] = {}

    def join(self, topics: Iterable[str] | None = None) -> FakeMembership:
        """A new member, which may know some of the topics only."""
        member = FakeMembership(self, frozenset(self.topics if topics is None else topics))
        self.admit(member)
        return member

    def admit(self, member: FakeMembership) -> None:
        self._members.append(member)
        self.share()

    def die(self, member: FakeMembership) -> None:
        """The group gives its partitions away; it learns of that, and comes back, when it asks the next time."""
        if member in self._members:
            self._members.remove(member)
            self.share()

    def owned(self, member: FakeMembership) -> dict[str, frozenset[Partition]]:
        """What the group has agreed to be this member's, which need not be what it believes."""
        mine: dict[str, set[Partition]] = {}
        for (topic, partition), owner in self._owner.items():
            if owner is member:
                mine.setdefault(topic, set()).add(partition)
        return {topic: frozenset(partitions) for topic, partitions in mine.items()}

    def knows(self, member: FakeMembership) -> bool:
        return member in self._members

    def share(self) -> None:
        """Agree anew: the same members and topics always end with the same owners."""
        before, self._owner = self._owner, {}
        for topic, count in sorted(self.topics.items()):
            able = [member for member in self._members if topic in member.topics]
            if not able:
                continue
            waiting: list[Partition] = []
            for partition in range(count):
                owner = before.get((topic, partition))
                if owner in able and self._load(owner, topic) < -(-count // len(able)):
                    self._owner[topic, partition] = owner
                else:
                    waiting.append(partition)
            for partition in waiting:
                self._owner[topic, partition] = min(
                    able, key=lambda member: (self._load(member, topic), self._load(member))
                )
            self._even_out(topic, able)

    def _even_out(self, topic: str, able: list[FakeMembership]) -> None:
        while True:
            most = max(able, key=lambda member: self._load(member, topic))
            least = min(able, key=lambda member: self._load(member, topic))
            if self._load(most, topic) - self._load(least, topic) < 2:
                return
            moved = max(at for (name, at), owner in self._owner.items() if name == topic and owner is most)
            self._owner[topic, moved] = least

    def _load(self, member: FakeMembership, topic: str | None = None) -> int:
        return sum(owner is member and topic in (None, name) for (name, _), owner in self._owner.items())


class FakeMembership:
    """One member of a group; implements the Membership port and never waits."""

    def __init__(self, group: Group, topics: frozenset[str]) -> None:
        self._group, self.topics = group, topics
        self.deaf = False
        self.closed = False
        self._heard: dict[str, frozenset[Partition]] = {}

    def held(self, timeout_s: float) -> Mapping[str, frozenset[Partition]]:
        assert not self.closed, "a member that left asks no more"
        if not self._group.online:
            raise Retriable("TL-LOG-001", "the fake group is switched off", where="group")
        if not self.deaf:
            if not self._group.knows(self):
                self._group.admit(self)
            self._heard = self._group.owned(self)
        return dict(self._heard)

    def close(self) -> None:
        self.closed = True
        self._group.die(self)
