"""Write, audit, publish: what a run made is checked at pinned versions before any reader can see it.

A passed audit names exactly the versions it looked at; publish takes those and no others. Everything is read without
Spark, so the audit does not trust the engine that wrote. Attempts are kept: `runs/CONTRACT/RUN_KEY/audit.json`, then
`audit-2.json` and so on; the newest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tideline.batch import gates, reconciliation
from tideline.batch.commits import StageCommit, totals
from tideline.batch.cut import Cut, read_cut
from tideline.batch.judged import chain_since, foreign_days, retained, shown
from tideline.batch.losses import accepted_losses
from tideline.batch.model import Pinned, model_name, pin_silver, table_path, view_path
from tideline.batch.release import live_release, release_of_run
from tideline.model.contract import Contract
from tideline.model.errors import AuditFailed, Lifecycle
from tideline.model.loss import shown as shown_losses
from tideline.model.loss import within
from tideline.model.position import Coverage
from tideline.model.release import COUNTS, Check, Release
from tideline.ports import Documents, Tables


@dataclass(frozen=True, slots=True)
class Limits:
    """The quarantine breaker: a run fails above `quarantine_percent` and `quarantine_rows` refused events together."""

    quarantine_percent: int = 5
    quarantine_rows: int = 100


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome of one attempt; `counts` are totals since the first release. `silver_version` None: nothing yet."""

    run_key: str
    contract_hash: str
    checks: tuple[Check, ...]
    coverage: Coverage | None = None
    bronze_version: int | None = None
    silver_version: int | None = None
    quarantine_version: int | None = None
    views: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "run_key": self.run_key,
            "contract_hash": self.contract_hash,
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "coverage": None if self.coverage is None else self.coverage.as_json(),
            "bronze_version": self.bronze_version,
            "silver_version": self.silver_version,
            "quarantine_version": self.quarantine_version,
            "views": dict(self.views),
            "counts": dict(self.counts),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Audit:
        return Audit(
            run_key=str(value["run_key"]),
            contract_hash=str(value["contract_hash"]),
            checks=tuple(Check.from_json(check) for check in value["checks"]),
            coverage=None if value["coverage"] is None else Coverage.from_json(value["coverage"]),
            bronze_version=value["bronze_version"],
            silver_version=value["silver_version"],
            quarantine_version=value["quarantine_version"],
            views=value["views"],
            counts=value["counts"],
        )


def last_audit(documents: Documents, contract_id: str, run_key: str) -> Audit | None:
    """The newest attempt of a run."""
    name = _attempt_name(documents, contract_id, run_key, new=False)
    document = documents.get(name) if name else None
    return None if document is None else Audit.from_json(document)


def audit_run(
    contract: Contract, run_key: str, documents: Documents, tables: Tables, limits: Limits | None = None
) -> Audit:
    """Check a run and keep the result; raises AuditFailed (readable list), Lifecycle when a newer run took over."""
    before = last_audit(documents, contract.id, run_key)
    if release_of_run(documents, contract.id, run_key) is not None and before is not None:
        return before
    cut = read_cut(contract, run_key, documents)
    live = live_release(documents, contract.id)
    _refuse_overtaken(cut, live)
    found = _examine(contract, cut, _Seen(live, documents, tables, limits or Limits()))
    if before is None or before.as_json() != found.as_json():
        documents.put_new(_attempt_name(documents, contract.id, run_key, new=True), found.as_json())
    if not found.passed:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in found.checks if not check.passed)
        raise AuditFailed(
            "TL-AUD-001",
            f"{failed}. The release before stays live",
            where=f"contract {contract.id}, run {run_key}",
            fix="mend the cause, then start a new run; the tables keep what was written",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Seen:
    live: Release | None
    documents: Documents
    tables: Tables
    limits: Limits


def _refuse_overtaken(cut: Cut, live: Release | None) -> None:
    if live is None or live.coverage.stream != cut.to.stream or live.contract_hash != cut.contract_hash:
        return
    if cut.to != live.coverage and live.coverage.covers(cut.to):
        raise Lifecycle(
            "TL-AUD-002",
            f"release {live.number} of run {live.run_key} covers more than this run",
            where=f"contract {cut.contract}, run {cut.run_key}",
            fix="nothing is lost: the newer release holds this run's data",
        )


def _examine(contract: Contract, cut: Cut, seen: _Seen) -> Audit:
    silver = pin_silver(contract, seen.tables)
    if silver is None:
        empty = not any(position for _, position in cut.to)
        return Audit(cut.run_key, contract.hash, (Check("something_to_release", empty, "there is no silver yet"),))
    chain = chain_since(contract, seen.tables, seen.live, silver.version)
    counts = _totals(chain, seen.live)
    views, model = _views(contract, cut, silver, seen)
    checks = [
        _hashes(contract, cut, silver, chain, seen),
        _coverage(cut, silver),
        *_conservation(chain, seen.live, silver),
        _breaker(chain, seen.limits),
        *_high_water(contract, silver, views, seen),
        *model,
    ]
    if all(check.passed for check in model):
        checks += _gates(contract, cut, seen)
        checks += reconciliation.checks(contract, silver.version, views, counts["good"], seen.tables)
    checks += _losses(contract, silver, seen)
    bronze = seen.tables.last_commit(table_path("bronze", contract))
    checks.append(Check("bronze_is_there", bronze is not None, "silver has a ledger to be computed from again"))
    return Audit(
        run_key=cut.run_key,
        contract_hash=contract.hash,
        checks=tuple(checks),
        coverage=silver.commit.coverage,
        bronze_version=None if bronze is None else bronze.version,
        silver_version=silver.version,
        quarantine_version=seen.tables.version(table_path("quarantine", contract)),
        views=views,
        counts=counts,
    )


def _totals(chain: list[StageCommit], live: Release | None) -> dict[str, int]:
    sums = {name: 0 if live is None else live.counts.get(name, 0) for name in COUNTS}
    for commit in chain:
        for name, count in totals(commit.counts).items():
            sums[name] += count
    return sums


def _hashes(contract: Contract, cut: Cut, silver: Pinned, chain: list[StageCommit], seen: _Seen) -> Check:
    """Every row is judged under this contract: after a change of rules each day that silver retains was restated."""
    today = date.fromisoformat(cut.ingest_time[:10])
    foreign = foreign_days(contract, chain, seen.live, seen.tables, silver.version)
    foreign = retained(contract, foreign, today)
    same = silver.commit.contract_hash == contract.hash
    if same and not foreign:
        return Check("contract_hash", True, f"silver is judged under contract hash {contract.hash}")
    others = sorted({commit.contract_hash for commit in chain} - {contract.hash})
    detail = f"silver was written under contract hash {', '.join(others) or silver.commit.contract_hash}"
    return Check("contract_hash", False, f"{detail}; restate the days {shown(foreign)}" if foreign else detail)


def _coverage(cut: Cut, silver: Pinned) -> Check:
    found = silver.commit.coverage
    same = found == cut.to
    detail = "silver covers the cut exactly" if same else f"silver covers {dict(found)}, the cut is {dict(cut.to)}"
    return Check("coverage_is_the_cut", same, detail)


def _conservation(chain: list[StageCommit], live: Release | None, silver: Pinned) -> list[Check]:
    """Law 5 per commit and partition, and that the ranges follow each other without a gap or an overlap."""
    at = {} if live is None else dict(live.coverage)
    unbalanced: list[str] = []
    gaps: list[str] = []
    for commit in chain:
        for partition, found in sorted(commit.counts.items()):
            accounted = sum(found.get(name, 0) for name in COUNTS[1:])
            if found.get("in", 0) != accounted:
                unbalanced.append(f"partition {partition}: {found.get('in', 0)} in, {accounted} accounted for")
        if commit.stage in ("restate", "evolve"):
            continue
        for partition, end in commit.coverage:
            start = commit.start.get(partition, at.get(partition, 0))
            if start != at.get(partition, 0) or end < start:
                gaps.append(f"partition {partition}: a range starts at {start}, expected {at.get(partition, 0)}")
            at[partition] = end
    if Coverage(silver.commit.coverage.stream, at) != silver.commit.coverage:
        gaps.append(f"the ranges end at {at}, silver covers {dict(silver.commit.coverage)}")
    summed = sum(totals(commit.counts)["in"] for commit in chain)
    return [
        Check("conservation", not unbalanced, "; ".join(unbalanced) or f"{summed} in since the last release"),
        Check("ranges_are_contiguous", not gaps, "; ".join(gaps) or f"{len(chain)} commits follow each other"),
    ]


def _losses(contract: Contract, silver: Pinned, seen: _Seen) -> list[Check]:
    """What the log lost and somebody accepted: positions that no count contains, told whenever they are covered."""
    covered = silver.commit.coverage
    losses = within(accepted_losses(seen.documents, contract.id, covered.stream), covered)
    return [Check("accepted_losses", True, shown_losses(losses), warning=True)] if losses else []


def _breaker(chain: list[StageCommit], limits: Limits) -> Check:
    refused = sum(totals(commit.counts)["quarantined"] for commit in chain)
    seen = sum(totals(commit.counts)["in"] for commit in chain)
    tripped = refused > limits.quarantine_rows and refused * 100 > seen * limits.quarantine_percent
    rule = f"allowed are {limits.quarantine_rows} rows or {limits.quarantine_percent} %"
    return Check("quarantine_breaker", not tripped, f"{refused} of {seen} events were refused; {rule}")


def _high_water(contract: Contract, silver: Pinned, views: Mapping[str, int], seen: _Seen) -> list[Check]:
    """A missing newest log file opens an older table without an error: no table may be behind its release."""
    if seen.live is None:
        return [Check("versions_not_behind_release", True, "this is the first release")]
    bronze = seen.tables.version(table_path("bronze", contract))
    now = {"silver": (silver.version, seen.live.silver_version), "bronze": (bronze, seen.live.bronze_version)}
    now |= {name: (views.get(name), view.version) for name, view in seen.live.views.items() if name in views}
    behind = [f"{name} is at {at}, released was {was}" for name, (at, was) in now.items() if at is None or at < was]
    return [Check("versions_not_behind_release", not behind, "; ".join(behind) or "no table is behind its release")]


def _views(contract: Contract, cut: Cut, silver: Pinned, seen: _Seen) -> tuple[dict[str, int], list[Check]]:
    """The gold versions of this run and whether they were built from, and say the Coverage of, the pinned silver."""
    document = seen.documents.get(model_name(contract.id, cut.run_key))
    tested = document is not None and document["silver_version"] == silver.version
    checks = [
        Check("gold_is_tested", tested, f"dbt's data tests {'passed' if tested else 'have not passed'} in this run")
    ]
    views: dict[str, int] = {}
    for view in contract.views:
        found = seen.tables.last_commit(view_path(view.name))
        commit = StageCommit.read(found)
        if found is None or commit is None:
            checks.append(Check(f"gold_follows_silver:{view.name}", False, "the table is not there"))
            continue
        views[view.name] = found.version
        right = commit.coverage == silver.commit.coverage and commit.source_version == silver.version
        right = right and commit.contract_hash == contract.hash
        detail = f"built from silver version {commit.source_version}, pinned is {silver.version}"
        checks.append(Check(f"gold_follows_silver:{view.name}", right, detail))
    return views, checks


def _gates(contract: Contract, cut: Cut, seen: _Seen) -> list[Check]:
    """The verdict on what this run's gates measured; its model document is of the pinned silver."""
    document = seen.documents.get(model_name(contract.id, cut.run_key)) or {}
    return gates.verdicts(contract, [gates.Found.from_json(found) for found in document.get("gates", ())])


def _attempt_name(documents: Documents, contract_id: str, run_key: str, *, new: bool) -> str:
    prefix = f"runs/{contract_id}/{run_key}/audit"
    count = len(documents.names(prefix))
    number = count + 1 if new else count
    if number == 0:
        return ""
    return f"{prefix}.json" if number == 1 else f"{prefix}-{number}.json"
