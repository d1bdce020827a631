"""tflint and checkov from the cache, where `scripts/infra_tools.sh` puts them, and the review of what checkov finds."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.infra.plans import INDEX
from tests.infra.terraform_cli import REPOSITORY, TERRAFORM
from tideline.settings import settings

REVIEWED = TERRAFORM / "reviewed" / "checkov.yaml"
GET = "scripts/infra_tools.sh puts it there, if it can"
# a port that nobody listens on: checkov works here as it would without a network
OFFLINE = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}


@dataclass(frozen=True, order=True)
class Finding:
    """A check that failed; `where` is `<module>/<type>.<name>`, the same whether read from a plan or from the code."""

    check: str
    where: str


def tflint() -> Path:
    (version,) = (line for line in _script().splitlines() if line.startswith("tflint_version="))
    return settings().cache / "tools" / f"tflint-{version.partition('=')[2]}" / "tflint"


def checkov() -> Path:
    lock = hashlib.sha256((REPOSITORY / "scripts" / "checkov.txt").read_bytes()).hexdigest()[:12]
    return settings().cache / "tools" / f"checkov-{lock}" / "bin" / "checkov"


def _script() -> str:
    return (REPOSITORY / "scripts" / "infra_tools.sh").read_text()


def scan(folder: Path) -> set[Finding]:
    """What checkov finds in the modules under `modules/` and the plans under `plans/`; it reaches no network."""
    options = "--framework terraform terraform_plan --skip-download --download-external-modules false --quiet --compact"
    done = subprocess.run(
        (str(checkov()), "--directory", ".", *options.split(), "--output", "json"),
        cwd=folder,
        env=os.environ | OFFLINE,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-3000:]
    reports = json.loads(done.stdout)
    return findings(reports if isinstance(reports, list) else [reports])


def findings(reports: list[dict[str, Any]]) -> set[Finding]:
    """A report without one check that passed has looked at nothing, which is an error."""
    for report in reports:
        assert report.get("results", {}).get("passed_checks") or report["summary"]["passed"], (
            f"nothing checked: {report}"
        )
    return {
        Finding(one["check_id"], place(one["file_path"], one["resource"]))
        for report in reports
        for one in report["results"]["failed_checks"]
    }


def place(file_path: str, resource: str) -> str:
    """`/modules/storage/main.tf` and `module.platform.module.storage.aws_s3_bucket.zone["logs"]` are one place."""
    words = INDEX.sub("", resource).split(".")
    called = [words[i + 1] for i, word in enumerate(words) if word == "module"]
    module = called[-1] if called else Path(file_path).parent.name
    return f"{module}/{'.'.join(words[-2:])}"


def reviewed() -> dict[Finding, str]:
    """The review: {check: {reason, where: [...]}}."""
    written: dict[str, dict[str, Any]] = yaml.safe_load(REVIEWED.read_text())
    return {Finding(check, where): one["reason"] for check, one in written.items() for where in one["where"]}
