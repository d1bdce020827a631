"""The facts that estimates are made from are the extract of the plans, and a plan gives the same estimate."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.infra.environments import Environments, names
from tideline.cli.cost.estimate import command as estimate
from tideline.cli.cost.facts import command as facts

pytestmark = pytest.mark.xdist_group("environments")


@pytest.mark.parametrize("name", names())
def test_facts_are_what_the_plan_says(name: str, environments: Environments) -> None:
    """Else: make tf-review, then tideline cost estimate --into docs/costs.md."""
    result = CliRunner().invoke(facts, ["--plan", str(environments.path(name)), "--check"], standalone_mode=False)
    assert result.return_value == 0, result.output


def test_a_plan_costs_what_its_facts_cost(environments: Environments) -> None:
    told = []
    for words in (("--plan", str(environments.path("prod"))), ("-e", "prod")):
        result = CliRunner().invoke(estimate, [*words, "--json", "--today", "2026-11-21"], catch_exceptions=False)
        told.append(json.loads(result.stdout)["estimates"])
    assert told[0] == told[1]
