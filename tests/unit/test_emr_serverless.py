"""Spark stages on EMR Serverless: started once, followed, cancelled when told, ended by the job's own exit code."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.fakes.contract_index import small_contract
from tests.fakes.emr_application import LAKE, ROLE, SET, Emr
from tideline.adapters.emr_serverless import (
    LONGEST_PAUSE_S,
    LOST_LOOKS,
    STOPPED,
    Application,
    ServerlessJobs,
    SparkJob,
    exit_code,
    with_environment,
)
from tideline.batch.remote import job_of, role_of, told_to_stop
from tideline.model.errors import Fatal, Retriable
from tideline.settings import Settings

FAILED = "Job execution failed, please check complete logs. ExitCode: {}. Last few exceptions: ..."


def refused(code: str, text: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "Op")


LOST = ReadTimeoutError(endpoint_url="https://emr-serverless.example")


class Clock:
    """Waits no time; tells to stop at the `stop_at`-th question, or once `told` says so."""

    def __init__(self, stop_at: int | None = None, told: Callable[[], bool] = lambda: False) -> None:
        self.stop_at, self.told = stop_at, told
        self.pauses: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        assert len(self.pauses) < 1000, "it waits for ever"
        return len(self.pauses) == self.stop_at or self.told()


def job(run_key: str = "r1", **changes: Any) -> SparkJob:
    return job_of("ingest", small_contract(), run_key, Settings(**{**SET, **changes}))


def run(emr: Emr, clock: Clock | None = None, asked: SparkJob | None = None) -> tuple[int, list[str]]:
    lines: list[str] = []
    application = Application("00f1", "s3://artifacts/jobs/v1", {})
    return ServerlessJobs(emr, application).run(asked or job(), clock or Clock(), lines.append), lines


def test_a_job_is_started_with_what_the_local_one_gets_and_ends_with_zero() -> None:
    """Script, arguments, role, tags and the driver's variables; each state is told once, pauses grow to a limit."""
    emr, clock = Emr("PENDING", "PENDING", *["RUNNING"] * 9, "SUCCESS"), Clock()
    code, lines = run(emr, clock, job(kafka="b-1.example:9098", kafka_iam_region="eu-central-1"))
    assert code == 0
    (asked,) = emr.asked
    assert asked["executionRoleArn"] == "arn:aws:iam::111122223333:role/tideline-dev-ingest-retail.sales"
    assert asked["jobDriver"]["sparkSubmit"] == {
        "entryPoint": "s3://artifacts/jobs/v1/ingest.py",
        "entryPointArguments": ["--contract", "retail.sales", "--run-key", "r1"],
    }
    assert asked["tags"] == {"contract": "retail.sales", "domain": "retail", "stage": "ingest", "run": "r1"}
    assert asked["configurationOverrides"]["applicationConfiguration"][0]["properties"] == {
        "spark.emr-serverless.driverEnv.TIDELINE_HOME": "/tmp/tideline",
        "spark.emr-serverless.driverEnv.TIDELINE_REMOTE_LAKE": LAKE,
        "spark.emr-serverless.driverEnv.TIDELINE_KAFKA": "b-1.example:9098",
        "spark.emr-serverless.driverEnv.TIDELINE_KAFKA_IAM_REGION": "eu-central-1",
        "spark.emr-serverless.driverEnv.TIDELINE_EPOCH_S": "5.0",
        "spark.emr-serverless.driverEnv.TIDELINE_QUARANTINE_PERCENT": "5",
        "spark.emr-serverless.driverEnv.TIDELINE_QUARANTINE_ROWS": "100",
        "spark.emr-serverless.driverEnv.AWS_REGION": "eu-central-1",
        "spark.emr-serverless.driverEnv.AWS_DEFAULT_REGION": "eu-central-1",
    }
    assert [line.rpartition(" ")[2] for line in lines] == ["started", "PENDING", "RUNNING", "SUCCESS"]
    assert clock.pauses[:3] == [0, 2.0, 3.0] and clock.pauses[-1] == LONGEST_PAUSE_S


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (FAILED.format(65), 65), (FAILED.format(2), 2), (FAILED.format(76), 76), (FAILED.format(1), 1),
        (FAILED.format(137), 75), (FAILED.format(0), 75), ("ran out of workers", 75), ("", 75),
    ],
)  # fmt: skip
def test_a_failed_job_ends_with_its_own_exit_code_or_may_be_tried_again(details: str, code: int) -> None:
    """EMR quotes the driver's exit code as text; a code that no error of ours has, or none at all, is Retriable."""
    ended, lines = run(Emr("RUNNING", "FAILED", details=details))
    assert (ended, exit_code(details)) == (code, code)
    assert lines[-1].startswith("TL-EMR-004") and (details or "EMR says nothing of it") in lines[-1]


def test_a_job_that_someone_else_cancels_may_be_tried_again() -> None:
    """Whatever EMR quotes: the job did not end by itself."""
    assert run(Emr("RUNNING", "CANCELLED", details=FAILED.format(2)))[0] == 75


def test_told_to_stop_it_cancels_the_job() -> None:
    """One cancellation of the run that was started, and the exit code of a process that SIGTERM ended."""
    emr = Emr("RUNNING")
    code, lines = run(emr, Clock(stop_at=4))
    assert (code, emr.cancelled) == (STOPPED, ["00run0"])
    assert "cancelled" in lines[-1]


def test_told_to_stop_before_the_start_it_starts_nothing() -> None:
    """Nothing is asked of EMR."""
    emr = Emr("RUNNING")
    assert run(emr, Clock(stop_at=1))[0] == STOPPED and not emr.asked


def test_told_to_stop_while_the_start_has_no_answer_it_cancels_what_was_started() -> None:
    """The run is found by its name."""
    emr = Emr("RUNNING")
    emr.fails["start, done"] = [LOST]
    assert run(emr, Clock(told=lambda: bool(emr.asked)))[0] == STOPPED
    assert emr.cancelled == ["00run0"]


def test_a_cancellation_without_an_answer_is_told() -> None:
    """The process still ends, and a person reads which job run goes on."""
    emr = Emr("RUNNING")
    emr.fails["cancel"] = [LOST]
    code, lines = run(emr, Clock(stop_at=3))
    assert code == STOPPED and lines[-1].startswith("TL-EMR-005 job run 00run0")


def test_a_start_whose_answer_is_lost_is_not_doubled() -> None:
    """The try ends as Retriable; the next one follows the job run that was started after all."""
    emr = Emr("RUNNING", "SUCCESS")
    emr.fails["start, done"] = [LOST]
    with pytest.raises(Retriable):
        run(emr)
    assert run(emr)[0] == 0
    assert len(emr.runs) == 1 == len(emr.asked)


def test_the_list_may_lag_behind() -> None:
    """A job run that the list does not show yet is met by its token, and followed."""
    emr = Emr("RUNNING", "SUCCESS")
    emr.fails["start, done"] = [LOST]
    with pytest.raises(Retriable):
        run(emr)
    emr.paginate = lambda **_asked: []  # type: ignore[method-assign]
    assert run(emr)[0] == 0
    assert len(emr.runs) == 1 and len(emr.asked) == 2


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED", "SUCCESS"])
def test_a_run_that_has_ended_can_be_started_again(end: str) -> None:
    """Also after success: whether there is anything to do is the job's to decide."""
    emr = Emr("RUNNING", end)
    run(emr)
    run(emr)
    run(emr)
    assert len(emr.runs) == 3
    assert len({one["token"] for one in emr.runs.values()}) == 3


def test_other_runs_contracts_and_stages_are_not_followed() -> None:
    """Only the name decides, and it is of one stage, contract and run key."""
    emr = Emr("SUCCESS")
    for name in (
        "ingest retail.sales r2",
        "refine retail.sales r1",
        "ingest retail.sale r1",
        "ingest retail.sales r1 ",
    ):
        emr.begun(name, "RUNNING")
    assert run(emr)[0] == 0
    assert len(emr.runs) == 5


def test_a_job_that_is_being_cancelled_is_waited_for() -> None:
    """The new one starts when the old one has ended: two never work at once."""
    emr = Emr("SUCCESS")
    old = emr.begun(job().name, "CANCELLING")
    emr.runs[old]["moves"] = ["CANCELLING", "CANCELLING", "CANCELLED"]
    code, lines = run(emr)
    assert code == 0 and len(emr.runs) == 2
    assert lines.index(f"ingest: job run {old} is CANCELLED") < lines.index(
        "ingest: EMR Serverless job run 00run1 is started"
    )


def test_some_lost_looks_are_borne_and_too_many_are_retriable() -> None:
    """Throttled or without an answer: the job goes on, and so does whoever waits for it, within bounds."""
    emr = Emr("RUNNING", "SUCCESS")
    emr.begun(job().name, "SUBMITTED")
    emr.runs["00run0"]["moves"] = ["SUBMITTED", "RUNNING", "SUCCESS"]
    emr.fails["look"] = [refused("ThrottlingException"), LOST] * (LOST_LOOKS // 2)
    assert run(emr)[0] == 0
    emr = Emr()
    emr.runs[emr.begun(job().name, "SUBMITTED")]["moves"] = ["SUBMITTED", "RUNNING", "SUCCESS"]
    emr.fails["look"] = [*[LOST] * LOST_LOOKS, None, *[LOST] * LOST_LOOKS]  # only lost looks in a row are counted
    assert run(emr)[0] == 0
    emr = Emr("RUNNING")
    emr.begun(job().name, "RUNNING")
    emr.fails["look"] = [LOST] * (LOST_LOOKS + 1)
    with pytest.raises(Retriable):
        run(emr)
    assert not emr.cancelled and not emr.asked


def test_what_aws_refuses_is_fatal_and_what_is_busy_is_not() -> None:
    """An unknown application, a role that may not: no retry mends it. The text of a refused request is told."""
    for error in (refused("ResourceNotFoundException"), refused("AccessDeniedException")):
        emr = Emr()
        emr.fails["list"] = [error]
        with pytest.raises(Fatal, match="application 00f1"):
            run(emr)
    emr = Emr()
    emr.fails["start"] = [refused("ValidationException", "the role is not trusted")]
    with pytest.raises(Fatal, match=r"TL-EMR-002.*the role is not trusted"):
        run(emr)
    emr = Emr()
    emr.fails["start"] = [refused("ThrottlingException")]
    with pytest.raises(Retriable):
        run(emr)


def test_a_conflict_is_asked_again_under_another_token_and_not_for_ever() -> None:
    """A token that is taken must not stop a run for good."""
    emr = Emr("SUCCESS")
    emr.fails["start"] = [refused("ConflictException")]
    assert run(emr)[0] == 0
    emr.fails["start"] = [refused("ConflictException")] * 1000
    with pytest.raises(Retriable, match=r"TL-EMR-003"):
        run(emr)


def test_names_and_tokens_fit_into_what_emr_takes() -> None:
    """The longest run key: its name is cut, and differs still from that of another run."""
    first, second = job("k" * 200), job("k" * 199 + "l")
    long = job_of("ingest", small_contract("p" * 50), "k" * 200, Settings(**SET))
    other = job_of("ingest", small_contract("p" * 50), "k" * 199 + "l", Settings(**SET))
    assert first.name != second.name and long.name != other.name
    assert all(len(one.name) <= 256 for one in (first, second, long, other))
    emr = Emr("SUCCESS")
    run(emr, asked=long)
    assert len(emr.asked[0]["clientToken"]) == 64


def test_roles_are_named_as_terraform_names_them() -> None:
    """Restate works as refine; a long name ends with the hash that modules/iam gives it; a domain's role is shared."""
    contract = small_contract()
    assert job_of("restate", contract, "r1", Settings(**SET)).role.endswith(":role/tideline-dev-refine-retail.sales")
    by_domain = ROLE.replace("{contract}", "{domain}")
    assert role_of(by_domain, "ingest", contract) == "arn:aws:iam::111122223333:role/tideline-dev-ingest-retail"
    name = role_of(ROLE, "ingest", small_contract("p" * 50)).rpartition("/")[2]
    # as Terraform computes it with the expression of modules/iam: 55 letters, and 8 of the hash of the role's key
    assert name == f"tideline-dev-ingest-retail.{'p' * 28}-50cecb65"


def test_overrides_are_kept_and_not_changed() -> None:
    """What Terraform gives stays, the driver's variables come beside it, and the next job begins from the same."""
    given = {
        "monitoringConfiguration": {"a": 1},
        "applicationConfiguration": [
            {"classification": "spark-env"},
            {"classification": "spark-defaults", "properties": {"spark.jars": "x.jar"}},
        ],
    }
    made = with_environment(given, {"A": "1"})
    properties = {"spark.jars": "x.jar", "spark.emr-serverless.driverEnv.A": "1"}
    assert made["applicationConfiguration"][1]["properties"] == properties
    assert made["monitoringConfiguration"] == {"a": 1}
    assert given["applicationConfiguration"][1] == {
        "classification": "spark-defaults", "properties": {"spark.jars": "x.jar"},
    }  # fmt: skip


def test_an_application_without_the_rest_is_fatal() -> None:
    """The variables that are missing are named."""
    with pytest.raises(Fatal, match=r"TL-EMR-001.*TIDELINE_SPARK_CODE, TIDELINE_REMOTE_LAKE"):
        job(spark_code="", remote_lake="")
    with pytest.raises(Fatal, match="TIDELINE_SPARK_REGION"):
        job(spark_region="")


@pytest.mark.parametrize(
    "wrong",
    [
        {"spark_role": "arn:aws:iam::111122223333:role/x"},
        {"spark_role": ROLE + "{domain}"},
        {"spark_overrides": "[]"},
        {"spark_overrides": "{"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, str]) -> None:
    """A role without a place for stage and group, and overrides that are no object."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)


def test_a_signal_is_noticed_and_handlers_are_given_back() -> None:
    """SIGTERM within the block ends nothing but the waiting."""
    before = signal.getsignal(signal.SIGTERM)
    with told_to_stop() as stop:
        assert not stop.wait(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before
