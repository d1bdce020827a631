"""A size of sizes.json: what Terraform makes of it, and the load it is meant for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from tideline.environments.cost.document import Strict, fit, load
from tideline.model.errors import Fatal

FIX = "infra/terraform/sizes.json is read by Terraform too: see modules/platform"
Amount = Annotated[Decimal, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]


class Load(Strict):
    """What a month asks for: GB are 10^9 bytes, events before compression."""

    events_gb_per_day: Amount
    event_bytes: Annotated[int, Field(gt=0)]
    contracts: Annotated[int, Field(gt=0)]
    spark_vcpu_hours_per_gb: Amount
    requests_per_second: Amount
    athena_tb_scanned_per_month: Amount
    hot_days: Whole


class Brokers(Strict):
    count: Whole
    instance_type: str
    volume_gb: Whole
    volume_max_gb: Whole
    throughput_mb: int | None = None
    tiered_storage: bool = False
    local_hours: Annotated[int, Field(gt=0)] = 24
    open_monitoring: bool = False

    @model_validator(mode="after")
    def _priced(self) -> Brokers:
        if self.throughput_mb is not None:
            raise ValueError("throughput_mb has no formula yet: moving.py has to learn it")
        return self

    @property
    def tierable(self) -> bool:
        return self.instance_type != "kafka.t3.small"


class Workers(Strict):
    """Workers kept ready while the application is started."""

    workers: Whole
    cpu: Whole
    memory_gb: Whole


class Capacity(Strict):
    cpu: Annotated[int, Field(gt=0)]
    memory_gb: Whole
    disk_gb: Whole


class Serverless(Strict):
    driver: Workers
    executor: Workers
    maximum: Capacity
    idle_minutes: Whole

    @property
    def ready_cpu(self) -> int:
        return sum(one.workers * one.cpu for one in (self.driver, self.executor))

    @property
    def ready_memory_gb(self) -> int:
        return sum(one.workers * one.memory_gb for one in (self.driver, self.executor))


class Core(Strict):
    instance_types: dict[str, Annotated[int, Field(gt=0)]]
    on_demand: Whole
    maximum: Whole


class Task(Strict):
    instance_types: dict[str, Annotated[int, Field(gt=0)]]
    spot: Whole
    on_demand: Whole
    maximum: Whole


class Cluster(Strict):
    """Instance fleets of EMR on EC2; units are vCPUs."""

    primary_types: Annotated[tuple[str, ...], Field(min_length=1)]
    core: Core
    task: Task
    disk_gb: Whole
    steps: Whole
    idle_minutes: Whole
    spot_wait_minutes: Whole = 15


class Between(Strict):
    min: Whole
    max: Whole


class Airflow(Strict):
    class_: str = Field(alias="class")
    workers: Between
    schedulers: Whole


class Speed(Strict):
    cpu: Whole
    memory_mb: Whole
    disk_gb: Whole
    minimum: Whole
    maximum: Whole


class Serving(Strict):
    cpu: Whole
    memory_mb: Whole
    minimum: Whole
    maximum: Whole


class Size(Strict):
    """One of S, M and L."""

    for_: str = Field(alias="for")
    load: Load
    brokers: Brokers
    serverless: Serverless
    clusters: dict[str, Cluster]
    airflow: Airflow
    speed: Speed
    serving: Serving


def read_sizes(path: Path) -> dict[str, Size]:
    """All sizes by name. Raises Fatal for what does not fit."""
    found = load(path, FIX)
    if not isinstance(found, dict):
        raise Fatal("TL-COST-002", "sizes are an object of sizes by name", where=str(path), fix=FIX)
    return {name: fit(Size, size, f"{path} {name}", FIX) for name, size in found.items()}
