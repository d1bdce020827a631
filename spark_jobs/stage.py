"""Cut, model, audit, publish or marts as a job of its own: in the driver, by the same functions as on one machine.

`stage.py --stage model --contract retail.sales --run-key KEY [--restate FROM TO]`. Only model and marts open a Spark
session: dbt works in it. The other stages read the log, the tables and the documents with clients of their own.
"""

from __future__ import annotations

import argparse
from datetime import date

from spark_jobs.job import Job, arguments, carry_out
from tideline.batch.driver_dbt import DriverDbt
from tideline.batch.stages import STAGES, Run
from tideline.planning import Kind, Request


def stage(job: Job, request: Request) -> None:
    """The stage of the job's name. Raises what the stage raises."""

    def tell(line: str) -> None:
        job.say(line.removeprefix(f"{job.stage}: "))

    dbt = DriverDbt(lambda: job.spark, job.say)
    STAGES[job.stage](Run(job.contract, request, job.run_key, job.settings, tell, dbt))


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
