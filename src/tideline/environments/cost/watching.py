"""Logs, metrics and alarms, the audit, and who asks: Athena, the warehouse, crawlers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tideline.environments.cost.use import DAYS, HOURS, THOUSAND, Case, Use

_MONITORING, _AUDIT, _QUERIES = "monitoring", "audit", "queries"


def monitoring(case: Case) -> Iterator[Use]:
    """CloudWatch, and Prometheus and Grafana where they are on."""
    facts = case.facts
    logged = (
        case.a("log_base_gb") + case.events_gb * case.a("log_share") + case.runs * case.a("log_mb_per_run") / THOUSAND
    )
    how = "log_base_gb + events x log_share + runs x log_mb_per_run"
    yield Use(_MONITORING, "logs", "cloudwatch", "log ingestion", "GB", logged, how)
    kept = logged * case.a("log_stored_ratio") * facts.log_days / DAYS
    how = f"{facts.log_days} days x log_stored_ratio"
    yield Use(_MONITORING, "kept logs", "cloudwatch", "log storage", "GB-month", kept, how)
    counted = (
        ("alarms", "alarm", "alarm-month", facts.alarms),
        ("alarms of alarms", "composite alarm", "alarm-month", facts.composite_alarms),
        ("dashboards", "dashboard", "dashboard-month", facts.dashboards),
        ("metrics from logs", "metric", "metric-month", facts.metric_filters),
    )
    for what, usage, unit, count in counted:
        if count:
            yield Use(_MONITORING, what, "cloudwatch", usage, unit, Decimal(count), "of the plan")
    if facts.prometheus:
        samples = case.a("samples_per_month")
        yield Use(_MONITORING, "Prometheus, samples", "prometheus", "sample", "million", samples, "samples_per_month")
        asked = case.a("samples_queried")
        usage = "sample queried"
        yield Use(_MONITORING, "Prometheus, queries", "prometheus", usage, "million", asked, "samples_queried")
    if facts.grafana:
        yield Use(_MONITORING, "Grafana", "grafana", "editor", "user-month", case.a("editors"), "editors")


def audit(case: Case) -> Iterator[Use]:
    """The first trail of management events is free; every read and write of data that it records is not."""
    facts = case.facts
    if facts.trail_data_events:
        events = (case.puts + case.gets) * case.a("trail_share")
        how = "requests of S3 x trail_share"
        yield Use(_AUDIT, "data events", "cloudtrail", "data event", "thousand", events / THOUSAND, how)
        logged = events * case.a("trail_event_bytes") / 10**9
        how = "data events x trail_event_bytes"
        yield Use(_AUDIT, "the same in a log group", "cloudwatch", "log ingestion", "GB", logged, how)
    if facts.config_recorder:
        items = case.a("config_items")
        yield Use(_AUDIT, "recorded changes", "config", "item", "item", items, "config_items")
        checked = facts.config_rules * case.a("rule_evaluations")
        how = f"{facts.config_rules} rules x rule_evaluations"
        yield Use(_AUDIT, "rules", "config", "rule evaluation", "evaluation", checked, how)


def queries(case: Case) -> Iterator[Use]:
    """Athena by what it scans, the warehouse by the hour that it works, crawlers by the hour."""
    scanned = case.size.load.athena_tb_scanned_per_month
    yield Use(_QUERIES, "Athena", "athena", "scanned", "TB", scanned, "athena_tb_scanned_per_month")
    warehouse = case.facts.warehouse
    if warehouse:
        hours = warehouse.base_rpu * case.a("warehouse_hours_per_day") * DAYS
        how = f"{warehouse.base_rpu} RPU x warehouse_hours_per_day"
        most = warehouse.daily_limit * DAYS if warehouse.daily_limit else warehouse.base_rpu * HOURS
        typical = min(hours, most)
        yield Use(_QUERIES, "warehouse", "redshift serverless", "RPU", "hour", typical, how, most)
    if case.facts.crawlers:
        hours = case.facts.crawlers * case.a("crawls_per_month") * case.a("crawl_hours") * 2
        how = f"{case.facts.crawlers} x crawls_per_month x crawl_hours x 2 DPU"
        yield Use(_QUERIES, "crawlers", "glue", "crawler", "hour", hours, how)
