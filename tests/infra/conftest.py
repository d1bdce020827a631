"""Fixtures of the Terraform tests: one copy of the tree, one Terraform, one AWS on loopback per session and worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.infra.environments import Environments
from tests.infra.kept_provider import kept_provider
from tests.infra.rounds import Round
from tests.infra.terraform_cli import (
    Terraform,
    copy_of_the_tree,
    provider_in,
    provider_mirror,
    terraform_or_reason,
)
from tests.localaws.server import LocalAws, local_aws


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of infra/terraform and of the moto roots, laid out as in the repository."""
    return copy_of_the_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform with the AWS provider, else a skip that says what is absent."""
    found = terraform_or_reason(tmp_path_factory.mktemp("terraform"))
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="session")
def mocked_terraform(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform for what configures no provider: all of it asks one that is kept."""
    mirror = provider_mirror()
    program = provider_in(mirror) if mirror else None
    assert program is not None, "the fixture `terraform` skips without a provider"
    with kept_provider(program, tmp_path_factory.mktemp("provider")) as attached:
        yield replace(terraform, attached=attached)


@pytest.fixture(scope="session")
def environments(terraform: Terraform, running_aws: LocalAws, tree: Path) -> Environments:
    """Plans of dev, staging and prod, each made once."""
    return Environments(terraform, tree, running_aws.url)


@pytest.fixture(scope="session")
def running_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("localaws") / "moto.log") as aws:
        yield aws


@pytest.fixture(scope="session")
def rounds(terraform: Terraform, running_aws: LocalAws, tree: Path) -> Round:
    return Round(terraform, running_aws, tree)


@pytest.fixture
def round_on_moto(rounds: Round) -> Round:
    """Roots on moto with our extensions and an empty account."""
    rounds.aws.reset()
    return rounds
