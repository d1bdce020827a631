"""Delivery of files: good lines get into the log, bad ones are kept with number and reason, and kills harm nothing."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.event_log import FakeEventLog
from tests.fakes.stored_files import FakeFiles, FakeMemory, Fate, Killed
from tests.unit.sales import SALES
from tideline.functions.chunks import Chunk
from tideline.functions.delivering import LEASE_S, Deliveries, Rules
from tideline.model.contract import Contract
from tideline.model.errors import DataError, Fatal, FileGone, Lifecycle, Retriable
from tideline.ports import StoredFile

LANDING, QUARANTINE, KEY = "landing", "quarantine", "inbox/retail/sales/partner-a/day.ndjson"
RULES = Rules(QUARANTINE, chunk_bytes=400, max_file_bytes=20_000, patience_s=1.0, remember_s=86_400)


def sale(number: int) -> bytes:
    event = {
        "event_id": f"e-{number}", "invoice_no": "536365", "stock_code": "85123A", "quantity": 6,
        "invoice_ts": "2011-07-01T10:00:00", "unit_price": "2.55", "country": "France",
    }  # fmt: skip
    return json.dumps(event).encode()


def contracts(id_: str) -> Contract:
    if id_ != SALES.id:
        raise Fatal("TL-IDX-003", f"there is no contract {id_!r} among 1")
    return SALES


@dataclass
class World:
    """Everything outside of the function: it outlives the function's processes. `steps` is what runs now."""

    fate: Fate = field(default_factory=Fate)
    now: float = 1_000_000.0
    log: FakeEventLog = field(default_factory=FakeEventLog)

    def __post_init__(self) -> None:
        self.files, self.memory = FakeFiles(self.fate), FakeMemory(self.fate)
        self.log.create(SALES.stream.topic, 4)
        self.restart()

    def restart(self) -> None:
        self.steps = Deliveries(contracts, self.files, self.memory, self.log.writer, RULES, lambda: self.now)

    def arrive(self, body: bytes, key: str = KEY) -> StoredFile:
        return self.files.arrive(LANDING, key, body)

    def written(self) -> Counter[bytes | None]:
        parts = self.log.topics[SALES.stream.topic].partitions.values()
        return Counter(record.key for part in parts for record in part.records)

    def run(self, file: StoredFile, execution: str = "run-1") -> dict[str, Any]:
        """What the workflow does when nothing fails."""
        found = self.steps.examine(file, execution)
        if found["verdict"] != "deliver":
            return found
        for chunk in found["chunks"]:
            self.steps.deliver(found["file"], Chunk(**chunk))
        return self.steps.finish(found["file"])


@pytest.fixture
def world() -> World:
    return World()


def keys(*numbers: int) -> set[bytes]:
    return {f"e-{number}".encode() for number in numbers}


def test_a_file_is_written_and_cleared_away(world: World) -> None:
    """Several chunks, one after the other; the file ends up under delivered/ and the claim is given back."""
    file = world.arrive(b"\n".join(sale(n) for n in range(9)))
    found = world.steps.examine(file, "run-1")
    assert len(found["chunks"]) == 3
    assert world.run(file) == {"sent": 9, "refused": 0}
    assert world.written() == Counter(keys(*range(9)))
    (kept,) = world.files.names(LANDING)
    assert kept.startswith("delivered/retail/sales/") and kept.endswith("/partner-a/day.ndjson")
    claim = world.memory.get(f"{LANDING}/{KEY}", "claim")
    assert claim is not None and claim["until"] == 0


def test_values_are_written_byte_for_byte(world: World) -> None:
    line = sale(1).replace(b'"2.55"', b"2.5500000")
    world.run(world.arrive(b"  " + line + b"\r\n"))
    (record,) = (one for part in world.log.topics[SALES.stream.topic].partitions.values() for one in part.records)
    assert (record.key, record.value) == (b"e-1", line)


def test_bad_lines_are_kept_with_their_numbers_and_the_others_go_on(world: World) -> None:
    """Numbers are those of the file, blank lines counted, in whichever chunk a line is."""
    lines = [sale(1), b"", b"{no json", sale(2), sale(3), sale(4), b'{"event_id": "e-5"}', sale(6)]
    assert world.run(world.arrive(b"\n".join(lines))) == {"sent": 5, "refused": 2}
    kept = [
        json.loads(line)
        for name in world.files.names(QUARANTINE)
        for line in world.files.there[QUARANTINE, name][0].splitlines()
    ]
    assert [(one["line"], one["reason"]) for one in kept] == [
        (3, "malformed_json"), (7, "missing_field:invoice_no"),
    ]  # fmt: skip
    assert base64.b64decode(kept[0]["raw"]) == b"{no json"
    assert all(name.startswith("_deliveries/retail/sales/") for name in world.files.names(QUARANTINE))
    assert set(world.written()) == keys(1, 2, 3, 4, 6)


@pytest.mark.parametrize("body", [b"[%s, %s]", b"%s%s"])
def test_a_json_document_is_one_chunk(world: World, body: bytes) -> None:
    """An array or one object; what is no JSON is one bad line, and then the file as a whole is none."""
    file = world.arrive(body % (sale(1), sale(2)), KEY.replace(".ndjson", ".json"))
    if body.startswith(b"["):
        assert world.run(file) == {"sent": 2, "refused": 0}
    else:
        with pytest.raises(DataError, match="TL-DEL-007"):
            world.run(file)


def test_the_same_content_under_the_same_name_is_not_delivered_twice(world: World) -> None:
    """A partner uploads again, with another ETag: nothing is sent, and the inbox is clear."""
    body = sale(1)
    world.run(world.arrive(body))
    again = world.run(world.arrive(body), "run-2")
    assert again["verdict"] == "nothing_to_do"
    assert world.written() == Counter({b"e-1": 1})
    assert [name for name in world.files.names(LANDING) if name.startswith("inbox/")] == []


def test_other_content_under_the_same_name_is_a_new_file(world: World) -> None:
    world.run(world.arrive(sale(1)))
    assert world.run(world.arrive(sale(2)), "run-2") == {"sent": 1, "refused": 0}
    assert set(world.written()) == keys(1, 2)


def test_an_event_that_comes_twice_starts_one_delivery(world: World) -> None:
    """EventBridge may tell of a file more than once: the second execution leaves it to the first."""
    file = world.arrive(sale(1))
    world.steps.examine(file, "run-1")
    assert world.steps.examine(file, "run-2")["verdict"] == "nothing_to_do"
    assert world.steps.examine(file, "run-1")["verdict"] == "deliver"
    world.run(file)
    assert world.steps.examine(file, "run-3")["verdict"] == "nothing_to_do"


def test_a_newer_file_waits_for_the_one_before(world: World) -> None:
    """Of two files of one name the second is tried again later, or takes over from an execution that fell silent."""
    old = world.steps.examine(world.arrive(sale(1)), "run-1")
    new = world.arrive(sale(2))
    with pytest.raises(Retriable, match="TL-DEL-004"):
        world.steps.examine(new, "run-2")
    world.now += LEASE_S + 1
    assert world.steps.examine(new, "run-2")["verdict"] == "deliver"
    with pytest.raises(Lifecycle, match="TL-DEL-005"):
        world.steps.deliver(old["file"], Chunk(**old["chunks"][0]))
    assert world.steps.refuse(StoredFile(**_file(old)), "run-1") == {"kept": None}
    assert world.run(new, "run-2") == {"sent": 1, "refused": 0}


def test_a_file_that_is_replaced_meanwhile_is_not_mixed(world: World) -> None:
    found = world.steps.examine(world.arrive(sale(1)), "run-1")
    world.arrive(sale(2))
    with pytest.raises(FileGone):
        world.steps.deliver(found["file"], Chunk(**found["chunks"][0]))
    assert not world.written()


def _file(found: dict[str, Any]) -> dict[str, str]:
    return {name: found["file"][name] for name in ("bucket", "key", "etag")}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("elsewhere/retail/sales/a.ndjson", "TL-DEL-001"),
        ("inbox/retail/a.ndjson", "TL-DEL-001"),
        ("inbox/retail/sales/a.csv", "TL-DEL-001"),
        ("inbox/retail/nothing/a.ndjson", "TL-IDX-003"),
    ],
)
def test_a_file_of_nobody_is_refused_and_kept(world: World, key: str, code: str) -> None:
    file = world.arrive(sale(1), key)
    found = world.steps.examine(file, "run-1")
    assert (found["verdict"], found["code"]) == ("refused", code)
    kept = world.steps.refuse(file, "run-1")["kept"]
    assert kept == f"{QUARANTINE}/{world.files.names(QUARANTINE)[0]}"
    assert "_deliveries/" in kept
    assert world.files.names(LANDING) == []


def test_a_file_that_is_too_long_is_refused(world: World) -> None:
    assert world.steps.examine(world.arrive(b"{}\n" * 9_000), "run-1")["code"] == "TL-DEL-002"
    document = world.arrive(b"[" + b"{}," * 200 + b"{}]", "inbox/retail/sales/a.json")
    assert world.steps.examine(document, "run-1")["code"] == "TL-DEL-002"


def test_a_file_without_any_event_is_an_error(world: World) -> None:
    """Its lines are kept, and whoever sent the wrong file is told."""
    with pytest.raises(DataError, match=r"none of 2 lines is an event of retail\.sales"):
        world.run(world.arrive(b"a;b\n1;2\n"))


def test_a_file_without_a_line_is_done_with(world: World) -> None:
    assert world.run(world.arrive(b"\n\n")) == {"sent": 0, "refused": 0}


def test_a_log_that_does_not_acknowledge_is_tried_again_by_the_chunk(world: World) -> None:
    """The chunk counts as delivered only when all of it is acknowledged; earlier chunks are not sent again."""
    file = world.arrive(b"\n".join(sale(n) for n in range(5)))
    found = world.steps.examine(file, "run-1")
    first, second = (Chunk(**chunk) for chunk in found["chunks"])
    world.steps.deliver(found["file"], first)
    world.log.lose_acks(1)
    with pytest.raises(Retriable, match=r"TL-DEL-008 topic retail\.sales\.v1: the log has not acknowledged 1 of"):
        world.steps.deliver(found["file"], second)
    with pytest.raises(Fatal, match="TL-DEL-006"):
        world.steps.finish(found["file"])
    world.steps.deliver(found["file"], first)
    world.steps.deliver(found["file"], second)
    assert world.steps.finish(found["file"]) == {"sent": 5, "refused": 0}
    assert [world.written()[f"e-{n}".encode()] for n in range(5)] == [1, 1, 1, 2, 2]


BODY = b"\n".join([sale(1), sale(2), b"{no json", sale(3), sale(4), sale(5)])


@settings(max_examples=120, deadline=None)
@given(kills=st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=4))
def test_a_delivery_survives_a_kill_at_any_call(kills: list[tuple[int, bool]]) -> None:
    """However often it is killed, before or after a call took effect: the next try ends with every event in the log,
    the bad line kept once and the file delivered."""
    world = World()
    file = world.arrive(BODY)
    for call, after in kills:
        world.fate.kill_at(call, after=after)
        try:
            world.run(file)
            break
        except Killed:
            world.restart()
    world.fate.spare()
    world.run(file)
    written = world.written()
    assert set(written) == keys(1, 2, 3, 4, 5)
    assert max(written.values()) <= 1 + len(kills)
    names = world.files.names(LANDING)
    assert [name.split("/")[0] for name in names] == ["delivered"]
    assert len(world.files.names(QUARANTINE)) == 1
    before = world.written()
    assert world.run(world.arrive(BODY), "run-2")["verdict"] == "nothing_to_do"
    assert world.written() == before


def test_every_call_is_a_place_where_a_kill_is_survived() -> None:
    """Not by chance: each call of an undisturbed delivery is killed once, before and after."""
    calm = World()
    calm.run(calm.arrive(BODY))
    for call in range(1, calm.fate.calls + 1):
        for after in (False, True):
            test_a_delivery_survives_a_kill_at_any_call.hypothesis.inner_test([(call, after)])  # type: ignore[attr-defined]


def test_a_refusal_survives_kills_too() -> None:
    for call in range(1, 7):
        for after in (False, True):
            world = World()
            file = world.arrive(b"a;b\n")
            world.fate.kill_at(call, after=after)
            try:
                world.steps.refuse(file, "run-1")
            except Killed:
                world.fate.spare()
                world.steps.refuse(file, "run-1")
            assert world.files.names(LANDING) == []
            assert len(world.files.names(QUARANTINE)) == 1
