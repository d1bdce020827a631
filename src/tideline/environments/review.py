"""What a plan must keep, whatever the environment: tagged, encrypted, closed, confined, no secret, no wide policy.

Each rule gives findings; the reviewed list of exceptions, each with its reason, is the caller's. A type that no rule
has heard of is a finding too: somebody has to say how its data is encrypted, or that it holds none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tideline.environments.confinement import CONFINED
from tideline.environments.encryption import ENCRYPTED, HOLDS_NO_DATA
from tideline.environments.permissions import Policy, policies
from tideline.environments.plan import Plan, Resource

TAGS = ("project", "environment", "managed-by", "module")
NO_RESOURCE_LEVEL = "NoResourceLevel"  # Sid of statements on actions for which AWS has no narrower resource
_WORLD = ("0.0.0.0/0", "::/0")
_SECRET_TYPES = ("aws_secretsmanager_secret_version", "aws_iam_access_key", "aws_iam_user", "aws_key_pair")
_SECRET_KEYS = re.compile(r"(password|secret_string|secret_key|private_key|token|api_key)(_wo)?$", re.IGNORECASE)
_SESSIONS = ("aws_transfer_user",)  # their policy narrows a role of the table for one session; it grants nothing
_ATTACHMENT = "aws_iam_role_policy_attachment"
_ENDPOINT = re.compile(r"(^|\.)aws_vpc_endpoint\.")
_ACCOUNT = re.compile(r"[0-9]{12}")
_SECRET_TEXT = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PUBLIC: dict[str, tuple[str, tuple[object, ...]]] = {
    "aws_redshiftserverless_workgroup": ("publicly_accessible", (True,)),
    "aws_redshift_cluster": ("publicly_accessible", (True,)),
    "aws_dms_replication_instance": ("publicly_accessible", (True,)),
    "aws_subnet": ("map_public_ip_on_launch", (True,)),
    "aws_mwaa_environment": ("webserver_access_mode", ("PUBLIC_ONLY",)),
    "aws_lb": ("internal", (False,)),
    "aws_lambda_function_url": ("authorization_type", ("NONE",)),
    "aws_api_gateway_method": ("authorization", ("NONE",)),
    "aws_apigatewayv2_route": ("authorization_type", ("NONE",)),
    "aws_transfer_server": ("endpoint_type", ("PUBLIC",)),
}


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One break of a rule: `rule` is greppable, `address` the resource, `what` a sentence."""

    rule: str
    address: str
    what: str


def review(plan: Plan) -> list[Finding]:
    """Every break of every rule, in a stable order."""
    found = [*_untagged(plan), *_unencrypted(plan), *_public(plan), *_loose(plan), *_secrets(plan)]
    found += [*_wide(plan), *_unread(plan)]
    return sorted(set(found))


def _untagged(plan: Plan) -> Iterator[Finding]:
    """A resource can be tagged when its schema has `tags_all`, which only the provider computes."""
    for one in plan.resources.values():
        if "tags_all" in one.values or "tags_all" in one.unknown:
            tags = one.values.get("tags") or {}
            missing = [name for name in TAGS if not tags.get(name)]
            if missing:
                yield Finding("TAGS", one.address, f"lacks the tags {', '.join(missing)}")


def _unencrypted(plan: Plan) -> Iterator[Finding]:
    for one in plan.resources.values():
        if one.type in ENCRYPTED:
            why = ENCRYPTED[one.type](one, plan)
            if why:
                yield Finding("ENCRYPTION", one.address, why)
        elif one.type.startswith("aws_") and one.type not in HOLDS_NO_DATA:
            yield Finding(
                "ENCRYPTION", one.address, f"no rule says how {one.type} is encrypted, or that it holds no data"
            )


def _public(plan: Plan) -> Iterator[Finding]:
    for one in plan.resources.values():
        key, bad = _PUBLIC.get(one.type, ("", ()))
        if key and one.values.get(key) in bad:
            yield Finding("PUBLIC", one.address, f"{key} is {one.values[key]!r}")
        yield from _open_to_the_world(one)
    for bucket in plan.of("aws_s3_bucket"):
        block = plan.beside(bucket, "aws_s3_bucket_public_access_block")
        if block is None or not _all_blocked(block):
            yield Finding("PUBLIC", bucket.address, "no public access block with all four switches on")


def _open_to_the_world(one: Resource) -> Iterator[Finding]:
    if one.type == "aws_vpc_security_group_ingress_rule":
        named = [one.values.get(key) for key in ("cidr_ipv4", "cidr_ipv6")]
    elif one.type in ("aws_security_group", "aws_default_security_group"):
        named = [cidr for rule in one.values.get("ingress") or [] for cidr in rule.get("cidr_blocks") or []]
    else:
        return
    for cidr in named:
        if cidr in _WORLD:
            yield Finding("PUBLIC", one.address, f"lets {cidr} in")


def _all_blocked(one: Resource) -> bool:
    switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    return all(one.values.get(switch) is True for switch in switches)


def _loose(plan: Plan) -> Iterator[Finding]:
    for one in plan.resources.values():
        if one.type in CONFINED:
            name, rule = CONFINED[one.type]
            why = rule(one, plan)
            if why:
                yield Finding(name, one.address, why)


def _secrets(plan: Plan) -> Iterator[Finding]:
    for one in plan.resources.values():
        if one.type in _SECRET_TYPES:
            yield Finding("SECRET", one.address, f"{one.type} would put a secret into the state")
        for path, value in _texts(one.values):
            if _secret(path, value):
                yield Finding("SECRET", one.address, f"{path} looks like a secret")
    for path, value in _texts(plan.variables):
        if _secret(path, value):
            yield Finding("SECRET", f"var.{path}", "the variable looks like a secret")


def _secret(path: str, value: str) -> bool:
    return bool(_SECRET_TEXT.search(value) or (_SECRET_KEYS.search(path.rpartition(".")[2]) and value))


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its path; JSON inside a text is walked too, and `{name: X, value: ...}` counts as X."""
    if isinstance(value, str):
        yield path, value
        yield from _texts(_json(value), path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            name = value["name"] if key == "value" and "name" in value else key
            yield from _texts(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)


def _json(text: str) -> Any:
    """What a text of JSON says, if it is an object or a list; else None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _wide(plan: Plan) -> Iterator[Finding]:
    for policy in policies(plan):
        for statement in policy.document.get("Statement", []):
            yield from _wide_statement(policy, statement)


def _wide_statement(policy: Policy, statement: Mapping[str, Any]) -> Iterator[Finding]:
    if statement["Effect"] != "Allow":
        return
    where = f"{policy.address} {statement.get('Sid', '')}".strip()
    for action in _several(statement.get("Action", [])):
        if "*" in action and not _border(policy, statement):
            yield Finding("WIDE", where, f"allows {action}")
    if "NotAction" in statement or "NotResource" in statement:
        yield Finding("WIDE", where, "allows everything but what it names")
    alone = not str(statement.get("Sid", "")).startswith(NO_RESOURCE_LEVEL)
    if policy.kind != "resource" and alone and "*" in _several(statement.get("Resource", [])):
        yield Finding("WIDE", where, 'allows on Resource "*"')
    if policy.kind in ("resource", "trust") and _anybody(statement) and not statement.get("Condition"):
        yield Finding("WIDE", where, "lets anybody in, without a condition")


def _border(policy: Policy, statement: Mapping[str, Any]) -> bool:
    """The policy of an endpoint that lets one account's credentials pass keeps others out; what they may is IAM's."""
    accounts = statement.get("Condition", {}).get("StringEquals", {}).get("aws:PrincipalAccount", [])
    named = _several(accounts)
    ours = bool(named) and all(_ACCOUNT.fullmatch(account) for account in named)
    return policy.kind == "resource" and bool(_ENDPOINT.search(policy.address)) and ours


def _unread(plan: Plan) -> Iterator[Finding]:
    """A policy in an argument that the table of permissions does not know would escape every review.

    A plan of what exists repeats policies: a role tells those attached to it, a bucket its own. Those were read.
    """
    read = {(policy.subject, _plain(policy.document)) for policy in policies(plan)}
    documents = {document for _, document in read}
    attached = {(one.values.get("role"), one.values.get("policy_arn")) for one in plan.of(_ATTACHMENT)}
    for one in plan.resources.values():
        name, role = one.values.get("name"), one.type == "aws_iam_role"
        for path, value in _texts(one.values) if one.type not in _SESSIONS else ():
            found = _json(value)
            if isinstance(found, dict) and "Statement" in found:
                known = (name, _plain(found)) in read if role else _plain(found) in documents
                if not known:
                    yield Finding("UNREAD", one.address, f"{path} is a policy that the table of permissions leaves out")
        for arn in one.values.get("managed_policy_arns") or []:
            if (name, arn) not in attached:
                yield Finding("UNREAD", one.address, f"the table of permissions leaves out {arn}")


def _plain(value: Any) -> str:
    """A document in one spelling: AWS gives lists back in an order of its own, and one text for a list of one."""
    if isinstance(value, Mapping):
        return json.dumps({key: _plain(value[key]) for key in sorted(value)})
    many = value if isinstance(value, list) else [value]
    return json.dumps(sorted(_plain(each) if isinstance(each, Mapping) else json.dumps(each) for each in many))


def _anybody(statement: Mapping[str, Any]) -> bool:
    given = statement.get("Principal", {})
    return given == "*" or (isinstance(given, Mapping) and "*" in _several(given.get("AWS", [])))


def _several(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)
