"""Which days of silver were judged under other rules than the contract's, told by silver's own commits.

A commit names the contract hash under which its rows were judged. An evolve commit without rebuild says that the rows
of the hash it replaces stay right. Everything older than the newest commit of a foreign hash has to be restated, day by
day, before new rows may stand beside it; but for days that are out of the contract's retention: nobody can judge them
again, because bronze need not have them any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tideline.batch.commits import StageCommit
from tideline.batch.cut import table_path
from tideline.batch.release import live_release
from tideline.model.contract import Contract
from tideline.model.release import Release
from tideline.ports import Documents, Tables

Days = tuple[date, date]  # half-open, UTC event days
_DAY = timedelta(days=1)


def days_to_restate(contract: Contract, documents: Documents, tables: Tables, today: date | None = None) -> list[Days]:
    """The days of silver that are not judged under this contract; empty when all are, or when there is no silver.

    With `today` (of the run, UTC) days that are out of retention are not asked for.
    """
    path = table_path("silver", contract)
    last = tables.last_commit(path)
    if last is None:
        return []
    live = live_release(documents, contract.id)
    if live is not None and live.silver_version > last.version:
        live = None
    chain = chain_since(contract, tables, live, last.version)
    found = foreign_days(contract, chain, live, tables, last.version)
    return found if today is None else retained(contract, found, today)


def chain_since(contract: Contract, tables: Tables, live: Release | None, version: int) -> list[StageCommit]:
    """Silver's commits since the live release (all that are kept without one) up to a version, oldest first."""
    found = tables.commits(table_path("silver", contract), -1 if live is None else live.silver_version)
    return [commit for c in found if c.version <= version and (commit := StageCommit.read(c)) is not None]


def foreign_days(
    contract: Contract, chain: Sequence[StageCommit], live: Release | None, tables: Tables, version: int
) -> list[Days]:
    """`days_to_restate` for commits that are at hand: the days of this silver version less those restated since."""
    same, restated = {contract.hash}, []
    for commit in reversed(chain):
        if commit.contract_hash not in same:
            break
        if commit.stage == "restate" and commit.days is not None:
            restated.append((date.fromisoformat(commit.days[0]), date.fromisoformat(commit.days[1])))
        elif commit.replaces is not None and not commit.rebuild:
            same.add(commit.replaces)
    else:
        if live is None or live.contract_hash in same:
            return []
    held = days_held(contract, tables, version)
    return [] if held is None else _less(held, restated)


def retained(contract: Contract, days: Sequence[Days], today: date) -> list[Days]:
    """The parts of days that are not out of retention yet."""
    oldest = today - contract.retention
    return [(max(first, oldest), end) for first, end in days if end > oldest]


def days_held(contract: Contract, tables: Tables, version: int, column: str | None = None) -> Days | None:
    """From the first event day of silver to the day after the last; None when silver has no rows.

    `column` is the event time's name in the table, when it is not the contract's yet.
    """
    path, name = table_path("silver", contract), column or contract.event_time
    files = [file for file in tables.files(path, version) if file.rows != 0]
    if all(name in file.low and name in file.high for file in files):
        ends = [value for file in files for value in (file.low[name], file.high[name])]
    else:
        ends = [value for value in tables.read(path, version, [name]).column(name).to_pylist() if value is not None]
    days = [_day(value) for value in ends]
    return (min(days), max(days) + _DAY) if days else None


def shown(days: Sequence[Days]) -> str:
    return ", ".join(f"[{first}, {end})" for first, end in days)


def _day(value: Any) -> date:
    return value.astimezone(UTC).date() if isinstance(value, datetime) and value.tzinfo else _naive_day(value)


def _naive_day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def _less(held: Days, restated: Sequence[Days]) -> list[Days]:
    left, at = [], held[0]
    for first, end in sorted(restated):
        if first > at:
            left.append((at, min(first, held[1])))
        at = max(at, end)
        if at >= held[1]:
            return left
    return [*left, (at, held[1])]
