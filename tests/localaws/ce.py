"""Cost Explorer: monitors and subscriptions of anomalies, and tags of the bill; moto knows only cost categories."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from moto.ce.responses import CostExplorerResponse


def _shelf(answer: Any, kind: str) -> dict[str, Any]:
    """What exists of a kind, by ARN or key; a reset of moto empties it with the backend."""
    found: dict[str, Any] = answer.ce_backend.__dict__.setdefault(f"our_{kind}", {})
    return found


def _create(answer: Any, kind: str, document: str, key: str) -> str:
    arn = f"arn:aws:ce::{answer.current_account}:{kind}/{uuid4()}"
    _shelf(answer, kind)[arn] = {**answer._get_param(document), key: arn, "AccountId": answer.current_account}
    answer.ce_backend.tag_resource(arn, answer._get_param("ResourceTags") or [])
    return json.dumps({key: arn})


def _get(answer: Any, kind: str, asked: str) -> list[Any]:
    shelf = _shelf(answer, kind)
    return [shelf[arn] for arn in answer._get_param(asked) or shelf if arn in shelf]


def _delete(answer: Any, kind: str, key: str) -> str:
    _shelf(answer, kind).pop(answer._get_param(key), None)
    return "{}"


def create_anomaly_monitor(self: Any) -> str:
    return _create(self, "anomalymonitor", "AnomalyMonitor", "MonitorArn")


def get_anomaly_monitors(self: Any) -> str:
    return json.dumps({"AnomalyMonitors": _get(self, "anomalymonitor", "MonitorArnList")})


def delete_anomaly_monitor(self: Any) -> str:
    return _delete(self, "anomalymonitor", "MonitorArn")


def create_anomaly_subscription(self: Any) -> str:
    return _create(self, "anomalysubscription", "AnomalySubscription", "SubscriptionArn")


def get_anomaly_subscriptions(self: Any) -> str:
    return json.dumps({"AnomalySubscriptions": _get(self, "anomalysubscription", "SubscriptionArnList")})


def delete_anomaly_subscription(self: Any) -> str:
    return _delete(self, "anomalysubscription", "SubscriptionArn")


def update_cost_allocation_tags_status(self: Any) -> str:
    for one in self._get_param("CostAllocationTagsStatus"):
        _shelf(self, "tags")[one["TagKey"]] = {**one, "Type": "UserDefined"}
    return json.dumps({"Errors": []})


def list_cost_allocation_tags(self: Any) -> str:
    return json.dumps({"CostAllocationTags": _get(self, "tags", "TagKeys")})


for one in (
    create_anomaly_monitor,
    get_anomaly_monitors,
    delete_anomaly_monitor,
    create_anomaly_subscription,
    get_anomaly_subscriptions,
    delete_anomaly_subscription,
    update_cost_allocation_tags_status,
    list_cost_allocation_tags,
):
    setattr(CostExplorerResponse, one.__name__, one)
