"""How each type that acts is held in: a role has a ceiling, a task no way out of itself, a broker asks who is there.

A rule tells why not, and is empty where all is well. What only applying can tell (the containers of a task that name a
broker, say) a rule cannot judge in the first plan: it does in every plan after that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tideline.environments.encryption import Rule, at
from tideline.environments.plan import Plan, Resource


def _boundary(one: Resource, _: Plan) -> str:
    carried = one.values.get("permissions_boundary") or one.unknown.get("permissions_boundary")
    return "" if carried else "the role carries no permissions boundary"


def _task(one: Resource, _: Plan) -> str:
    """Every container: not privileged, a root file system that cannot be written, a user who is not root."""
    text = one.values.get("container_definitions")
    containers: list[Mapping[str, Any]] = json.loads(text) if isinstance(text, str) else []
    loose = [f"{each.get('name')} {why}" for each in containers for why in _container(each)]
    return ", ".join(loose)


def _container(each: Mapping[str, Any]) -> list[str]:
    user = str(each.get("user", "")).partition(":")[0]
    wrong = {
        "is privileged": bool(each.get("privileged")),
        "writes its root file system": each.get("readonlyRootFilesystem") is not True,
        "runs as root": user in ("", "0", "root"),
    }
    return [why for why, is_so in wrong.items() if is_so]


def _service(one: Resource, _: Plan) -> str:
    if one.values.get("enable_execute_command"):
        return "a shell in its tasks can be opened"
    addressed = at(one.values, ["network_configuration", "assign_public_ip"])
    return "its tasks have public addresses" if any(addressed) else ""


def _switch(one: Resource) -> list[str]:
    return ["enabled"] if one.type == "aws_msk_serverless_cluster" else []


def _brokers(one: Resource, _: Plan) -> str:
    if any(at(one.values, ["client_authentication", "unauthenticated"])):
        return "clients need not say who they are"
    if not any(at(one.values, ["client_authentication", "sasl", "iam", *_switch(one)])):
        return "clients are not known by their IAM role"
    reached = at(one.values, ["broker_node_group_info", "connectivity_info", "public_access", "type"])
    return "" if reached in ([], ["DISABLED"]) else f"brokers are reached from outside: {reached[0]}"


def _in_our_network(one: Resource, _: Plan) -> str:
    return "" if at(one.values, ["network_configuration"]) else "its workers run outside of our network"


def _invoker(one: Resource, _: Plan) -> str:
    """A service of AWS acts for whoever asks it: the source says for whom."""
    if one.values.get("principal") == "*":
        return "anybody may call the function"
    named = [one.values.get(key) or one.unknown.get(key) for key in ("source_arn", "source_account")]
    service = str(one.values.get("principal", "")).endswith((".amazonaws.com", ".amazonaws.com.cn"))
    return "the service may call the function for any account" if service and not any(named) else ""


# By type, the rule's name and the rule.
CONFINED: dict[str, tuple[str, Rule]] = {
    "aws_iam_role": ("BOUNDARY", _boundary),
    "aws_ecs_task_definition": ("CONFINEMENT", _task),
    "aws_ecs_service": ("CONFINEMENT", _service),
    "aws_emrserverless_application": ("CONFINEMENT", _in_our_network),
    "aws_msk_cluster": ("DOOR", _brokers),
    "aws_msk_serverless_cluster": ("DOOR", _brokers),
    "aws_lambda_permission": ("DOOR", _invoker),
}
