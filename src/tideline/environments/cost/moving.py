"""The event log, the ways in, and the network that they cross."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tideline.environments.cost.use import HOURS, MILLION, THOUSAND, Case, Use

_LOG, _WAYS, _NETWORK = "event log", "ways in", "network"


def event_log(case: Case) -> Iterator[Use]:
    """Brokers with their disks, or what replaces them; and what crosses zones on its way."""
    yield from {"msk": _brokers, "msk_serverless": _serverless, "kinesis": _streams}[case.facts.engine](case)
    if case.facts.engine != "kinesis":
        yield from _crossing(case)
    if case.facts.archive:
        yield _archive(case)


def _archive(case: Case) -> Use:
    """From Kinesis each record is charged as whole 5 KiB, from Kafka as it is."""
    if case.facts.engine != "kinesis":
        how = "events of a month, uncompressed"
        return Use(_LOG, "archive to bronze", "firehose", "MSK source", "GB", case.events_gb, how)
    how = "events of a month, each rounded up to 5 KiB"
    return Use(_LOG, "archive to bronze", "firehose", "Kinesis source", "GB", _rounded(case, 5120), how)


def _rounded(case: Case, step: int) -> Decimal:
    """GB of a month when each event counts as whole steps (bytes)."""
    size = case.size.load.event_bytes
    return case.events_gb * (-(-size // step) * step) / size


def _brokers(case: Case) -> Iterator[Use]:
    brokers, keep = case.size.brokers, case.facts.contracts.keep_days
    hours = brokers.count * HOURS
    how = f"{brokers.count} x {HOURS} h"
    yield Use(_LOG, "brokers", "msk", brokers.instance_type, "hour", hours, how)
    wire = case.size.load.events_gb_per_day * case.a("wire_ratio")
    local = min(Decimal(keep), Decimal(brokers.local_hours) / 24) if brokers.tiered_storage else Decimal(keep)
    needed = wire * local * 3 / case.a("broker_fill")
    first, last = Decimal(brokers.count * brokers.volume_gb), Decimal(brokers.count * brokers.volume_max_gb)
    how = (
        f"the larger of {brokers.count} x {brokers.volume_gb} GB and {local.normalize():f} days x 3 copies "
        f"x wire_ratio / broker_fill, at most {brokers.count} x {brokers.volume_max_gb} GB"
    )
    yield Use(_LOG, "broker disks", "msk", "storage", "GB-month", min(max(first, needed), last), how, last)
    if brokers.tiered_storage:
        how = f"{keep} days x wire_ratio, one copy; reading it again is not counted"
        yield Use(_LOG, "cheaper storage", "msk", "low-cost storage", "GB-month", wire * keep, how)
    if case.facts.log_metrics != "DEFAULT":
        yield _metrics(case)
    if case.facts.private_connectivity and case.facts.archive:
        yield Use(_LOG, "private way to the archive", "msk", "private connectivity", "hour", HOURS, f"{HOURS} h, IAM")
        read = case.events_gb * case.a("wire_ratio")
        yield Use(_LOG, "bytes on it", "msk", "private connectivity data", "GB", read, "events x wire_ratio")


def _metrics(case: Case) -> Use:
    """Of each broker, and if asked for of its topics: a broker tells of those of which it leads a partition."""
    each, brokers = case.facts.contracts, case.size.brokers.count
    if case.facts.log_metrics == "PER_BROKER":
        count, how = brokers * case.a("broker_metrics"), f"{brokers} brokers x broker_metrics"
        return Use(_LOG, "metrics of each broker", "cloudwatch", "metric", "metric-month", count, how)
    topics = case.size.load.contracts * each.topics
    leaders = min(brokers, -(-each.partitions // max(each.topics, 1)))
    count = brokers * case.a("broker_metrics") + topics * leaders * case.a("topic_metrics")
    how = f"{brokers} brokers x broker_metrics + {topics} topics on {leaders} brokers each x topic_metrics"
    return Use(_LOG, "metrics of each topic and broker", "cloudwatch", "metric", "metric-month", count, how)


def _serverless(case: Case) -> Iterator[Use]:
    each = case.facts.contracts
    partitions = case.size.load.contracts * each.partitions
    wire = case.events_gb * case.a("wire_ratio")
    kept = case.size.load.events_gb_per_day * each.keep_days * case.a("wire_ratio")
    yield Use(_LOG, "cluster", "msk serverless", "cluster", "hour", HOURS, f"{HOURS} h")
    hours = partitions * HOURS
    yield Use(_LOG, "partitions", "msk serverless", "partition", "hour", hours, f"{partitions} x {HOURS} h")
    yield Use(_LOG, "written", "msk serverless", "data in", "GB", wire, "events x wire_ratio")
    read = wire * case.a("log_readers")
    yield Use(_LOG, "read", "msk serverless", "data out", "GB", read, "events x wire_ratio x log_readers")
    yield Use(_LOG, "kept", "msk serverless", "storage", "GB-month", kept, f"{each.keep_days} days x wire_ratio")


def _streams(case: Case) -> Iterator[Use]:
    each = case.facts.contracts
    streams = case.size.load.contracts * each.topics
    hours = streams * HOURS
    yield Use(_LOG, "streams on demand", "kinesis", "stream", "hour", hours, f"{streams} x {HOURS} h")
    written = _rounded(case, 1024)
    yield Use(_LOG, "written", "kinesis", "data in", "GB", written, "events, each rounded up to 1 KiB")
    read = case.events_gb * case.a("log_readers")
    yield Use(_LOG, "read", "kinesis", "data out", "GB", read, "events x log_readers")
    kept = case.size.load.events_gb_per_day * max(each.keep_days - 1, 0)
    yield Use(_LOG, "kept after a day", "kinesis", "storage", "GB-month", kept, f"{each.keep_days} days less one")


def _crossing(case: Case) -> Iterator[Use]:
    """AWS charges both ends of a byte that leaves a zone; copies between brokers are free."""
    wire = case.events_gb * case.a("wire_ratio")
    crossed = wire * (1 + case.a("log_readers")) * case.a("cross_zone_share") * 2
    how = "events x wire_ratio x (1 + log_readers) x cross_zone_share x 2 ends"
    yield Use(_LOG, "between zones", "data transfer", "between zones", "GB", crossed, how)


def ways_in(case: Case) -> Iterator[Use]:
    """Pushed events, delivered files, files by SFTP."""
    if case.facts.push:
        yield from _push(case)
    if case.facts.delivery:
        yield from _delivery(case)
    if case.facts.sftp:
        yield Use(_WAYS, "SFTP server", "transfer", "SFTP endpoint", "hour", HOURS, f"{HOURS} h")
        received = case.events_gb * case.a("delivered_share") * case.a("sftp_share")
        how = "events x delivered_share x sftp_share"
        yield Use(_WAYS, "received by SFTP", "transfer", "SFTP data", "GB", received, how)


def _push(case: Case) -> Iterator[Use]:
    events = case.events_gb * 1000 * MILLION / case.size.load.event_bytes * case.a("push_share")
    calls = events / case.a("events_per_push") / MILLION
    how = "events x push_share / events_per_push"
    yield Use(_WAYS, "pushes", "api gateway", "HTTP request", "million", calls, how)
    yield Use(_WAYS, "push function, calls", "lambda", "request", "million", calls, "as pushes")
    seconds = calls * MILLION * case.a("push_seconds") * case.a("function_memory_gb")
    how = "pushes x push_seconds x function_memory_gb"
    yield Use(_WAYS, "push function, time", "lambda", "duration", "GB-second", seconds, how)


def _delivery(case: Case) -> Iterator[Use]:
    files = case.delivered_files
    steps = files * case.a("transitions_per_file") / THOUSAND
    how = "events x delivered_share / delivered_file_mb x transitions_per_file"
    yield Use(_WAYS, "delivery workflow", "step functions", "transition", "thousand", steps, how)
    seconds = files * case.a("function_seconds_per_file") * case.a("function_memory_gb")
    how = "files x function_seconds_per_file x function_memory_gb"
    yield Use(_WAYS, "delivery function, time", "lambda", "duration", "GB-second", seconds, how)
    yield Use(_WAYS, "file events", "eventbridge", "event", "million", files / MILLION, "files")
    if case.facts.tables:
        writes = files * case.a("table_writes_per_file") / MILLION
        yield Use(_WAYS, "remembered files", "dynamodb", "write", "million", writes, "files x table_writes_per_file")
        kept = case.facts.tables * case.a("table_gb")
        how = f"{case.facts.tables} x table_gb"
        yield Use(_WAYS, "tables", "dynamodb", "storage", "GB-month", kept, how)
        yield Use(_WAYS, "tables, any second restorable", "dynamodb", "continuous backup", "GB-month", kept, how)


def network(case: Case) -> Iterator[Use]:
    """NAT or interface endpoints, what passes them, and answers that leave the region."""
    facts = case.facts
    calls = case.a("api_base_gb") + case.events_gb * case.a("api_share")
    if facts.nat_gateways:
        hours = facts.nat_gateways * HOURS
        how = f"{facts.nat_gateways} x {HOURS} h"
        yield Use(_NETWORK, "NAT gateways", "vpc", "NAT gateway", "hour", hours, how)
    if facts.endpoint_interfaces:
        hours = facts.endpoint_interfaces * HOURS
        how = f"{facts.endpoint_interfaces} interfaces x {HOURS} h"
        yield Use(_NETWORK, "interface endpoints", "vpc", "interface endpoint", "hour", hours, how)
        how = "api_base_gb + events x api_share"
        yield Use(_NETWORK, "bytes through endpoints", "vpc", "interface endpoint data", "GB", calls, how)
    elif facts.nat_gateways:
        how = "api_base_gb + events x api_share; S3 and DynamoDB pass gateway endpoints, which are free"
        yield Use(_NETWORK, "bytes through NAT", "vpc", "NAT gateway data", "GB", calls, how)
    if facts.public_addresses:
        hours = facts.public_addresses * HOURS
        how = f"{facts.public_addresses} x {HOURS} h"
        yield Use(_NETWORK, "public addresses", "vpc", "public IPv4 address", "hour", hours, how)
    if facts.flow_logs:
        logged = case.a("log_base_gb") + case.events_gb * case.a("flow_log_share")
        how = "log_base_gb + events x flow_log_share"
        yield Use(_NETWORK, "flow logs", "cloudwatch", "log ingestion, vended", "GB", logged, how)
    if facts.serving:
        answers = case.size.load.requests_per_second * HOURS * 3600 * case.a("answer_kb") / MILLION
        out = answers * case.a("answers_out_share")
        how = "requests x answer_kb x answers_out_share"
        yield Use(_NETWORK, "answers out of the region", "data transfer", "out to the internet", "GB", out, how)
