"""Each stage of `tideline run` as a job of EMR Serverless: which script, which words, whose role; and who does it."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from tests.fakes.contract_index import small_contract
from tests.fakes.emr_application import SET, Emr
from tideline.adapters.emr_serverless import Application, ServerlessJobs
from tideline.batch.remote import job_of
from tideline.batch.stages import STAGES, Run
from tideline.cli.apply import _evolve
from tideline.cli.run import _stage
from tideline.model.errors import Fatal
from tideline.planning import Kind, Request
from tideline.settings import REPOSITORY, Settings

APPLICATION = Application("00f1", "s3://artifacts/jobs/v1", {})
CHAIN = ("cut", "ingest", "refine", "model", "audit", "publish", "marts")
RUN = ("--contract", "retail.sales", "--run-key", "r1")
DAYS = (date(2011, 1, 4), date(2011, 1, 6))
RESTATE = ("--restate", "2011-01-04", "2011-01-06")


@pytest.mark.parametrize(
    ("stage", "script", "role", "words", "restate"),
    [
        ("cut", "stage", "ingest", ("--stage", "cut", *RUN), RESTATE),
        ("ingest", "ingest", "ingest", RUN, ()),
        ("refine", "refine", "refine", RUN, ()),
        ("restate", "restate", "refine", RUN, ()),
        ("model", "stage", "model", ("--stage", "model", *RUN), RESTATE),
        ("audit", "stage", "publish", ("--stage", "audit", *RUN), RESTATE),
        ("publish", "stage", "publish", ("--stage", "publish", *RUN), RESTATE),
        ("marts", "stage", "model", ("--stage", "marts", *RUN), RESTATE),
        ("evolve", "evolve", "evolve", RUN, ()),
    ],
)
def test_every_stage_is_a_job_under_the_role_that_modules_iam_gives_it(
    stage: str, script: str, role: str, words: tuple[str, ...], restate: tuple[str, ...]
) -> None:
    """Named and tagged by the stage; the days of a restate go to those who have no cut to find them in."""
    job = job_of(stage, small_contract(), "r1", Settings(**SET))
    assert (job.name, job.stage, job.tags["stage"]) == (f"{stage} retail.sales r1", stage, stage)
    assert (job.script, job.arguments) == (script, words)
    assert job.role == f"arn:aws:iam::111122223333:role/tideline-dev-{role}-retail.sales"
    again = job_of(stage, small_contract(), "r1", Settings(**SET), DAYS)
    assert again.arguments == (*words, *restate)
    emr = Emr("SUCCESS")
    assert ServerlessJobs(emr, APPLICATION).run(job, lambda _seconds: False, print) == 0
    assert emr.asked[0]["jobDriver"]["sparkSubmit"]["entryPoint"] == f"s3://artifacts/jobs/v1/{script}.py"


def test_a_driver_is_told_the_limits_of_its_stages_and_no_application() -> None:
    """What the audit and the cut keep to is what is set here; a driver that starts jobs would start itself."""
    own = Settings(**SET, quarantine_percent=7, quarantine_rows=70, epoch_s=2.5)
    told = job_of("audit", small_contract(), "r1", own).environment
    assert told["TIDELINE_QUARANTINE_PERCENT"] == "7" and told["TIDELINE_QUARANTINE_ROWS"] == "70"
    assert told["TIDELINE_EPOCH_S"] == "2.5"
    assert not [name for name in told if name.startswith("TIDELINE_SPARK_")]


def test_the_application_decides_where_a_stage_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With TIDELINE_SPARK_APPLICATION each stage is a job run, without it none; a restate ingests nothing in either."""
    from tideline import wiring
    from tideline.batch import stages, submit

    here: list[str] = []
    monkeypatch.setattr(submit, "submit", lambda script, *_rest: here.append(script) or 0)
    monkeypatch.setattr(stages, "STAGES", {name: lambda _run, name=name: here.append(name) for name in STAGES})
    emr = Emr("SUCCESS")
    monkeypatch.setattr(
        wiring,
        "serverless_jobs",
        lambda _own: ServerlessJobs(emr, APPLICATION),
    )
    lines: list[str] = []
    for request, wanted in (
        (Request(), list(CHAIN)),
        (Request(Kind.RESTATE, DAYS), ["cut", "restate", "model", "audit", "publish", "marts"]),
    ):
        key = request.kind.value
        assert [_stage(name, Run(small_contract(), request, key, Settings(), lines.append)) for name in CHAIN] == (
            [0] * len(CHAIN)
        )
        assert (here, emr.asked) == (wanted, [])
        for name in CHAIN:
            assert _stage(name, Run(small_contract(), request, key, Settings(**SET), lines.append)) == 0
        assert [asked["name"] for asked in emr.asked] == [f"{name} retail.sales {key}" for name in wanted]
        assert here == wanted
        here.clear()
        emr.asked.clear()


def test_the_application_decides_where_apply_lets_tables_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one the job is a job run under the role `evolve`; its failure is told as the error of its exit code."""
    from tideline import wiring
    from tideline.batch import submit

    here: list[object] = []
    monkeypatch.setattr(submit, "submit", lambda *words: here.append(words[:2]) or 0)
    emr = Emr("FAILED", details="Job failed. ExitCode: 2. Last few exceptions: none")
    monkeypatch.setattr(wiring, "serverless_jobs", lambda _own: ServerlessJobs(emr, APPLICATION))
    assert _evolve(small_contract(), "apply-3", Settings()) == 0
    assert here == [("evolve", ("--contract", "retail.sales", "--run-key", "apply-3"))] and emr.asked == []
    assert _evolve(small_contract(), "apply-3", Settings(**SET)) == Fatal.exit_code
    assert len(here) == 1
    assert [(one["name"], one["executionRoleArn"].rpartition("/")[2]) for one in emr.asked] == [
        ("evolve retail.sales apply-3", "tideline-dev-evolve-retail.sales")
    ]


def test_who_starts_jobs_needs_no_engine_and_no_client_of_data() -> None:
    """The managed Airflow has boto3 and what every part of Tideline needs; nothing else may be asked for there."""
    script = """
import sys
for name in ("confluent_kafka", "dbt", "deltalake", "kafka", "msgspec", "polars", "pyarrow", "pyspark"):
    sys.modules[name] = None
from tests.unit.test_remote_stages import started
started()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def started() -> None:
    """Every stage of a chain, started as a worker does it."""
    from tideline import wiring

    emr = Emr("SUCCESS")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "serverless_jobs", lambda _own: ServerlessJobs(emr, APPLICATION))
        for name in CHAIN:
            assert _stage(name, Run(small_contract(), Request(), "r1", Settings(**SET), print)) == 0
    assert len(emr.asked) == len(CHAIN)
