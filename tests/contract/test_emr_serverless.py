"""Job runs as botocore and moto know EMR Serverless: what is asked is well formed, found again, cancelled, ended.

moto runs nothing: states are set by hand. It keeps no tokens, and refuses to list an application without job runs; our
AWS on loopback does both, for a stage in a process of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.emrserverless.models import emrserverless_backends
from tideline_airflow.process import StageProcess, program

from tests.fakes.contract_index import small_contract
from tests.localaws.server import local_aws
from tideline import wiring
from tideline.adapters.emr_serverless import STOPPED
from tideline.batch.remote import job_of
from tideline.model.errors import Fatal
from tideline.settings import Settings

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tideline-dev-{{stage}}-{{contract}}"
OVERRIDES = """{
 "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": "s3://logs/emr-serverless/"}},
 "applicationConfiguration": [{"classification": "spark-defaults", "properties": {"spark.pyspark.python": "python3"}}]
}"""


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of an application on which another job runs already."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setattr("moto.emrserverless.models.JOB_STATUS", "SUBMITTED")  # its own job runs begin as SUCCESS
    with mock_aws():
        client = boto3.client("emr-serverless", region_name=REGION)
        made = client.create_application(name="batch", releaseLabel="emr-7.0.0", type="SPARK")["applicationId"]
        role = ROLE.format(stage="ingest", contract="other")
        client.start_job_run(applicationId=made, clientToken="t", executionRoleArn=role, name="other")
        yield Settings(
            spark_application=made,
            spark_region=REGION,
            spark_code="s3://artifacts/jobs/v1",
            spark_role=ROLE,
            spark_overrides=OVERRIDES,
            remote_lake="s3://lake-{zone}",
        )


def runs(own: Settings) -> list[Any]:
    """The job runs of ours, in the order of their start."""
    kept = emrserverless_backends[ACCOUNT][REGION].job_runs[own.spark_application]
    return [one for one in kept if one.name != "other"]


def waiting(look: Callable[[], bool]) -> Callable[[float], bool]:
    return lambda seconds: bool(seconds) and look()


def launch(own: Settings, look: Callable[[], bool], lines: list[str] | None = None) -> int:
    told = [] if lines is None else lines
    job = job_of("refine", small_contract(), "scheduled__2026-11-21T00_00_00", own)
    return wiring.serverless_jobs(own).run(job, waiting(look), told.append)


def ends(own: Settings, state: str, details: str | None = None) -> Callable[[], bool]:
    """The newest job run ends so while it is waited for."""

    def look() -> bool:
        runs(own)[-1].state, runs(own)[-1].state_details = state, details
        return False

    return look


def test_a_job_runs_to_its_end(own: Settings) -> None:
    """botocore takes the request, and it holds what Terraform gave and what the driver needs."""
    assert launch(own, ends(own, "SUCCESS")) == 0
    (one,) = runs(own)
    assert one.job_driver["sparkSubmit"]["entryPoint"] == "s3://artifacts/jobs/v1/refine.py"
    assert one.execution_role_arn.endswith("role/tideline-dev-refine-retail.sales")
    properties = one.configuration_overrides["applicationConfiguration"][0]["properties"]
    assert properties == {
        "spark.pyspark.python": "python3",
        "spark.emr-serverless.driverEnv.TIDELINE_HOME": "/tmp/tideline",
        "spark.emr-serverless.driverEnv.TIDELINE_REMOTE_LAKE": "s3://lake-{zone}",
        "spark.emr-serverless.driverEnv.TIDELINE_EPOCH_S": "5.0",
        "spark.emr-serverless.driverEnv.TIDELINE_QUARANTINE_PERCENT": "5",
        "spark.emr-serverless.driverEnv.TIDELINE_QUARANTINE_ROWS": "100",
        "spark.emr-serverless.driverEnv.AWS_REGION": REGION,
        "spark.emr-serverless.driverEnv.AWS_DEFAULT_REGION": REGION,
    }
    assert one.tags["contract"] == "retail.sales" and len(one.client_token) == 64


def test_a_failed_job_can_be_started_again(own: Settings) -> None:
    """First its own exit code, then a second job run that succeeds."""
    assert launch(own, ends(own, "FAILED", "Job execution failed. ExitCode: 66. Last few exceptions: ...")) == 66
    assert launch(own, ends(own, "SUCCESS")) == 0
    assert [one.state for one in runs(own)] == ["FAILED", "SUCCESS"]


def test_a_job_is_followed_by_the_next_try_and_cancelled_when_told(own: Settings) -> None:
    """A try that died leaves its job run; the next one takes it over, and stops it."""

    def dies() -> bool:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        launch(own, dies)
    lines: list[str] = []
    assert launch(own, lambda: True, lines) == STOPPED
    (one,) = runs(own)
    assert one.state == "CANCELLED"
    assert "is followed" in lines[0] and "being cancelled" in lines[-1]


def test_an_unknown_application_is_fatal(own: Settings) -> None:
    """No retry mends it."""
    with pytest.raises(Fatal, match=r"TL-AWS-002.*EMR Serverless application 00nobody"):
        launch(own.model_copy(update={"spark_application": "00nobody"}), lambda: False)


def test_airflow_stops_a_stage_and_its_job_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tideline run` as a worker runs it: SIGTERM to its group cancels the job run within Airflow's grace."""
    with local_aws(tmp_path / "moto.log") as aws:
        given = {
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "TIDELINE_HOME": str(tmp_path),
            "TIDELINE_REMOTE_LAKE": "s3://lake-{zone}",
            "TIDELINE_SPARK_REGION": REGION,
            "TIDELINE_SPARK_CODE": "s3://artifacts/jobs/v1",
            "TIDELINE_SPARK_ROLE": ROLE,
            "TIDELINE_SPARK_OVERRIDES": OVERRIDES,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("emr-serverless", region_name=REGION)
        made = client.create_application(name="batch", releaseLabel="emr-spark-8.0.0", type="SPARK")["applicationId"]
        monkeypatch.setenv("TIDELINE_SPARK_APPLICATION", made)
        stage = StageProcess((program(), "run", "retail.sales", "refine", "--run-key", "r1"))
        lines: list[str] = []

        def emit(line: str) -> None:
            lines.append(line)
            if line.endswith("is RUNNING"):
                threading.Thread(target=stage.stop).start()

        assert stage.run(emit).exit_code == STOPPED, lines
        (one,) = client.list_job_runs(applicationId=made)["jobRuns"]
    assert (one["name"], one["state"]) == ("refine retail.sales r1", "CANCELLED")
    assert "being cancelled" in lines[-1]
