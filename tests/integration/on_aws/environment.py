"""An environment as Terraform makes it, on the local AWS: buckets, the package in place, an application, the variables
that Airflow gets.

Terraform is not needed: what it gives each job stands rendered in job_overrides.json, which a test compares with a
plan.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
CI = f"{PREFIX}-ci-contracts"  # whose role `tideline apply` has
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
    """`variables` is the whole environment of `tideline run` as a worker of Airflow has it, `jars` what Spark lacks."""

    aws: LocalAws
    application: str
    variables: dict[str, str]
    jars: tuple[Path, ...]

    def client(self, service: str) -> Any:
        """For the test's own looks: a key that is nobody's role."""
        keys = {"aws_access_key_id": "the-test", "aws_secret_access_key": "local", "region_name": REGION}
        return boto3.client(service, endpoint_url=self.aws.url, **keys)

    def with_variables(self, **changed: str | Path) -> Environment:
        return replace(self, variables=self.variables | {name: str(value) for name, value in changed.items()})

    def with_code(self, sources: Sources, folder: Path) -> Environment:
        """This tree packed with other sources and laid into the local AWS; from now on jobs get it."""
        manifest = package(sources, NoPackages(), folder, "arm64")
        version, s3, jars = manifest["version"], self.client("s3"), []
        for name in manifest["files"]:
            if name.startswith("jobs/"):
                key = f"jobs/{version}/{name.removeprefix('jobs/')}"
                s3.put_object(Bucket=bucket("artifacts"), Key=key, Body=(folder / version / name).read_bytes())
            if name.startswith("jobs/jars/"):
                jars.append(Path(name).name)
        dags = folder / version / "airflow" / "dags"
        return self.with_variables(
            TIDELINE_CONTRACTS=dags / "_contracts",
            TIDELINE_INDEX=dags / "_generated" / "index.json",
            TIDELINE_SPARK_CODE=code_location(version),
            TIDELINE_SPARK_OVERRIDES=json.dumps(rendered(version, jars)),
        )


def make(aws: LocalAws, folder: Path, kafka: Settings) -> Environment:
    """Lay the buckets and this tree's package into the local AWS, make the application."""
    own = settings()
    log_store = build(REPOSITORY / "spark_jobs" / "logstore", folder / "logstore", own)
    jars = [path for path in class_path(own, "spark") if not path.name.startswith("delta-")]
    empty = Environment(aws, "", {}, (*jars, *class_path(own, "msk"), log_store))
    s3 = empty.client("s3")
    for zone in ZONES:
        s3.create_bucket(Bucket=bucket(zone), CreateBucketConfiguration={"LocationConstraint": REGION})
    application = empty.client("emr-serverless").create_application(
        name=f"{PREFIX}-batch", releaseLabel="emr-spark-8.0.0", type="SPARK"
    )["applicationId"]
    variables = {
        **DRIVER,
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": AIRFLOW,
        "AWS_SECRET_ACCESS_KEY": "local",
        # of modules/airflow, with the two of `with_code`
        "TIDELINE_HOME": str(folder / "airflow-home"),
        "TIDELINE_DBT_PROJECT": str(folder / "not-on-a-worker"),
        # of modules/platform, with the two of `with_code`
        "TIDELINE_REMOTE_LAKE": f"s3://{PREFIX}-{{zone}}-{ACCOUNT}",
        "TIDELINE_KAFKA": kafka.kafka_bootstrap,
        "TIDELINE_SPARK_APPLICATION": application,
        "TIDELINE_SPARK_REGION": REGION,
        "TIDELINE_SPARK_ROLE": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{{stage}}-{{contract}}",
    }
    made = replace(empty, application=application, variables=variables)
    return made.with_code(Sources(REPOSITORY, own.contracts, own.dbt_project, own.index, made.jars), folder)
