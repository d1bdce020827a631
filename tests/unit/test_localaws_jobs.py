"""The local AWS where it runs jobs: what a job asks for is read whole, what S3 is asked for is named as IAM does."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.on_aws.environment import rendered
from tests.integration.on_aws.permissions import Roles
from tests.localaws.driver_starts import EVENTS, starts
from tests.localaws.emrserverless_asked import Asked, NotUnderstood, read
from tests.localaws.emrserverless_driver import Driver, Store
from tests.localaws.emrserverless_runs import JobRuns
from tests.localaws.s3_requests import needed
from tideline.adapters.emr_serverless import exit_code
from tideline.environments.permissions import Policy
from tideline.local.process import wait_until

ROLE = "arn:aws:iam::123456789012:role/tideline-dev-ingest-retail.sales"
DRIVER = {"sparkSubmit": {"entryPoint": "s3://code/ingest.py", "entryPointArguments": ["--contract", "retail.sales"]}}


def overrides() -> dict[str, Any]:
    return rendered("v1", ["kafka.jar", "logstore.jar"])


def test_a_job_as_terraform_sets_it_up_is_understood() -> None:
    asked = read(ROLE, DRIVER, overrides())
    assert (asked.role, asked.script) == ("tideline-dev-ingest-retail.sales", "s3://code/ingest.py")
    assert asked.environment["TIDELINE_INDEX"] == "./contracts/index.json"
    assert [jar.rpartition("/")[2] for jar in asked.jars[-2:]] == ["kafka.jar", "logstore.jar"]
    assert {one.rpartition("#")[2] for one in asked.archives} == {"packages", "contracts", "dbt_project"}


def _property(given: dict[str, Any], job: dict[str, Any]) -> None:
    given["applicationConfiguration"][0]["properties"]["spark.memory.fraction"] = "0.9"


def _classification(given: dict[str, Any], job: dict[str, Any]) -> None:
    given["applicationConfiguration"].append({"classification": "hive-site", "properties": {}})


def _monitoring(given: dict[str, Any], job: dict[str, Any]) -> None:
    given["monitoringConfiguration"]["prometheusMonitoringConfiguration"] = {}


def _parameters(given: dict[str, Any], job: dict[str, Any]) -> None:
    job["sparkSubmit"]["sparkSubmitParameters"] = "--conf spark.executor.cores=1"


@pytest.mark.parametrize("change", [_property, _classification, _monitoring, _parameters])
def test_what_nobody_reviewed_is_refused(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """A new word of Terraform or the launcher is to be looked at, never dropped in silence."""
    given, job = overrides(), copy.deepcopy(DRIVER)
    change(given, job)
    with pytest.raises(NotUnderstood):
        read(ROLE, job, given)


def job_runs(folder: Path, script: str) -> tuple[JobRuns, SimpleNamespace]:
    """A job run whose driver is a shell script; it has begun."""

    def lay(asked: Asked, place: Path, store: Store) -> Driver:
        return Driver(("/bin/sh", "-c", script), {"PATH": os.defpath}, place)

    runs = JobRuns(folder, "http://127.0.0.1:9", lay)
    run = SimpleNamespace(id="one", application_id="batch", state="", state_details=None)
    runs.start(run, read(ROLE, DRIVER, {}))
    return runs, run


def ends(run: SimpleNamespace) -> str:
    wait_until(lambda: run.state not in ("SUBMITTED", "RUNNING", "CANCELLING"), 60, "the end of a job run")
    return str(run.state)


def test_a_job_that_fails_tells_its_code_as_emr_does(tmp_path: Path) -> None:
    """What the launcher reads in stateDetails is the code of the driver."""
    _, run = job_runs(tmp_path, "echo TL-X what is wrong >&2; exit 65")
    assert ends(run) == "FAILED"
    assert exit_code(run.state_details) == 65 and run.state_details.endswith("TL-X what is wrong")
    assert (tmp_path / "one" / "stderr").read_text() == "TL-X what is wrong\n"


def test_a_job_that_ends_well_succeeds_and_is_not_cancelled_any_more(tmp_path: Path) -> None:
    runs, run = job_runs(tmp_path, "exit 0")
    assert ends(run) == "SUCCESS"
    runs.cancel(run)
    assert run.state == "SUCCESS"


def test_a_cancelled_job_and_what_it_began_are_gone(tmp_path: Path) -> None:
    """The signal goes to the whole group."""
    runs, run = job_runs(tmp_path, "sleep 600 & sleep 600")
    wait_until(lambda: run.state == "RUNNING", 60, "the start of a job run")
    runs.cancel(run)
    assert ends(run) == "CANCELLED"
    wait_until(lambda: not _alive(tmp_path), 60, "the end of the group")


def test_jobs_end_with_the_server(tmp_path: Path) -> None:
    runs, run = job_runs(tmp_path, "trap '' TERM; sleep 600")
    wait_until(lambda: run.state == "RUNNING", 60, "the start of a job run")
    runs.close()
    wait_until(lambda: not _alive(tmp_path), 60, "the end of the group")
    assert ends(run) == "FAILED"


def test_a_job_whose_code_is_not_there_fails_without_a_code(tmp_path: Path) -> None:
    """As on AWS: nothing was started, so there is no exit code to tell."""
    runs = JobRuns(tmp_path, "http://127.0.0.1:9", _nothing_there)
    run = SimpleNamespace(id="one", application_id="batch", state="", state_details=None)
    runs.start(run, read(ROLE, DRIVER, {}))
    assert ends(run) == "FAILED"
    assert "NoSuchKey" in run.state_details and "ExitCode" not in run.state_details


def _nothing_there(asked: Asked, place: Path, store: Store) -> Driver:
    raise FileNotFoundError("NoSuchKey")


def _alive(folder: Path) -> bool:
    try:
        os.killpg(int((folder / "one" / "pid").read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def asked(method: str, path: str, query: str = "", status: int = 200, body: bytes = b"", **headers: str) -> list[str]:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, **headers}
    return [
        f"{one['action']} {one['bucket']}" + ("" if one["key"] is None else f"/{one['key']}")
        for one in needed(environ, status, body)
    ]


def test_requests_need_what_aws_documents() -> None:
    assert asked("GET", "/b/a/k") == asked("HEAD", "/b/a/k") == ["s3:GetObject b/a/k"]
    assert asked("HEAD", "/b/a/k", status=404) == ["s3:GetObject b/a/k", "s3:ListBucket b"]
    assert asked("GET", "/b/", "list-type=2&prefix=a%2F&delimiter=%2F") == asked("HEAD", "/b") == ["s3:ListBucket b"]
    assert asked("PUT", "/b/k", "partNumber=1&uploadId=x") == asked("POST", "/b/k", "uploads") == ["s3:PutObject b/k"]
    assert asked("PUT", "/b/k", HTTP_X_AMZ_COPY_SOURCE="/c/a%20b") == ["s3:PutObject b/k", "s3:GetObject c/a b"]
    assert asked("PUT", "/b/k", HTTP_X_AMZ_ACL="private") == ["s3:PutObject b/k", "s3:PutObjectAcl b/k"]
    assert asked("DELETE", "/b/k", "uploadId=x") == ["s3:AbortMultipartUpload b/k"]
    many = b"<Delete><Object><Key>x</Key></Object><Object><Key>y</Key></Object></Delete>"
    assert asked("POST", "/b", "delete", body=many) == ["s3:DeleteObject b/x", "s3:DeleteObject b/y"]


def test_a_request_that_is_not_known_needs_what_nobody_has() -> None:
    for found in (asked("PUT", "/b/k", "torrent"), asked("PUT", "/b", "policy"), asked("PATCH", "/b/k")):
        assert [one.split(" ")[0] for one in found] == ["s3:Unknown"]


def request(action: str, key: str | None, prefix: str | None = None, delimiter: str | None = None) -> dict[str, Any]:
    return {
        "who": "r",
        "action": action,
        "bucket": "silver",
        "key": key,
        "prefix": prefix,
        "delimiter": delimiter,
    }


def roles(*own: dict[str, Any], denied: dict[str, Any] | None = None) -> Roles:
    ceiling = [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}, *([denied] if denied else [])]
    documents = (("identity", "r", list(own)), ("boundary", "b", ceiling))
    return Roles.of([Policy(kind, name, "", {"Statement": statements}) for kind, name, statements in documents])


def test_roles_may_what_their_policies_say() -> None:
    """Own policies and the boundary have to allow it; names end where the pattern ends; a denial wins."""
    own = {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::silver/retail/sales/*"]}
    inside, beside = request("s3:GetObject", "retail/sales/a/b"), request("s3:GetObject", "retail/sales_more/a")
    assert roles(own).allow(inside) and not roles(own).allow(beside) and not roles().allow(inside)
    assert roles(own).refused([beside, beside]) == ["r may not s3:GetObject arn:aws:s3:::silver/retail/sales_more/a"]
    assert not roles(own, denied={**own, "Effect": "Deny"}).allow(inside)
    assert not roles(own).allow({**inside, "who": "another"})


def test_lists_are_allowed_by_their_prefix() -> None:
    """A condition is met, not met, or an error: one that is not known here is no yes."""
    place = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::silver"}
    within = {**place, "Condition": {"StringLikeIfExists": {"s3:prefix": ["retail/*"]}}}
    assert [
        roles(within).allow(request("s3:ListBucket", None, prefix)) for prefix in ("retail/a/", "other/", None)
    ] == [
        True,
        False,
        True,
    ]
    folder = {**place, "Condition": {"StringEquals": {"s3:delimiter": "/", "s3:prefix": ["retail/"]}}}
    assert roles(folder).allow(request("s3:ListBucket", None, "retail/", "/"))
    assert not roles(folder).allow(request("s3:ListBucket", None, "retail/"))
    unknown = {**place, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    with pytest.raises(NotImplementedError, match="IpAddress"):
        roles(unknown).allow(request("s3:ListBucket", None))


def test_what_a_job_run_pays_before_it_works_is_read_from_its_files(tmp_path: Path) -> None:
    """From spark-submit to the session, to the first Spark job of several, to the last word; no Spark, no session."""
    session = {"Event": "SparkListenerApplicationStart", "Timestamp": 203_500}
    jobs = [{"Event": "SparkListenerJobStart", "Submission Time": moment} for moment in (209_000, 220_000)]
    for run, stage, began, events in (("a", "refine", 200, [session, *jobs]), ("b", "cut", 100, [])):
        place = tmp_path / run
        (place / EVENTS).mkdir(parents=True)
        if events:
            (place / EVENTS / "local-1").write_text("\n".join(map(json.dumps, events)))
        (place / "stdout").write_text(f"   0.3 s  {stage}: partition 0\n")
        for name, moment in (("pid", began), ("stdout", began + 30), ("stderr", began + 20)):
            (place / name).touch()
            os.utime(place / name, (moment, moment))
    (tmp_path / "metastore").mkdir()
    assert [one.row().split() for one in starts(tmp_path)] == [
        ["cut", "-", "-", "30.0"],
        ["refine", "3.5", "9.0", "30.0"],
    ]
