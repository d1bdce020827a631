"""What StartJobRun asks for, read whole: each word is kept, translated or left out for a reason, or it is refused.

On AWS an unknown property does nothing, or something that nobody here has seen: the list below is to be extended by
whoever sets one, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DRIVER_ENVIRONMENT = "spark.emr-serverless.driverEnv."
PYTHON = "spark.pyspark.python"  # EMR's own Python: here the one of the tests, without what is installed as our own
PY_FILES, ARCHIVES, JARS = "spark.submit.pyFiles", "spark.archives", "spark.jars"  # fetched from S3 first

# Spark here is the release's, so these mean the same.
KEPT = {
    "spark.sql.extensions",
    "spark.sql.catalog.spark_catalog",
    "spark.sql.catalogImplementation",
    "spark.sql.session.timeZone",
    "spark.delta.logStore.s3.impl",
    "spark.delta.logStore.s3a.impl",
}
LEFT_OUT = {
    "spark.dynamicAllocation.enabled": "one process: its executor is the driver",
    "spark.driver.cores": "a worker of EMR has this size, this machine its own",
    "spark.driver.memory": "the same",
    "spark.emr-serverless.driver.disk": "the same",
}
LEFT_OUT_BY_PREFIX = {
    "spark.executor.": "one process: no executor has a size",
    "spark.emr-serverless.executor.": "the same",
    "spark.executorEnv.": "one process: what the driver has, its executor has",
}
# Where else logs go, and keys for them: the local AWS has neither a log service nor encryption.
UNHEARD = ("cloudWatchLoggingConfiguration", "managedPersistenceMonitoringConfiguration")


class NotUnderstood(ValueError):
    """A word of the request is not in the list; the message names it."""


@dataclass(frozen=True)
class Asked:
    """One job: files are S3 URIs, or paths on EMR's machines; `logs` is the URI below which EMR writes them."""

    script: str
    arguments: tuple[str, ...]
    role: str
    properties: Mapping[str, str]
    environment: Mapping[str, str]
    py_files: tuple[str, ...]
    archives: tuple[str, ...]
    jars: tuple[str, ...]
    logs: str | None


def read(role_arn: str, job_driver: Any, overrides: Any) -> Asked:
    """The request of one job run. Raises NotUnderstood."""
    submitted = _only(_only(job_driver, "sparkSubmit")["sparkSubmit"], "entryPoint", "entryPointArguments")
    given = _only(overrides or {}, "monitoringConfiguration", "applicationConfiguration")
    properties = _properties(given.get("applicationConfiguration") or [])
    return Asked(
        script=submitted["entryPoint"],
        arguments=tuple(submitted.get("entryPointArguments") or ()),
        role=role_arn.rpartition("/")[2],
        properties={name: value for name, value in properties.items() if name in KEPT},
        environment={
            name.removeprefix(DRIVER_ENVIRONMENT): value
            for name, value in properties.items()
            if name.startswith(DRIVER_ENVIRONMENT)
        },
        py_files=_listed(properties, PY_FILES),
        archives=_listed(properties, ARCHIVES),
        jars=_listed(properties, JARS),
        logs=_logs(given.get("monitoringConfiguration") or {}),
    )


def _properties(parts: list[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        if _only(part, "classification", "properties")["classification"] != "spark-defaults":
            raise NotUnderstood(f"classification {part['classification']}")
        found |= part.get("properties") or {}
    known = {PYTHON, PY_FILES, ARCHIVES, JARS, *KEPT, *LEFT_OUT}
    prefixes = (DRIVER_ENVIRONMENT, *LEFT_OUT_BY_PREFIX)
    for name in found:
        if name not in known and not name.startswith(prefixes):
            raise NotUnderstood(f"property {name}")
    return found


def _logs(monitoring: Any) -> str | None:
    wanted = _only(monitoring, "s3MonitoringConfiguration", *UNHEARD).get("s3MonitoringConfiguration") or {}
    place: str | None = _only(wanted, "logUri", "encryptionKeyArn").get("logUri")
    return place


def _listed(properties: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in properties.get(name, "").split(",") if part)


def _only(given: Any, *names: str) -> Any:
    """The object, which has none but these keys."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise NotUnderstood(f"{', '.join(unknown)} beside {', '.join(names)}")
    return given
