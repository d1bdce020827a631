"""Budgets: who hears of a threshold, and the tags of a budget; moto keeps the first and tells neither."""

from __future__ import annotations

import json
from typing import Any

from moto.budgets.models import Budget
from moto.budgets.responses import BudgetsResponse

_create = BudgetsResponse.create_budget


def _budget(answer: Any, name: str) -> Budget:
    """The budget of that name; moto's own error if there is none."""
    answer.backend.describe_budget(account_id=answer.current_account, budget_name=name)
    found: Budget = answer.backend.budgets[answer.current_account][name]
    return found


def _tags(answer: Any) -> dict[str, str]:
    """Tags of the budget that ResourceARN ends with."""
    budget = _budget(answer, answer._get_param("ResourceARN").rpartition("/")[2])
    found: dict[str, str] = budget.__dict__.setdefault("tags", {})
    return found


def create_budget(self: Any) -> str:
    answer: str = _create(self)
    budget = _budget(self, self._get_param("Budget")["BudgetName"])
    budget.__dict__["tags"] = {one["Key"]: one["Value"] for one in self._get_param("ResourceTags") or []}
    return answer


def list_tags_for_resource(self: Any) -> str:
    return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in _tags(self).items()]})


def tag_resource(self: Any) -> str:
    _tags(self).update({one["Key"]: one["Value"] for one in self._get_param("ResourceTags")})
    return "{}"


def untag_resource(self: Any) -> str:
    for key in self._get_param("ResourceTagKeys"):
        _tags(self).pop(key, None)
    return "{}"


def describe_subscribers_for_notification(self: Any) -> str:
    wanted = {key: value for key, value in self._get_param("Notification").items() if key != "NotificationState"}
    budget = _budget(self, self._get_param("BudgetName"))
    found = [one.subscribers for one in budget.notifications if wanted.items() <= one.details.items()]
    return json.dumps({"Subscribers": found[0] if found else []})


for one in (create_budget, list_tags_for_resource, tag_resource, untag_resource, describe_subscribers_for_notification):
    setattr(BudgetsResponse, one.__name__, one)
