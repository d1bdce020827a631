"""What `/v1/status` and `/metrics` tell of one contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from serving_layer.answer import describe
from serving_layer.follower import Follower
from serving_layer.query import consistencies

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def contract_status(follower: Follower) -> dict[str, Any]:
    """Positions per partition are those of the view that is furthest behind; `lag` counts log positions.

    A batch-only view follows releases alone: it delays `merged` only where no other view is followed.
    """
    state, facts, contract = follower.state, follower.facts, follower.contract
    views = {name: view.snapshot for name, view in state.views.items()}
    followed = [views[view.name] for view in contract.streamed] or list(views.values())
    partitions = {}
    for p in range(contract.stream.partitions):
        merged = min((snapshot.merged[p] for snapshot in followed), default=0)
        covered = min((snapshot.covered[p] for snapshot in views.values()), default=0)
        end = max(facts.log_end.get(p, merged), merged)
        partitions[str(p)] = {"batch": covered, "merged": merged, "log_end": end, "lag": end - merged}
    newest = max((snapshot.as_of_ms or 0 for snapshot in views.values()), default=0)
    release = state.newest_release
    troubles = [describe(state.views[view.name], views[view.name], "merged")["problems"] for view in contract.streamed]
    still = sorted({f"{one['code']} {one['detail']}. Fix: {one['fix']}" for found in troubles for one in found})
    problems = [*state.problems.values(), *facts.trouble.values(), *still]
    return {
        "contract": {"id": contract.id, "version": contract.version, "hash": contract.hash},
        "domain": contract.domain,
        "ready": follower.ready,
        "release": None if release is None else {"number": release.number, "published": release.published},
        "coverage": {
            "stream": None if release is None else release.coverage.as_json()["stream"],
            "batch": {p: row["batch"] for p, row in partitions.items()},
            "merged": {p: row["merged"] for p, row in partitions.items()},
        },
        "log_end": {p: row["log_end"] for p, row in partitions.items()},
        "partitions": partitions,
        "lag": sum(row["lag"] for row in partitions.values()),
        "complete": all(snapshot.complete for snapshot in views.values()),
        "lacks": [
            {"view": name, "partition": gap.partition, "from": gap.missing.start, "to": gap.missing.end}
            for name, snapshot in views.items()
            for gap in snapshot.gaps
        ],
        "standing_still": sorted({gap.partition for one in views.values() for gap in one.gaps if gap.still}),
        "gaps": [] if release is None else [loss.as_json() for loss in release.gaps],
        "speed": {"next": {p: row["merged"] for p, row in partitions.items()}, "newest_ms": newest or None},
        "views": {
            name: {
                key: value
                for key, value in describe(
                    state.views[name], snapshot, consistencies(state.views[name].view)[0]
                ).items()
                if key in ("complete", "lacks", "gaps", "release", "coverage", "as_of")
            }
            for name, snapshot in views.items()
        },
        "counters": dict(state.verdicts),
        "counts": {} if release is None else dict(release.counts),
        "last_audit": None
        if release is None
        else {"run_key": release.run_key, "checks": [check.as_json() for check in release.checks]},
        "problems": problems,
    }


class ServingMetrics:
    """A Prometheus collector that reads the snapshots when it is scraped; `now` is UTC."""

    def __init__(self, followers: Iterable[Follower], now: Any) -> None:
        self._followers, self._now = list(followers), now

    def collect(self) -> Iterable[Metric]:
        taken = CounterMetricFamily(
            "tideline_serving_increments", "Increments by what became of them.", labels=["contract", "verdict"]
        )
        complete = GaugeMetricFamily(
            "tideline_serving_complete", "1 when answers lack nothing.", labels=["contract", "view"]
        )
        gauges = {
            name: GaugeMetricFamily(f"tideline_serving_{name}", text, labels=["contract"])
            for name, text in (
                ("release_number", "The newest release that was read."),
                ("release_age_seconds", "Since the release was published."),
                ("as_of_seconds", "Age of the newest event in an answer."),
                ("lag_events", "Log end minus position, over all partitions."),
                ("problems", "Problems that /v1/status lists."),
                ("standing_still", "Partitions whose answers wait for a release, because the log lost what they lack."),
                ("gap_positions", "Positions that were accepted as lost, of the newest release."),
            )
        }
        now = self._now()
        for follower in self._followers:
            said, name = contract_status(follower), follower.contract.id
            for verdict, count in said["counters"].items():
                taken.add_metric([name, verdict], count)
            for view, facts in said["views"].items():
                complete.add_metric([name, view], float(facts["complete"]))
            gauges["lag_events"].add_metric([name], said["lag"])
            gauges["problems"].add_metric([name], len(said["problems"]))
            gauges["standing_still"].add_metric([name], len(said["standing_still"]))
            gauges["gap_positions"].add_metric([name], sum(loss["to"] - loss["from"] for loss in said["gaps"]))
            if said["release"] is not None:
                published = datetime.fromisoformat(said["release"]["published"])
                gauges["release_number"].add_metric([name], said["release"]["number"])
                gauges["release_age_seconds"].add_metric([name], (now - published).total_seconds())
            if said["speed"]["newest_ms"]:
                age = (now - _EPOCH).total_seconds() - said["speed"]["newest_ms"] / 1000
                gauges["as_of_seconds"].add_metric([name], age)
        yield from (taken, complete, *gauges.values())
