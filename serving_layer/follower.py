"""Keeps one contract's state up to date: one thread writes it, another loads releases; readers see snapshots only.

The writer (1) starts from the live release's increments offsets, (2) applies what the topic has, (3) adopts a release
as soon as no answer would go back, (4) reads the topic again from a release's offsets when segments it needs are gone.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from serving_layer.contract_state import ContractState, LoadedRelease
from serving_layer.releases import Releases
from tideline.adapters import increments as wire
from tideline.model.contract import Contract
from tideline.model.errors import DataError, PositionLost, Retriable, TidelineError
from tideline.model.measure import Sketches
from tideline.model.position import Partition, Position
from tideline.ports import EventLog, LogReader

_POLL_S, _POLL_RECORDS, _WATCH_S, _RETRY_S = 0.02, 2_000, 0.5, 1.0
_NO_TOPIC = "TL-LOG-003"
_log = structlog.get_logger("serving")


@dataclass(slots=True)
class Facts:
    """What the watcher saw last; replaced as a whole, read by anybody."""

    releases_read: bool = False
    log_end: Mapping[Partition, Position] = field(default_factory=dict)
    increments_identity: str | None = None
    trouble: Mapping[str, str] = field(default_factory=dict)


class Follower:
    """`state` may be replaced by another one that holds more; `caught_up` becomes true once and stays."""

    def __init__(
        self, contract: Contract, log: EventLog, releases: Releases, sketches: Sketches, clock: Callable[[], float]
    ) -> None:
        self.contract, self._log, self._releases, self._sketches = contract, log, releases, sketches
        self._clock = clock
        self.topic = f"tideline.increments.{contract.id}"
        self.state = self._fresh()
        self.facts = Facts()
        self.caught_up = False
        self._goal: dict[Partition, Position] | None = None
        self._inbox: queue.SimpleQueue[LoadedRelease] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._reader: LogReader | None = None
        self._identity: str | None = None
        self._live: LoadedRelease | None = None
        self._published_at = 0.0

    @property
    def ready(self) -> bool:
        return self.facts.releases_read and self.caught_up

    @property
    def starting(self) -> bool:
        """True while an answer could be older than what a client saw before a restart; not while the broker is away."""
        return not self.facts.releases_read or not (self.caught_up or "log" in self.facts.trouble)

    def start(self) -> None:
        for name, work in (("writer", self._write), ("watcher", self._watch)):
            thread = threading.Thread(target=work, name=f"{self.contract.id}-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 5.0) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout_s)

    # --- the watcher's thread

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.watch_once()
            self._stop.wait(_WATCH_S)

    def watch_once(self) -> None:
        """Look for a release and at the ends of the log; trouble is kept for the status page and tried again."""
        trouble: dict[str, str] = {}
        read, ends, identity = self.facts.releases_read, self.facts.log_end, self.facts.increments_identity
        try:
            loaded = self._releases.newer()
            if loaded is not None:
                self._inbox.put(loaded)
            read = True
        except (Retriable, DataError) as error:
            trouble["release"] = str(error)
        self.facts = Facts(read, ends, identity, self.facts.trouble)  # the broker may take its time to answer
        try:
            ends = {p: bounds.end for p, bounds in self._log.bounds(self.contract.stream.topic).items()}
            identity = self._log.stream(self.topic).identity
        except TidelineError as error:
            if error.code != _NO_TOPIC:
                trouble["log"] = str(error)
        for name, what in trouble.items():
            if self.facts.trouble.get(name) != what:
                _log.warning("cannot read", contract=self.contract.id, what=name, why=what)
        self.facts = Facts(read, ends, identity, trouble)

    # --- the writer's thread

    def _write(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except PositionLost as error:
                _log.error("increments lost", code=error.code, contract=self.contract.id, why=error.what)
                self._close()
                self._stop.wait(_RETRY_S)
            except Retriable as error:
                self._close()
                if error.code == _NO_TOPIC and self.facts.releases_read:
                    self.caught_up = True
                self._stop.wait(_RETRY_S)
            except Exception:  # noqa: BLE001 - the thread must live: the error is logged, the topic is read again
                _log.exception("writer failed", contract=self.contract.id)
                self._close()
                self._stop.wait(_RETRY_S)
        self._close()

    def step(self) -> int:
        """One turn: releases, then records, then a snapshot; returns how many records were applied."""
        self._take_releases()
        if not self.facts.releases_read:
            self._stop.wait(_POLL_S)
            return 0
        reader = self._open()
        records = reader.poll(_POLL_S, _POLL_RECORDS)
        for record in records:
            self.state.apply(record)
        self.state.settle()
        self.state.publish()
        self._note_progress(reader)
        return len(records)

    def _take_releases(self) -> None:
        while not self._inbox.empty():
            loaded = self._inbox.get()
            if loaded.release.contract_hash == self.contract.hash:
                self._live = loaded
            again = self._reader is not None and (loaded.release.rollback_of is not None or self.state.broken)
            if again and self._live is loaded and self._rewind(loaded):
                continue
            self.state.offer_release(loaded)
            self.state.publish()

    def _open(self) -> LogReader:
        identity = self.facts.increments_identity
        if self._reader is not None and identity is not None and identity != self._identity:
            _log.error("increments topic was re-created", code="TL-SRV-016", contract=self.contract.id)
            self._close()
            self._renew()
        if self._reader is None:
            self._identity = self._log.stream(self.topic).identity
            bounds = self._log.bounds(self.topic)
            self._goal = self._goal or {p: bound.end for p, bound in bounds.items()}
            self._reader = self._log.reader(self.topic, self._start())
        return self._reader

    def _start(self) -> dict[Partition, Position]:
        """The live release's offsets inside what the topic still holds; reading again only gives repeats."""
        known = {} if self._live is None else self._live.release.increments
        bounds = self._log.bounds(self.topic)
        return {p: min(max(known.get(p, bound.start), bound.start), bound.end) for p, bound in bounds.items()}

    def _rewind(self, loaded: LoadedRelease) -> bool:
        """Segments that this release needs may be gone here and still in the topic: read it again from its offsets.

        A second state is built up to where we are and swapped in; False when it would make an answer go back and the
        release is no rollback.
        """
        reader, start = self._open(), self._start()
        until = {p: reader.position(p) for p in start}
        _log.warning("reading increments again", contract=self.contract.id, release=loaded.release.number)
        fresh = self._fresh()
        fresh.offer_release(loaded)
        again = self._log.reader(self.topic, start)
        try:
            while not self._stop.is_set() and any(again.position(p) < end for p, end in until.items()):
                for record in again.poll(_POLL_S, _POLL_RECORDS):
                    if record.position < until[record.partition]:
                        fresh.apply(record)
        finally:
            again.close()
        if loaded.release.rollback_of is None and self.state.is_ahead_of(fresh):
            return False
        fresh.verdicts = self.state.verdicts
        fresh.publish()
        self.state = fresh
        return True

    def _renew(self) -> None:
        fresh = self._fresh()
        fresh.verdicts = self.state.verdicts
        if self._live is not None:
            fresh.offer_release(self._live)
        fresh.publish()
        self.state = fresh

    def _note_progress(self, reader: LogReader) -> None:
        if not self.caught_up and self._goal is not None:
            self.caught_up = all(reader.position(p) >= end for p, end in self._goal.items())

    def _fresh(self) -> ContractState:
        return ContractState(self.contract, self._sketches, self._fence_at)

    def _fence_at(self, partition: Partition, generation: int) -> wire.Fence | None:
        """The fence that opened a generation, when the topic still holds it."""
        bounds = self._log.bounds(self.topic).get(partition)
        if bounds is None or generation not in bounds:
            return None
        reader = self._log.reader(self.topic, {partition: generation})
        try:
            deadline = self._clock() + _RETRY_S
            while self._clock() < deadline:
                for record in reader.poll(_POLL_S, 1):
                    found = wire.decode(record.value) if record.position == generation else None
                    return found if isinstance(found, wire.Fence) else None
        finally:
            reader.close()
        raise Retriable("TL-SRV-017", f"the fence of generation {generation} could not be read", where=self.topic)

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
