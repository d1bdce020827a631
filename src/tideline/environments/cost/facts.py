"""What of an environment costs money, taken from its plan: the plan is the only truth, the committed file its extract.

A size decides brokers, workers, tasks and clusters (sizes.json, which Terraform reads as well); facts hold the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from tideline.environments.cost.document import Strict, fit, load
from tideline.environments.cost.sizes import Size
from tideline.environments.plan import Plan, Resource
from tideline.model.errors import Fatal

FILE = "facts.json"
FIX = "write it anew from a plan: tideline cost facts --plan plan.json --write"
Count = Annotated[int, Field(ge=0)]
Processor = Literal["ARM64", "X86_64"]
LogMetrics = Literal["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"]


class Contracts(Strict):
    """What one contract has on average: the load says how many contracts there are."""

    count: Annotated[int, Field(gt=0)]
    topics: Count
    partitions: Count
    keep_days: Count


class Warehouse(Strict):
    base_rpu: Count
    daily_limit: Count


class Backup(Strict):
    keep_days: Count
    copy_days: Count


class Facts(Strict):
    """Counts and switches; null or 0 is a part that is off."""

    environment: str
    size: str
    contracts: Contracts
    engine: Literal["msk", "msk_serverless", "kinesis"]
    log_metrics: LogMetrics
    private_connectivity: bool
    archive: bool
    push: bool
    delivery: bool
    sftp: bool
    tables: Count
    spark: Processor | None
    airflow: bool
    speed: Processor | None
    serving: Processor | None
    load_balancers: Count
    repositories: Count
    nat_gateways: Count
    public_addresses: Count
    endpoint_interfaces: Count
    flow_logs: bool
    keys: Count
    replica_keys: Count
    secrets: Count
    replicated: tuple[str, ...]
    replication_time: bool
    log_days: Count
    alarms: Count
    composite_alarms: Count
    dashboards: Count
    metric_filters: Count
    prometheus: bool
    grafana: bool
    crawlers: Count
    warehouse: Warehouse | None
    trail_data_events: bool
    config_recorder: bool
    config_rules: Count
    backup: Backup | None


def read_facts(folder: Path) -> Facts:
    """The committed facts of an environment's folder. Raises Fatal."""
    path = folder / FILE
    return fit(Facts, load(path, FIX), str(path), FIX)


def render(facts: Facts) -> str:
    return json.dumps(facts.model_dump(mode="json"), indent=1) + "\n"


def facts_of(plan: Plan, sizes: Mapping[str, Size], where: str) -> Facts:
    """What costs money in a plan with a release, so that nothing is missing that only code switches on."""
    spark = _first(plan, "aws_emrserverless_application")
    tasks = {one.values["family"].rpartition("-")[2]: one for one in plan.of("aws_ecs_task_definition")}
    services = {one.values["name"] for one in plan.of("aws_ecs_service")}
    cluster = _first(plan, "aws_msk_cluster")
    return Facts(
        environment=_environment(plan, where),
        size=_size(spark, sizes, where),
        contracts=_contracts(plan.variables.get("contracts") or {}, where),
        engine="msk" if cluster else "msk_serverless" if _first(plan, "aws_msk_serverless_cluster") else "kinesis",
        log_metrics=_at(cluster, "enhanced_monitoring") or "DEFAULT",
        private_connectivity=bool(_at(cluster, "broker_node_group_info.0.connectivity_info.0.vpc_connectivity")),
        archive=_any(plan, "aws_kinesis_firehose_delivery_stream"),
        push=_any(plan, "aws_apigatewayv2_api"),
        delivery=_any(plan, "aws_sfn_state_machine"),
        sftp=_any(plan, "aws_transfer_server"),
        tables=_count(plan, "aws_dynamodb_table"),
        spark=_at(spark, "architecture"),
        airflow=_any(plan, "aws_mwaa_environment"),
        **{name: _processor(tasks.get(name)) if name in services else None for name in ("speed", "serving")},
        load_balancers=_count(plan, "aws_lb"),
        repositories=_count(plan, "aws_ecr_repository"),
        keys=_count(plan, "aws_kms_key"),
        replica_keys=_count(plan, "aws_kms_replica_key"),
        secrets=_count(plan, "aws_secretsmanager_secret", "aws_redshiftserverless_namespace"),
        **_network(plan),
        **_copies(plan),
        **_watched(plan),
        crawlers=_count(plan, "aws_glue_crawler"),
        warehouse=_warehouse(plan),
    )


def _network(plan: Plan) -> dict[str, Any]:
    interfaces = [one for one in plan.of("aws_vpc_endpoint") if one.values.get("vpc_endpoint_type") == "Interface"]
    zones = sum(1 for one in plan.of("aws_subnet") if ".private[" in one.address)
    return {
        "nat_gateways": _count(plan, "aws_nat_gateway"),
        "public_addresses": _count(plan, "aws_eip"),
        "endpoint_interfaces": sum(len(one.values.get("subnet_ids") or []) or zones for one in interfaces),
        "flow_logs": _any(plan, "aws_flow_log"),
    }


def _copies(plan: Plan) -> dict[str, Any]:
    rules = list(plan.of("aws_s3_bucket_replication_configuration"))
    daily = _first(plan, "aws_backup_plan")
    return {
        "replicated": sorted(one.address.rpartition("[")[2].strip('"]') for one in rules),
        "replication_time": any(_at(one, "rule.0.destination.0.replication_time") for one in rules),
        "backup": daily
        and {
            "keep_days": max(rule["lifecycle"][0]["delete_after"] for rule in daily.values["rule"]),
            "copy_days": max(
                (copy["lifecycle"][0]["delete_after"] for rule in daily.values["rule"] for copy in rule["copy_action"]),
                default=0,
            ),
        },
    }


def _watched(plan: Plan) -> dict[str, Any]:
    days = [one.values.get("retention_in_days") or 0 for one in plan.of("aws_cloudwatch_log_group")]
    trail = _first(plan, "aws_cloudtrail")
    return {
        "log_days": sorted(days)[len(days) // 2] if days else 0,
        "alarms": _count(plan, "aws_cloudwatch_metric_alarm"),
        "composite_alarms": _count(plan, "aws_cloudwatch_composite_alarm"),
        "dashboards": _count(plan, "aws_cloudwatch_dashboard"),
        "metric_filters": _count(plan, "aws_cloudwatch_log_metric_filter"),
        "prometheus": _any(plan, "aws_prometheus_workspace"),
        "grafana": _any(plan, "aws_grafana_workspace"),
        "trail_data_events": trail is not None and "AWS::S3::Object" in json.dumps(trail.values),
        "config_recorder": _any(plan, "aws_config_configuration_recorder"),
        "config_rules": _count(plan, "aws_config_config_rule"),
    }


def _warehouse(plan: Plan) -> Warehouse | None:
    group, limit = _first(plan, "aws_redshiftserverless_workgroup"), _first(plan, "aws_redshiftserverless_usage_limit")
    if group is None:
        return None
    return Warehouse(base_rpu=_at(group, "base_capacity") or 0, daily_limit=_at(limit, "amount") or 0)


def _contracts(found: Mapping[str, Any], where: str) -> Contracts:
    topics = [topic for one in found.values() for topic in one["topics"].values()]
    if not topics:
        raise _short("it has no variable `contracts` with topics", where)
    kept = max(int(topic["config"].get("retention.ms", 604_800_000)) for topic in topics)
    return Contracts(
        count=len(found),
        topics=-(-len(topics) // len(found)),
        partitions=-(-sum(topic["partitions"] for topic in topics) // len(found)),
        keep_days=-(-kept // 86_400_000),
    )


def _environment(plan: Plan, where: str) -> str:
    tags = (one.values.get("tags") or {} for one in plan.of("aws_s3_bucket"))
    names = {str(one["environment"]) for one in tags if one.get("environment")}
    if len(names) != 1:
        raise _short(f"its buckets name {len(names)} environments in their tags", where)
    return names.pop()


def _size(spark: Resource | None, sizes: Mapping[str, Size], where: str) -> str:
    """Sizes are told apart by what all Spark jobs together may take."""
    limit = str(_at(spark, "maximum_capacity.0.cpu") or "").removesuffix(" vCPU")
    for name, size in sizes.items():
        if str(size.serverless.maximum.cpu) == limit:
            return name
    raise _short(f"EMR Serverless may take {limit or 'no'} vCPU, which is no size of sizes.json", where)


def _processor(task: Resource | None) -> Any:
    return _at(task, "runtime_platform.0.cpu_architecture") or "X86_64"


def _first(plan: Plan, *types: str) -> Resource | None:
    return next(iter(plan.of(*types)), None)


def _count(plan: Plan, *types: str) -> int:
    return sum(1 for _ in plan.of(*types))


def _any(plan: Plan, *types: str) -> bool:
    return _count(plan, *types) > 0


def _at(one: Resource | None, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    at: Any = one.values if one else None
    for step in path.split("."):
        if isinstance(at, list):
            at = at[int(step)] if int(step) < len(at) else None
        else:
            at = at.get(step) if isinstance(at, Mapping) else None
    return at


def _short(why: str, where: str) -> Fatal:
    return Fatal("TL-COST-005", f"this is no plan of a whole environment: {why}", where=where, fix="docs/costs.md")
