"""Managed Prometheus: a workspace's key, and the definition of its alert manager; moto knows neither."""

from __future__ import annotations

import json
from typing import Any

from moto.amp import urls
from moto.amp.exceptions import WorkspaceNotFound
from moto.amp.models import Workspace
from moto.amp.responses import PrometheusServiceResponse
from moto.core.exceptions import JsonRESTError

_create, _described = PrometheusServiceResponse.create_workspace, Workspace.to_dict
PATH = "{0}/workspaces/(?P<workspace_id>[^/]+)/alertmanager/definition$"


class NoDefinition(JsonRESTError):
    code = 404

    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "this workspace has no alert manager definition")


def _workspace(answer: PrometheusServiceResponse) -> Workspace:
    name = answer._get_param("workspaceId")
    if name not in answer.amp_backend.workspaces:
        raise WorkspaceNotFound(name)
    return answer.amp_backend.workspaces[name]


def create_workspace(self: PrometheusServiceResponse) -> str:
    made = json.loads(_create(self))
    key = json.loads(self.body).get("kmsKeyArn")
    self.amp_backend.workspaces[made["workspaceId"]].key = key  # type: ignore[attr-defined]
    return json.dumps({**made, "kmsKeyArn": key})


def described(self: Workspace) -> dict[str, Any]:
    return {**_described(self), "kmsKeyArn": getattr(self, "key", None)}


def put(self: PrometheusServiceResponse) -> str:
    _workspace(self).alert_manager = self._get_param("data")  # type: ignore[attr-defined]
    return json.dumps({"status": {"statusCode": "ACTIVE"}})


def describe(self: PrometheusServiceResponse) -> str:
    data = getattr(_workspace(self), "alert_manager", None)
    if data is None:
        raise NoDefinition
    written: dict[str, Any] = {"data": data, "status": {"statusCode": "ACTIVE"}, "createdAt": 0, "modifiedAt": 0}
    return json.dumps({"alertManagerDefinition": written})


def delete(self: PrometheusServiceResponse) -> str:
    _workspace(self).alert_manager = None  # type: ignore[attr-defined]
    return "{}"


Workspace.to_dict = described  # type: ignore[method-assign]
PrometheusServiceResponse.create_workspace = create_workspace  # type: ignore[method-assign]
PrometheusServiceResponse.create_alert_manager_definition = put  # type: ignore[attr-defined]
PrometheusServiceResponse.put_alert_manager_definition = put  # type: ignore[attr-defined]
PrometheusServiceResponse.describe_alert_manager_definition = describe  # type: ignore[attr-defined]
PrometheusServiceResponse.delete_alert_manager_definition = delete  # type: ignore[attr-defined]
urls.url_paths[PATH] = PrometheusServiceResponse.dispatch
