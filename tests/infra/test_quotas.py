"""What docs/deploy.md says of quotas is what the sizes ask for: a page that is out of date fails a first apply."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.infra.terraform_cli import MODULES, REPOSITORY, TERRAFORM

ROW = re.compile(
    r"^\| (EMR Serverless|Fargate|Lambda|EC2 On-Demand|EC2 Spot)[^|]*\| [^|]+\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.M
)
KEPT_FREE = 100  # AWS leaves so many calls unreserved in every account
PRIMARY_CPU = {"m7g.2xlarge": 8}


def _serverless(size: dict[str, Any]) -> str:
    workers = size["serverless"]
    ready = sum(workers[kind]["workers"] * workers[kind]["cpu"] for kind in ("driver", "executor"))
    return f"{ready}, {workers['maximum']['cpu']}"


def _fargate(size: dict[str, Any]) -> str:
    """Whole vCPUs: Fargate counts 1024 units as one."""
    speed, serving = size["speed"], size["serving"]
    least = speed["minimum"] * speed["cpu"] + serving["minimum"] * serving["cpu"]
    most = speed["maximum"] * speed["cpu"] + 2 * serving["maximum"] * serving["cpu"]
    return f"{least // 1024}, {most // 1024}"


def _on_demand(size: dict[str, Any]) -> str:
    """A unit of a fleet is a vCPU."""
    return str(
        sum(
            PRIMARY_CPU[one["primary_types"][0]] + one["core"]["maximum"] + one["task"]["on_demand"]
            for one in size["clusters"].values()
        )
    )


def _spot(size: dict[str, Any]) -> str:
    return str(sum(one["task"]["maximum"] for one in size["clusters"].values()))


def test_the_page_names_the_quotas_that_the_sizes_need() -> None:
    sizes = json.loads((TERRAFORM / "sizes.json").read_text())
    rows = {name: said for name, *said in ROW.findall((REPOSITORY / "docs" / "deploy.md").read_text())}
    reserved = re.findall(
        r"reserved_concurrency += optional\(number, (\d+)\)", (MODULES / "ingest" / "variables.tf").read_text()
    )
    calls = KEPT_FREE + sum(int(one) for one in reserved)
    assert len(reserved) == 2
    assert rows == {
        "EMR Serverless": [_serverless(sizes[size]) for size in "SML"],
        "Fargate": [_fargate(sizes[size]) for size in "SML"],
        "Lambda": [str(calls) for _ in "SML"],
        "EC2 On-Demand": [_on_demand(sizes[size]) for size in "SML"],
        "EC2 Spot": [_spot(sizes[size]) for size in "SML"],
    }
