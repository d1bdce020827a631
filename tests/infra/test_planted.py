"""Every guard over plans can fail: faults are planted in the text of the real modules, each is found, and nothing else.

tests/infra/planted is a small platform of them whose plan needs no account and knows every value. It is planned as
committed and with all faults at once; their findings differ, so each tells which fault it is of.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.overlay import ASK_NOBODY, provider
from tests.infra.terraform_cli import REPOSITORY, TERRAFORM, Terraform, copy_of_the_tree
from tests.localaws import REGION, REPLICA_REGION
from tideline.environments import table
from tideline.environments.accepted import read_accepted
from tideline.environments.permissions import Naming, permissions
from tideline.environments.plan import Plan, parse
from tideline.environments.review import Finding, review

pytestmark = [pytest.mark.xdist_group("planted"), pytest.mark.timeout(400)]
ROOT = Path("tests/infra/planted")
MODULES = Path("infra/terraform/modules")


@dataclass(frozen=True)
class Fault:
    """`before` stands once in the file and becomes `after`; `found` is all that the guards say then."""

    file: str
    before: str
    after: str
    found: tuple[Finding, ...]


def _fault(place: tuple[str, str, str], rule: str, address: str, *what: str) -> Fault:
    """One rule of one resource; `place` is file, before, after."""
    return Fault(*place, tuple(Finding(rule, address, each) for each in what))


SSE = 'resource "aws_s3_bucket_server_side_encryption_configuration" "zone" {\n  for_each = '
PASSED = '      Condition = { StringEquals = { "aws:PrincipalAccount" = var.context.account_id } }\n'
CALLED = '  source_arn    = "${aws_apigatewayv2_api.push[0].execution_arn}/*/POST/v1/events/{contract}"\n'
DELIVERS = 'Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }'
TLS = "encryption_info.encryption_in_transit.client_broker is not 'TLS'"
LITERAL = "environment.variables.TIDELINE_PUSH_{} looks like a secret"
PASSWORD = "container_definitions.environment.DB_PASSWORD looks like a secret"

FAULTS = {
    "a role may do everything with S3": _fault(
        ("iam/services.tf", '["ecs:DeleteTaskSet"]', '["s3:*"]'),
        "WIDE", 'module.iam.aws_iam_policy.this["deployment#0"] EndTaskSets', "allows s3:*",
    ),
    "a role may do it everywhere": _fault(
        ("iam/services.tf", '["${local.names.arns.alarm}*"]', '["*"]'),
        "WIDE", 'module.iam.aws_iam_policy.this["deployment#0"] MindAlarms', 'allows on Resource "*"',
    ),
    "a role has no ceiling": _fault(
        ("iam/main.tf", "= local.names.boundary_arn\n",
         '= each.key == "speed" ? null : local.names.boundary_arn\n'),
        "BOUNDARY", 'module.iam.aws_iam_role.this["speed"]', "the role carries no permissions boundary",
    ),
    "anybody may write into a bucket": _fault(
        ("storage/policies.tf", DELIVERS, 'Principal = "*"'),
        "WIDE", 'module.storage.aws_s3_bucket_policy.zone["logs"] LoadBalancerLogsArrive',
        "lets anybody in, without a condition",
    ),
    "foreign credentials pass an endpoint": _fault(
        ("network/endpoints.tf", PASSED, ""),
        "WIDE", 'module.network.aws_vpc_endpoint.interface["sts"] OnlyOurCredentials',
        "allows *", "lets anybody in, without a condition",
    ),
    "a bucket has no tags": _fault(
        ("storage/main.tf", "merge(local.tags, { zone = each.key })",
         '{ for name, value in local.tags : name => value if each.key != "silver" }'),
        "TAGS", 'module.storage.aws_s3_bucket.zone["silver"]',
        "lacks the tags project, environment, managed-by, module",
    ),
    "a tag is missing": _fault(
        ("stream/msk.tf", "  tags                   = local.tags\n",
         '  tags                   = { for name, value in local.tags : name => value if name != "environment" }\n'),
        "TAGS", "module.stream.aws_msk_cluster.this[0]", "lacks the tags environment",
    ),
    "a bucket may be made public": _fault(
        ("storage/main.tf", "  block_public_policy     = true\n",
         '  block_public_policy     = each.key != "bronze"\n'),
        "PUBLIC", 'module.storage.aws_s3_bucket.zone["bronze"]', "no public access block with all four switches on",
    ),
    "the world may knock at a security group": _fault(
        ("network/groups.tf", "cidr = cidr, port = 5439", 'cidr = "0.0.0.0/0", port = 5439'),
        "PUBLIC",
        'module.network.aws_vpc_security_group_ingress_rule.from_outside["warehouse_from_10.200.0.0/16_5439"]',
        "lets 0.0.0.0/0 in",
    ),
    "a load balancer faces the internet": _fault(
        ("services/balancer.tf", "  internal                   = var.internal\n",
         "  internal                   = false\n"),
        "PUBLIC", "module.services.aws_lb.this[0]", "internal is False",
    ),
    "a bucket is not encrypted": _fault(
        ("storage/main.tf", f"{SSE}local.zones\n", f'{SSE}setsubtract(local.zones, ["gold"])\n'),
        "ENCRYPTION", 'module.storage.aws_s3_bucket.zone["gold"]', "no encryption is configured",
    ),
    "a bucket answers plain HTTP": _fault(
        ("storage/policies.tf", '{ Bool = { "aws:SecureTransport" = "false" } }',
         '{ Bool = { "aws:SecureTransport" = zone == "landing" ? "true" : "false" } }'),
        "ENCRYPTION", 'module.storage.aws_s3_bucket.zone["landing"]', "its policy does not refuse plain HTTP",
    ),
    "a log group has no key": _fault(
        ("monitoring/main.tf", "  kms_key_id        = var.key_arn\n",
         '  kms_key_id        = each.key == "push" ? null : var.key_arn\n'),
        "ENCRYPTION", 'module.monitoring.aws_cloudwatch_log_group.this["push"]', "kms_key_id names no key",
    ),
    "a topic has no key": _fault(
        ("monitoring/topics.tf", "  kms_master_key_id = var.key_arn\n",
         '  kms_master_key_id = each.key == "info" ? null : var.key_arn\n'),
        "ENCRYPTION", 'module.monitoring.aws_sns_topic.this["info"]', "kms_master_key_id names no key",
    ),
    "Kafka speaks plainly": _fault(
        ("stream/msk.tf", '      client_broker = "TLS"\n', '      client_broker = "TLS_PLAINTEXT"\n'),
        "ENCRYPTION", "module.stream.aws_msk_cluster.this[0]", TLS,
    ),
    "Kafka asks nobody who it is": _fault(
        ("stream/msk.tf", "    unauthenticated = false\n", "    unauthenticated = true\n"),
        "DOOR", "module.stream.aws_msk_cluster.this[0]", "clients need not say who they are",
    ),
    "a function may be called for any account": _fault(
        ("ingest/push.tf", CALLED, ""),
        "DOOR", "module.ingest.aws_lambda_permission.push[0]", "the service may call the function for any account",
    ),
    "a container is privileged": _fault(
        ("services/tasks.tf", "    name         = name\n",
         '    name         = name\n    privileged   = name == "serving"\n'),
        "CONFINEMENT", 'module.services.aws_ecs_task_definition.this["serving"]', "serving is privileged",
    ),
    "a service has public addresses": _fault(
        ("services/speed.tf", "    assign_public_ip = false\n", "    assign_public_ip = true\n"),
        "CONFINEMENT", "module.services.aws_ecs_service.speed[0]", "its tasks have public addresses",
    ),
    "a function has the keys of an account": _fault(
        ("ingest/functions.tf", "= tostring(var.push.max_bytes)\n", f'= "AKIA{"A" * 16}"\n'),
        "SECRET", 'module.ingest.aws_lambda_function.this["push"]', LITERAL.format("MAX_BYTES"),
    ),
    "a function has a private key": _fault(
        ("ingest/functions.tf", "= tostring(var.push.max_events)\n", '= "-----BEGIN RSA PRIVATE KEY-----"\n'),
        "SECRET", 'module.ingest.aws_lambda_function.this["push"]', LITERAL.format("MAX_EVENTS"),
    ),
    "a container has a password": _fault(
        ("services/tasks.tf", "    environment  = local.environments[name]\n",
         '    environment  = [for one in local.environments[name] : name == "speed" && one.name == "TMPDIR" ? '
         '{ name = "DB_PASSWORD", value = "hunter2" } : one]\n'),
        "SECRET", 'module.services.aws_ecs_task_definition.this["speed"]', PASSWORD,
    ),
}  # fmt: skip

# No rule is broken by it: only the table of permissions tells.
ONE_ACTION_MORE = Fault("iam/services.tf", '["ecs:DescribeServices", ', '["ecs:DescribeServices", "ecs:StopTask", ', ())

SEES = " ".join(f"elasticloadbalancing:Describe{what}" for what in ("Listeners", "Rules", "TargetGroups"))
ROLE = "identity | deployment | Allow |"
LANDING = 'resource | module.storage.aws_s3_bucket_policy.zone["landing"] by * | Deny |'
LOGS = 'resource | module.storage.aws_s3_bucket_policy.zone["logs"] by'
WRITES = "Allow | s3:logs/alb/AWSLogs/ACCOUNT/* | s3:PutObject |  | all"
STS = "resource | vpc_endpoint com.amazonaws.REGION.sts by * | Allow | * | * |"
CHANGED = [
    f"- {ROLE} * | {SEES} |  | all",
    f"- {ROLE} cloudwatch:alarm:* | cloudwatch:DescribeAlarms |  | all",
    f"- {ROLE} ecs:service/SELF/* | ecs:DescribeServices ecs:UpdateServicePrimaryTaskSet |  | all",
    f"- {ROLE} ecs:task-set/SELF/*/* | ecs:DeleteTaskSet |  | all",
    f"- {LANDING} s3:landing | s3:* | Bool aws:SecureTransport = false | all",
    f"- {LANDING} s3:landing/* | s3:* | Bool aws:SecureTransport = false | all",
    f"- {LOGS} logdelivery.elasticloadbalancing.amazonaws.com | {WRITES}",
    f"- {STS} StringEquals aws:PrincipalAccount = ACCOUNT | all",
    f"+ {ROLE} * | cloudwatch:DescribeAlarms {SEES} |  | all",
    f"+ {ROLE} ecs:service/SELF/* | ecs:DescribeServices ecs:StopTask ecs:UpdateServicePrimaryTaskSet |  | all",
    f"+ {ROLE} ecs:task-set/SELF/*/* | s3:* |  | all",
    f"+ {LANDING} s3:landing | s3:* | Bool aws:SecureTransport = true | all",
    f"+ {LANDING} s3:landing/* | s3:* | Bool aws:SecureTransport = true | all",
    f"+ {LOGS} * | {WRITES}",
    f"+ {STS}  | all",
]


def _lay(folder: Path) -> Path:
    """The modules and the small platform in `folder`, with providers that ask nobody."""
    tree = copy_of_the_tree(folder)
    shutil.copytree(REPOSITORY / ROOT, tree / ROOT)
    here, there = f'  region = "{REGION}"\n{ASK_NOBODY}', f'  region = "{REPLICA_REGION}"\n{ASK_NOBODY}'
    (tree / ROOT / "providers.tf").write_text(provider("", here) + provider("replica", there))
    return tree


def _plant(tree: Path, fault: Fault) -> None:
    path = tree / MODULES / fault.file
    text = path.read_text()
    assert text.count(fault.before) == 1, f"{fault.file} has {text.count(fault.before)} times {fault.before!r}"
    path.write_text(text.replace(fault.before, fault.after))


def _planned(terraform: Terraform, tree: Path) -> Plan:
    terraform.init(tree / ROOT)
    return parse(terraform.plan(tree / ROOT, "-refresh=false"), str(ROOT))


@pytest.fixture(scope="module")
def small(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Plan]:
    """The plan of the small platform as committed, and with all faults."""
    tree = _lay(tmp_path_factory.mktemp("planted"))
    clean = _planned(terraform, tree)
    for fault in [*FAULTS.values(), ONE_ACTION_MORE]:
        _plant(tree, fault)
    return clean, _planned(terraform, tree)


def test_as_committed_there_is_only_what_was_reviewed(small: tuple[Plan, Plan]):
    """So that whatever is found below was planted."""
    reviewed = {(one.rule, one.address, one.what) for one in read_accepted(TERRAFORM / "reviewed" / "plan.yaml")}
    found = {(one.rule, f"module.platform.{one.address}", one.what) for one in review(small[0])}
    assert sorted(found - reviewed) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(small: tuple[Plan, Plan], name: str):
    """The guard names the resource and says what is wrong with it."""
    assert sorted(set(FAULTS[name].found) - set(review(small[1]))) == []


def test_nothing_is_found_that_was_not_planted(small: tuple[Plan, Plan]):
    planted = {found for fault in FAULTS.values() for found in fault.found}
    clean, faulty = (set(review(plan)) for plan in small)
    assert not planted & clean
    assert sorted(faulty - clean - planted) == []


def test_every_changed_permission_is_a_changed_row(small: tuple[Plan, Plan]):
    """Whoever reviews sees each permission that came or went, and no other row."""
    before, after = (table.render({"dev": permissions(plan, Naming.of(plan))}) for plan in small)
    assert table.changed(before, after) == CHANGED
