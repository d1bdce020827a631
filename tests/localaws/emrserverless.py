"""EMR Serverless: releases named emr-spark-N, an application that is made, not yet started, and job runs that go on.

moto knows only releases named emr-N.N.0 and forgets processor and interactive endpoints. Its job runs begin as ended,
it keeps no tokens, and an application without job runs is unknown to it where they are listed. No job is run unless
the server was told to (`run_jobs`); then job runs are processes.
"""

from __future__ import annotations

import re
from typing import Any

from moto.emrserverless.exceptions import ValidationException
from moto.emrserverless.models import EMRServerlessBackend as Backend
from moto.emrserverless.responses import EMRServerlessResponse as Serverless

from tests.localaws.emrserverless_asked import Asked, NotUnderstood
from tests.localaws.emrserverless_runs import JobRuns

_create_application, _create = Backend.create_application, Serverless.create_application
_start_job_run, _cancel_job_run = Backend.start_job_run, Backend.cancel_job_run
_NEW_RELEASE = re.compile(r"emr-spark-[0-9]+\.[0-9]+\.[0-9]+")
_KEPT = {"architecture": "architecture", "interactiveConfiguration": "interactive_configuration"}
_running: list[JobRuns] = []  # one, where jobs are run


def run_jobs(runs: JobRuns) -> None:
    """From now on each job run is a process."""
    _running[:] = [runs]


def create_application(self: Any, release_label: str, **asked: Any) -> Any:
    known = "emr-7.0.0" if _NEW_RELEASE.fullmatch(release_label) else release_label
    application = _create_application(self, release_label=known, **asked)
    application.release_label, application.state = release_label, "CREATED"
    self.job_runs.setdefault(application.id, [])
    return application


def start_job_run(self: Any, application_id: str, client_token: str, **asked: Any) -> Any:
    """One job run for one token: a process, or under way until somebody cancels it."""
    for one in self.job_runs.get(application_id, []):
        if one.client_token == client_token:
            return one
    understood = [_understood(runs, asked) for runs in _running]
    begun = _start_job_run(self, application_id=application_id, client_token=client_token, **asked)
    begun.state = "RUNNING"
    for runs, job in zip(_running, understood, strict=True):
        runs.start(begun, job)
    return begun


def _understood(runs: JobRuns, asked: dict[str, Any]) -> Asked:
    try:
        return runs.understand(asked["execution_role_arn"], asked["job_driver"], asked["configuration_overrides"])
    except NotUnderstood as error:
        raise ValidationException(f"not known to the local AWS: {error}") from error


def cancel_job_run(self: Any, application_id: str, job_run_id: str) -> Any:
    if not _running:
        return _cancel_job_run(self, application_id, job_run_id)
    _running[0].cancel(self.get_job_run(application_id, job_run_id))
    return application_id, job_run_id


def create(self: Any) -> Any:
    answer = _create(self)
    application = self.emrserverless_backend.applications[answer.result["applicationId"]]
    for name, attribute in _KEPT.items():
        setattr(application, attribute, self._get_param(name))
    return answer


Backend.create_application = create_application  # type: ignore[method-assign]
Backend.start_job_run = start_job_run  # type: ignore[method-assign]
Backend.cancel_job_run = cancel_job_run  # type: ignore[method-assign]
Serverless.create_application = create  # type: ignore[method-assign]
