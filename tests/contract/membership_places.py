"""Where the promises of a membership are tried: the fake group in memory, and a consumer group of a real broker."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from tests.contract.event_log_places import QUIET, until
from tests.fakes.membership import FakeMembership, Group
from tideline.adapters.kafka_confluent import ConfluentLog
from tideline.adapters.kafka_membership import KafkaMembership
from tideline.model.errors import Retriable
from tideline.model.position import Partition
from tideline.ports import Membership
from tideline.settings import REPOSITORY

Held = Mapping[str, frozenset[Partition]]
SHORTEST_S = 6.0  # brokers take no shorter session
ENDLESS_S = 600.0  # far beyond every limit of these tests
MEMBER = """
import json, sys
from tideline.adapters.kafka_membership import KafkaMembership
bootstrap, group, topics, session_s = json.loads(sys.argv[1])
member = KafkaMembership(bootstrap, group, topics, session_s=session_s)
while True:
    member.held(0.5)
"""


class InMemory:
    """The fake: what takes a time limit elsewhere happens at once."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        self.topics = dict(topics)
        self.group = Group(self.topics)

    def join(self, session_s: float = ENDLESS_S) -> Membership:
        return self.group.join()

    def victim(self) -> Callable[[], None]:
        member = self.group.join()
        return lambda: self.group.die(member)

    def silent(self) -> Membership:
        """A member that is taken for dead soon after it was asked last."""
        return self.group.join()

    def wait_for_silence(self, member: Membership) -> None:
        assert isinstance(member, FakeMembership)
        self.group.die(member)

    def unreachable(self) -> Membership:
        gone = Group(self.topics)
        gone.online = False
        return gone.join()

    def close(self) -> None:
        """Nothing runs."""


class OnBroker:
    """A group and topics of its own on a running broker; members that die are processes."""

    def __init__(self, bootstrap: str, unused_port: int, topics: Mapping[str, int]) -> None:
        self.topics, self.bootstrap, self._unused_port = dict(topics), bootstrap, unused_port
        self.group = f"group-{uuid.uuid4().hex[:8]}"
        self._members: list[Membership] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self.log = ConfluentLog(bootstrap)
        for topic, partitions in self.topics.items():
            self.log.create(topic, partitions)

    def join(self, session_s: float = ENDLESS_S, **options: object) -> Membership:
        options = {"max.poll.interval.ms": int(ENDLESS_S * 1000), **options}
        member = KafkaMembership(self.bootstrap, self.group, sorted(self.topics), session_s=session_s, options=options)
        self._members.append(member)
        return member

    def victim(self) -> Callable[[], None]:
        said = json.dumps([self.bootstrap, self.group, sorted(self.topics), SHORTEST_S])
        process = subprocess.Popen([sys.executable, "-c", MEMBER, said], cwd=REPOSITORY)
        self._processes.append(process)

        def kill() -> None:
            process.kill()
            process.wait(20)

        return kill

    def silent(self) -> Membership:
        return self.join(SHORTEST_S, **{"max.poll.interval.ms": int(SHORTEST_S * 1000)})

    def wait_for_silence(self, member: Membership) -> None:
        """Time does it: nobody asks the member."""

    def unreachable(self) -> Membership:
        member = KafkaMembership(f"127.0.0.1:{self._unused_port}", self.group, sorted(self.topics))
        self._members.append(member)
        return member

    def committed(self) -> dict[str, int]:
        """Every offset that the group has committed."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap}, logger=QUIET)
        asked = ConsumerGroupTopicPartitions(self.group)
        found = admin.list_consumer_group_offsets([asked])[self.group].result(20)
        return {f"{at.topic}/{at.partition}": at.offset for at in found.topic_partitions if at.offset >= 0}

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait(20)
        for member in self._members:
            with suppress(RuntimeError):  # closed already
                member.close()


Place = InMemory | OnBroker


def everything(topics: Mapping[str, int]) -> set[tuple[str, Partition]]:
    return {(topic, partition) for topic, count in topics.items() for partition in range(count)}


def places(held: Held) -> set[tuple[str, Partition]]:
    return {(topic, partition) for topic, partitions in held.items() for partition in partitions}


def agreed(members: Sequence[Membership], is_so: Callable[[Sequence[Held]], bool], limit_s: float = 60.0) -> list[Held]:
    """Ask all members in turn until what they hold is so."""
    found: list[Held] = []

    def asked() -> bool:
        found[:] = [member.held(0.1) for member in members]
        return is_so(found)

    until(asked, limit_s)
    return found


def shared(topics: Mapping[str, int]) -> Callable[[Sequence[Held]], bool]:
    """All is held, nothing twice, and everybody has at least half of a fair share."""

    def is_so(found: Sequence[Held]) -> bool:
        counts = [len(places(held)) for held in found]
        union = set().union(*map(places, found))
        least = max(1, len(union) // (2 * len(found)))
        return union == everything(topics) and sum(counts) == len(union) and min(counts) >= least

    return is_so


def requests(statistics: str) -> Counter[str]:
    """How often a client has sent each kind of request, by librdkafka's own count."""
    found: Counter[str] = Counter()
    for broker in json.loads(statistics)["brokers"].values():
        found.update(broker["req"])
    return found


def refused(member: Membership) -> bool:
    """Whether the group says at last that it cannot be reached."""
    try:
        member.held(0.2)
    except Retriable as error:
        return error.code == "TL-LOG-001"
    return False
