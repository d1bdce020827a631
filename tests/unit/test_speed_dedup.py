"""Deduplication by first position: the contract's rule, replays, expiry, and what survives on disk."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from speed_layer import dedup
from speed_layer.dedup import Claim, FirstPositions, Verdict, id_hash
from speed_layer.memories import Memories
from speed_layer.spill import Spill
from tests.fakes.contract_index import small_contract
from tests.fakes.tables import FakeTables
from tideline.model.position import StreamId

HORIZON_MS = 600_000
STREAM = StreamId("t", "one")


def claims_of(seed: int, count: int, start_ms: int = 1_000_000_000, step_ms: int = 9_000) -> list[Claim]:
    rng = random.Random(seed)
    return [
        Claim(id_hash(f"e{rng.randrange(count // 4)}"), at, start_ms + at * step_ms, rng.randrange(2))
        for at in range(count)
    ]


def expected(claims: list[Claim]) -> list[Verdict]:
    """The rule, word by word and slowly."""
    counted: list[Claim] = []
    verdicts = []
    for claim in claims:
        blocking = [
            c for c in counted if c.id_hash == claim.id_hash and c.log_time_ms >= claim.log_time_ms - HORIZON_MS
        ]
        if not blocking:
            counted.append(claim)
            verdicts.append(Verdict.COUNTS)
        else:
            verdicts.append(Verdict.REPEAT if blocking[-1].payload == claim.payload else Verdict.CONFLICT)
    return verdicts


def judged(memory: FirstPositions, claims: list[Claim], batch: int) -> list[Verdict]:
    found: list[Verdict] = []
    for at in range(0, len(claims), batch):
        part = claims[at : at + batch]
        found += memory.judge(part)
        memory.passed(part[-1].position + 1)
    return found


@pytest.mark.parametrize("batch", [1, 7, 400])
def test_verdicts_follow_the_rule_of_the_contract(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any batches, across frozen and merged runs, inside and outside of the horizon."""
    monkeypatch.setattr(dedup, "RECENT", 5)
    claims = claims_of(1, 400)
    memory = FirstPositions(HORIZON_MS, 0)
    verdicts = judged(memory, claims, batch)
    assert verdicts == expected(claims)
    assert set(verdicts) == set(Verdict)


def test_replaying_a_range_gives_the_same_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event at its own first position counts again, and nothing is remembered twice."""
    monkeypatch.setattr(dedup, "RECENT", 5)
    claims = claims_of(2, 300)
    memory = FirstPositions(HORIZON_MS, 0)
    judged(memory, claims, 50)
    size = len(memory)
    assert judged(memory, claims[100:], 33) == expected(claims)[100:]
    assert len(memory) == size


def test_expired_runs_are_dropped_and_the_exact_range_shrinks_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is older than horizon and replay time goes; from `known_from` on verdicts are still exact."""
    monkeypatch.setattr(dedup, "RECENT", 20)
    monkeypatch.setattr(dedup, "REPLAY_MS", 600_000)
    claims = claims_of(3, 2_000)
    memory = FirstPositions(HORIZON_MS, 0)
    assert judged(memory, claims, 100) == expected(claims)
    assert len(memory) < 600
    assert 0 < memory.known_from < 2_000
    exact = memory.known_from
    assert judged(memory, claims[exact:], 100) == expected(claims)[exact:]


def test_a_spill_restores_what_was_frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a load, reading on from `frozen_to` gives the same verdicts; saving again adds only new files."""
    monkeypatch.setattr(dedup, "RECENT", 30)
    claims, spill = claims_of(4, 500), Spill(tmp_path, STREAM, "h")
    memory = FirstPositions(HORIZON_MS, 0)
    judged(memory, claims[:300], 50)
    spill.save(0, memory)
    first = set(tmp_path.rglob("run-*"))
    loaded = Spill(tmp_path, STREAM, "h").load(0, HORIZON_MS)
    assert loaded is not None and 0 < loaded.frozen_to <= 300
    rest = loaded.frozen_to
    assert judged(loaded, claims[rest:], 50) == expected(claims)[rest:]
    judged(memory, claims[300:], 50)
    spill.save(0, memory)
    kept = set(tmp_path.rglob("run-*"))
    assert kept - first and {int(p.name.split("-")[1]) for p in kept} == {r.number for r in memory.runs}


@pytest.mark.parametrize("damage", ["run", "manifest", "stream", "contract", "horizon"])
def test_a_corrupt_or_foreign_spill_is_ignored(damage: str, tmp_path: Path) -> None:
    """Nothing wrong is ever believed: the caller seeds the memory anew."""
    memory = FirstPositions(HORIZON_MS, 0)
    judged(memory, claims_of(5, 50), 50)
    memory.freeze()
    Spill(tmp_path, STREAM, "h").save(0, memory)
    if damage == "run":
        path = next(tmp_path.rglob("run-*"))
        path.write_bytes(b"\1" + path.read_bytes()[1:])
    if damage == "manifest":
        next(tmp_path.rglob("manifest.json")).write_text("{")
    stream = StreamId("t", "two") if damage == "stream" else STREAM
    spill = Spill(tmp_path, stream, "other" if damage == "contract" else "h")
    assert spill.load(0, HORIZON_MS + (damage == "horizon")) is None


class Raced(Spill):
    """Another process saves, or takes the folder away, in the middle of a save."""

    def __init__(self, root: Path, meanwhile: Callable[[], object]) -> None:
        super().__init__(root, STREAM, "h")
        self.meanwhile, self.left = meanwhile, 1

    def _replace(self, path: Path, content: bytes) -> None:
        super()._replace(path, content)
        if self.left:
            self.left -= 1
            self.meanwhile()


def remembered(upto: int, seed: int = 6) -> FirstPositions:
    memory = FirstPositions(HORIZON_MS, 0)
    judged(memory, claims_of(seed, 500)[:upto], 50)
    memory.freeze()
    return memory


def same(loaded: FirstPositions | None, memory: FirstPositions) -> bool:
    return loaded is not None and loaded.next == memory.frozen_to and len(loaded) == len(memory)


def test_two_processes_of_one_home_leave_one_whole_memory(tmp_path: Path) -> None:
    """Each save is found whole, whoever saved before, and what the other took away is written again."""
    mine, other = Spill(tmp_path, STREAM, "h"), Spill(tmp_path, STREAM, "h")
    older, newer = remembered(200), remembered(400)
    for spill, memory in ((mine, older), (other, newer), (mine, older), (other, newer)):
        spill.save(0, memory)
        assert same(Spill(tmp_path, STREAM, "h").load(0, HORIZON_MS), memory)


def test_a_save_that_another_process_disturbs_is_no_memory_until_the_next(tmp_path: Path) -> None:
    """A manifest never names what another one wrote: files that are gone make it as if it were not there."""
    older, newer = remembered(200), remembered(400)
    raced = Raced(tmp_path, lambda: Spill(tmp_path, STREAM, "h").save(0, newer))
    raced.save(0, older)
    assert Spill(tmp_path, STREAM, "h").load(0, HORIZON_MS) is None
    raced.save(0, older)
    assert same(Spill(tmp_path, STREAM, "h").load(0, HORIZON_MS), older)


def test_a_memory_that_could_not_be_saved_is_saved_at_the_next_epoch(tmp_path: Path) -> None:
    """Whoever takes the folder away in the middle of a save ends no worker."""
    raced = Raced(tmp_path, lambda: shutil.rmtree(tmp_path / "p0"))
    contract = small_contract(deduplication={"key": "event_id", "horizon": "PT10M"})
    memories = Memories(contract, FakeTables(), raced, of={0: remembered(300)})
    memories.save()
    assert not (tmp_path / "p0").exists()
    memories.save()
    assert same(raced.load(0, HORIZON_MS), memories.of[0])


def test_only_a_memory_of_a_believed_silver_is_loaded(tmp_path: Path) -> None:
    """Which version is believed is asked before; whoever saves another one in between is not believed."""
    Spill(tmp_path, STREAM, "h").save(0, remembered(300), 4)
    for believed, loaded in ((None, True), ({3, 4}, True), ({3}, False), (frozenset[int](), False)):
        assert (Spill(tmp_path, STREAM, "h").load(0, HORIZON_MS, believed) is not None) is loaded
