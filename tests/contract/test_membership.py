"""What every membership promises: the same sentences for the fake and for a consumer group of a real broker."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator, Sequence

import pytest

from tests.contract.event_log_places import send, until
from tests.contract.membership_places import (
    Held,
    InMemory,
    OnBroker,
    Place,
    agreed,
    everything,
    places,
    refused,
    requests,
    shared,
)  # fmt: skip
from tideline import wiring
from tideline.settings import Settings

KAFKA = pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.timeout(180)])


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["fake", KAFKA])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Two topics of four partitions and one of one."""
    name = uuid.uuid4().hex[:8]
    topics = {f"shared-{name}-a": 4, f"shared-{name}-b": 4, f"shared-{name}-c": 1}
    made: Place
    if request.param == "fake":
        made = InMemory(topics)
    else:
        made = OnBroker(request.getfixturevalue("kafka").kafka_bootstrap, _unused_port(), topics)
    yield made
    made.close()


@pytest.fixture
def on_broker(kafka: Settings) -> Iterator[OnBroker]:
    made = OnBroker(kafka.kafka_bootstrap, _unused_port(), {f"shared-{uuid.uuid4().hex[:8]}": 2})
    yield made
    made.close()


def test_a_member_that_is_alone_holds_everything(place: Place) -> None:
    (held,) = agreed([place.join()], shared(place.topics))
    assert held == {topic: frozenset(range(count)) for topic, count in place.topics.items()}


def test_members_share_everything_evenly_and_nothing_twice(place: Place) -> None:
    """The topic of one partition is with one of them: the other is told nothing of it."""
    members = [place.join(), place.join()]
    found = agreed(members, shared(place.topics))
    single = next(topic for topic, count in place.topics.items() if count == 1)
    assert sorted(single in held for held in found) == [False, True]
    assert all(held.values() for held in found)


def test_a_third_member_gets_its_share(place: Place) -> None:
    members = [place.join(), place.join()]
    agreed(members, shared(place.topics))
    agreed([*members, place.join()], shared(place.topics))


def test_what_stays_is_never_taken_away_in_between(place: Place) -> None:
    """A worker whose partitions stay is not stopped by somebody who joins, also while another member takes its time."""
    first, slow = place.join(), place.join()
    before = places(agreed([first, slow], shared(place.topics))[0])
    members = [first, slow, place.join()]
    seen: list[Held] = agreed([first], lambda found: places(found[0]) != before)

    def is_shared(found: Sequence[Held]) -> bool:
        seen.append(found[0])
        return shared(place.topics)(found)

    kept = places(agreed(members, is_shared)[0])
    assert kept and all(kept <= places(held) <= before for held in seen)


def test_nothing_is_held_by_two_while_it_moves(place: Place) -> None:
    """It is given up before it is given on, so that two workers do not fence each other off in turns."""
    first = place.join()
    agreed([first], shared(place.topics))
    members = [first, place.join()]

    def is_shared(found: Sequence[Held]) -> bool:
        assert not places(found[1]) & places(members[0].held(0))
        return shared(place.topics)(found)

    agreed(members, is_shared)


def test_who_leaves_hands_over_without_a_time_limit(place: Place) -> None:
    """Its session would last ten minutes."""
    stays, leaves = place.join(), place.join()
    agreed([stays, leaves], shared(place.topics))
    leaves.close()
    agreed([stays], shared(place.topics))


def test_what_a_killed_member_held_is_taken_over(place: Place) -> None:
    stays = place.join()
    agreed([stays], shared(place.topics))
    kill = place.victim()
    agreed([stays], lambda found: 0 < len(places(found[0])) <= len(everything(place.topics)) // 2 + 1)
    kill()
    agreed([stays], shared(place.topics))


def test_who_does_not_ask_is_taken_for_dead_and_is_welcome_again(place: Place) -> None:
    """Also when its process lives; asked again, it learns what is its now."""
    stays, silent = place.join(), place.silent()
    agreed([stays, silent], shared(place.topics))
    place.wait_for_silence(silent)
    agreed([stays], shared(place.topics))
    agreed([stays, silent], shared(place.topics))


def test_a_group_that_cannot_be_reached_is_retriable_and_can_be_left(place: Place) -> None:
    member = place.unreachable()
    until(lambda: refused(member))
    member.close()


@pytest.mark.kafka
def test_a_member_reads_nothing_and_commits_nothing(on_broker: OnBroker) -> None:
    """Membership is all it is for: readers have connections and positions of their own."""
    told: list[str] = []
    (topic,) = on_broker.topics
    send(on_broker.log, topic, *[b"v"] * 50)
    member = on_broker.join(**{"statistics.interval.ms": 100, "stats_cb": told.append})
    agreed([member], shared(on_broker.topics))
    send(on_broker.log, topic, *[b"v"] * 50)
    before = len(told)
    agreed([member], lambda _: len(told) > before + 5)
    asked = requests(told[-1])
    assert asked["JoinGroup"] > 0
    assert {"Fetch": asked["Fetch"], "OffsetFetch": asked["OffsetFetch"], "OffsetCommit": asked["OffsetCommit"]} == {
        "Fetch": 0, "OffsetFetch": 0, "OffsetCommit": 0,
    }  # fmt: skip
    assert on_broker.committed() == {}


@pytest.mark.kafka
def test_a_topic_that_is_made_later_is_shared_too(on_broker: OnBroker) -> None:
    """Until then the others are shared without it."""
    there = dict(on_broker.topics)
    late = f"late-{uuid.uuid4().hex[:8]}"
    on_broker.topics[late] = 2
    member = on_broker.join()
    agreed([member], shared(there))
    on_broker.log.create(late, 2)
    agreed([member], shared(on_broker.topics))


@pytest.mark.kafka
def test_members_of_other_groups_share_nothing(on_broker: OnBroker, kafka: Settings) -> None:
    """The name in the settings makes the group."""
    one = on_broker.join()
    other = wiring.membership(
        kafka.model_copy(update={"speed_group": f"{on_broker.group}-other"}), list(on_broker.topics)
    )
    agreed([one], shared(on_broker.topics))
    agreed([other], shared(on_broker.topics))
    other.close()
    same = wiring.membership(kafka.model_copy(update={"speed_group": on_broker.group}), list(on_broker.topics))
    agreed([one, same], shared(on_broker.topics))
    same.close()


@pytest.mark.kafka
def test_a_member_without_topics_holds_nothing(on_broker: OnBroker) -> None:
    """All contracts may be batch-only."""
    on_broker.topics.clear()
    assert on_broker.join().held(0.5) == {}


@pytest.mark.parametrize(("region", "first"), [("", b"\x00"), ("eu-central-1", b"\x16")])
def test_a_member_signs_in_as_the_event_log_does(monkeypatch: pytest.MonkeyPatch, region: str, first: bytes) -> None:
    """With a region in the settings the first thing it says is TLS's hello, without one Kafka's own."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        settings = Settings(kafka=f"127.0.0.1:{server.getsockname()[1]}", kafka_iam_region=region, speed_group="g")
        member = wiring.membership(settings, ["t"])
        connection, _ = server.accept()
        with connection:
            connection.settimeout(30)
            assert connection.recv(1) == first
    member.close()
