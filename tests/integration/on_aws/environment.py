"""An environment as Terraform makes it, on the local AWS: buckets, the package in place, an application, the variables
that Airflow gets.

Terraform is not needed: what it gives each job stands rendered in job_overrides.json, which a test compares with a
plan.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.localaws import ACCOUNT, REGION
from tests.localaws.server import LocalAws
from tideline.environments.logstore import build
from tideline.environments.package import Sources, package
from tideline.local.jars import class_path
from tideline.settings import REPOSITORY, Settings, settings

HERE = Path(__file__).parent
ZONES = ("bronze", "silver", "gold", "quarantine", "documents", "artifacts", "logs")
PREFIX = "tideline-dev"
AIRFLOW = f"{PREFIX}-airflow"  # whose role the launcher has
ANY_VERSION, ANY_JAR = "VERSION", "JAR.jar"  # as job_overrides.json has them
DRIVER = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true"}


class NoPackages:
    """Nothing of third parties: the local AWS has the packages of the tests, which are for this machine."""

    def unpacked(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        return {}

    def wheels(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        return {}

    def own(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        made = folder / "tideline-0.1.0-py3-none-any.whl"
        made.write_bytes(b"Airflow's; no job reads it")
        return made


def bucket(zone: str) -> str:
    return f"{PREFIX}-{zone}-{ACCOUNT}"


def code_location(version: str) -> str:
    return f"s3://{bucket('artifacts')}/jobs/{version}"


def rendered(version: str, jars: Sequence[str]) -> dict[str, Any]:
    """What modules/emr gives StartJobRun for this version, from the rendered copy."""
    text = (HERE / "job_overrides.json").read_text()
    one = f"{code_location(ANY_VERSION)}/jars/{ANY_JAR}"
    assert one in text
    text = text.replace(one, ",".join(f"{code_location(version)}/jars/{jar}" for jar in jars))
    given: dict[str, Any] = json.loads(text.replace(code_location(ANY_VERSION), code_location(version)))
    return given


@dataclass(frozen=True)
class Environment:
    """`variables` is the whole environment of `tideline run` as a worker of Airflow has it."""

    aws: LocalAws
    application: str
    variables: dict[str, str]

    def client(self, service: str) -> Any:
        """For the test's own looks: a key that is nobody's role."""
        keys = {"aws_access_key_id": "the-test", "aws_secret_access_key": "local", "region_name": REGION}
        return boto3.client(service, endpoint_url=self.aws.url, **keys)


def make(aws: LocalAws, folder: Path, kafka: Settings) -> Environment:
    """Pack this tree, lay it and the buckets into the local AWS, make the application."""
    made = Environment(aws, "", {})
    s3 = made.client("s3")
    for zone in ZONES:
        s3.create_bucket(Bucket=bucket(zone), CreateBucketConfiguration={"LocationConstraint": REGION})
    manifest = _packed(folder)
    version, jars = manifest["version"], []
    for name in manifest["files"]:
        if name.startswith("jobs/"):
            key = f"jobs/{version}/{name.removeprefix('jobs/')}"
            s3.put_object(Bucket=bucket("artifacts"), Key=key, Body=(folder / version / name).read_bytes())
        if name.startswith("jobs/jars/"):
            jars.append(Path(name).name)
    application = made.client("emr-serverless").create_application(
        name=f"{PREFIX}-batch", releaseLabel="emr-spark-8.0.0", type="SPARK"
    )["applicationId"]
    dags = folder / version / "airflow" / "dags"
    variables = {
        **DRIVER,
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": AIRFLOW,
        "AWS_SECRET_ACCESS_KEY": "local",
        # of modules/airflow
        "TIDELINE_HOME": str(folder / "airflow-home"),
        "TIDELINE_CONTRACTS": str(dags / "_contracts"),
        "TIDELINE_INDEX": str(dags / "_generated" / "index.json"),
        "TIDELINE_DBT_PROJECT": str(folder / "not-on-a-worker"),
        # of modules/platform
        "TIDELINE_REMOTE_LAKE": f"s3://{PREFIX}-{{zone}}-{ACCOUNT}",
        "TIDELINE_KAFKA": kafka.kafka_bootstrap,
        "TIDELINE_SPARK_APPLICATION": application,
        "TIDELINE_SPARK_REGION": REGION,
        "TIDELINE_SPARK_CODE": code_location(version),
        "TIDELINE_SPARK_ROLE": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{{stage}}-{{contract}}",
        "TIDELINE_SPARK_OVERRIDES": json.dumps(rendered(version, jars)),
    }
    return Environment(aws, application, variables)


def _packed(folder: Path) -> dict[str, Any]:
    own = settings()
    log_store = build(REPOSITORY / "spark_jobs" / "logstore", folder / "logstore", own)
    jars = [path for path in class_path(own, "spark") if not path.name.startswith("delta-")]
    jars += [*class_path(own, "msk"), log_store]
    sources = Sources(REPOSITORY, own.contracts, own.dbt_project, own.index, jars)
    return package(sources, NoPackages(), folder, "arm64")
