"""A plan as a page that a person reads: what an environment consists of, how its parts hang together, what it decides.

The page is made from the plan alone, so that it cannot say what Terraform would not do; it is committed and checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tideline.environments.plan import Plan, Resource

# From, to, what flows, and the type of resource without which it does not (empty: none).
_FLOWS = (
    ("ingest", "stream", "events", "aws_lambda_function"),
    ("stream", "emr", "batches", ""),
    ("stream", "services", "events", "aws_ecs_service"),
    ("emr", "storage", "tables", ""),
    ("airflow", "emr", "jobs", "aws_mwaa_environment"),
    ("storage", "services", "releases", "aws_ecs_service"),
    ("storage", "catalog", "tables", ""),
    ("stream", "storage", "archive", "aws_kinesis_firehose_delivery_stream"),
    ("storage", "backup", "copies", ""),
    ("iam", "services", "roles", ""),
    ("kms", "storage", "keys", ""),
    ("monitoring", "services", "alarms", "aws_ecs_service"),
    ("audit", "storage", "trail", "aws_cloudtrail"),
)
_BOUNDARY = ("network", "kms", "iam", "monitoring", "audit", "finops", "backup")
# What a reader asks first: type, value, words. A list is walked through; a null is left out.
_FACTS: tuple[tuple[str, str, str], ...] = (
    ("aws_vpc", "cidr_block", "address range"),
    ("aws_nat_gateway", "", "NAT gateways"),
    ("aws_vpc_endpoint", "", "VPC endpoints"),
    ("aws_msk_cluster", "number_of_broker_nodes", "Kafka brokers"),
    ("aws_msk_cluster", "broker_node_group_info.instance_type", "broker type"),
    ("aws_msk_serverless_cluster", "", "Kafka clusters, serverless"),
    ("aws_kinesis_stream", "", "Kinesis streams"),
    ("aws_emrserverless_application", "release_label", "EMR Serverless release"),
    ("aws_emrserverless_application", "maximum_capacity.cpu", "EMR Serverless limit"),
    ("aws_emr_cluster", "release_label", "EMR clusters on EC2"),
    ("aws_mwaa_environment", "environment_class", "Airflow class"),
    ("aws_mwaa_environment", "airflow_version", "Airflow version"),
    ("aws_mwaa_environment", "max_workers", "Airflow workers, at most"),
    ("aws_ecs_service", "name", "services"),
    ("aws_lb", "internal", "load balancer internal"),
    ("aws_s3_bucket", "", "buckets"),
    ("aws_s3_bucket_object_lock_configuration", "rule.default_retention.mode", "audit lock"),
    ("aws_s3_bucket_replication_configuration", "", "replicated buckets"),
    ("aws_iam_role", "", "roles"),
    ("aws_kms_key", "deletion_window_in_days", "key deletion window, days"),
    ("aws_cloudwatch_log_group", "retention_in_days", "log retention, days"),
    ("aws_cloudwatch_metric_alarm", "", "alarms"),
    ("aws_backup_vault_lock_configuration", "min_retention_days", "vault lock, days at least"),
    ("aws_budgets_budget", "limit_amount", "budgets a month"),
)


def render(plans: Mapping[str, Plan], said: str = "") -> str:
    """The whole page of all environments; each is a column of each table. `said` is a paragraph before them."""
    head = "# What each environment consists of\n\n" + (f"{said}\n" if said else "")
    return "\n".join([head, _totals(plans), _facts(plans), *(_diagram(name, plan) for name, plan in plans.items())])


def _totals(plans: Mapping[str, Plan]) -> str:
    counts = {name: Counter(one.module for one in plan.resources.values()) for name, plan in plans.items()}
    modules = sorted({module for count in counts.values() for module in count})
    rows = [(f"`{module}`", *(str(counts[name][module] or "") for name in plans)) for module in modules]
    total = ("**all**", *(f"**{len(plan.resources)}**" for plan in plans.values()))
    return "## Resources by module\n" + _table(("module", *plans), [*rows, total])


def _facts(plans: Mapping[str, Plan]) -> str:
    rows = []
    for type_, path, words in _FACTS:
        values = [_said(plan, type_, path) for plan in plans.values()]
        if any(values):
            rows.append((words, *values))
    return "## What they decide differently, and what they share\n" + _table(("", *plans), rows)


def _said(plan: Plan, type_: str, path: str) -> str:
    found = list(plan.of(type_))
    if not path:
        return str(len(found) or "")
    values = {_plain(value) for one in found for value in _values(one, path)}
    return ", ".join(sorted(values, key=lambda text: (len(text), text)))


def _values(one: Resource, path: str) -> Iterator[Any]:
    at: list[Any] = [one.values]
    for step in path.split("."):
        inner = [item for value in at for item in (value if isinstance(value, list) else [value])]
        at = [item[step] for item in inner if isinstance(item, Mapping) and item.get(step) is not None]
    yield from at


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, tuple("---" for _ in head), *rows)]
    return "\n".join(lines) + "\n"


def _diagram(name: str, plan: Plan) -> str:
    counts = Counter(one.module for one in plan.resources.values())
    lines = [f"## {name}", "```mermaid", "flowchart LR"]
    inside = [module for module in sorted(counts) if module not in _BOUNDARY]
    lines += [f'  {module}["{module}<br/>{counts[module]} resources"]' for module in inside]
    lines.append('  subgraph around ["around everything"]')
    lines += [f'    {module}["{module}<br/>{counts[module]} resources"]' for module in _BOUNDARY if counts[module]]
    lines.append("  end")
    types = {"", *(one.type for one in plan.resources.values())}
    lines += [f"  {a} -- {word} --> {b}" for a, b, word, needs in _FLOWS if counts[a] and counts[b] and needs in types]
    return "\n".join([*lines, "```", ""])
