"""Reading what `terraform show -json` says about a plan: differences, resource types, policy documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WHOLE = "*"
INDEX = re.compile(r"\[[^\]]*\]")
# what the second word of a resource type does not say; the longest beginning counts
SERVICES = {
    "aws_cloudwatch_log_": "logs",
    "aws_cloudwatch_event_": "events",
    "aws_cloudwatch_query_": "logs",
    "aws_kinesis_firehose_": "firehose",
    "aws_api_gateway_": "apigateway",
    "aws_apigatewayv2_": "apigateway",
    "aws_redshiftserverless_": "redshift-serverless",
    "aws_service_discovery_": "cloud-map",
    "aws_resourcegroups_": "resource-groups",
    "aws_eip": "vpc",
    "aws_flow_log": "vpc",
    "aws_internet_gateway": "vpc",
    "aws_nat_gateway": "vpc",
    "aws_network_acl": "vpc",
    "aws_default_": "vpc",
    "aws_route": "vpc",
    "aws_security_group": "vpc",
    "aws_subnet": "vpc",
    "aws_vpc": "vpc",
}


@dataclass(frozen=True, order=True)
class Difference:
    """One attribute that a second plan would change; "*" means that it would be made or removed as a whole."""

    address: str
    attribute: str


def resources(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The changes of managed resources; data sources are forbidden, so there is nothing else."""
    yield from (one for one in plan.get("resource_changes", []) if one["mode"] == "managed")


def differences(plan: dict[str, Any]) -> set[Difference]:
    """What is not yet as written. Addresses are without indexes: what moto forgets, it forgets for each instance."""
    found = set()
    for one in resources(plan):
        change, address = one["change"], INDEX.sub("", one["address"])
        if change["actions"] == ["update"]:
            before, after, unknown = change["before"], change["after"], change["after_unknown"]
            names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
            found |= {Difference(address, name) for name in names | {name for name, is_so in unknown.items() if is_so}}
        elif change["actions"] != ["no-op"]:
            found.add(Difference(address, WHOLE))
    changed_outputs = {
        Difference("output", name)
        for name, change in plan.get("output_changes", {}).items()
        if change["actions"] != ["no-op"]
    }
    return found | changed_outputs


def service(resource_type: str) -> str:
    """The AWS service of a resource type: aws_s3_bucket_policy is of s3."""
    special = [begin for begin in SERVICES if resource_type.startswith(begin)]
    return SERVICES[max(special, key=len)] if special else resource_type.split("_")[1]


def documents(plan: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(address, attribute, document) of every policy in the plan, wherever an attribute holds one as JSON text."""
    for one in resources(plan):
        for attribute, value in (one["change"]["after"] or {}).items():
            for document in _documents(value):
                yield one["address"], attribute, document


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _documents(inner)
    elif isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
        read = json.loads(value)
        if isinstance(read.get("Statement"), list | dict):
            yield read
