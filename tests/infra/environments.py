"""Plans of the environments as committed, with the inputs of envs/example.tfvars and a release, without an account.

The provider asks Step Functions whether a workflow is well-formed while it plans: our AWS on loopback answers.
Every environment is planned at most once per session; what reads plans shares them. Mark such tests with
`xdist_group("environments")`, so that they share a worker too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.infra.overlay import lay_plan_only
from tests.infra.release import lay_release
from tests.infra.terraform_cli import ENVIRONMENTS, Terraform

EXAMPLE = "example.tfvars"


def names() -> list[str]:
    """The environments that there are."""
    return sorted(one.parent.name for one in ENVIRONMENTS.glob("*/main.tf"))


@dataclass
class Environments:
    """`plan` is what `terraform show -json` writes; `path` is the same as a file."""

    terraform: Terraform
    tree: Path
    workflows: str  # where Step Functions answers
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)

    def folder(self, name: str) -> Path:
        return self.tree / "infra" / "terraform" / "envs" / name

    def plan(self, name: str) -> dict[str, Any]:
        if name not in self.plans:
            folder = self.folder(name)
            lay_plan_only(folder)
            self.terraform.init(folder)
            release = lay_release(self.tree / "release")
            given = (f"-var-file=../{EXAMPLE}", f'-var=release={{folder="{release}"}}', "-refresh=false")
            self.plans[name] = self.terraform.plan(folder, *given, set_to={"AWS_ENDPOINT_URL_SFN": self.workflows})
        return self.plans[name]

    def path(self, name: str) -> Path:
        path = self.tree / "plans" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text(json.dumps(self.plan(name)))
        return path
