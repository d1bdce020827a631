"""Where everything stands: log, bronze, silver and release of one contract side by side, and if it can all be true.

The order that has to hold per partition: release <= silver <= bronze <= log end, and log start <= bronze.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tideline.batch.commits import StageCommit, check_conservation
from tideline.batch.losses import accepted_losses, no_loss
from tideline.model.contract import Contract
from tideline.model.errors import DataError, PositionLost
from tideline.model.loss import Loss, held_again, passed
from tideline.model.position import Coverage, Partition, Range, StreamId
from tideline.model.release import Release, release_prefix
from tideline.ports import Documents, EventLog, Tables

LAYERS = ("bronze", "silver")


@dataclass(frozen=True, slots=True)
class Standing:
    """`versions` are the present versions of tables by path; what is not there yet is None or missing."""

    contract: Contract
    stream: StreamId
    bounds: Mapping[Partition, Range]
    commits: Mapping[str, StageCommit | None]
    release: Release | None
    versions: Mapping[str, int | None] = field(default_factory=dict)
    losses: Sequence[Loss] = ()

    __hash__ = None  # type: ignore[assignment]

    def coverage(self, layer: str) -> Coverage | None:
        """Of bronze, silver or the live release."""
        if layer == "release":
            return self.release.coverage if self.release else None
        commit = self.commits.get(layer)
        return commit.coverage if commit else None

    def rows(self) -> list[dict[str, int | None]]:
        """One row per partition; lags count positions, so control records are among them."""
        found = []
        for partition, held in sorted(self.bounds.items()):
            row: dict[str, int | None] = {"partition": partition, "log_start": held.start, "log_end": held.end}
            for layer in (*LAYERS, "release"):
                coverage = self.coverage(layer)
                row[layer] = coverage.at(partition) if coverage else None
                row[f"{layer}_lag"] = held.end - (coverage.at(partition) if coverage else held.start)
            found.append(row)
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            "contract": self.contract.id,
            "stream": {"name": self.stream.name, "identity": self.stream.identity},
            "release": self.release.number if self.release else None,
            "partitions": self.rows(),
            "versions": dict(self.versions),
            "losses": [loss.as_json() for loss in self.losses],
        }


def look(contract: Contract, log: EventLog, documents: Documents, tables: Tables) -> Standing:
    """Release first and log last, so that what moves meanwhile can only make the later ones greater."""
    names = documents.names(release_prefix(contract.id))
    document = documents.get(names[-1]) if names else None
    release = Release.from_json(document) if document else None
    paths = {layer: _path(layer, contract) for layer in ("silver", "bronze")}
    commits = {layer: StageCommit.read(tables.last_commit(path)) for layer, path in paths.items()}
    pinned = [*paths.values(), _path("quarantine", contract)]
    pinned += [view.path for view in release.views.values()] if release else []
    versions = {path: tables.version(path) for path in pinned}
    topic = contract.stream.topic
    losses = accepted_losses(documents, contract.id, stream := log.stream(topic))
    return Standing(contract, stream, log.bounds(topic), commits, release, versions, losses)


def contradictions(standing: Standing) -> list[DataError]:
    """Everything that cannot be true at once; empty when all is well. A lost range comes first."""
    same = list(_other_streams(standing))
    if same:
        return list(same)
    found = [*_lost(standing), *_out_of_order(standing), *_older_tables(standing), *_unaccounted(standing)]
    return sorted(found, key=lambda error: not isinstance(error, PositionLost))


def _other_streams(standing: Standing) -> Iterator[DataError]:
    for layer in (*LAYERS, "release"):
        coverage = standing.coverage(layer)
        if coverage is not None and coverage.stream != standing.stream:
            yield DataError(
                "TL-OFF-001",
                f"{layer} covers stream identity {coverage.stream.identity}, the topic is {standing.stream.identity}",
                where=f"topic {standing.stream.name}",
                fix="the topic was re-created: start a new release line with a new contract version and topic",
            )


def _lost(standing: Standing) -> Iterator[DataError]:
    bronze = standing.coverage("bronze")
    for partition, held in sorted(standing.bounds.items()):
        read = bronze.at(partition) if bronze else 0
        at = passed(standing.losses, partition, read)
        if at < held.start:
            fix = (
                "what neither bronze nor the log has is gone: send it again from its source; if that cannot be, "
                f"tideline offsets {standing.contract.id} --accept-loss {partition} {at} {held.start} --reason TEXT"
            )
            yield PositionLost.of(standing.stream.name, partition, (at, held.start), fix)
        elif (back := held_again(standing.losses, partition, read, held.start)) is not None:
            yield no_loss(standing.contract.id, back, held.start)


def _out_of_order(standing: Standing) -> Iterator[DataError]:
    order = ("release", "silver", "bronze")
    for partition, held in sorted(standing.bounds.items()):
        known = [(layer, coverage.at(partition)) for layer in order if (coverage := standing.coverage(layer))]
        known.append(("log end", held.end))
        for (behind, low), (ahead, high) in pairwise(known):
            if low > high:
                yield DataError(
                    "TL-OFF-002",
                    f"{behind} stands at {low}, but {ahead} only at {high}",
                    where=f"{standing.contract.id}, partition {partition}",
                    fix=f"{ahead} lost what {behind} was made of: restore it before the next run",
                )


def _older_tables(standing: Standing) -> Iterator[DataError]:
    """A deleted newest log file opens an older table without an error: the release keeps the high-water mark."""
    release = standing.release
    if release is None:
        return
    pinned: dict[str, int | None] = {
        _path("bronze", standing.contract): release.bronze_version,
        _path("silver", standing.contract): release.silver_version,
        _path("quarantine", standing.contract): release.quarantine_version,
        **{view.path: view.version for view in release.views.values()},
    }
    for path, version in pinned.items():
        present = standing.versions.get(path)
        if version is not None and (present is None or present < version):
            stands = "is gone" if present is None else f"is at version {present}"
            yield DataError(
                "TL-OFF-003",
                f"the table {stands}, release {release.number} reads version {version}",
                where=f"table {path}",
                fix="restore the table's log files, or roll back to a release that is whole",
            )


def _unaccounted(standing: Standing) -> Iterator[DataError]:
    for commit in standing.commits.values():
        if commit is not None:
            try:
                check_conservation(standing.contract, commit.counts)
            except DataError as error:
                yield error


def _path(layer: str, contract: Contract) -> str:
    return f"{layer}/{contract.domain}/{contract.product}"
