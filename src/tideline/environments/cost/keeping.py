"""What is kept: the lake's zones by storage class, requests, keys, copies in the second region, backups."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tideline.environments.cost.use import DAYS, THOUSAND, Case, Use

_STORAGE, _KEYS, _COPIES, _BACKUP = "storage", "keys and secrets", "second region", "backup"
_FREQUENT, _INFREQUENT = 30, 60  # days in Intelligent-Tiering's first and second tier of what nobody reads
_TABLES = ("bronze", "silver", "gold", "quarantine")


def storage(case: Case) -> Iterator[Use]:
    """The lake as it stands at the end of kept_days, every zone in Standard first and tiered afterwards."""
    for zone, daily in case.lake_gb_per_day.items():
        yield from _by_class(case, _STORAGE, zone, daily)
    if case.facts.archive:
        yield from _by_class(case, _STORAGE, "archive", case.archive_gb_per_day)
    daily = sum(case.lake_gb_per_day.values(), Decimal(0))
    replaced = daily * case.a("rewrites") * case.a("noncurrent_days")
    how = "GB a day x rewrites x noncurrent_days"
    yield Use(_STORAGE, "replaced versions", "s3", "Standard", "GB-month", replaced, how)
    landed = case.size.load.events_gb_per_day * case.a("delivered_share") * case.a("landing_days")
    how = "events a day x delivered_share x landing_days"
    yield Use(_STORAGE, "landing", "s3", "Standard", "GB-month", landed, how)
    logged = (case.puts + case.gets) * case.a("access_log_bytes") / 10**9 * case.facts.log_days / DAYS
    how = f"requests x access_log_bytes, kept {case.facts.log_days} days"
    yield Use(_STORAGE, "access logs", "s3", "Standard", "GB-month", logged, how)
    small = case.a("small_zones_gb")
    how = "small_zones_gb: documents, checkpoints, artifacts, audit"
    yield Use(_STORAGE, "other zones", "s3", "Standard", "GB-month", small, how)
    yield from _requests(case)


def _by_class(case: Case, part: str, zone: str, daily: Decimal) -> Iterator[Use]:
    hot, kept = case.size.load.hot_days, case.a("kept_days")
    fresh = min(kept, Decimal(hot))
    aged = kept - fresh
    frequent = min(aged, Decimal(_FREQUENT))
    infrequent = min(aged - frequent, Decimal(_INFREQUENT))
    days = {
        "Standard": fresh,
        "Intelligent-Tiering, frequent": frequent,
        "Intelligent-Tiering, infrequent": infrequent,
        "Intelligent-Tiering, archive instant": aged - frequent - infrequent,
    }
    for usage, count in days.items():
        if count:
            how = f"{daily.normalize():f} GB a day x {count} days"
            yield Use(part, f"{zone}, {usage}", "s3", usage, "GB-month", daily * count, how)


def _requests(case: Case) -> Iterator[Use]:
    """Requests are counted by run and by object; what becomes old pays once for its move and then for being watched."""
    how = "runs x puts_per_run + GB written / object_mb"
    yield Use(_STORAGE, "writes and lists", "s3", "PUT, LIST", "thousand", case.puts / THOUSAND, how)
    how = "runs x gets_per_run + TB scanned / scan_mb_per_get"
    yield Use(_STORAGE, "reads", "s3", "GET", "thousand", case.gets / THOUSAND, how)
    daily = sum(case.lake_gb_per_day.values(), Decimal(0))
    moved = daily * DAYS / case.a("object_mb")
    how = "GB a month / object_mb"
    yield Use(_STORAGE, "moves to Intelligent-Tiering", "s3", "transition", "thousand", moved, how)
    aged = max(case.a("kept_days") - case.size.load.hot_days, Decimal(0))
    watched = daily * aged / case.a("object_mb")
    how = "GB older than hot_days / object_mb"
    yield Use(_STORAGE, "watched objects", "s3", "Intelligent-Tiering, watching", "thousand", watched, how)


def keys(case: Case) -> Iterator[Use]:
    """Every purpose has its own key; bucket keys keep the requests few."""
    facts = case.facts
    count = Decimal(facts.keys + facts.replica_keys)
    how = f"{facts.keys} + {facts.replica_keys} in the second region, before their first rotation"
    yield Use(_KEYS, "keys", "kms", "key", "key-month", count, how)
    asked = (case.puts + case.gets) * case.a("kms_per_request") / THOUSAND / 10
    how = "requests of S3 x kms_per_request"
    yield Use(_KEYS, "requests", "kms", "request", "ten thousand", asked, how)
    if facts.secrets:
        how = f"{facts.secrets}"
        yield Use(_KEYS, "secrets", "secrets manager", "secret", "secret-month", Decimal(facts.secrets), how)


def second_region(case: Case) -> Iterator[Use]:
    """What is written crosses once and is kept there as here; the price file's region is taken for both."""
    zones = [zone for zone in _TABLES if zone in case.facts.replicated]
    if not zones:
        return
    daily = {zone: case.lake_gb_per_day[zone] for zone in zones}
    archived = case.archive_gb_per_day if "bronze" in zones else Decimal(0)
    written = (sum(daily.values(), Decimal(0)) * (1 + case.a("rewrites")) + archived) * DAYS
    how = f"GB written to {', '.join(zones)}, with rewrites and archive"
    yield Use(_COPIES, "transfer", "data transfer", "between regions", "GB", written, how)
    if case.facts.replication_time:
        yield Use(_COPIES, "within 15 minutes", "s3", "replication time control", "GB", written, how)
    objects = written / case.a("object_mb")
    yield Use(_COPIES, "writes", "s3", "PUT, LIST", "thousand", objects, "GB written / object_mb")
    for zone, gb in (daily | ({"archive": archived} if archived else {})).items():
        yield from _by_class(case, _COPIES, zone, gb)
    replaced = sum(daily.values(), Decimal(0)) * case.a("rewrites") * case.a("noncurrent_days")
    how = "GB a day x rewrites x noncurrent_days"
    yield Use(_COPIES, "replaced versions", "s3", "Standard", "GB-month", replaced, how)


def backup(case: Case) -> Iterator[Use]:
    """Gold, documents and tables: what cannot be computed again; later copies hold only what changed."""
    plan = case.facts.backup
    if plan is None:
        return
    once = case.lake_gb_per_day["gold"] * case.a("kept_days") + case.a("small_zones_gb")
    for what, days in (("backups of S3", plan.keep_days), ("their copies in the second region", plan.copy_days)):
        if days:
            kept = once * (1 + case.a("backup_change_share") * days)
            how = f"(gold + small_zones_gb) x (1 + backup_change_share x {days} days)"
            yield Use(_BACKUP, what, "backup", "S3 backup", "GB-month", kept, how)
    if plan.copy_days:
        sent = once * case.a("backup_change_share") * DAYS
        yield Use(_BACKUP, "transfer", "data transfer", "between regions", "GB", sent, "changes of a month")
    tables = case.facts.tables * case.a("table_gb")
    if tables:
        how = f"{case.facts.tables} x table_gb x {plan.keep_days} days"
        kept = tables * plan.keep_days
        yield Use(_BACKUP, "backups of tables", "backup", "DynamoDB backup", "GB-month", kept, how)
