"""Managed Prometheus: the definition of a workspace's alert manager, which moto does not know."""

from __future__ import annotations

import json
from typing import Any

from moto.amp import urls
from moto.amp.exceptions import WorkspaceNotFound
from moto.amp.models import Workspace
from moto.amp.responses import PrometheusServiceResponse
from moto.core.exceptions import JsonRESTError

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


PrometheusServiceResponse.create_alert_manager_definition = put  # type: ignore[attr-defined]
PrometheusServiceResponse.put_alert_manager_definition = put  # type: ignore[attr-defined]
PrometheusServiceResponse.describe_alert_manager_definition = describe  # type: ignore[attr-defined]
PrometheusServiceResponse.delete_alert_manager_definition = delete  # type: ignore[attr-defined]
urls.url_paths[PATH] = PrometheusServiceResponse.dispatch
