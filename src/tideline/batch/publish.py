"""Publish: one conditional write that makes a passed run live, and the rollback that makes an older one live again.

The protocol, in numbered steps:
 1. a run that published before finds its own release and does nothing;
 2. the newest audit of the run must have passed under this contract;
 3. coverage never moves back, except by a rollback;
 4. a run that made nothing new writes no release;
 5. `put_new` of number + 1 is the whole publication; who loses that race looks again from step 1.
An unknown outcome is no special case: the repetition finds its own release in step 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tideline.batch.audit import Audit, last_audit
from tideline.batch.cut import Cut, read_cut
from tideline.batch.losses import accepted_losses
from tideline.batch.model import view_path
from tideline.batch.release import live_release, numbered_release, release_of_run
from tideline.model.contract import Contract
from tideline.model.errors import AuditFailed, DataError, Fatal, Lifecycle, Retriable
from tideline.model.loss import within
from tideline.model.release import Release, ReleasedView, release_name
from tideline.ports import Documents

ATTEMPTS = 20
Clock = Callable[[], datetime]


def publish(contract: Contract, run_key: str, documents: Documents, now: Clock) -> Release | None:
    """The release of this run, or the live one when nothing is new (None before the first).

    Raises AuditFailed, DataError (coverage would move back), Lifecycle (a newer run covers more), Retriable.
    """
    cut = read_cut(contract, run_key, documents)
    for _ in range(ATTEMPTS):
        own = release_of_run(documents, contract.id, run_key)
        if own is not None:  # 1
            return own
        audit = _passed(contract, run_key, documents)  # 2
        live = live_release(documents, contract.id)
        if audit.silver_version is None or (live is not None and _same_content(live, audit)):  # 4
            return live
        _check_forward(live, audit, run_key)  # 3
        losses = accepted_losses(documents, contract.id, cut.to.stream)
        release = replace(_release(contract, cut, audit, live, now), gaps=within(losses, cut.to))
        if documents.put_new(release_name(contract.id, release.number), release.as_json()):  # 5
            return release
    raise Retriable("TL-PUB-004", f"lost the race {ATTEMPTS} times", where=f"contract {contract.id}, run {run_key}")


def rollback(contract_id: str, to_number: int, run_key: str, documents: Documents, now: Clock) -> Release:
    """Make the content of an older release live again, as a new release that says so; repeatable by its run key.

    The tables keep their newer versions; the next run starts from the coverage of the release that is live then.
    """
    for _ in range(ATTEMPTS):
        own = release_of_run(documents, contract_id, run_key)
        if own is not None:
            return own
        old = numbered_release(documents, contract_id, to_number)
        live = live_release(documents, contract_id)
        assert live is not None  # there is at least the one that was asked for
        if live.number == to_number:
            return live
        release = replace(old, number=live.number + 1, run_key=run_key, published=_utc(now), rollback_of=live.number)
        if documents.put_new(release_name(contract_id, release.number), release.as_json()):
            return release
    raise Retriable("TL-PUB-004", f"lost the race {ATTEMPTS} times", where=f"contract {contract_id}, run {run_key}")


def _passed(contract: Contract, run_key: str, documents: Documents) -> Audit:
    audit = last_audit(documents, contract.id, run_key)
    place = f"contract {contract.id}, run {run_key}"
    if audit is None:
        fix = f"tideline run {contract.id} audit --run-key {run_key}"
        raise Fatal("TL-PUB-001", "the run was not audited", where=place, fix=fix)
    if not audit.passed:
        failed = ", ".join(check.name for check in audit.checks if not check.passed)
        raise AuditFailed("TL-PUB-002", f"the audit failed ({failed})", where=place, fix="mend it, start a new run")
    if audit.contract_hash != contract.hash:
        what = f"audited was contract hash {audit.contract_hash}, now it is {contract.hash}"
        raise Lifecycle("TL-PUB-003", what, where=place, fix="start a new run under the new contract")
    return audit


def _same_content(live: Release, audit: Audit) -> bool:
    return (
        live.contract_hash == audit.contract_hash
        and live.coverage == audit.coverage
        and live.silver_version == audit.silver_version
        and {name: view.version for name, view in live.views.items()} == dict(audit.views)
    )


def _check_forward(live: Release | None, audit: Audit, run_key: str) -> None:
    assert audit.coverage is not None
    if live is None or audit.coverage.covers(live.coverage):
        return
    place = f"contract {live.contract}, run {run_key}"
    if live.coverage.covers(audit.coverage):
        what = f"release {live.number} of run {live.run_key} covers more than this run"
        raise Lifecycle("TL-PUB-005", what, where=place, fix="nothing is lost: the newer release holds this run's data")
    behind = [
        f"{p}: {live.coverage.at(p)} -> {audit.coverage.at(p)}"
        for p, end in live.coverage
        if audit.coverage.at(p) < end
    ]
    raise DataError(
        "TL-PUB-006",
        f"coverage would move back in partition {', '.join(behind)}",
        where=place,
        fix="a rollback must be asked for: tideline offsets --rollback-to RELEASE",
    )


def _release(contract: Contract, cut: Cut, audit: Audit, live: Release | None, now: Clock) -> Release:
    assert audit.coverage is not None
    assert audit.silver_version is not None
    assert audit.bronze_version is not None
    return Release(
        number=1 if live is None else live.number + 1,
        contract=contract.id,
        contract_version=contract.version,
        contract_hash=contract.hash,
        run_key=cut.run_key,
        published=_utc(now),
        coverage=audit.coverage,
        bronze_version=audit.bronze_version,
        silver_version=audit.silver_version,
        quarantine_version=audit.quarantine_version,
        increments=cut.increments,
        views={name: ReleasedView(view_path(name), version) for name, version in audit.views.items()},
        counts=audit.counts,
        checks=audit.checks,
    )


def _utc(now: Clock) -> str:
    return now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
