"""Let silver follow a changed contract: columns change, no row does. Started by `tideline apply`, never by a run.

 1. the deployment's order says which contract was in force and which one is to be; there is nothing without a table;
 2. what is left to do is read from the table itself, so an interrupted evolution is simply started again;
 3. each statement is a commit of metadata only: earlier versions stay readable under their own names and types;
 4. the last commit carries the new contract hash with the same Coverage, no counts, and whether days must be restated.
A run that writes silver meanwhile excludes this last commit, or is excluded by it: the batch number is one for both.
"""

from __future__ import annotations

from collections.abc import Callable

from spark_jobs import crash_hook, tables
from spark_jobs.job import Job, run
from tideline.batch.commits import StageCommit, next_batch
from tideline.batch.cut import table_path
from tideline.deploy.order import Order, read_order
from tideline.model.contract import Contract
from tideline.rendering import evolution
from tideline.settings import settings
from tideline.wiring import documents


def evolve(job: Job) -> None:
    """The stage. Raises Fatal for a type that no value fits, Lifecycle when a run wrote silver meanwhile."""
    order = read_order(job.documents, job.run_key)  # 1
    path = table_path("silver", job.contract)
    schema = job.tables.schema(path)
    if schema is None:
        job.say("nothing to do: there is no silver yet")
        return
    last = tables.last(job, "silver")
    if last is not None and last[1].run_key == job.run_key:
        job.say(f"nothing to do: silver version {last[0]} follows the contract")
        return

    def left() -> tuple[evolution.ColumnChange, ...]:
        before, held = order.before.get(job.contract.id), job.tables.schema(path) or schema
        return evolution.changes(held, before, job.contract, drop_retired=order.drop_retired)

    listed = left()  # 2
    _alter(job, path, listed, left)  # 3
    if last is None or (last[1].contract_hash == job.contract.hash and not listed):
        return
    version = tables.commit(job, "silver", tables.empty(job, "silver"), _words(job, order, last[1]))  # 4
    crash_hook.after_commit(job)
    job.say(f"silver version {version} follows contract {job.contract.version} (hash {job.contract.hash})")


Changes = tuple[evolution.ColumnChange, ...]


def _alter(job: Job, path: str, listed: Changes, left: Callable[[], Changes]) -> None:
    location = job.location(path).replace("`", "``")
    table = f"delta.`{location}`"
    for text in evolution.properties(listed, job.tables.properties(path)):
        job.spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({text})")
    for change in listed:
        statement = change.statement(table)
        if statement is not None:
            try:
                job.spark.sql(statement)
            except Exception as error:
                if change in left():
                    raise tables.retriable(job, "silver", error) from error
                job.say("another apply of the same contracts did this at the same time")
            crash_hook.after_commit(job, "statement")
        job.say(f"{change.act.value} {change.column}{f' ({change.before} -> {change.after})' if change.before else ''}")


def _words(job: Job, order: Order, last: StageCommit) -> StageCommit:
    return StageCommit(
        stage="evolve",
        run_key=job.run_key,
        contract=job.contract.id,
        contract_hash=job.contract.hash,
        batch=next_batch(last),
        coverage=last.coverage,
        start=dict(last.coverage),
        replaces=last.contract_hash,
        rebuild=order.rebuild(job.contract.id, last.contract_hash),
    )


def _ordered(contract_id: str, run_key: str) -> Contract:
    return read_order(documents(settings()), run_key).contract(contract_id)


if __name__ == "__main__":
    run("evolve", evolve, _ordered)
