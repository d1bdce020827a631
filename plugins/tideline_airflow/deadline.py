"""A contract's `deadline` as Airflow's deadline alert: how long after its interval's end a run has to have published.

The callback is a synchronous one, which the executor runs: the asynchronous kind needs a triggerer, and none runs here.
Airflow counts each miss as the metric `deadline_alerts.deadline_missed` by itself; the callback writes what a person
reads.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from tideline.settings import settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LOG = logging.getLogger("tideline.deadline")
CODE = "TL-AIR-010"


class IntervalEnd(BaseDeadlineReference):  # type: ignore[misc]  # Airflow ships no types to mypy here
    """The end of a run's data interval, or for a run without one the moment it was to start.

    Airflow's own logical date is the interval's start, a day or a month before there is anything to publish.
    """

    required_kwargs = frozenset({"dag_id", "run_id"})

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        asked = select(DagRun.data_interval_end, DagRun.run_after, DagRun.run_type)
        found = session.execute(asked.where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one_or_none()
        if found is None or found.run_type == "backfill":
            return None  # days of the past are late whatever one does
        moment: datetime | None = found.data_interval_end if found.run_type == "scheduled" else found.run_after
        return moment


def alert(deadline: float | None, owner: str, tier: str) -> DeadlineAlert | None:
    """The alert for a deadline in seconds; None for a contract that promises none."""
    if deadline is None:
        return None
    told = {"owner": owner, "tier": tier, "deadline_s": deadline}
    return DeadlineAlert(
        reference=IntervalEnd(), interval=timedelta(seconds=deadline), callback=SyncCallback(missed, kwargs=told)
    )


def missed(owner: str, tier: str, deadline_s: float, context: dict[str, Any] | None = None) -> str:
    """One line to the log of the callback and to `logs/deadlines.log`, as JSON after its code; returns the line."""
    run = (context or {}).get("dag_run") or {}
    due = (context or {}).get("deadline", {}).get("deadline_time")
    facts = {
        "dag": run.get("dag_id"), "run": run.get("dag_run_id") or run.get("run_id"), "state": run.get("state"),
        "due": str(due), "deadline_s": deadline_s, "owner": owner, "tier": tier,
        "told": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    line = f"{CODE} the run was not published in time {json.dumps(facts)}"
    LOG.error(line)
    path = settings().logs / "deadlines.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as kept:
        kept.write(line + "\n")
    return line
