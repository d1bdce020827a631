"""The harness itself: it finds what there is, says what is absent, and lets nothing of a person's account in."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import terraform_cli
from tests.infra.terraform_cli import ARCHITECTURES, REPOSITORY, Terraform, TerraformFailed, copy_of_the_tree


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which every place for provider mirrors lies under one empty folder, which is given."""
    monkeypatch.setattr(terraform_cli, "provider_folders", lambda: iter([tmp_path / "plugins"]))
    terraform_cli.provider_mirror.cache_clear()
    yield tmp_path / "plugins"
    terraform_cli.provider_mirror.cache_clear()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `terraform` on PATH that does what a test writes into it."""
    found = tmp_path / "bin" / "terraform"
    found.parent.mkdir()
    found.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{found.parent}:/usr/bin:/bin")
    return found


def test_a_mirror_is_found_by_looking(empty_machine: Path, program: Path, tmp_path: Path) -> None:
    """Whatever registry's folder it lies in, if it is of this machine's kind; our own configuration names it."""
    machine = platform.machine()
    kind = f"{platform.system().lower()}_{ARCHITECTURES.get(machine, machine)}"
    place = empty_machine / "registry.example" / "hashicorp" / "aws" / "5.100.0"
    (place / "plan9_mips").mkdir(parents=True)
    (place / "plan9_mips" / "terraform-provider-aws_v5.100.0_x5").touch()
    assert "no mirror of the AWS provider" in str(terraform_cli.terraform_or_reason(tmp_path))
    (place / kind).mkdir()
    (place / kind / "terraform-provider-aws_v5.100.0_x5").touch()
    terraform_cli.provider_mirror.cache_clear()
    found = terraform_cli.terraform_or_reason(tmp_path)
    assert isinstance(found, Terraform)
    assert f'path = "{empty_machine}"' in found.config.read_text()


def test_an_absent_provider_is_told_with_the_places_that_were_looked_at(empty_machine: Path, program: Path) -> None:
    """The reason of the skip is one that a person can act on."""
    reason = terraform_cli.terraform_or_reason(empty_machine)
    assert isinstance(reason, str)
    assert str(empty_machine) in reason
    assert "terraform providers mirror" in reason


def test_an_absent_terraform_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program nothing else matters."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "terraform is not on PATH" in str(terraform_cli.terraform_or_reason(tmp_path))


def test_nothing_of_the_persons_account_reaches_terraform(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No credential, profile or option set outside; the CLI configuration is ours even where another is named."""
    program.write_text("#!/bin/sh\nenv\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "TF_VAR_context", "TF_CLI_CONFIG_FILE"):
        monkeypatch.setenv(name, "outside")
    said = Terraform(str(program), tmp_path / "ours.rc").call(tmp_path, "version").text
    assert "outside" not in said
    assert f"TF_CLI_CONFIG_FILE={tmp_path / 'ours.rc'}" in said


def test_a_command_that_takes_too_long_is_killed_with_what_it_began(program: Path, tmp_path: Path) -> None:
    """A hanging provider would otherwise live on."""
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/child\nwait\n")
    with pytest.raises(TerraformFailed, match="took longer than"):
        Terraform(str(program), tmp_path / "rc").call(tmp_path, "plan", limit=1)
    child = (tmp_path / "child").read_text().strip()
    state = subprocess.run(("ps", "-o", "stat=", "-p", child), capture_output=True, text=True, check=False).stdout
    assert state.strip() in ("", "Z")


def test_the_copy_can_be_destroyed_and_the_repository_is_left_alone(tmp_path: Path) -> None:
    """`prevent_destroy` is off in the copy only, where the tests destroy what they made."""
    shutil.rmtree(tmp_path)
    copied = copy_of_the_tree(tmp_path) / "infra" / "terraform" / "modules" / "bootstrap" / "main.tf"
    original = REPOSITORY / "infra" / "terraform" / "modules" / "bootstrap" / "main.tf"
    assert (
        original.read_text().count("prevent_destroy = true") == copied.read_text().count("prevent_destroy = false") == 2
    )
