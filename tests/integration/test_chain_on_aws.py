"""The chain on AWS: Airflow's command starts job runs of EMR Serverless, and these are carried out, on this machine.

What is real: the package of this tree, the launcher, spark-submit with the settings that Terraform gives, Kafka,
Delta's commits through our log store, each job under its role's name. What stands in: S3, EMR and IAM (tests/localaws),
one machine for driver and executors. Encryption, networks and sign-in by IAM are not shown.

The environment lives once: a first run, marts of it, an ingest that is hindered, then changed contracts are applied,
days restated, and a next run carries on. Jobs that do not meet each other run at the same time.
"""

from __future__ import annotations

import gzip
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform_cli import TERRAFORM, terraform_or_reason
from tests.integration.on_aws import stage
from tests.integration.on_aws.chain import SALES, SILVER, Chain, column, wanted
from tests.integration.on_aws.changes import checkout
from tests.integration.on_aws.environment import (
    ANY_JAR,
    ANY_VERSION,
    CI,
    HERE,
    PREFIX,
    bucket,
    code_location,
    make,
)
from tests.integration.on_aws.permissions import Roles
from tests.integration.on_aws.planned import job_overrides, plan
from tests.localaws.server import local_aws
from tests.platform import fresh_settings, java_or_skip
from tideline import wiring
from tideline.adapters.odcs import read_contract
from tideline.batch.commits import StageCommit
from tideline.environments.permissions import policies
from tideline.environments.plan import parse
from tideline.local.broker import broker
from tideline.local.process import running
from tideline.model.contract import Contract
from tideline.model.errors import TidelineError
from tideline.model.position import Coverage

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.timeout(1_800)]
STAGES = ("cut", "ingest", "refine", "model", "audit", "publish")
ROLES = {"cut": "ingest", "restate": "refine", "audit": "publish", "marts": "model"}  # who has none of its own
DAYS = ("--restate", "2011-03-20", "2011-04-10")  # more than there are
MOVES_NOTHING, WITH_CHANNEL = 12, 250  # events that the first contract refuses, and that have a member of the second
WRITTEN_ONCE = re.compile(r".*/_delta_log/.*\.json|(deployments|drift|releases|runs)/.*")  # as the buckets' policies


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """An empty environment with the topics of its contract and the first events in them."""
    folder = tmp_path_factory.mktemp("on-aws")
    kafka = fresh_settings(folder / "kafka")
    java = java_or_skip(kafka)
    options = ("--jobs", str(folder / "jobs"), "--requests", str(folder / "requests.jsonl"))
    with running(broker(kafka, java), kafka.for_children()), local_aws(folder / "aws.log", *options) as aws:
        try:
            environment = make(aws, folder / "package", kafka)
        except TidelineError as reason:
            if reason.code == "TL-JAV-004":
                pytest.skip(str(reason))
            raise
        log = wiring.event_log(kafka)
        for topic in (SALES.stream.topic, f"tideline.increments.{SALES.id}"):
            log.create(topic, SALES.stream.partitions, {"message.timestamp.type": "LogAppendTime"})
        made = Chain(environment, kafka, folder)
        made.send(0, 3_000)
        made.send(3_500, MOVES_NOTHING, quantity=0)
        yield made


@pytest.fixture(scope="module")
def first_run(chain: Chain) -> str:
    """A whole run, by one command."""
    done = stage.run(chain.environment, SALES.id, "--run-key", "r1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def begun_marts(chain: Chain, first_run: str) -> Iterator[stage.Launched]:
    """Marts of the first release, at work beside what comes next."""
    with stage.launched(chain.environment, SALES.id, "marts", "--run-key", "m1") as launched:
        yield launched


@pytest.fixture(scope="module")
def hindered_ingest(chain: Chain, begun_marts: stage.Launched) -> list[str]:
    """The ingest of a second run: stopped, then left alone by its killed launcher, then followed to its end."""
    chain.send(3_000, 250)
    chain.send(3_250, WITH_CHANNEL, channel="shop")
    arguments = (SALES.id, "ingest", "--run-key", "r2")
    cut = stage.run(chain.environment, SALES.id, "cut", "--run-key", "r2")
    assert cut.returncode == 0, cut.stderr
    with stage.launched(chain.environment, *arguments) as stopped:
        stopped.until("is RUNNING")
        with stage.held(_pid(chain, "ingest r2")):
            stopped.process.send_signal(signal.SIGTERM)
            stopped.until("being cancelled")
        assert stopped.end() == 128 + signal.SIGTERM
    with stage.launched(chain.environment, *arguments) as killed:
        killed.until("is RUNNING")
        with ExitStack() as standing:
            standing.enter_context(stage.held(_pid(chain, "ingest r2")))
            killed.process.kill()
            killed.process.wait()
            with stage.launched(chain.environment, *arguments) as follower:
                follower.until("is followed")
                standing.close()
                assert follower.end() == 0, follower.lines
                return follower.lines


def _pid(chain: Chain, name: str) -> Path:
    """Of the newest job run of a stage and run."""
    word, run_key = name.split()
    return (
        chain.folder / "jobs" / [one["id"] for one in chain.jobs(run_key) if one["name"].startswith(word)][-1] / "pid"
    )


@pytest.fixture(scope="module")
def marts(begun_marts: stage.Launched, hindered_ingest: list[str]) -> None:
    assert begun_marts.end() == 0, begun_marts.lines


@dataclass(frozen=True)
class Changed:
    """After `tideline apply`: what it said, versions of silver before and after it, and the chain with the new code."""

    contract: Contract
    said: str
    before: int
    after: int
    chain: Chain


@pytest.fixture(scope="module")
def changed(chain: Chain, marts: None) -> Changed:
    """Another rule and one more field, applied as a workflow does it; then their code is laid in place."""
    branch, before = checkout(chain.folder / "branch"), chain.tables.version(SILVER)
    done = stage.command(branch.workflow(chain.environment), "apply", "--yes")
    after = chain.tables.version(SILVER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert before is not None and after is not None
    later = replace(chain, environment=branch.deployed(chain.environment))
    return Changed(read_contract(branch.sales), done.stderr, before, after, later)


@dataclass(frozen=True)
class Restated:
    """Silver after a restate of all its days: what it covers, its quantities by event id, and quarantine by status."""

    coverage: Coverage
    quantities: dict[str, int]
    quarantine: Counter[str]


@pytest.fixture(scope="module")
def restated(changed: Changed) -> Restated:
    chain = changed.chain
    for name in ("cut", "refine"):
        done = stage.run(chain.environment, SALES.id, name, "--run-key", "s1", *DAYS)
        assert done.returncode == 0, done.stdout + done.stderr
    commit = StageCommit.read(chain.tables.last_commit(SILVER))
    assert commit is not None and commit.stage == "restate"
    quantities = {row["event_id"]: row["quantity"] for row in chain.newest(SILVER, "event_id", "quantity")}
    kept = Counter(row["status"] for row in chain.newest("quarantine/retail/sales", "status"))
    return Restated(commit.coverage, quantities, kept)


@pytest.fixture(scope="module")
def next_run(changed: Changed, restated: Restated) -> Chain:
    """A whole run under the changed contract: it takes what the second run has left in bronze."""
    done = stage.run(changed.chain.environment, SALES.id, "--run-key", "r3")
    assert done.returncode == 0, done.stdout + done.stderr
    return changed.chain


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Terraform says of jobs, for code of any version."""
    terraform = terraform_or_reason(tmp_path_factory.mktemp("terraform"))
    if isinstance(terraform, str):
        pytest.skip(terraform)
    return plan(terraform, tmp_path_factory.mktemp("tree"), code_location(ANY_VERSION), [ANY_JAR])


def test_every_stage_is_a_job_run_under_its_own_role(chain: Chain, first_run: str) -> None:
    """Six job runs that succeeded, each of its role; EMR kept the drivers' logs; the code is the package's."""
    jobs = chain.jobs("r1")
    assert [one["name"] for one in jobs] == [f"{name} {SALES.id} r1" for name in STAGES]
    assert [one["state"] for one in jobs] == ["SUCCESS"] * len(STAGES), first_run
    for name, job in zip(STAGES, jobs, strict=True):
        assert _role(job) == ROLES.get(name, name)
        logs = f"emr-serverless/applications/{chain.environment.application}/jobs/{job['id']}/SPARK_DRIVER/stdout.gz"
        body = chain.environment.client("s3").get_object(Bucket=bucket("logs"), Key=logs)["Body"].read()
        assert f"  {name}: " in gzip.decompress(body).decode()
        assert (chain.folder / "jobs" / job["id"] / "work/packages/tideline/__pycache__").is_dir()


def test_the_release_is_the_reference_answer(chain: Chain, first_run: str) -> None:
    """The release covers the log, and each of its views in gold is what the reference makes of that log."""
    assert _good(chain, SALES, "r1") > 2_000


def _good(chain: Chain, contract: Contract, run_key: str) -> int:
    """Events that count in the newest release, which is of this run and answers as the reference does."""
    release = chain.release()
    outcome = chain.judged(contract, Coverage.from_json(release["coverage"]))
    assert (release["run_key"], release["contract_hash"]) == (run_key, contract.hash)
    assert release["counts"]["good"] == len(outcome.good)
    for view in contract.views:
        assert chain.gold(view, release["views"][view.name]["version"]) == wanted(contract, view, outcome)
    return len(outcome.good)


def test_the_same_run_again_and_a_restate_under_the_same_contract_change_nothing(chain: Chain, first_run: str) -> None:
    """Eight job runs, two at a time: not one object is other than before, and only the restate's cut is new."""
    before, restate = chain.objects(), (*DAYS, "--run-key", "same")
    assert stage.run(chain.environment, SALES.id, "cut", *restate).returncode == 0
    with stage.launched(chain.environment, SALES.id, "refine", *restate) as beside:
        done = stage.run(chain.environment, SALES.id, "--run-key", "r1")
        assert done.returncode == 0, done.stderr
        assert beside.end() == 0, beside.lines
    assert [one["state"] for one in chain.jobs("r1")] == ["SUCCESS"] * 2 * len(STAGES)
    cut, job = chain.jobs("same")
    assert [_role(one) for one in (cut, job)] == ["ingest", "refine"]
    assert "nothing to do: the days are as they should be" in chain.said(job)
    after = chain.objects()
    assert {name: after.get(name) for name in before} == before
    assert after.keys() - before.keys() == {("documents", f"runs/{SALES.id}/same/cut.json")}


def _role(job: dict[str, Any]) -> str:
    """The stage whose role it had."""
    name = str(job["executionRole"]).rpartition("/")[2]
    assert name.startswith(f"{PREFIX}-") and name.endswith(f"-{SALES.id}")
    return name.removeprefix(f"{PREFIX}-").removesuffix(f"-{SALES.id}")


def test_a_stopped_stage_cancels_its_job_and_a_lost_launchers_job_is_followed(
    chain: Chain, hindered_ingest: list[str]
) -> None:
    """SIGTERM ends the job run, kill -9 does not: the next try follows it, and the events are in bronze once."""
    jobs = [one for one in chain.jobs("r2") if one["name"].startswith("ingest ")]
    states = [one["state"] for one in jobs]
    assert states == ["CANCELLED", "SUCCESS"], hindered_ingest
    assert f"job run {jobs[1]['id']} of this run is under way: it is followed" in hindered_ingest[0]
    commits = [key for zone, key in chain.objects() if zone == "bronze" and re.search(r"_delta_log/\d+\.json$", key)]
    assert len(commits) == 3, "the table, the first run, the second run"


def test_an_audit_that_fails_ends_the_command_with_its_code(chain: Chain, hindered_ingest: list[str]) -> None:
    """The job's own exit code, as EMR quotes it in stateDetails: Airflow does not try it again."""
    done = stage.run(chain.environment, SALES.id, "audit", "--run-key", "r2")
    assert done.returncode == 65, done.stderr
    assert re.search(r"TL-EMR-004 .* ended as FAILED: Job failed, .* ExitCode: 65\.", done.stderr)
    assert "ExitCode: 65. " in chain.details(chain.jobs("r2")[-1])


def test_marts_have_silvers_revenue(chain: Chain, marts: None) -> None:
    """A job under the role of model: each line of silver is a fact, and the days' revenue is that of the lines."""
    (job,) = chain.jobs("m1")
    assert (job["name"], job["state"], _role(job)) == (f"marts {SALES.id} m1", "SUCCESS", "model")
    lines = chain.newest(SILVER, "quantity", "unit_price")
    assert len(chain.newest("gold/fct_sales", "position")) == len(lines) > 2_000
    revenue = sum((one["quantity"] * one["unit_price"] for one in lines), Decimal(0))
    assert sum(day["revenue"] for day in chain.newest("gold/kpi_daily", "revenue")) == revenue > 0


def test_apply_lets_silver_follow_by_a_job(chain: Chain, changed: Changed) -> None:
    """Under a role that reaches silver's log alone: a column more, which is null, and each row as it was."""
    (job,) = chain.jobs("apply-1")
    assert (job["name"], job["state"], _role(job)) == (f"evolve {SALES.id} apply-1", "SUCCESS", "evolve")
    assert f"tideline run {SALES.id} --restate" in changed.said
    before = chain.tables.read(SILVER, changed.before)
    after = chain.tables.read(SILVER, changed.after)
    assert set(after.column_names) - set(before.column_names) == {"channel"}
    assert after.column("channel").null_count == after.num_rows == before.num_rows
    assert _sorted(after.drop_columns("channel")) == _sorted(before)
    assert [key for zone, key in chain.objects() if key.startswith("deployments/")] == [
        f"deployments/{1:020d}.json", f"deployments/{1:020d}.order.json",
    ]  # fmt: skip


def _sorted(rows: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.sort_by("event_id").to_pylist()
    return found


def test_a_restate_for_a_changed_rule_changes_silver_as_the_reference_says(
    chain: Chain, changed: Changed, restated: Restated
) -> None:
    """What the rule lets in counts now, what it keeps out does not, and quarantine tells both; nothing else changes."""
    assert [(one["name"], _role(one)) for one in changed.chain.jobs("s1")] == [
        (f"cut {SALES.id} s1", "ingest"), (f"restate {SALES.id} s1", "refine"),
    ]  # fmt: skip
    then, now = (column(one, chain.judged(one, restated.coverage), "quantity") for one in (SALES, changed.contract))
    assert restated.quantities == now
    come, gone = now.keys() - then.keys(), then.keys() - now.keys()
    assert len(come) == MOVES_NOTHING and len(gone) > 0
    assert restated.quarantine == {"replayed": len(come), "open": len(gone)}


def test_the_next_run_fills_the_new_column_and_loses_nothing(changed: Changed, next_run: Chain) -> None:
    """Its release is the reference's answer under the changed contract; the column is there for whom it was sent."""
    assert [(one["name"], one["state"]) for one in next_run.jobs("r3")] == [
        (f"{name} {SALES.id} r3", "SUCCESS") for name in STAGES
    ]
    good = _good(next_run, changed.contract, "r3")
    outcome = next_run.judged(changed.contract, Coverage.from_json(next_run.release()["coverage"]))
    held = {row["event_id"]: row["channel"] for row in next_run.newest(SILVER, "event_id", "channel")}
    assert held == column(changed.contract, outcome, "channel") and len(held) == good > 3_000
    assert 200 < list(held.values()).count("shop") <= WITH_CHANNEL


def test_nobody_asks_s3_for_what_its_role_may_not(chain: Chain, planned: dict[str, Any], next_run: Chain) -> None:
    """Every request of every job and of apply is allowed by what Terraform plans for its role and by the boundary."""
    requests = chain.requests()
    roles = Roles.of(policies(parse(planned, "the plan")))
    working = {f"{PREFIX}-{name}-{SALES.id}" for name in ("ingest", "refine", "model", "publish", "evolve")}
    assert {one["who"] for one in requests} == working | {CI} <= roles.own.keys()
    assert roles.refused(requests) == []


def test_writes_are_such_as_the_buckets_take(chain: Chain, next_run: Chain) -> None:
    """Commits and documents are put only where none is yet; nobody names an encryption: the policies refuse both."""
    puts = [one for one in chain.requests() if one["action"] == "s3:PutObject"]
    once = [one for one in puts if "-logs-" not in one["bucket"] and WRITTEN_ONCE.fullmatch(one["key"])]
    assert {one["bucket"] for one in once} >= {bucket(zone) for zone in ("bronze", "silver", "gold", "documents")}
    assert [one for one in once if one["if_none_match"] != "*"] == []
    assert [one for one in puts if one["encryption"]] == []


def test_the_rendered_settings_of_jobs_are_those_of_terraform(planned: dict[str, Any]) -> None:
    """What job runs get here is what modules/emr gives; a change there is to be rendered anew."""
    rendered = json.loads((HERE / "job_overrides.json").read_text())
    assert json.dumps(job_overrides(planned), indent=1, sort_keys=True) == json.dumps(
        rendered, indent=1, sort_keys=True
    )


def test_the_command_gets_the_variables_that_airflow_gets(chain: Chain) -> None:
    """By name: modules/platform and modules/airflow say which, all but the sign-in to MSK, which no broker here has."""
    texts = [(TERRAFORM / "modules" / name).read_text() for name in ("platform/work.tf", "airflow/main.tf")]
    told = {name for text in texts for name in re.findall(r"\b(TIDELINE_[A-Z_]+)\s*=", text)}
    given = {name for name in chain.environment.variables if name.startswith("TIDELINE_")}
    assert told - given == {"TIDELINE_KAFKA_IAM_REGION"}
    assert given <= told
