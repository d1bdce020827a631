"""The rules that every plan must keep: each has a plan that breaks it, so that none can pass by not looking."""

import json

import pytest

from tideline.environments.plan import Plan, parse
from tideline.environments.review import TAGS, review

GOOD_TAGS = dict.fromkeys(TAGS, "x")
BLOCK = {
    "bucket": "b", "block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True,
    "restrict_public_buckets": True,
}  # fmt: skip
SSE = {"bucket": "b", "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}
BUCKET = ("aws_s3_bucket", {"bucket": "b", "tags": GOOD_TAGS, "tags_all": GOOD_TAGS})
GUARDED = [
    BUCKET,
    ("aws_s3_bucket_public_access_block", BLOCK),
    ("aws_s3_bucket_server_side_encryption_configuration", SSE),
]


def _plan(*resources: tuple[str, dict[str, object]]) -> Plan:
    planned = [
        {"address": f"{type_}.x{number}", "type": type_, "mode": "managed", "values": values}
        for number, (type_, values) in enumerate(resources)
    ]
    return parse({"format_version": "1.2", "planned_values": {"root_module": {"resources": planned}}}, "here")


def _broken(*resources: tuple[str, dict[str, object]]) -> list[tuple[str, str]]:
    return [(one.rule, one.what) for one in review(_plan(*resources))]


def _role(statement: dict[str, object]) -> tuple[str, dict[str, object]]:
    return "aws_iam_role_policy", {"role": "r", "policy": json.dumps({"Statement": [statement]})}


def test_a_bucket_that_is_tagged_encrypted_and_closed_breaks_nothing():
    assert _broken(*GUARDED) == []


@pytest.mark.parametrize("tag", TAGS)
def test_each_tag_is_wanted(tag: str):
    tags = {name: value for name, value in GOOD_TAGS.items() if name != tag}
    broken = [("aws_s3_bucket", {"bucket": "b", "tags": tags, "tags_all": tags}), *GUARDED[1:]]
    assert _broken(*broken) == [("TAGS", f"lacks the tags {tag}")]


@pytest.mark.parametrize("switch", sorted(set(BLOCK) - {"bucket"}))
def test_each_switch_of_the_public_access_block_is_wanted(switch: str):
    open_ = ("aws_s3_bucket_public_access_block", {**BLOCK, switch: False})
    assert [rule for rule, _ in _broken(BUCKET, open_, GUARDED[2])] == ["PUBLIC"]


def test_a_bucket_without_a_key_is_found():
    weak = {"bucket": "b", "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]}
    assert [rule for rule, _ in _broken(*GUARDED[:2])] == ["ENCRYPTION"]
    found = _broken(*GUARDED[:2], ("aws_s3_bucket_server_side_encryption_configuration", weak))
    assert [rule for rule, _ in found] == ["ENCRYPTION"]


def test_a_type_that_nobody_has_judged_is_found():
    assert _broken(("aws_brand_new_store", {})) == [
        ("ENCRYPTION", "no rule says how aws_brand_new_store is encrypted, or that it holds no data")
    ]


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("aws_kinesis_stream", {"encryption_type": "NONE", "kms_key_id": "k"}),
        ("aws_kinesis_stream", {"encryption_type": "KMS"}),
        ("aws_sns_topic", {"name": "t"}),
        ("aws_cloudwatch_log_group", {"name": "g"}),
        ("aws_dynamodb_table", {"server_side_encryption": [{"enabled": False, "kms_key_arn": "k"}]}),
        ("aws_lb_listener", {"protocol": "HTTP", "default_action": [{"type": "forward"}]}),
        ("aws_kms_key", {"enable_key_rotation": False}),
    ],
)
def test_a_store_that_is_not_encrypted_is_found(type_: str, values: dict[str, object]):
    assert [rule for rule, _ in _broken((type_, values))] == ["ENCRYPTION"]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_a_door_to_the_world_is_found(cidr: str):
    rule = ("aws_vpc_security_group_ingress_rule", {"cidr_ipv6" if ":" in cidr else "cidr_ipv4": cidr})
    assert ("PUBLIC", f"lets {cidr} in") in _broken(rule)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:x"}, "allows s3:*"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, 'allows on Resource "*"'),
        ({"Effect": "Allow", "Action": ["a:B"], "Resource": ["arn:x", "*"]}, 'allows on Resource "*"'),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:x"}, "allows everything but what it names"),
    ],
)
def test_a_wide_statement_is_found(statement: dict[str, object], what: str):
    assert ("WIDE", what) in _broken(_role(statement))


def test_a_wide_denial_and_a_statement_said_to_have_no_resource_are_not():
    """A denial may be wide; what AWS offers no resource for says so in its Sid, and stands in the reviewed table."""
    denial = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    said = {"Sid": "NoResourceLevelLogin", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    assert not [rule for rule, _ in _broken(_role(denial), _role(said)) if rule == "WIDE"]


def test_a_resource_policy_for_anybody_needs_a_condition():
    anybody = {"Effect": "Allow", "Action": "s3:GetObject", "Principal": {"AWS": "*"}, "Resource": "arn:x"}
    policy = ("aws_s3_bucket_policy", {"bucket": "b", "policy": json.dumps({"Statement": [anybody]})})
    assert ("WIDE", "lets anybody in, without a condition") in _broken(policy)


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("aws_secretsmanager_secret_version", {}),
        ("aws_redshift_cluster", {"master_password": "hunter2"}),
        ("aws_lambda_function", {"environment": [{"variables": {"KEY": "AKIA" + "A" * 16}}], "kms_key_arn": "k"}),
    ],
)
def test_a_secret_in_the_plan_is_found(type_: str, values: dict[str, object]):
    assert "SECRET" in {rule for rule, _ in _broken((type_, values))}
