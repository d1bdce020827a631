"""The speed layer as a process on a real broker: killed in mid-batch, overtaken while stopped, ended politely."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.contract_index import small_contract, write_index
from tests.platform import free_ports
from tideline.adapters.increments import Increment, decode
from tideline.adapters.kafka_confluent import ConfluentLog
from tideline.index import compile_index, load_index, store_index
from tideline.model.lineage import Lineage, Verdict
from tideline.settings import Settings

pytestmark = pytest.mark.kafka
PATIENCE_S = 60.0
Start = Callable[..., tuple[subprocess.Popen[bytes], int]]


def wait_for(what: str, check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except OSError:
            pass
        time.sleep(0.05)  # between two looks at a condition
    raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")


@pytest.fixture
def product(kafka: Settings, tmp_path: Path) -> Settings:
    """A contract with a topic of its own on the shared broker."""
    source = (kafka.contracts / "retail" / "sales.odcs.yaml").read_text()
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    topic = f"retail.sales.{tmp_path.name}"
    text = source.replace("retail.sales.v1", topic).replace("id: retail.sales", f"id: retail.{topic_product(tmp_path)}")
    text = text.replace("name: sales\nversion", f"name: {topic_product(tmp_path)}\nversion")
    (contracts / "sales.odcs.yaml").write_text(text)
    index = tmp_path / "index.json"
    store_index(index, compile_index(contracts))
    return kafka.model_copy(update={"contracts": contracts, "index": index, "home": tmp_path / "home"})


def topic_product(tmp_path: Path) -> str:
    return "sales_" + "".join(letter for letter in tmp_path.name.lower() if letter.isalnum())[-20:]


@pytest.fixture
def start(product: Settings, tmp_path: Path) -> Iterator[Start]:
    """Start speed layers; all are killed at the end, by their own handles."""
    running: list[subprocess.Popen[bytes]] = []

    def launch(**extra: str) -> tuple[subprocess.Popen[bytes], int]:
        [port] = free_ports(1)
        env = os.environ | {
            "TIDELINE_HOME": str(product.home),
            "TIDELINE_CONTRACTS": str(product.contracts),
            "TIDELINE_INDEX": str(product.index),
            "TIDELINE_KAFKA_PORT": str(product.kafka_port),
            "TIDELINE_SPEED_PORT": str(port),
            "TIDELINE_EPOCH_S": "1",
            **extra,
        }
        log = (tmp_path / f"speed-{len(running)}.log").open("wb")
        process = subprocess.Popen([sys.executable, "-m", "speed_layer"], env=env, stderr=log, cwd=Path.cwd())
        running.append(process)
        return process, port

    yield launch
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(10)


def status(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2) as answer:
        contracts = json.load(answer)["contracts"]  # empty until the workers are made
        return dict(next(iter(contracts.values()), {}))


def caught_up(port: int, events: int) -> Callable[[], bool]:
    def check() -> bool:
        found = status(port)
        nexts = [at for part in found.get("partitions", {}).values() for at in part["views"].values()]
        return found.get("state") == "running" and sum(nexts) == 2 * events

    return check


def send(product: Settings, first: int, count: int, country: Callable[[int], str] = lambda _: "France") -> None:
    [contract] = load_index(product.index).values()
    log = ConfluentLog(product.kafka_bootstrap)
    log.create(contract.stream.topic, contract.stream.partitions)
    writer = log.writer(linger_ms=5)
    for number in range(first, first + count):
        event: dict[str, Any] = {
            "event_id": f"e{number}", "invoice_no": "5", "stock_code": f"S{number % 5}", "quantity": 2,
            "invoice_ts": "2011-01-04T10:00:00", "unit_price": "1.250", "country": country(number),
        }  # fmt: skip
        writer.send(contract.stream.topic, event["event_id"].encode(), json.dumps(event).encode())
    assert writer.flush(30) == 0


def folded(product: Settings) -> tuple[dict[str, int], set[Verdict]]:
    """Lines per view that a reader of the whole topic sees, and the loud verdicts."""
    [contract] = load_index(product.index).values()
    log, topic = ConfluentLog(product.kafka_bootstrap), f"tideline.increments.{contract.id}"
    ends = {partition: bounds.end for partition, bounds in log.bounds(topic).items()}
    reader = log.reader(topic, dict.fromkeys(ends, 0))
    lineages: dict[tuple[int, str], Lineage[int]] = {}
    verdicts: set[Verdict] = set()
    while any(reader.position(partition) < end for partition, end in ends.items()):
        for record in reader.poll(0.2, 5_000):
            found = decode(record.value)
            for view in contract.views:
                lineage = lineages.setdefault((record.partition, view.name), Lineage(lambda a, b: a + b))
                if isinstance(found, Increment):
                    if found.view == view.name:
                        at = [column.name for column in contract.view_states(view)].index("lines__count")
                        lines = sum(found.states[at])
                        verdicts.add(lineage.offer(found.generation, found.start, found.end, lines, found.epoch_end))
                elif hasattr(found, "worker"):
                    lineage.fence(record.position)
                elif view.name in found.views:
                    lineage.rebase(found.generation, found.views[view.name])
    reader.close()
    totals = dict.fromkeys((view.name for view in contract.views), 0)
    for (_, name), lineage in lineages.items():
        totals[name] += sum(segment.payload for segment in lineage.beyond(0))
    return totals, verdicts & {Verdict.HOLE, Verdict.OVERLAP}


def test_a_kill_between_two_views_loses_and_doubles_nothing(product: Settings, start: Start) -> None:
    """SIGKILL between the messages of two views; the restart continues each view where it was."""
    send(product, 0, 200)
    crashing, _ = start(TIDELINE_CRASH_AT="speed.after_first_view:1")
    assert crashing.wait(PATIENCE_S) == -signal.SIGKILL
    send(product, 100, 200)
    process, port = start()
    wait_for("catching up", caught_up(port, 400))
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    assert folded(product) == (dict.fromkeys(folded(product)[0], 300), set())


def test_a_zombie_ends_itself_and_changes_nothing(product: Settings, start: Start) -> None:
    """A stopped worker is overtaken; when it goes on it ends with 76, and answers stay exact."""
    send(product, 0, 50)
    zombie, port = start()
    wait_for("catching up", caught_up(port, 50))
    zombie.send_signal(signal.SIGSTOP)
    _, other = start()
    send(product, 50, 50)
    wait_for("the successor to catch up", caught_up(other, 100))
    zombie.send_signal(signal.SIGCONT)
    send(product, 100, 50)
    assert zombie.wait(PATIENCE_S) == 76
    wait_for("the successor to go on", caught_up(other, 150))
    assert folded(product) == (dict.fromkeys(folded(product)[0], 150), set())


def test_a_contract_whose_topic_is_wrong_stops_no_other(product: Settings, start: Start) -> None:
    """The other one is folded, readiness names the wrong one; left alone with it the process ends with its code."""
    good, bad = (small_contract(f"{topic_product(product.home.parent)[-24:]}_{name}") for name in ("good", "bad"))
    source = product.contracts / "sales.odcs.yaml"
    write_index(product.index, good, bad, compiled_from=source)
    log = ConfluentLog(product.kafka_bootstrap)
    log.create(bad.stream.topic, bad.stream.partitions - 1)
    process, port = start()

    def unready() -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return {}
        except urllib.error.HTTPError as error:
            told: dict[str, Any] = json.loads(error.read())
            return told if told["contracts"].get(bad.id) == "ended" else {}

    told = wait_for("the wrong contract's end", unready)
    assert list(told["errors"]) == [bad.id] and "TL-LOG-002" in told["errors"][bad.id]
    writer = log.writer()
    writer.send(good.stream.topic, b"e", b'{"event_id": "e", "at": "2011-01-04T10:00:00Z"}', partition=0)
    assert writer.flush(30) == 0

    def folded_by_the_good_one() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=2) as answer:
            partitions = json.load(answer)["contracts"][good.id]["partitions"]
        return bool(partitions) and partitions["0"]["next"] == 1

    wait_for("the good contract's event", folded_by_the_good_one)
    write_index(product.index, bad, compiled_from=source)
    assert process.wait(PATIENCE_S) == 2


def test_a_tick_that_no_single_message_holds_is_published_in_pieces(product: Settings, start: Start) -> None:
    """2,000 groups of 7 kB on a topic with the broker's usual limit of a megabyte: all is there, nothing is refused."""
    source = product.contracts / "sales.odcs.yaml"
    source.write_text(source.read_text().replace("{maxLength: 60}", "{maxLength: 7000}"))
    store_index(product.index, compile_index(product.contracts))
    [contract] = load_index(product.index).values()
    letters = random.Random(1)
    log = ConfluentLog(product.kafka_bootstrap)
    log.create(f"tideline.increments.{contract.id}", contract.stream.partitions)  # 1,048,588 bytes
    send(product, 0, 2_000, lambda _: letters.randbytes(3_500).hex())
    process, port = start()
    wait_for("catching up", caught_up(port, 2_000))
    assert status(port)["last_error"] == ""
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    assert folded(product) == (dict.fromkeys(folded(product)[0], 2_000), set())
