"""Cut, model, audit, publish or marts as a job of its own: in the driver, by the same functions as on one machine.

`stage.py --stage model --contract retail.sales --run-key KEY [--restate FROM TO]`. Only model and marts open a Spark
session: dbt works in it. The other stages read the log, the tables and the documents with clients of their own.
"""

from __future__ import annotations

import argparse
from datetime import date

from spark_jobs.job import Job, arguments, carry_out
from tideline.batch.driver_dbt import DriverDbt
from tideline.batch.gates import table_path as gates_path
from tideline.batch.model import view_path
from tideline.batch.stages import STAGES, Run
from tideline.environments.marts import written_models
from tideline.planning import Kind, Request


def stage(job: Job, request: Request) -> None:
    """The stage of the job's name. Raises what the stage raises."""

    def tell(line: str) -> None:
        job.say(line.removeprefix(f"{job.stage}: "))

    dbt = DriverDbt(lambda: job.spark, job.say, lambda: held(job))
    STAGES[job.stage](Run(job.contract, request, job.run_key, job.settings, tell, dbt))


def held(job: Job) -> dict[str, str]:
    """Where the gold tables of the contract are, by name: of its views, its gates and what people wrote for it."""
    written = written_models(job.settings.dbt_project).get(job.contract.id, [])
    views = [view_path(name) for name in (*(view.name for view in job.contract.views), *written)]
    paths = [path for path in (gates_path(job.contract), *views) if job.tables.version(path) is not None]
    return {path.partition("/")[2]: job.location(path) for path in paths}


def asked(words: list[str] | None = None) -> tuple[argparse.Namespace, Request]:
    """The arguments, and the request that they make; words that mean nothing end the script with 2."""
    parser = arguments("One stage of one run, without a script of its own.")
    parser.add_argument("--stage", required=True, choices=STAGES)
    parser.add_argument("--restate", nargs=2, type=date.fromisoformat, metavar=("FROM", "TO"))
    found = parser.parse_args(words)
    if found.restate is None:
        return found, Request()
    first, end = found.restate
    if not first < end:
        parser.error(f"the days [{first}, {end}) are empty")
    return found, Request(Kind.RESTATE, (first, end))


def main() -> None:
    found, request = asked()
    carry_out(found.stage, found, lambda job: stage(job, request))


if __name__ == "__main__":
    main()
