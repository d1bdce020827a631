"""What a stage is when it runs on AWS: a job of its own name, under the role of its stage and contract.

`evolve` of `tideline apply` is one too: its run key is that of the deployment.
"""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event
from typing import TYPE_CHECKING

from tideline.adapters.emr_serverless import SparkJob
from tideline.model.errors import Fatal

if TYPE_CHECKING:
    from tideline.model.contract import Contract
    from tideline.settings import Settings

_SCRIPTS = ("ingest", "refine", "restate", "evolve")  # what else there is shares the script `stage`
_ROLES = {"cut": "ingest", "restate": "refine", "marts": "model", "audit": "publish"}  # who has none of its own
Days = tuple[date, date]
_LONGEST_NAME, _LONGEST_ROLE = 256, 64


def run_there(
    stage: str,
    contract: Contract,
    run_key: str,
    settings: Settings,
    tell: Callable[[str], None],
    days: Days | None = None,
) -> int:
    """The exit code of a stage that runs as a job of EMR Serverless; it is cancelled when this process is told to stop.

    Raises Retriable while AWS does not answer, Fatal for a job that cannot be asked for.
    """
    from tideline import wiring

    job = job_of(stage, contract, run_key, settings, days)
    with told_to_stop() as stop:
        return wiring.serverless_jobs(settings).run(job, stop.wait, tell)


def job_of(stage: str, contract: Contract, run_key: str, settings: Settings, days: Days | None = None) -> SparkJob:
    """The job of a stage for one run; `days` are those of a restate. Raises Fatal when the settings lack what it needs.

    `stage` is one of `tideline run`; `restate`, the refine of a restate, which finds its days in the cut; or `evolve`.
    """
    needed = {
        "TIDELINE_SPARK_REGION": settings.spark_region,
        "TIDELINE_SPARK_CODE": settings.spark_code,
        "TIDELINE_SPARK_ROLE": settings.spark_role,
        "TIDELINE_REMOTE_LAKE": settings.remote_lake,
    }
    absent = [name for name, value in needed.items() if not value]
    if absent:
        raise Fatal(
            "TL-EMR-001", f"TIDELINE_SPARK_APPLICATION is set without {', '.join(absent)}", fix="set them, or unset it"
        )
    name = f"{stage} {contract.id} {run_key}"
    if len(name) > _LONGEST_NAME:
        name = f"{name[:223]} {hashlib.sha256(name.encode()).hexdigest()[:32]}"
    return SparkJob(
        name=name,
        stage=stage,
        script=stage if stage in _SCRIPTS else "stage",
        arguments=_arguments(stage, contract, run_key, days),
        role=role_of(settings.spark_role, _ROLES.get(stage, stage), contract),
        tags={"contract": contract.id, "domain": contract.domain, "stage": stage, "run": run_key},
        environment=_surroundings(settings),
    )


def _arguments(stage: str, contract: Contract, run_key: str, days: Days | None) -> tuple[str, ...]:
    run = ("--contract", contract.id, "--run-key", run_key)
    if stage in _SCRIPTS:
        return run
    restate = () if days is None else ("--restate", days[0].isoformat(), days[1].isoformat())
    return ("--stage", stage, *run, *restate)


def role_of(pattern: str, stage: str, contract: Contract) -> str:
    """The role of a stage's job: names above 64 characters end with a hash, as modules/iam makes them."""
    group = contract.id if "{contract}" in pattern else contract.domain
    place, _, shape = pattern.rpartition("/")
    name = shape.replace("{stage}", stage).replace("{contract}", contract.id).replace("{domain}", contract.domain)
    if len(name) > _LONGEST_ROLE:
        name = f"{name[:55]}-{hashlib.sha256(f'{stage}/{group}'.encode()).hexdigest()[:8]}"
    return f"{place}/{name}"


def _surroundings(settings: Settings) -> dict[str, str]:
    """Variables of the driver: the same lake, log and limits as here, and a folder that it may write.

    No TIDELINE_SPARK_ is among them: a driver does its stage itself.
    """
    told = {
        "TIDELINE_HOME": "/tmp/tideline",  # noqa: S108 - the driver's machine is its job's alone
        "TIDELINE_REMOTE_LAKE": settings.remote_lake,
        "TIDELINE_KAFKA": settings.kafka,
        "TIDELINE_KAFKA_IAM_REGION": settings.kafka_iam_region,
        "TIDELINE_EPOCH_S": str(settings.epoch_s),
        "TIDELINE_QUARANTINE_PERCENT": str(settings.quarantine_percent),
        "TIDELINE_QUARANTINE_ROWS": str(settings.quarantine_rows),
        "AWS_REGION": settings.spark_region,
        "AWS_DEFAULT_REGION": settings.spark_region,
    }
    return {name: value for name, value in told.items() if value}


@contextmanager
def told_to_stop() -> Iterator[Event]:
    """Within, SIGTERM and SIGINT end nothing: they set the event. Only the main thread may enter."""
    told = Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
