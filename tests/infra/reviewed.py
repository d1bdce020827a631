"""What people have reviewed of the environments, and how it is made again: `python -m tests.infra.reviewed`."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

from tests.infra.environments import Environments, names
from tests.infra.terraform_cli import REPOSITORY, TERRAFORM, copy_of_the_tree, terraform_or_reason
from tests.localaws.server import local_aws
from tideline.environments import page, table
from tideline.environments.cost import facts
from tideline.environments.cost.sizes import read_sizes
from tideline.environments.permissions import Naming, permissions
from tideline.environments.plan import Plan, parse

PERMISSIONS = TERRAFORM / "reviewed" / "permissions.csv"
PAGE = REPOSITORY / "docs" / "environments.md"
SAID = (
    "Written by `make tf-review` from Terraform's plan of each environment with envs/example.tfvars and the contracts "
    "of this repository; `make tf-test` checks that it is fresh. `tideline env show plan.json` shows your own plan."
)


def plans(environments: Environments) -> dict[str, Plan]:
    """The plan of every environment, in the order in which a change travels."""
    order = ("dev", "staging", "prod")
    return {name: parse(environments.plan(name), name) for name in sorted(names(), key=order.index)}


def permissions_table(found: dict[str, Plan]) -> str:
    return table.render({name: permissions(plan, Naming.of(plan)) for name, plan in found.items()})


def environments_page(found: dict[str, Plan]) -> str:
    return page.render(found, SAID)


def write() -> None:
    """Plan every environment and write table, page and what costs money; what changed is for a person to review."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        terraform = terraform_or_reason(scratch)
        if isinstance(terraform, str):
            sys.exit(terraform)
        aws = stack.enter_context(local_aws(scratch / "moto.log"))
        found = plans(Environments(terraform, copy_of_the_tree(scratch / "tree"), aws.url))
        PERMISSIONS.write_text(permissions_table(found))
        PAGE.write_text(environments_page(found))
        sizes = read_sizes(TERRAFORM / "sizes.json")
        for name, plan in found.items():
            (TERRAFORM / "envs" / name / facts.FILE).write_text(facts.render(facts.facts_of(plan, sizes, name)))


if __name__ == "__main__":
    write()
