"""What a test lays over a root in the copy of the tree: a provider without an account, a state without a bucket.

A root under tests/infra/moto has no provider block: it gets both providers (`aws` and the alias `aws.replica`) here. An
environment has its own, which is overridden.
"""

from __future__ import annotations

from pathlib import Path

from tests.infra.house import blocks
from tests.localaws import REGION, REPLICA_REGION

NO_ACCOUNT = """\
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 6
"""
ON_MOTO = "  s3_use_path_style = true\n"
ASK_NOBODY = "  skip_requesting_account_id = true\n  allowed_account_ids = null\n"


def provider(alias: str = "", more: str = "") -> str:
    named = f'  alias = "{alias}"\n' if alias else ""
    return f'provider "aws" {{\n{named}{NO_ACCOUNT}{more}}}\n\n'


def lay_providers(root: Path, endpoint: str) -> dict[str, str]:
    """Both providers of a moto root; gives the environment variables that point every service at `endpoint`."""
    here, there = f'  region = "{REGION}"\n', f'  region = "{REPLICA_REGION}"\n'
    (root / "localaws.tf").write_text(provider("", here + ON_MOTO) + provider("replica", there + ON_MOTO))
    return {"AWS_ENDPOINT_URL": endpoint}


def lay_plan_only(root: Path) -> None:
    """An environment that can be planned here: its providers ask nobody and its state is a local file."""
    text = provider("", ASK_NOBODY)
    if any('"replica"' in one.read_text() for one in root.glob("*.tf")):
        text += provider("replica", ASK_NOBODY)
    (root / "offline_override.tf").write_text(text + 'terraform {\n  backend "local" {}\n}\n')


def lay_caller(module: Path) -> Path:
    """A folder beside a module that calls it with both providers: with `aws.replica` it cannot be validated alone."""
    caller = module.parent / f"caller-of-{module.name}"
    caller.mkdir()
    names = [block.name for path in sorted(module.glob("*.tf")) for block in blocks(path) if block.kind == "variable"]
    given = "".join(f"  {name} = var.{name}\n" for name in names)
    taken = "".join(f'variable "{name}" {{\n  type = any\n}}\n' for name in names)
    providers = "  providers = {\n    aws = aws\n    aws.replica = aws.replica\n  }\n"
    call = f'module "called" {{\n  source = "../{module.name}"\n{providers}{given}}}\n'
    (caller / "main.tf").write_text(provider() + provider("replica") + taken + call)
    return caller
