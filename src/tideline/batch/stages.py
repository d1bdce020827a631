"""The stages that are no Spark script of their own, as `tideline run` does them here and `spark_jobs/stage.py` on AWS.

A stage is a function of its run: it tells its lines and raises an error of the tree, or returns. What it imports is
imported when it runs, so that nobody pays for an engine that is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.batch.model import Gold, Runner
    from tideline.model.contract import Contract
    from tideline.planning import Request
    from tideline.settings import Settings

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What every stage is told. `dbt` runs dbt in a job's driver; None: against the Spark server of this machine."""

    contract: Contract
    request: Request
    key: str
    settings: Settings
    tell: Tell
    dbt: Runner | None = None


def cut(run: Run) -> None:
    from tideline import wiring
    from tideline.batch.cut import Doors, choose_cut

    doors = Doors(
        log=wiring.event_log(run.settings),
        documents=wiring.documents(run.settings),
        tables=wiring.tables(run.settings),
        now=lambda: datetime.now(UTC),
        epoch_s=run.settings.epoch_s,
    )
    chosen = choose_cut(run.contract, run.request, run.key, doors)
    for partition, end in chosen.to:
        run.tell(f"cut: partition {partition} [{chosen.start.at(partition)}, {end})")


def model(run: Run) -> None:
    from tideline.batch.model import build_views

    for view, version in sorted(build_views(run.contract, run.key, _gold(run)).items()):
        run.tell(f"model: {view} is version {version}")


def audit(run: Run) -> None:
    from tideline import wiring
    from tideline.batch.audit import Limits, audit_run

    limits = Limits(run.settings.quarantine_percent, run.settings.quarantine_rows)
    found = audit_run(run.contract, run.key, wiring.documents(run.settings), wiring.tables(run.settings), limits)
    for check in found.checks:
        verdict = "WARNING" if check.warning else "passed" if check.passed else "FAILED"
        run.tell(f"audit: {check.name} {verdict}: {check.detail}")


def publish(run: Run) -> None:
    from tideline import wiring
    from tideline.batch.publish import publish as write_release

    release = write_release(run.contract, run.key, wiring.documents(run.settings), lambda: datetime.now(UTC))
    if release is None:
        run.tell("publish: nothing to publish yet")
    else:
        run.tell(f"publish: release {release.number} of run {release.run_key} is live")


def marts(run: Run) -> None:
    """Marts, and on this machine dbt's page: a job sees one contract's tables, and keeps no files (ADR 0020)."""
    from tideline.batch.model import build_docs, build_marts

    gold = _gold(run)
    build_marts(run.contract, run.key, gold)
    if run.dbt is None:
        run.tell(f"marts: dbt's page is {build_docs(gold)}")
    else:
        run.tell("marts: dbt's page is not made by jobs; tideline contract docs makes a site from the contracts alone")


def _gold(run: Run) -> Gold:
    from tideline import wiring
    from tideline.batch.dbt import run_dbt
    from tideline.batch.model import Gold

    documents, tables = wiring.documents(run.settings), wiring.tables(run.settings)
    return Gold(documents, tables, run.settings, run.tell, run.dbt or run_dbt)


STAGES: Mapping[str, Callable[[Run], None]] = {
    "cut": cut,
    "model": model,
    "audit": audit,
    "publish": publish,
    "marts": marts,
}
