"""Several speed processes share one stream while events flow and batch releases: they join, are killed and leave.

Two clients ask all the time, and the independent ledger judges every answer that they get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.living import Living, wait_for
from tests.e2e.speed_process import SpeedProcess, shared
from tests.platform import fresh_settings, java_or_skip
from tideline.local.probes import ask

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.spark, pytest.mark.timeout(900)]

MOVE_S = 120  # a killed one is missed after ten
Start = Callable[[], SpeedProcess]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    home = tmp_path_factory.mktemp("shared")
    settings = fresh_settings(home).model_copy(update={"speed_group": "tideline-speed"})
    platform = Living(home, seed=17, settings=settings)
    java_or_skip(platform.settings)
    platform.up("kafka", "spark", "serving")
    yield platform
    platform.down()


@pytest.fixture
def start(living: Living) -> Iterator[Start]:
    begun: list[SpeedProcess] = []

    def one_more() -> SpeedProcess:
        begun.append(SpeedProcess(living.settings, living.contract.id))
        return begun[-1]

    yield one_more
    for one in begun:
        one.kill()


def test_f66_processes_that_join_die_and_leave_share_one_stream(living: Living, start: Start) -> None:
    """Each has work as long as it lives, what one leaves the others take up, and the figures stay exact to the cent."""
    all_of_them = living.contract.stream.partitions
    first = start()
    wait_for(lambda: shared([first], all_of_them), MOVE_S, "the only process works on all")
    with living.probed() as probes:
        living.feed.trickle(400)
        goes_on(living)
        second = start()
        wait_for(lambda: shared([first, second], all_of_them), MOVE_S, "two share")
        goes_on(living)
        release = living.begin("run", living.contract.id, "--run-key", "shared")
        second.kill()
        wait_for(lambda: shared([first], all_of_them), MOVE_S, "what the killed one had is taken over")
        goes_on(living)
        third = start()
        wait_for(lambda: shared([first, third], all_of_them), MOVE_S, "a new one has its share")
        goes_on(living)
        said, _ = release.communicate(timeout=300)
        assert release.returncode == 0, said
        first.leave()
        wait_for(lambda: shared([third], all_of_them), MOVE_S, "what the leaving one had is taken over")
        goes_on(living)
        living.feed.rest()
        living.settle()
    assert probes.speed_answers > 20 and probes.batch_answers > 0
    assert living.ledger.verdicts.compared > 40
    counters = ask(f"{living.settings.serving_url}/v1/status")["contracts"][living.contract.id]["counters"]
    assert (counters["applied"] > 0, counters.get("hole", 0), counters.get("overlap", 0)) == (True, 0, 0)


def goes_on(living: Living) -> None:
    """What has been sent by now in every partition is served, and more events are sent meanwhile."""
    sent = living.feed.sent
    wait_for(lambda: living.feed.sent > sent + 200, 60, "events flow")
    known = living.feed.known()
    view = living.contract.views[0].name
    wait_for(lambda: all(living.merged(view).get(p, 0) >= n for p, n in known.items()), MOVE_S, f"serving has {known}")
