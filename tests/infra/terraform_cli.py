"""Terraform for tests: found by looking, offline, in a copy of the tree, each call with a time limit.

A machine may have Terraform and a mirror of the AWS provider without being configured for them (TF_CLI_CONFIG_FILE may
even name a missing file), so a CLI configuration of our own is written into a temporary folder. Where either is absent,
`terraform_or_reason` says which, and the tests that need it are skipped with that reason.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TERRAFORM = REPOSITORY / "infra" / "terraform"
MODULES = TERRAFORM / "modules"
ENVIRONMENTS = TERRAFORM / "envs"
MOTO_ROOTS = REPOSITORY / "tests" / "infra" / "moto"
COPIED = ("infra/terraform", "tests/infra/moto")
NEVER_COPIED = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfplan", "__pycache__")
PREVENTED = re.compile(r"(prevent_destroy\s*=\s*)true")
PARALLEL = "-parallelism=50"  # the provider waits a minute on each lifecycle of a bucket: all of them at once
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class TerraformFailed(AssertionError):
    """Terraform ended with an error; the message is what it said."""


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str


def provider_folders() -> Iterator[Path]:
    """Where a provider mirror usually lies, in the order Terraform itself would look; then one level of /opt."""
    home = Path.home()
    yield home / ".terraform.d" / "plugins"
    yield home / ".terraform.d" / "plugin-cache"
    yield home / ".local" / "share" / "terraform" / "plugins"
    for shared in ("/usr/local/share", "/usr/share"):
        yield Path(shared) / "terraform" / "plugins"
        yield Path(shared) / "terraform-plugins"
    if Path("/opt").is_dir():
        yield from sorted(one for one in Path("/opt").iterdir() if one.is_dir())


def provider_in(mirror: Path) -> Path | None:
    """The AWS provider of a mirror for this machine."""
    machine = platform.machine()
    target = f"{platform.system().lower()}_{ARCHITECTURES.get(machine, machine)}"
    return next(mirror.glob(f"*/hashicorp/aws/*/{target}/terraform-provider-aws*"), None)


@cache
def provider_mirror() -> Path | None:
    """The first folder that holds the AWS provider for this machine, unpacked."""
    for folder in provider_folders():
        try:
            if provider_in(folder) is not None:
                return folder
        except OSError:
            continue
    return None


@dataclass(frozen=True)
class Terraform:
    """One `terraform` with its own CLI configuration; every call gets the folder to work in.

    `attached` names a provider that is kept for what configures none (tests/infra/kept_provider.py).
    """

    program: str
    config: Path
    attached: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """No credentials, profile or setting of the person who runs the tests reaches Terraform."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        return kept | {
            "TF_CLI_CONFIG_FILE": str(self.config),
            "TF_IN_AUTOMATION": "1",
            "GOGC": "400",  # a quarter less CPU: much of what the provider does is to collect its own schema
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def call(self, folder: Path, *arguments: str, limit: float = 120, set_to: dict[str, str] | None = None) -> Outcome:
        """Run one command to its end; over the limit (seconds) it and its providers are killed."""
        process = subprocess.Popen(
            (self.program, *arguments),
            cwd=folder,
            env=self.environment() | (set_to or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            text, _ = process.communicate()
            raise TerraformFailed(f"terraform {arguments[0]} took longer than {limit} s: {text[-3000:]}") from None
        return Outcome(process.returncode, text)

    def run(self, folder: Path, *arguments: str, limit: float = 120, set_to: dict[str, str] | None = None) -> str:
        """The output of a command that must succeed."""
        outcome = self.call(folder, *arguments, limit=limit, set_to=set_to)
        if outcome.code != 0:
            raise TerraformFailed(f"terraform {' '.join(arguments)} in {folder.name}: {outcome.text[-6000:]}")
        return outcome.text

    def init(self, folder: Path) -> None:
        """Once per folder: a second call finds the work done."""
        if not (folder / ".terraform.lock.hcl").exists() and not (folder / ".terraform").exists():
            self.run(folder, "init", "-no-color")

    def validate(self, folder: Path) -> list[str]:
        """Errors and warnings, one line each; a good folder has none."""
        found = json.loads(self.call(folder, "validate", "-json", set_to=self.attached).text)
        return [f"{one['severity']}: {one['summary']}: {one.get('detail', '')}" for one in found["diagnostics"]]

    def test(self, folder: Path, limit: float = 240) -> str:
        return self.run(folder, "test", "-no-color", limit=limit, set_to=self.attached)

    def plan(self, folder: Path, *arguments: str, set_to: dict[str, str] | None = None) -> dict[str, Any]:
        """The plan as `terraform show -json` writes it; warnings are errors here, as in validate."""
        text = self.run(folder, "plan", "-no-color", "-out=tideline.tfplan", *arguments, limit=180, set_to=set_to)
        if "Warning: " in text:
            raise TerraformFailed(f"terraform plan in {folder.name} warns: {text[text.index('Warning: ') :][:3000]}")
        shown: dict[str, Any] = json.loads(self.run(folder, "show", "-json", "tideline.tfplan"))
        return shown

    def apply(self, folder: Path, set_to: dict[str, str]) -> None:
        """Apply the plan made last."""
        self.run(folder, "apply", "-no-color", "-auto-approve", PARALLEL, "tideline.tfplan", limit=300, set_to=set_to)

    def destroy(self, folder: Path, *arguments: str, set_to: dict[str, str]) -> None:
        self.run(folder, "destroy", "-no-color", "-auto-approve", PARALLEL, *arguments, limit=300, set_to=set_to)


def terraform_or_reason(folder: Path, *, provider: bool = True) -> Terraform | str:
    """Terraform with a CLI configuration in `folder`, or the sentence that says what is absent."""
    program = shutil.which("terraform")
    if program is None:
        return "terraform is not on PATH: install Terraform >= 1.11"
    mirror = provider_mirror()
    if mirror is None and provider:
        places = ", ".join(str(place) for place in provider_folders())
        return f"no mirror of the AWS provider was found in {places} (terraform providers mirror DIR makes one)"
    config = folder / "terraform.rc"
    methods = f'filesystem_mirror {{\n    path = "{mirror}"\n  }}' if mirror else ""
    config.write_text(f"disable_checkpoint = true\nprovider_installation {{\n  {methods}\n}}\n")
    return Terraform(program, config)


def copy_of_the_tree(folder: Path) -> Path:
    """The Terraform code and its moto roots under `folder`, laid out as in the repository; nothing lands in it.

    In the copy `prevent_destroy` is off: Terraform takes no variable there, and the tests destroy what they made.
    """
    for place in COPIED:
        if (REPOSITORY / place).is_dir():
            shutil.copytree(REPOSITORY / place, folder / place, ignore=NEVER_COPIED)
    for path in (folder / "infra" / "terraform" / "modules").glob("*/*.tf"):
        text = path.read_text()
        if PREVENTED.search(text):
            path.write_text(PREVENTED.sub(r"\1false", text))
    return folder
