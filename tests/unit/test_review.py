"""The rules that every plan must keep: each has a plan that breaks it, so that none can pass by not looking."""

import json
import re
from pathlib import Path

import pytest

from tideline.environments.encryption import ENCRYPTED, HOLDS_NO_DATA
from tideline.environments.plan import Plan, parse
from tideline.environments.review import TAGS, review

REPOSITORY = Path(__file__).resolve().parents[2]
GOOD_TAGS = dict.fromkeys(TAGS, "x")
BLOCK = {
    "bucket": "b", "block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True,
    "restrict_public_buckets": True,
}  # fmt: skip
SSE = {"bucket": "b", "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}]}]}
BUCKET = ("aws_s3_bucket", {"bucket": "b", "tags": GOOD_TAGS, "tags_all": GOOD_TAGS})
REFUSED = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*"}
REFUSED |= {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
GUARDED = [
    BUCKET,
    ("aws_s3_bucket_public_access_block", BLOCK),
    ("aws_s3_bucket_policy", {"bucket": "b", "policy": json.dumps({"Statement": [REFUSED]})}),
    ("aws_s3_bucket_server_side_encryption_configuration", SSE),
]

IAM_ONLY = {"client_authentication": [{"unauthenticated": False, "sasl": [{"iam": True}]}]}
AT_REST = {"encryption_at_rest_kms_key_arn": "k"}
TLS = {"client_broker": "TLS", "in_cluster": True}
PLAIN_TOO = {**TLS, "client_broker": "TLS_PLAINTEXT"}
PLAIN_INSIDE = {**TLS, "in_cluster": False}
KAFKA = {**IAM_ONLY, "encryption_info": [{**AT_REST, "encryption_in_transit": [TLS]}]}
REQUIRE_SSL, FALSE = {"parameter_key": "require_ssl", "parameter_value": "true"}, {"parameter_value": "false"}
CONTAINER = {"name": "c", "privileged": False, "readonlyRootFilesystem": True, "user": "10001:10001"}
INVOKED = {"principal": "events.amazonaws.com", "source_arn": "arn:rule"}
CONFINED = [
    ("aws_iam_role", {"name": "r", "assume_role_policy": '{"Statement": []}', "permissions_boundary": "arn:b"}),
    ("aws_ecs_task_definition", {"container_definitions": json.dumps([CONTAINER])}),
    ("aws_ecs_service", {"network_configuration": [{"assign_public_ip": False}]}),
    ("aws_emrserverless_application", {"network_configuration": [{}]}),
    ("aws_msk_cluster", KAFKA),
    ("aws_lambda_permission", INVOKED),
    ("aws_redshiftserverless_workgroup", {"config_parameter": [REQUIRE_SSL]}),
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
    assert [rule for rule, _ in _broken(BUCKET, open_, *GUARDED[2:])] == ["PUBLIC"]


def test_a_bucket_without_a_key_is_found():
    weak = {"bucket": "b", "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]}
    assert [rule for rule, _ in _broken(*GUARDED[:3])] == ["ENCRYPTION"]
    found = _broken(*GUARDED[:3], ("aws_s3_bucket_server_side_encryption_configuration", weak))
    assert [rule for rule, _ in found] == ["ENCRYPTION"]


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Action": "s3:PutObject"},
        {"Action": ["s3:PutObject", "s3:GetObject"]},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {**REFUSED["Condition"], "StringEquals": {"aws:PrincipalAccount": "111122223333"}}},
    ],
)
def test_a_bucket_that_answers_plain_http_is_found(change: dict[str, object]):
    """Without a policy, or with one that refuses less than everything to everybody."""
    policy = ("aws_s3_bucket_policy", {"bucket": "b", "policy": json.dumps({"Statement": [{**REFUSED, **change}]})})
    plain = ("ENCRYPTION", "its policy does not refuse plain HTTP")
    assert plain in _broken(*GUARDED[:2], policy, GUARDED[3])
    assert _broken(*GUARDED[:2], GUARDED[3]) == [plain]


def test_who_may_not_read_write_or_list_plainly_is_refused_enough():
    actions = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"]
    policy = {"bucket": "b", "policy": json.dumps({"Statement": [{**REFUSED, "Principal": "*", "Action": actions}]})}
    assert _broken(*GUARDED[:2], ("aws_s3_bucket_policy", policy), GUARDED[3]) == []


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
        ("aws_msk_cluster", {**IAM_ONLY, "encryption_info": [{**AT_REST, "encryption_in_transit": [PLAIN_TOO]}]}),
        ("aws_msk_cluster", {**IAM_ONLY, "encryption_info": [{**AT_REST, "encryption_in_transit": [PLAIN_INSIDE]}]}),
        ("aws_msk_serverless_cluster", {"client_authentication": [{"sasl": [{"iam": [{"enabled": True}]}]}]}),
        ("aws_apigatewayv2_domain_name", {"domain_name_configuration": [{"security_policy": "TLS_1_0"}]}),
        ("aws_redshiftserverless_workgroup", {"publicly_accessible": False}),
        ("aws_redshiftserverless_workgroup", {"config_parameter": [REQUIRE_SSL, {**REQUIRE_SSL, **FALSE}]}),
    ],
)
def test_a_store_that_is_not_encrypted_is_found(type_: str, values: dict[str, object]):
    assert [rule for rule, _ in _broken((type_, values))] == ["ENCRYPTION"]


def test_every_type_of_every_module_was_judged():
    """Also the types of parts that are off in our environments: whoever switches one on finds a rule there."""
    texts = [path.read_text() for path in (REPOSITORY / "infra" / "terraform").rglob("*.tf")]
    made = {found for text in texts for found in re.findall(r'^resource "(aws_\w+)"', text, re.MULTILINE)}
    assert len(made) > 100
    assert sorted(made - ENCRYPTED.keys() - HOLDS_NO_DATA) == []
    assert sorted(ENCRYPTED.keys() & HOLDS_NO_DATA) == []


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


@pytest.mark.parametrize(
    "values",
    [
        {"environment": [{"variables": {"DB_PASSWORD": "hunter2"}}], "kms_key_arn": "k"},
        {"environment": [{"variables": {"K": "-----BEGIN RSA PRIVATE KEY-----"}}], "kms_key_arn": "k"},
        {"environment": [{"name": "SOME_API_KEY", "value": "hunter2"}], "kms_key_arn": "k"},
        {"description": json.dumps([{"settings": {"password": "hunter2"}}]), "kms_key_arn": "k"},
    ],
)
def test_a_secret_is_found_wherever_its_name_stands(values: dict[str, object]):
    """As a variable of the environment in capitals, as a pair of name and value, inside a text of JSON."""
    assert [rule for rule, _ in _broken(("aws_lambda_function", values))] == ["SECRET"]


def test_what_names_a_secret_by_its_place_is_none():
    named = {"environment": [{"variables": {"DB_PASSWORD_ARN": "arn:secret", "PORT": "1"}}], "kms_key_arn": "k"}
    assert _broken(("aws_lambda_function", named)) == []


def test_a_secret_among_the_variables_is_found():
    """Terraform writes them into the plan, whether a resource takes them or not."""
    given = {"inputs": {"value": {"partner": {"password": "hunter2"}}}, "harmless": {"value": "hunter2"}}
    plan = parse({"format_version": "1.2", "planned_values": {}, "variables": given}, "here")
    assert [(one.rule, one.address) for one in review(plan)] == [("SECRET", "var.inputs.partner.password")]


def _endpoint(condition: dict[str, object], **more: object) -> tuple[str, dict[str, object]]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition, **more}
    return "aws_vpc_endpoint", {"service_name": "sts", "policy": json.dumps({"Statement": [statement]})}


@pytest.mark.parametrize("accounts", ["111122223333", ["111122223333", "444455556666"]])
def test_an_endpoint_that_lets_named_accounts_pass_is_a_border(accounts: object):
    assert _broken(_endpoint({"StringEquals": {"aws:PrincipalAccount": accounts}})) == []


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEquals": {"aws:PrincipalAccount": []}},
        {"StringEquals": {"aws:PrincipalAccount": ["111122223333", "*"]}},
        {"StringLike": {"aws:PrincipalAccount": "*"}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ],
)
def test_an_endpoint_that_lets_any_credentials_pass_is_wide(condition: dict[str, object]):
    assert ("WIDE", "allows *") in _broken(_endpoint(condition))


def test_only_an_endpoint_is_a_border():
    """The same words in the policy of a bucket, or of a role, are a grant of everything."""
    document = json.loads(str(_endpoint({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})[1]["policy"]))
    bucket = ("aws_s3_bucket_policy", {"bucket": "b", "policy": json.dumps(document)})
    assert _broken(bucket) == [("WIDE", "allows *")]
    assert ("WIDE", "allows *") in _broken(_role(document["Statement"][0]))


def test_what_is_held_in_breaks_nothing():
    assert _broken(*CONFINED) == []


@pytest.mark.parametrize(
    ("number", "values", "found"),
    [
        (0, {"permissions_boundary": None}, ("BOUNDARY", "the role carries no permissions boundary")),
        (1, {"container_definitions": json.dumps([CONTAINER, {**CONTAINER, "privileged": True}])},
         ("CONFINEMENT", "c is privileged")),
        (1, {"container_definitions": json.dumps([{**CONTAINER, "readonlyRootFilesystem": False}])},
         ("CONFINEMENT", "c writes its root file system")),
        (1, {"container_definitions": json.dumps([{**CONTAINER, "user": "0:10001"}])},
         ("CONFINEMENT", "c runs as root")),
        (1, {"container_definitions": json.dumps([{"name": "c"}])},
         ("CONFINEMENT", "c writes its root file system, c runs as root")),
        (2, {"enable_execute_command": True}, ("CONFINEMENT", "a shell in its tasks can be opened")),
        (2, {"network_configuration": [{"assign_public_ip": True}]},
         ("CONFINEMENT", "its tasks have public addresses")),
        (3, {"network_configuration": []}, ("CONFINEMENT", "its workers run outside of our network")),
        (4, {"client_authentication": [{"unauthenticated": True, "sasl": [{"iam": True}]}]},
         ("DOOR", "clients need not say who they are")),
        (4, {"client_authentication": [{"sasl": [{"scram": True}]}]},
         ("DOOR", "clients are not known by their IAM role")),
        (4, {"broker_node_group_info": [{"connectivity_info": {"public_access": {"type": "SERVICE_PROVIDED_EIPS"}}}]},
         ("DOOR", "brokers are reached from outside: SERVICE_PROVIDED_EIPS")),
        (5, {"principal": "*"}, ("DOOR", "anybody may call the function")),
        (5, {"source_arn": None}, ("DOOR", "the service may call the function for any account")),
    ],
)  # fmt: skip
def test_what_is_not_held_in_is_found(number: int, values: dict[str, object], found: tuple[str, str]):
    type_, good = CONFINED[number]
    assert _broken((type_, {**good, **values})) == [found]


def test_a_policy_in_an_argument_that_the_table_does_not_read_is_found():
    """A role's own inline_policy and managed_policy_arns, or a document in a type that nobody has heard of."""
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    _, role = CONFINED[0]
    assert _broken(("aws_iam_role", {**role, "inline_policy": [{"name": "x", "policy": policy}]})) == [
        ("UNREAD", "inline_policy.policy is a policy that the table of permissions leaves out")
    ]
    assert _broken(
        ("aws_iam_role", {**role, "managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]})
    ) == [("UNREAD", "the table of permissions leaves out arn:aws:iam::aws:policy/AdministratorAccess")]
    assert ("UNREAD", "doors is a policy that the table of permissions leaves out") in _broken(
        ("aws_brand_new_store", {"doors": policy})
    )


def test_a_plan_of_what_exists_may_repeat_what_was_read():
    """A bucket tells its policy and a role those that it carries, as AWS spells them; not those of another."""
    allowed = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:x"]}
    spelt = json.dumps({"Statement": [{**allowed, "Action": ["s3:PutObject", "s3:GetObject"], "Resource": "arn:x"}]})
    _, role = CONFINED[0]
    written = ("aws_iam_role_policy", {"role": "r", "policy": json.dumps({"Statement": [allowed]})})
    attached = ("aws_iam_role_policy_attachment", {"role": "r", "policy_arn": "arn:aws:iam::1:policy/p"})
    carries = {"inline_policy": [{"policy": spelt}], "managed_policy_arns": ["arn:aws:iam::1:policy/p"]}
    assert _broken(("aws_iam_role", {**role, **carries}), written, attached) == []
    found = _broken(("aws_iam_role", {**role, **carries, "name": "another"}), written, attached)
    assert [rule for rule, _ in found] == ["UNREAD", "UNREAD"]
    told = {**BUCKET[1], "policy": GUARDED[2][1]["policy"]}
    assert _broken(("aws_s3_bucket", told), *GUARDED[1:]) == []


def test_the_session_policy_of_an_sftp_user_narrows_a_role_and_is_no_grant():
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]})
    assert _broken(("aws_transfer_user", {"policy": policy})) == []
