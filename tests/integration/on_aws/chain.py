"""An environment at work: the events of its log, the job runs of its chain, the lake, and what was asked of S3."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.on_aws.environment import PREFIX, Environment, bucket
from tideline import wiring
from tideline.adapters.delta_tables import DeltaTables
from tideline.adapters.json_events import EventDecoder, payload_hash
from tideline.adapters.odcs import read_contract
from tideline.adapters.sketches import HllSketches
from tideline.local.generator import events
from tideline.local.journal import Journal, PlannedEvent
from tideline.local.replay import Pace, Replayer
from tideline.model import reference
from tideline.model.contract import Contract, View
from tideline.model.lake import Lake
from tideline.model.position import Coverage
from tideline.model.reference import Outcome
from tideline.ports import LogRecord
from tideline.settings import REPOSITORY, Settings

SALES = read_contract(REPOSITORY / "contracts/retail/sales.odcs.yaml")
SKETCHES = HllSketches()
SILVER = "silver/retail/sales"
ZONES = ("bronze", "silver", "gold", "quarantine", "documents")


@dataclass(frozen=True)
class Chain:
    """An environment, its log, and what the local AWS wrote down in its folder."""

    environment: Environment
    kafka: Settings
    folder: Path

    def send(self, first: int, count: int, **members: Any) -> None:
        """Sales number `first` and on, with these members beside theirs or in place of them."""
        made = list(events(SALES, seed=7, count=first + count))[first:]
        planned = [PlannedEvent(one.kind, one.key, _with(one.value, members)) for one in made]
        journal = Journal(self.folder / f"sent-{first}.jsonl")
        Replayer(SALES, wiring.event_log(self.kafka), journal).replay(iter(planned), Pace(None))
        journal.close()

    def jobs(self, run_key: str) -> list[dict[str, Any]]:
        """The job runs of a run, in the order of their start."""
        client = self.environment.client("emr-serverless")
        found = client.list_job_runs(applicationId=self.environment.application)["jobRuns"]
        return [one for one in found if one["name"].endswith(f" {run_key}")]

    def details(self, job: Mapping[str, Any]) -> str:
        client = self.environment.client("emr-serverless")
        found = client.get_job_run(applicationId=self.environment.application, jobRunId=job["id"])["jobRun"]
        return str(found["stateDetails"])

    def said(self, job: Mapping[str, Any]) -> str:
        """The standard output of its driver."""
        return (self.folder / "jobs" / job["id"] / "stdout").read_text()

    def objects(self) -> dict[tuple[str, str], str]:
        """Every object of the lake and its documents, with its content's hash."""
        s3, found = self.environment.client("s3"), {}
        for zone in ZONES:
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket(zone)):
                found |= {(zone, one["Key"]): one["ETag"] for one in page.get("Contents", ())}
        return found

    def requests(self) -> list[dict[str, Any]]:
        """What roles asked S3 for."""
        lines = (self.folder / "requests.jsonl").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one["who"].startswith(PREFIX)]

    def document(self, name: str) -> dict[str, Any]:
        body = self.environment.client("s3").get_object(Bucket=bucket("documents"), Key=name)["Body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    def release(self) -> dict[str, Any]:
        """The newest."""
        names = (key for zone, key in self.objects() if zone == "documents" and key.startswith("releases/"))
        return self.document(max(names))

    @property
    def tables(self) -> DeltaTables:
        """As nobody's role sees them."""
        keys = {"AWS_ACCESS_KEY_ID": "the-test", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "eu-central-1"}
        where = {"AWS_ENDPOINT_URL": self.environment.aws.url, "AWS_ALLOW_HTTP": "true"}
        return DeltaTables(Lake(self.environment.variables["TIDELINE_REMOTE_LAKE"]), keys | where)

    def newest(self, path: str, *columns: str) -> list[dict[str, Any]]:
        """Rows of the newest version of a table."""
        version = self.tables.version(path)
        assert version is not None
        found: list[dict[str, Any]] = self.tables.read(path, version, list(columns)).to_pylist()
        return found

    def gold(self, view: View, version: int) -> dict[tuple[Any, ...], dict[str, Any]]:
        names = [one.name for one in (*view.dimensions, *view.measures)]
        return by_group(view, self.tables.read(f"gold/{view.name}", version, names).to_pylist())

    def judged(self, contract: Contract, covered: Coverage) -> Outcome:
        """What the reference says of the log up to a coverage."""
        seen = [one for one in self._log() if one.position < covered.at(one.partition)]
        return reference.judge(contract, reference.judged(EventDecoder(contract).decode, payload_hash, seen))

    def _log(self) -> list[LogRecord]:
        """Everything in the topic."""
        log, topic = wiring.event_log(self.kafka), SALES.stream.topic
        bounds = log.bounds(topic)
        reader, found = log.reader(topic, {partition: range_.start for partition, range_ in bounds.items()}), []
        while any(reader.position(partition) < range_.end for partition, range_ in bounds.items()):
            found += reader.poll(5.0, 10_000)
        reader.close()
        return found


def wanted(contract: Contract, view: View, outcome: Outcome) -> dict[tuple[Any, ...], dict[str, Any]]:
    """A view as the reference makes it of what counts."""
    folded = reference.fold(contract, view, outcome.good, SKETCHES)
    return by_group(view, reference.rows(contract, view, folded, SKETCHES))


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


def column(contract: Contract, outcome: Outcome, name: str) -> dict[str, Any]:
    """Values of a column of what counts, by event id."""
    at, key = contract.columns.index(name), contract.columns.index("event_id")
    return {one.row[key]: one.row[at] for one in outcome.good if one.row is not None}


def _with(value: bytes, members: Mapping[str, Any]) -> bytes:
    return json.dumps(json.loads(value) | members).encode() if members else value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if hasattr(value, "strftime") and hasattr(value, "hour"):
        return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text
