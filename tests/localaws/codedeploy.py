"""CodeDeploy: what was made can be removed; a group's alarms and all tags are read back. moto has none of it.

Terraform that asks for no account writes the ARNs of an application and a group without one.
"""

from __future__ import annotations

from typing import Any

from moto.codedeploy import responses
from moto.codedeploy.models import CodeDeployBackend, DeploymentGroup
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult, EmptyResult

_info, _list_tags = responses._deployment_group_info, CodeDeployBackend.list_tags_for_resource


def group_info(group: DeploymentGroup) -> dict[str, Any]:
    return {**_info(group), "alarmConfiguration": group.alarm_configuration or {}}


def list_tags_for_resource(self: CodeDeployBackend, resource_arn: str) -> list[dict[str, str]]:
    return _list_tags(self, self._arn(resource_arn.split(":", 5)[5]))


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


CodeDeployBackend.list_tags_for_resource = list_tags_for_resource  # type: ignore[method-assign]
responses._deployment_group_info = group_info
CodeDeployResponse.delete_application = delete_application  # type: ignore[attr-defined]
CodeDeployResponse.delete_deployment_group = delete_deployment_group  # type: ignore[attr-defined]
