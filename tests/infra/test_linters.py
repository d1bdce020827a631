"""tflint has nothing to say, and checkov nothing that nobody has reviewed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra import environments as envs
from tests.infra import linters
from tests.infra.environments import Environments
from tests.infra.linters import Finding
from tests.infra.terraform_cli import REPOSITORY, TERRAFORM, terraform_or_reason

OPEN = """
resource "aws_s3_bucket" "open" {
  bucket = "open"
}
resource "aws_s3_bucket_public_access_block" "open" {
  bucket            = aws_s3_bucket.open.id
  block_public_acls = false
}
"""


def lint(folder: Path) -> str:
    """What tflint says about every folder below."""
    program = linters.tflint()
    if not program.exists():
        pytest.skip(f"tflint is not in the cache: {linters.GET}")
    command = (str(program), "--recursive", "--format", "compact", "--config", str(REPOSITORY / ".tflint.hcl"))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder for checkov with the code of the modules; platform is read in the plans of the environments instead."""
    if not linters.checkov().exists():
        pytest.skip(f"checkov is not in the cache: {linters.GET}")
    ignored = shutil.ignore_patterns("platform", "tests")
    shutil.copytree(REPOSITORY / "infra" / "terraform" / "modules", tmp_path / "modules", ignore=ignored)
    return tmp_path


def test_tflint_has_nothing_to_say() -> None:
    """Unused declarations, missing types, unpinned versions, odd names: none."""
    assert lint(TERRAFORM) == ""


def test_tflint_finds_what_is_unused(tmp_path: Path) -> None:
    """The configuration is read and its rules are on."""
    (tmp_path / "main.tf").write_text("locals {\n  unused = 1\n}\n")
    assert "terraform_unused_declarations" in lint(tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("environments")
def test_checkov_finds_only_what_was_reviewed(
    code: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A new finding fails, in the code or in the plan of an environment; so does a reviewed one that is gone."""
    absent = terraform_or_reason(tmp_path_factory.mktemp("asked"))
    planned = not isinstance(absent, str) and bool(envs.names())
    if planned:
        environments: Environments = request.getfixturevalue("environments")
        (code / "plans").mkdir()
        for name in envs.names():
            shutil.copy(environments.path(name), code / "plans")
    found, written = linters.scan(code), linters.reviewed()
    assert sorted(found - written.keys()) == [], "new findings: mend them, or review them in reviewed/checkov.yaml"
    if planned:  # without plans some of what was reviewed cannot be found
        assert sorted(written.keys() - found) == [], "reviewed, but gone: remove it from reviewed/checkov.yaml"


def test_checkov_finds_an_open_bucket(code: Path) -> None:
    """The scan sees what is planted beside the modules, under its module's name."""
    (code / "modules" / "planted").mkdir()
    (code / "modules" / "planted" / "main.tf").write_text(OPEN)
    for other in (code / "modules").iterdir():
        if other.name not in ("planted", "names"):
            shutil.rmtree(other)
    assert Finding("CKV_AWS_53", "planted/aws_s3_bucket_public_access_block.open") in linters.scan(code)


def test_every_reviewed_finding_has_a_reason() -> None:
    """Whoever reads the review learns why it is so, not that it is."""
    assert [one for one, why in linters.reviewed().items() if len(why.split()) < 6] == []


def test_a_finding_has_one_name_in_code_and_in_plans() -> None:
    """Module, type and name, without the index."""
    planned = linters.place("/plans/dev.json", 'module.platform.module.storage.aws_s3_bucket.zone["a.b"]')
    assert (
        planned
        == linters.place("/modules/storage/main.tf", 'aws_s3_bucket.zone["logs"]')
        == "storage/aws_s3_bucket.zone"
    )


def test_checkov_is_locked_by_hash() -> None:
    """Every package of its environment carries its hashes, and no index is named."""
    text = (REPOSITORY / "scripts" / "checkov.txt").read_text()
    packages = re.split(r"\n(?=[A-Za-z0-9])", text[text.index("\n\n") + 2 :])
    assert len(packages) > 50
    assert [one.splitlines()[0] for one in packages if "--hash=sha256:" not in one] == []
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)
