"""The commands over plans: they read what Terraform printed, say what they find, and refuse what they cannot read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tideline.cli.env import permissions, review, show
from tideline.environments import table
from tideline.environments.accepted import read_accepted
from tideline.environments.page import render
from tideline.environments.permissions import Permission
from tideline.environments.plan import parse
from tideline.model.errors import Fatal

TAGS = {"project": "tideline", "environment": "dev", "managed-by": "terraform", "module": "x"}
TRUST = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "x.amazonaws.com"}}]}


def _document(environment: str = "dev") -> dict[str, object]:
    tags = TAGS | {"environment": environment}
    role = {
        "name": f"tideline-{environment}-a",
        "tags": tags,
        "tags_all": tags,
        "assume_role_policy": json.dumps(TRUST),
    }
    stream = {"tags": tags, "encryption_type": "NONE"}
    resources = [
        {"address": f"module.platform.module.{module}.{type_}.x", "type": type_, "mode": "managed", "values": values}
        for module, type_, values in (("iam", "aws_iam_role", role), ("stream", "aws_kinesis_stream", stream))
    ]
    inputs = {"account_id": "111122223333", "region": "eu-central-1"}
    return {
        "format_version": "1.2",
        "variables": {"inputs": {"value": inputs}},
        "planned_values": {"root_module": {"child_modules": [{"resources": resources}]}},
    }


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "dev.json"
    path.write_text(json.dumps(_document()))
    return str(path)


def test_a_plan_that_breaks_a_rule_is_refused_and_an_accepted_break_is_not(plan: str, tmp_path: Path):
    accepted = tmp_path / "accepted.yaml"
    accepted.write_text("[]")
    answer = CliRunner().invoke(review.command, [plan, "--accepted", str(accepted)], standalone_mode=False)
    assert answer.return_value == 4 and "dev: ENCRYPTION module.platform.module.stream" in answer.output
    found = json.loads(CliRunner().invoke(review.command, [plan, "--accepted", str(accepted), "--json"]).output)
    entries = [{"rule": f["rule"], "address": f["address"], "what": f["what"], "reason": "seen"} for f in found]
    accepted.write_text(json.dumps(entries))
    answer = CliRunner().invoke(review.command, [plan, "--accepted", str(accepted)], standalone_mode=False)
    assert answer.return_value == 0 and "nothing to mend" in answer.output


@pytest.mark.parametrize(
    "text",
    ["a: 1", "[1]", "- {rule: a, address: b, what: c}", "- {rule: a, address: b, what: c, reason: ''}", "[", "\x00"],
)
def test_accepted_findings_need_a_reason_and_nothing_else(tmp_path: Path, text: str):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(Fatal, match="TL-ENV-008"):
        read_accepted(tmp_path / "a.yaml")


def test_the_table_names_the_environments_in_which_a_row_holds():
    row = Permission("identity", "speed", "Allow", "s3:gold/*", "", ("s3:GetObject",))
    wide = Permission("identity", "speed", "Allow", "*", "", ("s3:GetObject",))
    text = table.render({"dev": [row, wide], "prod": [row]})
    assert text.splitlines()[1:] == [
        "identity,speed,Allow,*,s3:GetObject,,dev",
        "identity,speed,Allow,s3:gold/*,s3:GetObject,,all",
    ]
    narrow = table.render({"dev": [row], "prod": [row]})
    assert table.changed(narrow, text) == ["+ identity | speed | Allow | * | s3:GetObject |  | dev"]
    assert table.changed(text, narrow) == ["- identity | speed | Allow | * | s3:GetObject |  | dev"]


def test_two_environments_with_the_same_permissions_are_one_row(tmp_path: Path):
    """Names are shortened by what an environment is called, so that dev and prod can be compared."""
    words = []
    for name in ("dev", "prod"):
        (tmp_path / f"{name}.json").write_text(json.dumps(_document(name)))
        words.append(str(tmp_path / f"{name}.json"))
    rows = CliRunner().invoke(permissions.command, words).output.splitlines()[1:]
    assert rows == ["trust,a by x.amazonaws.com,Allow,itself,sts:AssumeRole,,all"]


def test_the_page_counts_each_module_and_shows_environments_side_by_side(plan: str):
    page = CliRunner().invoke(show.command, [f"one={plan}", f"two={plan}"]).output
    assert "| `stream` | 1 | 1 |" in page and "| **all** | **2** | **2** |" in page
    assert page.count("```mermaid") == 2
    small = parse(_document(), "x")
    assert render({"dev": small}) == render({"dev": small})


def test_a_plan_of_something_else_is_told(tmp_path: Path):
    (tmp_path / "p.json").write_text(json.dumps(_document() | {"variables": {}}))
    with pytest.raises(Fatal, match="TL-ENV-006"):
        CliRunner().invoke(permissions.command, [str(tmp_path / "p.json")], catch_exceptions=False)


def test_two_plans_of_one_name_are_refused(plan: str):
    with pytest.raises(Fatal, match="TL-ENV-007"):
        CliRunner().invoke(show.command, [plan, plan], catch_exceptions=False)
