"""Who may do what where: the policies of a plan as rows, so that a person can review them and a change is seen.

One row is one subject, effect and resource with its condition, and the actions there. Subjects are roles (`trust` says
who may become them) and resources with a policy of their own. Names are shortened to what differs between them: the
environment's prefix, account and region are left out, a bucket is its zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tideline.environments.plan import Plan, Resource
from tideline.model.errors import Fatal

_IDENTITY = ("aws_iam_role_policy", "aws_iam_policy")
_ATTACHED = "aws_iam_role_policy_attachment"
_OWN = {
    "aws_s3_bucket_policy": ("bucket", "policy"),
    "aws_kms_key": ("description", "policy"),
    "aws_kms_replica_key": ("description", "policy"),
    "aws_sns_topic_policy": ("arn", "policy"),
    "aws_sns_topic": ("name", "policy"),
    "aws_sqs_queue_policy": ("queue_url", "policy"),
    "aws_sqs_queue": ("name", "policy"),
    "aws_vpc_endpoint": ("service_name", "policy"),
    "aws_ecr_repository_policy": ("repository", "policy"),
    "aws_backup_vault_policy": ("backup_vault_name", "policy"),
    "aws_glue_resource_policy": ("id", "policy"),
    "aws_api_gateway_rest_api": ("name", "policy"),
    "aws_api_gateway_rest_api_policy": ("rest_api_id", "policy"),
    "aws_msk_cluster_policy": ("cluster_arn", "policy"),
    "aws_cloudwatch_log_resource_policy": ("policy_name", "policy_document"),
    "aws_kinesis_resource_policy": ("resource_arn", "policy"),
    "aws_dynamodb_resource_policy": ("resource_arn", "policy"),
    "aws_secretsmanager_secret_policy": ("secret_arn", "policy"),
}
# Their policy may be a resource of its own; without one AWS lets in nobody but the account's own identities.
_CLOSED_WITHOUT = ("aws_sns_topic", "aws_sqs_queue", "aws_api_gateway_rest_api")


@dataclass(frozen=True, order=True, slots=True)
class Permission:
    """One row: `kind` is identity, trust, boundary, managed or resource."""

    kind: str
    subject: str
    effect: str
    resource: str
    condition: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy document as it stands in a plan."""

    kind: str
    subject: str
    address: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Naming:
    """What is left out of names: the same in every row of one environment."""

    prefix: str
    account: str
    region: str

    @classmethod
    def of(cls, plan: Plan) -> Naming:
        """As the plan's own variables say: `inputs` of the environment, and the tag that all its resources carry."""
        inputs = plan.variables.get("inputs")
        tags = next((one.values["tags"] for one in plan.of("aws_iam_role") if one.values.get("tags")), None)
        if not isinstance(inputs, dict) or not tags:
            raise Fatal(
                "TL-ENV-006",
                "this plan is none of an environment of Tideline: it has no inputs, or makes no role",
                fix="make it in infra/terraform/envs/ENV, of an environment that does not exist yet",
            )
        return cls(f"{tags['project']}-{tags['environment']}", inputs["account_id"], inputs["region"])

    def short(self, text: str) -> str:
        """`arn:aws:s3:::tideline-dev-silver-111122223333/retail/*` -> `s3:silver/retail/*`."""
        text = re.sub(rf"{re.escape(self.prefix)}-([a-z-]+)-{self.account}", r"\1", text)
        text = re.sub(r"^arn:aws[a-z-]*:", "", text)
        project, _, environment = self.prefix.partition("-")
        for old, new in (
            (f":{self.region}:{self.account}:", ":"),
            (f"::{self.account}:", ":"),
            (":::", ":"),
            (f"{self.prefix}-", ""),
            (f"{self.prefix.replace('-', '_')}_", ""),
            (f"{project}/{environment}/", ""),
            (self.account, "ACCOUNT"),
            (self.region, "REGION"),
            (self.prefix, "SELF"),
        ):
            text = text.replace(old, new)
        return re.sub(rf"(/environment = ){environment}\b", r"\1ENVIRONMENT", text)


def policies(plan: Plan) -> list[Policy]:
    """Every policy document of a plan, by the subject that it speaks of. Fatal where the plan does not know one."""
    return sorted(_policies(plan), key=lambda one: (one.kind, one.subject, one.address))


def permissions(plan: Plan, naming: Naming) -> list[Permission]:
    """All rows of a plan, in a stable order, each subject and resource once for each condition."""
    found: dict[tuple[str, str, str, str, str], set[str]] = {}
    for policy in policies(plan):
        for place, actions in _rows(policy, naming):
            found.setdefault(place, set()).update(actions)
    rows = [Permission(*place, tuple(sorted(actions))) for place, actions in found.items()]
    return sorted([*rows, *_aws_managed(plan, naming)])


def _rows(policy: Policy, naming: Naming) -> Iterator[tuple[tuple[str, str, str, str, str], list[str]]]:
    for statement in _list(policy.document.get("Statement", [])):
        condition = naming.short(_condition(statement.get("Condition", {})))
        whom = _principals(statement, naming)
        subject = naming.short(policy.subject) + (f" by {whom}" if whom else "")
        actions = _list(statement.get("Action", [])) or [f"not {one}" for one in _list(statement["NotAction"])]
        resources = _list(statement.get("Resource", []))
        resources = resources or [f"not {one}" for one in _list(statement.get("NotResource", []))]
        for resource in resources or ["itself"]:
            yield (policy.kind, subject, statement["Effect"], naming.short(resource), condition), actions


def _policies(plan: Plan) -> Iterator[Policy]:
    managed = {one.values["name"]: one for one in plan.of("aws_iam_policy")}
    attached: dict[str, list[str]] = {}
    boundaries: set[str] = set()
    for one in plan.of(_ATTACHED):
        attached.setdefault(_known(one, "policy_arn").rpartition("/")[2], []).append(_known(one, "role"))
    for role in plan.of("aws_iam_role"):
        yield Policy("trust", role.values["name"], role.address, _document(role, "assume_role_policy"))
        boundaries.add((role.values.get("permissions_boundary") or "").rpartition("/")[2])
    for one in plan.of("aws_iam_role_policy"):
        yield Policy("identity", _known(one, "role"), one.address, _document(one, "policy"))
    for name, one in managed.items():
        if name in boundaries:
            yield Policy("boundary", name, one.address, _document(one, "policy"))
        for role_name in attached.get(name, []):
            yield Policy("identity", role_name, one.address, _document(one, "policy"))
    for type_, (subject, key) in _OWN.items():
        for one in plan.of(type_):
            if one.values.get(key) or (one.unknown.get(key) is True and type_ not in _CLOSED_WITHOUT):
                yield Policy("resource", _subject(one, subject), one.address, _document(one, key))


def _aws_managed(plan: Plan, naming: Naming) -> Iterator[Permission]:
    """Policies of AWS's own that a role carries: their content is AWS's to change, so each is a row of its own."""
    own = {one.values["name"] for one in plan.of("aws_iam_policy")}
    for one in plan.of(_ATTACHED):
        name = _known(one, "policy_arn").rpartition("/")[2]
        if name not in own:
            yield Permission("managed", naming.short(_known(one, "role")), "Allow", "by AWS", "", (name,))


def _subject(one: Resource, key: str) -> str:
    """The name of what carries the policy; where only applying tells it, the address does."""
    value = one.values.get(key)
    return f"{one.type.removeprefix('aws_')} {value}" if value else one.address.removeprefix("module.platform.")


def _known(one: Resource, key: str) -> str:
    value = one.values.get(key)
    if not isinstance(value, str):
        raise Fatal(
            "TL-ENV-004",
            f"{key} is not known in the plan, so nobody can review what it permits",
            where=one.address,
            fix="write it with names of modules/names, not with an attribute of another resource",
        )
    return value


def _document(one: Resource, key: str) -> Mapping[str, Any]:
    document = json.loads(_known(one, key))
    assert isinstance(document, dict), one.address
    return document


def _principals(statement: Mapping[str, Any], naming: Naming) -> str:
    given = statement.get("Principal", {})
    if isinstance(given, str):
        return given
    found = [f"{naming.short(name)}" for names in given.values() for name in _list(names)]
    found += [
        f"not {naming.short(name)}" for names in statement.get("NotPrincipal", {}).values() for name in _list(names)
    ]
    return ", ".join(sorted(found))


def _condition(given: Mapping[str, Any]) -> str:
    parts = [
        f"{operator} {key} = {' | '.join(sorted(str(value) for value in _list(values)))}"
        for operator, keys in sorted(given.items())
        for key, values in sorted(keys.items())
    ]
    return "; ".join(parts)


def _list(given: Any) -> list[Any]:
    if isinstance(given, Iterable) and not isinstance(given, str | Mapping):
        return list(given)
    return [given]
