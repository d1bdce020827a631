"""EMR Serverless: releases named emr-spark-N, and an application that is made, not yet started.

moto knows only releases named emr-N.N.0 and forgets processor and interactive endpoints.
"""

from __future__ import annotations

import re
from typing import Any

from moto.emrserverless.models import EMRServerlessBackend as Backend
from moto.emrserverless.responses import EMRServerlessResponse as Serverless

_create_application, _create = Backend.create_application, Serverless.create_application
_NEW_RELEASE = re.compile(r"emr-spark-[0-9]+\.[0-9]+\.[0-9]+")
_KEPT = {"architecture": "architecture", "interactiveConfiguration": "interactive_configuration"}


def create_application(self: Any, release_label: str, **asked: Any) -> Any:
    known = "emr-7.0.0" if _NEW_RELEASE.fullmatch(release_label) else release_label
    application = _create_application(self, release_label=known, **asked)
    application.release_label, application.state = release_label, "CREATED"
    return application


def create(self: Any) -> Any:
    answer = _create(self)
    application = self.emrserverless_backend.applications[answer.result["applicationId"]]
    for name, attribute in _KEPT.items():
        setattr(application, attribute, self._get_param(name))
    return answer


Backend.create_application = create_application  # type: ignore[method-assign]
Serverless.create_application = create  # type: ignore[method-assign]
