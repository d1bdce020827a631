"""What a DAG run asks Tideline for: its run key, and the days to compute again when it is a backfill. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tideline.planning import Kind, Request

_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9._-]")
BACKFILL = "backfill"


class NothingToDo(Exception):
    """A backfill run whose interval ends inside a day: the run that reaches midnight restates that day."""


def run_key(run_id: str) -> str:
    """The run key of docs/formats.md. A retry and a cleared run keep it, so that they meet their own cut again."""
    return _NOT_IN_A_KEY.sub("_", run_id)


def request(run_type: str, interval: tuple[datetime | None, datetime | None], conf: Mapping[str, Any]) -> Request:
    """Backfill runs and `{"restate": [FROM, TO]}` restate half-open UTC days; every other run takes what is new.

    Days of an interval run from the day of its start to the day of its end: neighbouring intervals never share one.
    Raises ValueError for a conf that cannot be read and NothingToDo for an interval without a midnight.
    """
    if "restate" in conf:
        return Request(Kind.RESTATE, _stated(conf["restate"]))
    if run_type != BACKFILL:
        return Request()
    start, end = interval
    if start is None or end is None:
        raise ValueError("a backfill run needs a data interval")
    days = (start.astimezone(UTC).date(), end.astimezone(UTC).date())
    if days[0] == days[1]:
        raise NothingToDo(f"the interval {start} to {end} reaches no midnight UTC")
    return Request(Kind.RESTATE, days)


def _stated(value: Any) -> tuple[date, date]:
    try:
        first, end = (date.fromisoformat(day) for day in value)
    except (TypeError, ValueError) as error:
        raise ValueError(
            'conf "restate" has to be two days, the second one exclusive: {"restate": ["2011-01-04", "2011-01-06"]}'
        ) from error
    if end <= first or end - first > timedelta(days=36_600):
        raise ValueError(f'conf "restate": the days [{first}, {end}) are empty or more than a century')
    return first, end


def arguments(contract_id: str, stage: str, key: str, asked: Request) -> tuple[str, ...]:
    """The arguments of the `tideline` command that runs one stage."""
    words = ("run", contract_id, stage, "--run-key", key)
    return words if asked.days is None else (*words, "--restate", *(day.isoformat() for day in asked.days))
