"""Each module is laid out, valid without a warning, and passes its own tests on a mocked provider."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra.overlay import lay_caller
from tests.infra.terraform_cli import MODULES, REPOSITORY, TERRAFORM, Terraform, TerraformFailed, terraform_or_reason

NAMES = sorted(one.name for one in MODULES.iterdir() if one.is_dir())
EACH = [pytest.param(name, marks=pytest.mark.xdist_group(f"module-{name}")) for name in NAMES]
# a folder that needs no provider, and a test of it
PLANTED = """
variable "size" {
  type = number
  validation {
    condition     = var.size > 0
    error_message = "size is positive."
  }
}
output "double" {
  value = 2 * var.size
}
"""
ASSERTED = """
run "a" {
  variables {
    size = 1
  }
  assert {
    condition     = output.double == %d
    error_message = "no"
  }
}
"""


@pytest.fixture
def bare_terraform(tmp_path: Path) -> Terraform:
    found = terraform_or_reason(tmp_path, provider=False)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_every_file_is_laid_out_by_terraform_fmt(bare_terraform: Terraform) -> None:
    """One layout, so that a diff shows what changed."""
    for folder in (TERRAFORM, REPOSITORY / "tests" / "infra"):
        assert bare_terraform.call(folder, "fmt", "-check", "-recursive", "-diff").text == ""


@pytest.mark.parametrize("name", EACH)
def test_a_module_is_valid_without_a_warning(name: str, mocked_terraform: Terraform, tree: Path) -> None:
    """No error and nothing deprecated."""
    folder = tree / "infra" / "terraform" / "modules" / name
    if "configuration_aliases" in (folder / "versions.tf").read_text():
        folder = lay_caller(folder)
    mocked_terraform.init(folder)
    assert mocked_terraform.validate(folder) == []


@pytest.mark.parametrize("name", EACH)
def test_a_module_passes_its_own_tests(name: str, mocked_terraform: Terraform, tree: Path) -> None:
    """Good inputs give what is promised, and every validation refuses what it should."""
    folder = tree / "infra" / "terraform" / "modules" / name
    mocked_terraform.init(folder)
    said = mocked_terraform.test(folder)
    summary = re.search(r"(\d+) passed, 0 failed", said)
    assert summary, said[-3000:]
    assert int(summary[1]) >= 2, "at least a good input and a refused one"


@pytest.mark.parametrize("name", NAMES)
def test_a_modules_tests_configure_no_provider(name: str) -> None:
    """Every test file mocks the provider, so that all of them can ask one; a module without provider has nothing to."""
    if "required_providers" in (MODULES / name / "versions.tf").read_text():
        real = [one.name for one in (MODULES / name / "tests").glob("*.hcl") if "mock_provider" not in one.read_text()]
        assert real == []


def test_the_bootstrap_root_is_valid(mocked_terraform: Terraform, tree: Path) -> None:
    """It calls the module with arguments that exist."""
    folder = tree / "infra" / "terraform" / "bootstrap"
    mocked_terraform.init(folder)
    assert mocked_terraform.validate(folder) == []


def test_a_module_whose_test_fails_is_noticed(bare_terraform: Terraform, tmp_path: Path) -> None:
    """The harness reports a wrong assertion, and a refusal that does not come."""
    (tmp_path / "main.tf").write_text(PLANTED)
    bare_terraform.init(tmp_path)
    (tmp_path / "a.tftest.hcl").write_text(ASSERTED % 2)
    assert "1 passed, 0 failed" in bare_terraform.test(tmp_path)
    (tmp_path / "a.tftest.hcl").write_text(ASSERTED % 3)
    with pytest.raises(TerraformFailed, match="0 passed, 1 failed"):
        bare_terraform.test(tmp_path)


def test_an_invalid_folder_is_noticed(bare_terraform: Terraform, tmp_path: Path) -> None:
    """An unknown variable is an error with its name."""
    (tmp_path / "main.tf").write_text('output "a" {\n  value = var.absent\n}\n')
    bare_terraform.init(tmp_path)
    (found,) = bare_terraform.validate(tmp_path)
    assert found.startswith("error: Reference to undeclared input variable")
