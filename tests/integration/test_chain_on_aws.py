"""The chain on AWS: Airflow's command starts job runs of EMR Serverless, and these are carried out, on this machine.

What is real: the package of this tree, the launcher, spark-submit with the settings that Terraform gives, Kafka,
Delta's commits through our log store, each job under its role's name. What stands in: S3, EMR and IAM (tests/localaws),
one machine for driver and executors. Encryption, networks and sign-in by IAM are not shown.
"""

from __future__ import annotations

import gzip
import json
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform_cli import TERRAFORM, terraform_or_reason
from tests.integration.on_aws import stage
from tests.integration.on_aws.environment import (
    ANY_JAR,
    ANY_VERSION,
    HERE,
    PREFIX,
    Environment,
    bucket,
    code_location,
    make,
)
from tests.integration.on_aws.permissions import Roles
from tests.integration.on_aws.planned import job_overrides, plan
from tests.localaws.server import local_aws
from tests.platform import fresh_settings, java_or_skip
from tideline import wiring
from tideline.adapters.delta_tables import DeltaTables
from tideline.adapters.json_events import EventDecoder, payload_hash
from tideline.adapters.odcs import read_contract
from tideline.adapters.sketches import HllSketches
from tideline.environments.permissions import policies
from tideline.environments.plan import parse
from tideline.local.broker import broker
from tideline.local.generator import events
from tideline.local.journal import Journal
from tideline.local.process import running
from tideline.local.replay import Pace, Replayer
from tideline.model import reference
from tideline.model.contract import View
from tideline.model.errors import TidelineError
from tideline.model.lake import Lake
from tideline.model.position import Coverage
from tideline.ports import LogRecord
from tideline.settings import REPOSITORY, Settings

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.timeout(1_800)]
SALES = read_contract(REPOSITORY / "contracts/retail/sales.odcs.yaml")
SKETCHES = HllSketches()
STAGES = ("cut", "ingest", "refine", "model", "audit", "publish")
ROLES = {"cut": "ingest", "audit": "publish"}  # who has none of its own
WRITTEN_ONCE = re.compile(r".*/_delta_log/.*\.json|(deployments|drift|releases|runs)/.*")  # as the buckets' policies


@dataclass(frozen=True)
class Chain:
    """An environment, its log, and what the local AWS wrote down."""

    environment: Environment
    kafka: Settings
    folder: Path

    def send(self, first: int, count: int) -> None:
        planned = list(events(SALES, seed=7, count=first + count))[first:]
        journal = Journal(self.folder / f"sent-{first}.jsonl")
        Replayer(SALES, wiring.event_log(self.kafka), journal).replay(iter(planned), Pace(None))
        journal.close()

    def jobs(self, run_key: str) -> list[dict[str, Any]]:
        """The job runs of a run, in the order of their start."""
        client = self.environment.client("emr-serverless")
        found = client.list_job_runs(applicationId=self.environment.application)["jobRuns"]
        return [one for one in found if one["name"].endswith(f" {run_key}")]

    def objects(self) -> dict[tuple[str, str], str]:
        """Every object of the lake and its documents, with its content's hash."""
        s3, found = self.environment.client("s3"), {}
        for zone in ("bronze", "silver", "gold", "quarantine", "documents"):
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket(zone)):
                found |= {(zone, one["Key"]): one["ETag"] for one in page.get("Contents", ())}
        return found

    def requests(self) -> list[dict[str, Any]]:
        """What the jobs' roles asked S3 for."""
        lines = (self.folder / "requests.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one["who"].startswith(PREFIX)]

    def document(self, name: str) -> dict[str, Any]:
        body = self.environment.client("s3").get_object(Bucket=bucket("documents"), Key=name)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def log(self) -> list[LogRecord]:
        """Everything in the topic."""
        log, topic = wiring.event_log(self.kafka), SALES.stream.topic
        bounds = log.bounds(topic)
        reader, found = log.reader(topic, {partition: range_.start for partition, range_ in bounds.items()}), []
        while any(reader.position(partition) < range_.end for partition, range_ in bounds.items()):
            found += reader.poll(5.0, 10_000)
        reader.close()
        return found

    def gold(self, view: View, version: int) -> dict[tuple[Any, ...], dict[str, Any]]:
        keys = {"AWS_ACCESS_KEY_ID": "the-test", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "eu-central-1"}
        where = {"AWS_ENDPOINT_URL": self.environment.aws.url, "AWS_ALLOW_HTTP": "true"}
        tables = DeltaTables(Lake(self.environment.variables["TIDELINE_REMOTE_LAKE"]), keys | where)
        names = [one.name for one in (*view.dimensions, *view.measures)]
        rows = tables.read(f"gold/{view.name}", version, names).to_pylist()
        return by_group(view, rows)


def by_group(view: View, rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows of a view by their dimensions, every value as text: decimals without zeros at their end."""
    found = {
        tuple(_text(row[one.name]) for one in view.dimensions): {
            one.name: _text(row[one.name]) for one in view.measures
        }
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if hasattr(value, "strftime") and hasattr(value, "hour"):
        return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text


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
        yield made


@pytest.fixture(scope="module")
def first_run(chain: Chain) -> str:
    """A whole run, by one command."""
    done = stage.run(chain.environment, SALES.id, "--run-key", "r1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def hindered_ingest(chain: Chain, first_run: str) -> list[str]:
    """The ingest of a second run: stopped, then left alone by its killed launcher, then followed to its end."""
    chain.send(3_000, 500)
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
        assert job["executionRole"].endswith(f":role/{PREFIX}-{ROLES.get(name, name)}-{SALES.id}")
        logs = f"emr-serverless/applications/{chain.environment.application}/jobs/{job['id']}/SPARK_DRIVER/stdout.gz"
        body = chain.environment.client("s3").get_object(Bucket=bucket("logs"), Key=logs)["Body"].read()
        assert f"  {name}: " in gzip.decompress(body).decode()
        assert (chain.folder / "jobs" / job["id"] / "work/packages/tideline/__pycache__").is_dir()


def test_the_release_is_the_reference_answer(chain: Chain, first_run: str) -> None:
    """The release covers the log, and each of its views in gold is what the reference makes of that log."""
    (name,) = (key for zone, key in chain.objects() if zone == "documents" and key.startswith("releases/"))
    release = chain.document(name)
    log = chain.log()
    covered = Coverage.from_json(release["coverage"])
    seen = [one for one in log if one.position < covered.at(one.partition)]
    assert len(seen) >= 3_000 and release["run_key"] == "r1"
    outcome = reference.judge(SALES, reference.judged(EventDecoder(SALES).decode, payload_hash, seen))
    assert release["counts"]["good"] == len(outcome.good) > 2_000
    for view in SALES.views:
        folded = reference.fold(SALES, view, outcome.good, SKETCHES)
        wanted = by_group(view, reference.rows(SALES, view, folded, SKETCHES))
        assert chain.gold(view, release["views"][view.name]["version"]) == wanted


def test_the_same_run_again_changes_nothing(chain: Chain, first_run: str) -> None:
    """Six more job runs, and not one object of the lake or its documents is other than before."""
    before = chain.objects()
    done = stage.run(chain.environment, SALES.id, "--run-key", "r1")
    assert done.returncode == 0, done.stderr
    assert [one["state"] for one in chain.jobs("r1")] == ["SUCCESS"] * 2 * len(STAGES)
    assert chain.objects() == before


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
    assert "ExitCode: 65. " in _details(chain, chain.jobs("r2")[-1])


def _details(chain: Chain, job: Mapping[str, Any]) -> str:
    client = chain.environment.client("emr-serverless")
    found = client.get_job_run(applicationId=chain.environment.application, jobRunId=job["id"])["jobRun"]
    return str(found["stateDetails"])


def test_no_job_asks_s3_for_what_its_role_may_not(
    chain: Chain, planned: dict[str, Any], hindered_ingest: list[str]
) -> None:
    """Every request of every job is allowed by the policies that Terraform plans for its role and by the boundary."""
    requests = chain.requests()
    roles = Roles.of(policies(parse(planned, "the plan")))
    working = {f"{PREFIX}-{name}-{SALES.id}" for name in ("ingest", "refine", "model", "publish")}
    assert {one["who"] for one in requests} == working <= roles.own.keys()
    assert roles.refused(requests) == []


def test_writes_are_such_as_the_buckets_take(chain: Chain, first_run: str) -> None:
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
