"""CodeDeploy: what was made can be removed, and a group's alarms are read back. moto has neither."""

from __future__ import annotations

from typing import Any

from moto.codedeploy import responses
from moto.codedeploy.models import DeploymentGroup
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, EmptyResult

_info = responses._deployment_group_info


def group_info(group: DeploymentGroup) -> dict[str, Any]:
    return {**_info(group), "alarmConfiguration": group.alarm_configuration or {}}


def delete_application(self: CodeDeployResponse) -> EmptyResult:
    name = self._get_param("applicationName")
    backend = self.codedeploy_backend
    backend.tagger.delete_all_tags_for_resource(backend._application_arn(name))
    backend.applications.pop(name)
    return EmptyResult()


def delete_deployment_group(self: CodeDeployResponse) -> ActionResult:
    application, group = self._get_param("applicationName"), self._get_param("deploymentGroupName")
    backend = self.codedeploy_backend
    backend.tagger.delete_all_tags_for_resource(backend._deployment_group_arn(application, group))
    backend.deployment_groups[application].pop(group)
    return ActionResult({"hooksNotCleanedUp": []})


responses._deployment_group_info = group_info
CodeDeployResponse.delete_application = delete_application  # type: ignore[attr-defined]
CodeDeployResponse.delete_deployment_group = delete_deployment_group  # type: ignore[attr-defined]
