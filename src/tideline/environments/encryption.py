"""How each type of resource that holds data is encrypted: a rule by type, and the types that hold none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tideline.environments.plan import Plan, Resource

Rule = Callable[[Resource, Plan], str]  # why not; empty when it is


def _key(path: str) -> Rule:
    """A key of ours stands at this path: known, or known after apply."""

    def rule(one: Resource, _: Plan) -> str:
        found = [*at(one.values, path.split(".")), *at(one.unknown, path.split("."))]
        return "" if any(found) else f"{path} names no key"

    return rule


def _says(path: str, *wanted: object) -> Rule:
    """The value at this path is one of these."""

    def rule(one: Resource, _: Plan) -> str:
        found = at(one.values, path.split("."))
        return "" if found and all(value in wanted for value in found) else f"{path} is not {wanted[0]!r}"

    return rule


def _both(*rules: Rule) -> Rule:
    def rule(one: Resource, plan: Plan) -> str:
        return next((why for each in rules if (why := each(one, plan))), "")

    return rule


def _either(*rules: Rule) -> Rule:
    def rule(one: Resource, plan: Plan) -> str:
        found = [each(one, plan) for each in rules]
        return "" if "" in found else " and ".join(found)

    return rule


def _at_rest(one: Resource, plan: Plan) -> str:
    """A bucket is encrypted by another resource: by KMS, but for access logs, which S3 writes under AES256 only."""
    other = plan.beside(one, "aws_s3_bucket_server_side_encryption_configuration")
    if other is None:
        return "no encryption is configured"
    found = at(other.values, ["rule", "apply_server_side_encryption_by_default", "sse_algorithm"])
    log = "logs" in one.values["bucket"] and found == ["AES256"]
    ours = found in (["aws:kms"], ["aws:kms:dsse"])
    return "" if log or ours else f"encrypted by {found}, not by a key of ours"


_CARRY: tuple[set[str], ...] = ({"s3:*"}, {"s3:GetObject", "s3:PutObject", "s3:ListBucket"})


def _on_the_wire(one: Resource, plan: Plan) -> str:
    """S3 answers plain HTTP unless the bucket's policy refuses it: to everybody, at least reading, writing, listing."""
    policy = plan.beside(one, "aws_s3_bucket_policy")
    text = policy.values.get("policy") if policy else None
    statements = json.loads(text).get("Statement", []) if isinstance(text, str) else []
    refused = any(
        each.get("Effect") == "Deny"
        and each.get("Principal") in ("*", {"AWS": "*"})
        and any(wanted <= set(at(each, ["Action"])) for wanted in _CARRY)
        and each.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for each in statements
    )
    return "" if refused else "its policy does not refuse plain HTTP"


def _tls_only(one: Resource, _: Plan) -> str:
    """Redshift takes plain connections too, unless a parameter says otherwise."""
    given = [each for each in at(one.values, ["config_parameter"]) if each.get("parameter_key") == "require_ssl"]
    return "" if [each.get("parameter_value") for each in given] == ["true"] else "require_ssl is not 'true'"


def at(value: Any, path: list[str]) -> list[Any]:
    """Every value at a path; lists are walked through."""
    if isinstance(value, list):
        return [found for inner in value for found in at(inner, path)]
    if not path:
        return [] if value is None else [value]
    return at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


def _says_json(path: str, key: str, wanted: Mapping[str, object]) -> Rule:
    """A JSON text whose part `key` says all of these."""

    def rule(one: Resource, _: Plan) -> str:
        text = one.values.get(path)
        part = json.loads(text).get(key, {}) if isinstance(text, str) else {}
        missing = [name for name, value in wanted.items() if part.get(name) != value]
        return f"{key} lacks {', '.join(missing)}" if missing else ""

    return rule


ENCRYPTED: dict[str, Rule] = {
    "aws_s3_bucket": _both(_at_rest, _on_the_wire),
    "aws_cloudwatch_log_group": _key("kms_key_id"),
    "aws_sns_topic": _key("kms_master_key_id"),
    "aws_sqs_queue": _either(_key("kms_master_key_id"), _says("sqs_managed_sse_enabled", True)),
    "aws_kinesis_stream": _both(_says("encryption_type", "KMS"), _key("kms_key_id")),
    "aws_kinesis_firehose_delivery_stream": _key("extended_s3_configuration.kms_key_arn"),
    "aws_msk_cluster": _both(
        _key("encryption_info.encryption_at_rest_kms_key_arn"),
        _says("encryption_info.encryption_in_transit.client_broker", "TLS"),
        _says("encryption_info.encryption_in_transit.in_cluster", True),
    ),
    "aws_msk_serverless_cluster": lambda _, __: "by a key of AWS's own: MSK Serverless takes none of ours",
    "aws_dynamodb_table": _both(
        _says("server_side_encryption.enabled", True), _key("server_side_encryption.kms_key_arn")
    ),
    "aws_lambda_function": _key("kms_key_arn"),
    "aws_apigatewayv2_domain_name": _says("domain_name_configuration.security_policy", "TLS_1_2"),
    "aws_ecr_repository": _says("encryption_configuration.encryption_type", "KMS", "KMS_DSSE"),
    "aws_mwaa_environment": _key("kms_key"),
    "aws_secretsmanager_secret": _key("kms_key_id"),
    "aws_cloudtrail": _key("kms_key_id"),
    "aws_backup_vault": _key("kms_key_arn"),
    "aws_athena_workgroup": _says(
        "configuration.result_configuration.encryption_configuration.encryption_option", "SSE_KMS"
    ),
    "aws_redshiftserverless_namespace": _key("kms_key_id"),
    "aws_redshiftserverless_workgroup": _tls_only,
    "aws_glue_data_catalog_encryption_settings": _says(
        "data_catalog_encryption_settings.encryption_at_rest.catalog_encryption_mode",
        "SSE-KMS",
        "SSE-KMS-WITH-SERVICE-ROLE",
    ),
    "aws_sfn_state_machine": _key("encryption_configuration.kms_key_id"),
    "aws_transfer_server": _says("protocols", "SFTP"),
    "aws_emr_cluster": _key("security_configuration"),
    "aws_emr_security_configuration": _says_json(
        "configuration", "EncryptionConfiguration", {"EnableInTransitEncryption": True, "EnableAtRestEncryption": True}
    ),
    "aws_prometheus_workspace": _key("kms_key_arn"),
    "aws_kms_key": _says("enable_key_rotation", True),
    "aws_lb_listener": lambda one, _: (
        "" if one.values.get("protocol") in ("HTTPS", "TLS") or _redirects(one) else "speaks plain HTTP"
    ),
}


def _redirects(one: Resource) -> bool:
    return at(one.values, ["default_action", "type"]) == ["redirect"]


# Types that hold no data, or only what is public anyway; one a line, so that a new one is seen in review.
HOLDS_NO_DATA = frozenset((Path(__file__).with_name("holds_no_data.txt")).read_text(encoding="utf-8").split())
