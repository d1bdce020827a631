"""The rows of the permissions table: every statement of a plan is in them, by names that no account changes."""

import json

import pytest

from tideline.environments.permissions import Naming, Permission, permissions
from tideline.environments.plan import Plan, parse
from tideline.model.errors import Fatal

NAMING = Naming("tideline-dev", "111122223333", "eu-central-1")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        }
    ],
}


def _plan(*resources: tuple[str, str, dict[str, object]]) -> Plan:
    planned = [
        {"address": f"{type_}.{name}", "type": type_, "mode": "managed", "values": values}
        for type_, name, values in resources
    ]
    return parse({"format_version": "1.2", "planned_values": {"root_module": {"resources": planned}}}, "here")


def _role(name: str, **more: object) -> tuple[str, str, dict[str, object]]:
    return "aws_iam_role", name, {"name": f"tideline-dev-{name}", "assume_role_policy": json.dumps(TRUST), **more}


def _text(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


READ = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "kms:Decrypt"],
    "Resource": ["arn:aws:s3:::tideline-dev-silver-111122223333/retail/sales/*"],
    "Condition": {"StringEquals": {"kms:ResourceAliases": ["alias/tideline-dev-silver"]}},
}


def test_each_action_on_each_resource_is_a_row_and_names_are_short():
    inline = ("aws_iam_role_policy", "speed", {"role": "tideline-dev-speed", "policy": _text(READ)})
    found = permissions(_plan(_role("speed"), inline), NAMING)
    condition = "StringEquals kms:ResourceAliases = alias/silver"
    assert found == [
        Permission(
            "identity", "speed", "Allow", "s3:silver/retail/sales/*", condition, ("kms:Decrypt", "s3:GetObject"),
        ),
        Permission(
            "trust", "speed by ecs-tasks.amazonaws.com", "Allow", "itself",
            "StringEquals aws:SourceAccount = ACCOUNT", ("sts:AssumeRole",),
        ),
    ]  # fmt: skip


def test_an_attached_policy_counts_for_each_role_that_carries_it():
    arn = "arn:aws:iam::111122223333:policy/tideline-dev-read"
    policy = ("aws_iam_policy", "read", {"name": "tideline-dev-read", "policy": _text(READ)})
    attached = [
        ("aws_iam_role_policy_attachment", name, {"role": f"tideline-dev-{name}", "policy_arn": arn})
        for name in ("a", "b")
    ]
    found = permissions(_plan(_role("a"), _role("b"), policy, *attached), NAMING)
    assert {row.subject for row in found if row.kind == "identity"} == {"a", "b"}


def test_a_boundary_is_rows_of_its_own():
    policy = ("aws_iam_policy", "edge", {"name": "tideline-dev-edge", "policy": _text({**READ, "Effect": "Deny"})})
    role = _role("a", permissions_boundary="arn:aws:iam::111122223333:policy/tideline-dev-edge")
    assert {(row.kind, row.effect) for row in permissions(_plan(role, policy), NAMING)} >= {("boundary", "Deny")}


def test_a_policy_of_aws_is_named_since_its_content_is_not_ours():
    arn = "arn:aws:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
    attached = ("aws_iam_role_policy_attachment", "x", {"role": "tideline-dev-emr-service", "policy_arn": arn})
    found = [row for row in permissions(_plan(_role("emr-service"), attached), NAMING) if row.kind == "managed"]
    assert [(row.subject, row.actions) for row in found] == [("emr-service", ("AmazonEMRServicePolicy_v2",))]


def test_a_resource_policy_says_whom_it_lets_in_and_a_principal_of_all_is_seen():
    statement = {"Sid": "Tls", "Effect": "Deny", "Action": "s3:GetObject", "Principal": "*", "Resource": "*"}
    bucket = ("aws_s3_bucket_policy", "b", {"bucket": "tideline-dev-gold-111122223333", "policy": _text(statement)})
    assert permissions(_plan(bucket), NAMING) == [
        Permission("resource", "s3_bucket_policy gold by *", "Deny", "*", "", ("s3:GetObject",))
    ]


def test_a_policy_that_only_applying_would_show_is_refused():
    """What nobody can read before it is in force, nobody can review."""
    unknown = ("aws_iam_role_policy", "x", {"role": "tideline-dev-a"})
    with pytest.raises(Fatal, match="TL-ENV-004"):
        permissions(_plan(_role("a"), unknown), NAMING)


@pytest.mark.parametrize("document", [[], {}, {"planned_values": {}, "format_version": "2.0"}])
def test_what_is_no_plan_is_told_with_the_command_that_makes_one(document: object):
    with pytest.raises(Fatal, match="TL-ENV-003") as caught:
        parse(document, "plan.json")
    assert "terraform show -json" in str(caught.value)
