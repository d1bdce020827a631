"""What a worker tells about itself: counters and positions for /status, /metrics and the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Gauge
from prometheus_client import Counter as Total

from tideline.model.position import Partition, Position, Range, StreamId


class Metrics:
    """The Prometheus metrics of this process; one instance for all contracts."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        names = ["contract", "partition"]
        self.events = Total("tideline_speed_events", "Events by outcome.", ["contract", "outcome"], registry=registry)
        self.lost = Total(
            "tideline_speed_lost", "Positions the log lost before they were read.", names, registry=registry
        )
        self.rebases = Total("tideline_speed_rebases", "Lineages started anew.", [*names, "reason"], registry=registry)
        self.drift = Total(
            "tideline_drift_records", "Records that differ from the contract.", ["contract", "what"], registry=registry
        )
        gates = ["contract", "gate"]
        self.gate_rows = Total("tideline_gate_rows", "Counted events that a gate looked at.", gates, registry=registry)
        self.gate_breaches = Total("tideline_gate_breaches", "Those that break the gate.", gates, registry=registry)
        self.lag = Gauge("tideline_speed_lag_events", "Log end minus next position.", names, registry=registry)
        self.generation = Gauge("tideline_speed_generation", "Generation of this worker.", names, registry=registry)
        self.running = Gauge(
            "tideline_speed_running",
            "1: its worker runs, or there is nothing to do here.",
            ["contract"],
            registry=registry,
        )


WELL = ("running", "idle")


@dataclass(slots=True)
class Status:
    """One contract in this process, whichever worker it has: what was counted once is not counted again by the next.

    Written by the worker's loop, or by the crew while there is none; read by the health server: `snapshot` is replaced
    whole, never changed in place.
    """

    contract: str
    contract_hash: str
    metrics: Metrics
    state: str = "starting"
    last_error: str = ""
    release: int | None = None
    counters: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    drift: dict[str, Any] = field(default_factory=dict)
    generations: dict[Partition, int] = field(default_factory=dict)
    next: dict[Partition, dict[str, Position]] = field(default_factory=dict)
    log_end: dict[Partition, Position] = field(default_factory=dict)
    lost: list[dict[str, int]] = field(default_factory=list)
    gates: dict[str, dict[str, int]] = field(default_factory=dict)
    snapshot: dict[str, Any] = field(default_factory=dict)
    counted: dict[Partition, Position] = field(default_factory=dict)  # events before it are in the counters
    _stream: StreamId | None = None
    _told: bool = False  # whether the contract has a gauge
    _shown: set[Partition] = field(default_factory=set)  # partitions with gauges

    def count_from(self, stream: StreamId, resume: Mapping[Partition, Position]) -> None:
        """Events of these partitions count from here on, unless this process has counted them already."""
        if stream != self._stream:
            self._stream, self.counted = stream, {}
        for partition, at in resume.items():
            self.counted[partition] = max(at, self.counted.get(partition, 0))

    def count(self, outcome: str, number: int) -> None:
        self.counters[outcome] += number
        self.metrics.events.labels(self.contract, outcome).inc(number)

    def hold(self, partitions: Collection[Partition]) -> None:
        """A worker begins with these partitions; what is shown of others goes away: autoscaling reads it."""
        self._keep(partitions)
        self.state = "starting"
        self.publish()

    def rest(self) -> None:
        """There is nothing to fold here: that is no trouble."""
        self._keep(())
        self.state, self.last_error = "idle", ""
        self.publish()

    def trouble(self, error: BaseException, state: str) -> None:
        self.state, self.last_error = state, str(error) or repr(error)
        self.publish()

    def retire(self) -> None:
        """Nobody works on this contract here any more: no gauge may go on saying so."""
        self._keep(())
        self._remove_gauges(())
        if self._told:
            self.metrics.running.remove(self.contract)
        self._told = False

    def _keep(self, partitions: Collection[Partition]) -> None:
        self.next = {partition: views for partition, views in self.next.items() if partition in partitions}
        self.generations = {p: at for p, at in self.generations.items() if p in partitions}

    def _remove_gauges(self, kept: Collection[Partition]) -> None:
        for partition in self._shown.difference(kept):
            self.metrics.lag.remove(self.contract, str(partition))
            self.metrics.generation.remove(self.contract, str(partition))
        self._shown = set(kept)

    def check(self, gate: str, breaches: int, rows: int) -> None:
        """What a gate found in fresh events."""
        found = self.gates.get(gate, {"breaches": 0, "rows": 0})
        self.gates[gate] = {"breaches": found["breaches"] + breaches, "rows": found["rows"] + rows}
        self.metrics.gate_rows.labels(self.contract, gate).inc(rows)
        self.metrics.gate_breaches.labels(self.contract, gate).inc(breaches)

    def lose(self, partition: Partition, missing: Range) -> None:
        self.lost.append({"partition": partition, "from": missing.start, "to": missing.end})
        self.metrics.lost.labels(self.contract, str(partition)).inc(len(missing))

    def publish(self) -> None:
        """Make a new snapshot and set the gauges."""
        partitions = {}
        self.metrics.running.labels(self.contract).set(self.state in WELL)
        self._told = True
        self._remove_gauges(self.next)
        for partition, views in sorted(self.next.items()):
            at = min(views.values(), default=0)
            end = max(self.log_end.get(partition, at), at)
            self.metrics.lag.labels(self.contract, str(partition)).set(end - at)
            self.metrics.generation.labels(self.contract, str(partition)).set(self.generations.get(partition, -1))
            partitions[str(partition)] = {
                "next": at,
                "views": dict(views),
                "log_end": end,
                "lag": end - at,
                "generation": self.generations.get(partition),
            }
        self.snapshot = {
            "contract": self.contract,
            "hash": self.contract_hash,
            "state": self.state,
            "release": self.release,
            "partitions": partitions,
            "counters": dict(self.counters),
            "quarantined": dict(self.quarantined),
            "drift": self.drift,
            "lost": list(self.lost),
            "gates": dict(self.gates),
            "last_error": self.last_error,
        }
