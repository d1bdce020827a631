"""What Terraform plans for a job run: the settings that modules/emr gives it, the policies that modules/iam gives its
role. Nothing is applied, no account is asked.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.infra.overlay import ASK_NOBODY, provider
from tests.infra.terraform_cli import NEVER_COPIED, TERRAFORM, Terraform
from tests.integration.on_aws.environment import HERE
from tests.localaws import REGION
from tideline.settings import REPOSITORY

ROOT = HERE.relative_to(REPOSITORY)


def plan(terraform: Terraform, folder: Path, location: str, jars: Sequence[str]) -> dict[str, Any]:
    """main.tf for code at this location, as `terraform show -json` writes it; `folder` gets a copy of the modules."""
    shutil.copytree(TERRAFORM, folder / TERRAFORM.relative_to(REPOSITORY), ignore=NEVER_COPIED)
    root = folder / ROOT
    root.mkdir(parents=True)
    shutil.copyfile(HERE / "main.tf", root / "main.tf")
    own = ASK_NOBODY.replace("  allowed_account_ids = null\n", "")
    (root / "offline.tf").write_text(provider("", f'  region = "{REGION}"\n{own}'))
    terraform.init(root)
    return terraform.plan(root, "-refresh=false", f"-var=location={location}", f"-var=jars={json.dumps(list(jars))}")


def job_overrides(plan: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plan["planned_values"]["outputs"]["job_overrides"]["value"])
    return found
