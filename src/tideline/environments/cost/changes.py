"""What an environment would cost with one thing decided otherwise: how a bill is lowered, in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tideline.environments.cost.use import Case

_SERVERLESS_PARTITIONS = 2400  # what one cluster of MSK Serverless holds, as modules/stream checks


def _facts(**other: Any) -> Callable[[Case], Case | None]:
    return lambda case: replace(case, facts=case.facts.model_copy(update=other))


def _serverless_log(case: Case) -> Case | None:
    if case.size.load.contracts * case.facts.contracts.partitions > _SERVERLESS_PARTITIONS:
        return None
    return replace(case, facts=case.facts.model_copy(update={"engine": "msk_serverless"}))


def _three_days(case: Case) -> Case | None:
    """Smaller disks as well: they begin as large as three days ask for."""
    kept = case.facts.contracts.model_copy(update={"keep_days": 3})
    disk = case.size.brokers.volume_gb * 3 // case.facts.contracts.keep_days
    brokers = case.size.brokers.model_copy(update={"volume_gb": disk})
    size = case.size.model_copy(update={"brokers": brokers})
    return replace(case, facts=case.facts.model_copy(update={"contracts": kept}), size=size)


def _tiered(case: Case) -> Case | None:
    """A day on the brokers' disks, which begin as large as a day asks for; the rest in the cheaper storage."""
    brokers = case.size.brokers
    if not brokers.tierable or case.facts.engine != "msk":
        return None
    disk = max(1, brokers.volume_gb // case.facts.contracts.keep_days)
    tiered = brokers.model_copy(update={"tiered_storage": True, "local_hours": 24, "volume_gb": disk})
    return replace(case, size=case.size.model_copy(update={"brokers": tiered}))


def _none_ready(case: Case) -> Case | None:
    offered = case.size.serverless
    none = {name: getattr(offered, name).model_copy(update={"workers": 0}) for name in ("driver", "executor")}
    return replace(case, size=case.size.model_copy(update={"serverless": offered.model_copy(update=none)}))


CHANGES: dict[str, Callable[[Case], Case | None]] = {
    "three days in the event log instead of what contracts ask for": _three_days,
    "tiered storage: a day on the brokers' disks, the rest cheaper": _tiered,
    "only those metrics of Kafka that are free (log_metrics DEFAULT)": _facts(log_metrics="DEFAULT"),
    "metrics of each topic and broker too (log_metrics PER_TOPIC_PER_BROKER)": _facts(
        log_metrics="PER_TOPIC_PER_BROKER"
    ),
    "no archive beside bronze": _facts(archive=False),
    "no copies in a second region": _facts(replicated=()),
    "copies in the second region without a promise of 15 minutes": _facts(replication_time=False),
    "no Spark workers kept ready": _none_ready,
    "services on ARM64": _facts(speed="ARM64", serving="ARM64"),
    "MSK Serverless instead of brokers": _serverless_log,
    "Kinesis on demand instead of Kafka": _facts(engine="kinesis"),
}
