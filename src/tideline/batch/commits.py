"""What a stage says in the commit of its table, so that the data, its Coverage and its counts can never disagree.

The JSON is binding (docs/formats.md). A batch number counts the commits of one stage of one contract; it is also the
`txnVersion` under the stage's `txnAppId`, so that two writers of the same batch exclude each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tideline.model.contract import Contract
from tideline.model.errors import DataError
from tideline.model.position import Coverage, Partition, Position
from tideline.model.release import COUNTS
from tideline.ports import TableCommit

Counts = Mapping[Partition, Mapping[str, int]]
_PARTS = COUNTS[1:]  # what `in` has to be the sum of


@dataclass(frozen=True, slots=True)
class StageCommit:
    """One commit of a stage. `counts` are per partition for `[start, coverage)`; of a restate they are differences.

    `source_version` is the version of the table that was read (None when the source was the stream). `days` is the
    half-open range of UTC event days of a restate. An evolve commit changes columns only: `replaces` is the contract
    hash before it, `rebuild` whether rows that were judged under that one have to be judged again.
    """

    stage: str
    run_key: str
    contract: str
    contract_hash: str
    batch: int
    coverage: Coverage
    start: Mapping[Partition, Position] = field(default_factory=dict)
    source_version: int | None = None
    counts: Counts = field(default_factory=dict)
    days: tuple[str, str] | None = None
    replaces: str | None = None
    rebuild: bool = False

    __hash__ = None  # type: ignore[assignment]

    @property
    def txn_app(self) -> str:
        return txn_app(self.stage, self.contract)

    def as_metadata(self) -> str:
        """The text for Delta's `userMetadata`."""
        body: dict[str, Any] = {
            "stage": self.stage,
            "run_key": self.run_key,
            "contract": self.contract,
            "contract_hash": self.contract_hash,
            "batch": self.batch,
            "coverage": self.coverage.as_json(),
            "from": {str(partition): position for partition, position in sorted(self.start.items())},
            "source_version": self.source_version,
            "counts": {str(partition): dict(counts) for partition, counts in sorted(self.counts.items())},
        }
        if self.days is not None:
            body["days"] = list(self.days)
        if self.replaces is not None:
            body |= {"replaces": self.replaces, "rebuild": self.rebuild}
        return json.dumps({"tideline": body}, separators=(",", ":"))

    @staticmethod
    def read(commit: TableCommit | None) -> StageCommit | None:
        """The commit's own words; None without a commit. Unreadable: DataError TL-COM-001."""
        if commit is None:
            return None
        try:
            body = commit.metadata.get("tideline", commit.metadata)
            days = body.get("days")
            return StageCommit(
                stage=str(body["stage"]),
                run_key=str(body["run_key"]),
                contract=str(body["contract"]),
                contract_hash=str(body["contract_hash"]),
                batch=int(body["batch"]),
                coverage=Coverage.from_json(body["coverage"]),
                start={int(partition): int(position) for partition, position in body["from"].items()},
                source_version=None if body.get("source_version") is None else int(body["source_version"]),
                counts={int(p): {name: int(n) for name, n in c.items()} for p, c in body["counts"].items()},
                days=None if days is None else (str(days[0]), str(days[1])),
                replaces=body.get("replaces"),
                rebuild=body.get("rebuild") is True,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                "TL-COM-001",
                f"the metadata of version {commit.version} cannot be read ({type(error).__name__}: {error})",
                fix="the table was written by something else: restore it to the last version Tideline wrote",
            ) from error


def txn_app(stage: str, contract_id: str) -> str:
    """Delta's `txnAppId`. What writes silver as a refine does shares one row of batch numbers with it."""
    return f"tideline.{'refine' if stage in ('restate', 'evolve') else stage}.{contract_id}"


def next_batch(last: StageCommit | None) -> int:
    return 1 if last is None else last.batch + 1


def check_conservation(contract: Contract, counts: Counts) -> None:
    """Law 5, per partition: in = good + quarantined + deduplicated + filtered + erased. Raises DataError TL-COM-002."""
    for partition, found in sorted(counts.items()):
        total = sum(found.get(name, 0) for name in _PARTS)
        if found.get("in", 0) != total:
            parts = ", ".join(f"{name} {found.get(name, 0)}" for name in _PARTS)
            raise DataError(
                "TL-COM-002",
                f"{found.get('in', 0)} records came in but {total} are accounted for ({parts}); nothing was committed",
                where=f"contract {contract.id}, partition {partition}",
                fix="keep the bronze table and report this: a transform loses or doubles records",
            )


def totals(counts: Counts) -> dict[str, int]:
    """The sum over partitions, with every name of COUNTS."""
    return {name: sum(found.get(name, 0) for found in counts.values()) for name in COUNTS}
