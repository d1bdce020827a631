"""Each module keeps the house rules, and each rule can be broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.house import breaks
from tests.infra.terraform_cli import ENVIRONMENTS, MODULES

VARIABLES = 'variable "context" {\n  description = "Whose."\n  type = object({ project = string })\n}\n'
GOOD: dict[str, str | None] = {
    "variables.tf": VARIABLES,
    "outputs.tf": 'output "a" {\n  description = "An a, such as arn:aws:iam::123456789012:role/A."\n  value = 1\n}\n',
    "versions.tf": 'terraform {\n  required_version = ">= 1.11"\n}\n',
    "main.tf": 'resource "aws_sns_topic" "a" {\n  name = "arn:${var.context.project}:x"\n}\n',
    "tests/a.tftest.hcl": 'run "a" {\n  command = plan\n}\n',
}
BROKEN: dict[str, tuple[dict[str, str | None], str]] = {
    "no outputs": ({"outputs.tf": None}, "outputs.tf: there is none"),
    "no subject": ({"main.tf": None}, "main.tf: there is none, nor any other file with a subject"),
    "no tests": ({"tests/a.tftest.hcl": None}, "tests: there are none"),
    "context is not first": (
        {"variables.tf": 'variable "b" {\n  type = string\n  description = "A b."\n}\n' + VARIABLES},
        "variables.tf: the first variable is not context",
    ),
    "untyped": ({"more.tf": 'variable "b" {\n  description = "A b."\n}\n'}, "more.tf: variable b has no type"),
    "undescribed": ({"more.tf": 'variable "b" {\n  type = string\n}\n'}, "more.tf: variable b has no description"),
    "undescribed output": ({"more.tf": 'output "b" {\n  value = 1\n}\n'}, "more.tf: output b has no description"),
    "too long": ({"more.tf": "# x\n" * 401}, "more.tf: 401 lines, 400 are allowed"),
    "too long a test": ({"tests/b.tftest.hcl": "# x\n" * 401}, "b.tftest.hcl: 401 lines, 400 are allowed"),
    "a data source": (
        {"more.tf": 'data "aws_region" "b" {\n}\n'},
        "more.tf: data.aws_region.b: a plan needs no account",
    ),
    "a policy document": ({"more.tf": 'data "aws_iam_policy_document" "b" {\n}\n'}, "data.aws_iam_policy_document.b"),
    "default tags": (
        {"more.tf": 'provider "aws" {\n  default_tags {\n    tags = { a = "b" }\n  }\n}\n'},
        "more.tf: provider aws: whoever calls the module configures it",
    ),
    "a literal ARN": ({"more.tf": 'locals {\n  b = ["arn:aws:s3:::b"]\n}\n'}, "more.tf: a literal ARN"),
    "a literal account": ({"more.tf": 'locals {\n  b = { c = "123456789012" }\n}\n'}, "more.tf: a literal account"),
    "now": ({"more.tf": "locals {\n  b = timestamp()\n}\n"}, "more.tf: timestamp(): a plan is the same each time"),
}


def modules() -> list[str]:
    return sorted(one.name for one in MODULES.iterdir() if one.is_dir())


@pytest.mark.parametrize("name", modules())
def test_a_module_keeps_the_house_rules(name: str) -> None:
    """Standard files, typed and described variables, tests, no data sources, no literal ARNs or accounts."""
    assert breaks(MODULES / name) == []


@pytest.mark.parametrize("case", BROKEN)
def test_each_house_rule_can_be_broken(case: str, tmp_path: Path) -> None:
    """A module that is good but for one thing breaks exactly one rule."""
    change, message = BROKEN[case]
    _write(tmp_path, GOOD | change)
    found = breaks(tmp_path)
    assert len(found) == 1, found
    assert message in found[0]


def test_a_good_module_breaks_no_rule(tmp_path: Path) -> None:
    """The rules let examples in descriptions pass, and ARNs that are put together."""
    _write(tmp_path, GOOD)
    assert breaks(tmp_path) == []


def test_the_roots_of_the_environments_differ_in_their_character_alone() -> None:
    """Terraform shares no provider and no backend between roots, so they repeat them: to the letter."""
    texts = {folder.name: (folder / "main.tf").read_text() for folder in ENVIRONMENTS.iterdir() if folder.is_dir()}
    same = {_without_character(name, text) for name, text in texts.items()}
    assert len(texts) == 3
    assert len(same) == 1
    assert len({(ENVIRONMENTS / name / "terragrunt.hcl").read_text() for name in texts}) == 1


def _without_character(name: str, text: str) -> str:
    """What is left of a root without what it says it is for, its name and what it decides."""
    text, said = re.subn(rf"\A# {name}: [^.]+\.", "#", text)
    text, named = re.subn(rf'environment = "{name}"', "environment", text)
    text, decided = re.subn(r"character = \{\n.*?\n  \}\n", "", text, flags=re.DOTALL)
    assert (said, named, decided) == (1, 1, 1), name
    return text


def _write(folder: Path, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        if text is not None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
