"""Spark, Airflow and the two services."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from tideline.environments.cost.sizes import Cluster
from tideline.environments.cost.use import HOURS, THOUSAND, Case, Use

_SPARK, _AIRFLOW, _SERVICES = "Spark batch", "Airflow", "services"


def spark(case: Case) -> Iterator[Use]:
    """EMR Serverless, and clusters on EC2 where the size has some."""
    work = case.events_gb * case.size.load.spark_vcpu_hours_per_gb
    on_clusters = case.a("cluster_share") if case.size.clusters else Decimal(0)
    if case.facts.spark:
        yield from _serverless(case, case.facts.spark, work * (1 - on_clusters))
    for name, cluster in case.size.clusters.items():
        yield from _cluster(case, name, cluster, work * on_clusters / len(case.size.clusters))


def _serverless(case: Case, processor: str, work: Decimal) -> Iterator[Use]:
    """Workers kept ready do the work first; the application never idles long enough to stop while runs come hourly."""
    offered = case.size.serverless
    vcpu = max(work, offered.ready_cpu * HOURS)
    per_vcpu = Decimal(offered.maximum.memory_gb) / offered.maximum.cpu
    memory = max(work * per_vcpu, offered.ready_memory_gb * HOURS)
    share = " x (1 - cluster_share)" if case.size.clusters else ""
    how = f"the larger of events x spark_vcpu_hours_per_gb{share} and {offered.ready_cpu} ready x {HOURS} h"
    most = offered.maximum.cpu * HOURS
    yield Use(_SPARK, "serverless vCPU", "emr serverless", f"vCPU {processor}", "hour", vcpu, how, most)
    how = f"{per_vcpu.normalize()} GB for each vCPU, or {offered.ready_memory_gb} GB ready x {HOURS} h"
    most = offered.maximum.memory_gb * HOURS
    yield Use(_SPARK, "serverless memory", "emr serverless", f"memory {processor}", "GB-hour", memory, how, most)


def _cluster(case: Case, name: str, cluster: Cluster, work: Decimal) -> Iterator[Use]:
    """The core fleet stays up all month; task nodes come for what it cannot do, most of them on spot."""
    primary = cluster.primary_types[0]
    yield from _nodes(f"{name} primary", primary, HOURS, HOURS, "1 node")
    type_, weight = next(iter(cluster.core.instance_types.items()))
    steady = cluster.core.on_demand * HOURS
    core, core_most = steady / weight, cluster.core.maximum * HOURS / weight
    yield from _nodes(f"{name} core", type_, core, core_most, f"{cluster.core.on_demand} units / {weight} x {HOURS} h")
    type_, weight = next(iter(cluster.task.instance_types.items()))
    more, more_most = max(work - steady, Decimal(0)) / weight, cluster.task.maximum * HOURS / weight
    spot = Decimal(cluster.task.spot) / max(cluster.task.spot + cluster.task.on_demand, 1)
    how = f"(events x spark_vcpu_hours_per_gb x cluster_share - core) / {weight} x {1 - spot:.0%} on demand"
    yield Use(_SPARK, f"{name} task, on demand", "ec2", type_, "hour", more * (1 - spot), how, more_most * (1 - spot))
    ratio = case.a("spot_ratio")
    how = f"the same x {spot:.0%} on spot x spot_ratio"
    yield Use(_SPARK, f"{name} task, spot", "ec2", type_, "hour", more * spot * ratio, how, more_most * spot * ratio)
    yield Use(_SPARK, f"{name} task, EMR fee", "emr", type_, "hour", more, "all task hours", more_most)
    disks = (HOURS + core + more) * cluster.disk_gb / HOURS
    most = (HOURS + core_most + more_most) * cluster.disk_gb / HOURS
    how = f"{cluster.disk_gb} GB for each node"
    yield Use(_SPARK, f"{name} disks", "ebs", "gp3 storage", "GB-month", disks, how, most)


def _nodes(what: str, type_: str, hours: Decimal, most: Decimal, how: str) -> Iterator[Use]:
    yield Use(_SPARK, what, "ec2", type_, "hour", hours, how, most)
    yield Use(_SPARK, f"{what}, EMR fee", "emr", type_, "hour", hours, "as the nodes", most)


def airflow(case: Case) -> Iterator[Use]:
    """The managed environment holds one worker and two schedulers; more are charged by the hour."""
    if not case.facts.airflow:
        return
    asked = case.size.airflow
    yield Use(_AIRFLOW, "environment", "mwaa", f"{asked.class_} environment", "hour", HOURS, f"{HOURS} h")
    few, many = max(asked.workers.min - 1, 0), max(asked.workers.max - 1, 0)
    workers = (few + case.a("burst_share") * (many - few)) * HOURS
    how = f"({few} more always + burst_share x {many - few}) x {HOURS} h"
    usage = f"{asked.class_} worker"
    yield Use(_AIRFLOW, "more workers", "mwaa", usage, "hour", workers, how, many * HOURS)
    schedulers = max(asked.schedulers - 2, 0) * HOURS
    if schedulers:
        how = f"{asked.schedulers - 2} x {HOURS} h"
        yield Use(_AIRFLOW, "more schedulers", "mwaa", f"{asked.class_} scheduler", "hour", schedulers, how)
    kept = case.a("metadata_gb")
    yield Use(_AIRFLOW, "metadata", "mwaa", "metadata storage", "GB-month", kept, "metadata_gb")


def services(case: Case) -> Iterator[Use]:
    """Fargate tasks of speed and serving, the load balancer, the images."""
    if case.facts.speed:
        speed = case.size.speed
        tasks = (case.speed_tasks, Decimal(speed.maximum))
        yield from _tasks("speed", case.facts.speed, speed.cpu, speed.memory_mb, tasks)
        disk = max(speed.disk_gb - 20, 0) * HOURS
        how = f"{tasks[0]} x ({speed.disk_gb} GB - 20 that come with a task) x {HOURS} h"
        typical, most = (disk * count for count in tasks)
        yield Use(_SERVICES, "speed, disk", "fargate", "ephemeral storage", "GB-hour", typical, how, most)
    if case.facts.serving:
        serving = case.size.serving
        tasks = (case.serving_tasks, Decimal(serving.maximum))
        yield from _tasks("serving", case.facts.serving, serving.cpu, serving.memory_mb, tasks)
    if case.facts.load_balancers:
        yield from _balancers(case)
    if case.facts.repositories:
        kept = case.facts.repositories * case.a("images_gb")
        how = f"{case.facts.repositories} x images_gb"
        yield Use(_SERVICES, "images", "ecr", "storage", "GB-month", kept, how)


def _tasks(what: str, processor: str, cpu: int, memory_mb: int, tasks: tuple[Decimal, Decimal]) -> Iterator[Use]:
    typical, most = (count * HOURS for count in tasks)
    vcpu, memory = Decimal(cpu) / 1024, Decimal(memory_mb) / 1024
    how = f"{tasks[0]} x {vcpu.normalize()} vCPU x {HOURS} h"
    yield Use(_SERVICES, f"{what}, vCPU", "fargate", f"vCPU {processor}", "hour", vcpu * typical, how, vcpu * most)
    how = f"{tasks[0]} x {memory:f} GB x {HOURS} h"
    usage = f"memory {processor}"
    yield Use(_SERVICES, f"{what}, memory", "fargate", usage, "GB-hour", memory * typical, how, memory * most)


def _balancers(case: Case) -> Iterator[Use]:
    """A capacity unit is 25 new connections a second or 1 GB an hour, whichever is more."""
    count = case.facts.load_balancers
    yield Use(_SERVICES, "load balancer", "elb", "ALB", "hour", count * HOURS, f"{count} x {HOURS} h")
    asked = case.size.load.requests_per_second
    connections = asked / case.a("requests_per_connection") / 25
    sent = asked * case.a("answer_kb") * 3600 / THOUSAND / THOUSAND
    units = max(connections, sent) * HOURS
    how = "the larger of requests / requests_per_connection / 25 and GB an hour of answers"
    yield Use(_SERVICES, "load balancer, capacity", "elb", "ALB capacity unit", "hour", units, how)
