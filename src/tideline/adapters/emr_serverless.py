"""Stages as job runs of an EMR Serverless application: started once, followed to their end, cancelled when told.

1. a job run of the same name that has not ended is followed: the try that began it lost its process, not its work;
2. else one is started, under a token made of what is asked and a number. The same token again gives the same job run,
   so an answer that was lost doubles nothing. What had ended before is another try's: the next number is taken;
3. it is looked at until it ends, each change of its state is told; some lost looks in a row are borne;
4. when the process is told to stop, the job run is cancelled;
5. its end becomes an exit code: of a failed one the code that EMR quotes when our errors have it, else Retriable.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tideline.adapters.aws_answers import code_of, translated
from tideline.model.errors import Fatal, Retriable, TidelineError

Tell = Callable[[str], None]
Wait = Callable[[float], bool]  # waits so many seconds, or until the process is told to stop: then it is true

STOPPED = 128 + 15  # as a local job that SIGTERM ended
FIRST_PAUSE_S, LONGEST_PAUSE_S, LOST_LOOKS, NUMBERS = 2.0, 20.0, 10, 50
_ENDING = "CANCELLING"
_OPEN = ("SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", _ENDING)
_ENDED = ("SUCCESS", "FAILED", "CANCELLED")
_CODE = re.compile(r"\bExitCode: (\d{1,3})\b")
_DEFAULTS = "spark-defaults"


@dataclass(frozen=True, slots=True)
class SparkJob:
    """What is asked: `name` is the same for each try of one stage of one run, and of nothing else; at most 256 long."""

    name: str
    stage: str
    script: str
    arguments: tuple[str, ...]
    role: str
    tags: Mapping[str, str]
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Application:
    """Where jobs run: EMR's id, the place of their scripts, and the configurationOverrides that each one gets."""

    id: str
    code: str
    overrides: Mapping[str, Any]


class ServerlessJobs:
    """Runs jobs on one application; `client` is boto3's for EMR Serverless."""

    def __init__(self, client: Any, application: Application) -> None:
        self._client, self._application = client, application
        self._where = f"EMR Serverless application {application.id}"

    def run(self, job: SparkJob, wait: Wait, tell: Tell) -> int:
        """The exit code of the job, STOPPED when told to stop. Raises Retriable while AWS does not answer, else Fatal.

        When it raises Retriable, a job run that was started goes on, and the next try follows it.
        """
        if wait(0):
            return STOPPED
        try:
            run_id = self._under_way(job, wait, tell) or self._start(job, tell)
            ended = self._watch(job, run_id, wait, tell)
        except Retriable:
            if not wait(0):
                raise
            found = self._open(job)  # told to stop while it is unknown what goes on
            return self._cancel(found[0], tell) if found else STOPPED
        return self._cancel(run_id, tell) if ended is None else self._end(run_id, *ended, tell)

    def _under_way(self, job: SparkJob, wait: Wait, tell: Tell) -> str | None:
        """The open job run of this name (1). One that is being cancelled is waited for: two never work at once."""
        found = self._open(job)
        if found is None:
            return None
        run_id, state = found
        if state == _ENDING and self._watch(job, run_id, wait, tell) is not None:
            return None
        tell(f"{job.stage}: EMR Serverless job run {run_id} of this run is under way: it is followed")
        return run_id

    def _open(self, job: SparkJob) -> tuple[str, str] | None:
        with translated(self._where):
            pages = self._client.get_paginator("list_job_runs").paginate(
                applicationId=self._application.id, states=list(_OPEN)
            )
            named = (one for page in pages for one in page["jobRuns"] if one.get("name") == job.name)
            return next(((str(one["id"]), str(one["state"])) for one in named), None)

    def _start(self, job: SparkJob, tell: Tell) -> str:
        """A new job run (2)."""
        asked = self._request(job)
        words = json.dumps(asked, sort_keys=True)
        for number in range(NUMBERS):
            token = hashlib.sha256(f"{number} {words}".encode()).hexdigest()
            run_id = self._ask(asked, token)
            if run_id is not None and self._look(run_id)[0] not in (_ENDING, *_ENDED):
                tell(f"{job.stage}: EMR Serverless job run {run_id} is started")
                return run_id
        raise Retriable(
            "TL-EMR-003",
            f"{NUMBERS} tries of {job.name} have ended or are refused as conflicts",
            where=self._where,
            fix="look at the job runs of the application; start another run",
        )

    def _request(self, job: SparkJob) -> dict[str, Any]:
        return {
            "applicationId": self._application.id,
            "name": job.name,
            "executionRoleArn": job.role,
            "jobDriver": {
                "sparkSubmit": {
                    "entryPoint": f"{self._application.code}/{job.script}.py",
                    "entryPointArguments": list(job.arguments),
                }
            },
            "configurationOverrides": with_environment(self._application.overrides, job.environment),
            "tags": dict(job.tags),
        }

    def _ask(self, asked: Mapping[str, Any], token: str) -> str | None:
        """The id of the token's job run; None when EMR calls it a conflict."""
        with translated(self._where):
            try:
                return str(self._client.start_job_run(**asked, clientToken=token)["jobRunId"])
            except ClientError as error:
                if code_of(error) == "ConflictException":
                    return None
                if code_of(error) == "ValidationException":
                    told = error.response["Error"].get("Message", "")
                    fix = "compare the TIDELINE_SPARK_ variables with what Terraform says of this environment"
                    raise Fatal("TL-EMR-002", f"the job is refused: {told}", where=self._where, fix=fix) from error
                raise

    def _look(self, run_id: str) -> tuple[str, str]:
        """Its state, and what EMR says of it."""
        with translated(f"{self._where}, job run {run_id}"):
            found = self._client.get_job_run(applicationId=self._application.id, jobRunId=run_id)["jobRun"]
            return str(found["state"]), str(found.get("stateDetails") or "")

    def _watch(self, job: SparkJob, run_id: str, wait: Wait, tell: Tell) -> tuple[str, str] | None:
        """Its last state and what EMR says of it (3); None when told to stop before that."""
        told, lost, pause = "", 0, FIRST_PAUSE_S
        while True:
            try:
                state, details = self._look(run_id)
                lost = 0
            except Retriable:
                state, details, lost = told, "", lost + 1
                if lost > LOST_LOOKS:
                    raise
            if state != told:
                told = state
                tell(f"{job.stage}: job run {run_id} is {state}")
            if state in _ENDED:
                return state, details
            if wait(pause):
                return None
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _cancel(self, run_id: str, tell: Tell) -> int:
        try:
            with translated(f"{self._where}, job run {run_id}"):
                self._client.cancel_job_run(applicationId=self._application.id, jobRunId=run_id)  # 4
            tell(f"told to stop: job run {run_id} is being cancelled")
        except TidelineError as error:
            said = f"{error.code} {error.what}"
            tell(
                f"TL-EMR-005 job run {run_id} was not cancelled ({said}): unless it has ended, the next try follows it"
            )
        return STOPPED

    def _end(self, run_id: str, state: str, details: str, tell: Tell) -> int:
        if state == "SUCCESS":
            return 0
        code = exit_code(details) if state == "FAILED" else Retriable.exit_code  # 5
        said = " ".join(details.split()) or "EMR says nothing of it"
        tell(
            f"TL-EMR-004 {self._where}, job run {run_id}: it ended as {state}: {said} "
            f"Fix: its driver's log has the line that begins with TL-; then run the stage again with the same run key"
        )
        return code


def exit_code(details: str) -> int:
    """The exit code that EMR quotes, when it is one by which our jobs end on purpose or by a bug; else Retriable's."""
    found = _CODE.search(details)
    code = int(found[1]) if found else None
    return code if code in _own_codes(TidelineError) else Retriable.exit_code


def _own_codes(kind: type[TidelineError]) -> set[int]:
    return {kind.exit_code}.union(*map(_own_codes, kind.__subclasses__())) - {0}


def with_environment(overrides: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """The overrides, and in them these variables of the job's driver; what is given is not changed."""
    made = copy.deepcopy(dict(overrides))
    parts = made.setdefault("applicationConfiguration", [])
    spark = next((part for part in parts if part.get("classification") == _DEFAULTS), None)
    if spark is None:
        spark = {"classification": _DEFAULTS}
        parts.append(spark)
    properties = spark.setdefault("properties", {})
    properties.update({f"spark.emr-serverless.driverEnv.{name}": value for name, value in environment.items()})
    return made
