"""The EMR release that environments get carries the Spark and the Delta that jobs are tested on."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "infra" / "terraform" / "modules" / "emr"


def _releases() -> dict[str, dict[str, str]]:
    releases: dict[str, dict[str, str]] = json.loads((MODULE / "releases.json").read_text())
    return releases


def _pins() -> dict[str, str]:
    batch = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"]["batch"]
    exact = [re.fullmatch(r"([a-z-]+)(?:\[.*\])?==(\S+)", pin) for pin in batch if isinstance(pin, str)]
    return {match[1]: match[2] for match in exact if match}


def test_every_release_of_the_table_carries_the_pinned_spark_and_delta() -> None:
    """A new pin without a release that has it, or a release with another Spark, is told before anything is applied."""
    wanted = {"spark": _pins()["pyspark"], "delta": _pins()["delta-spark"]}
    for label, release in _releases().items():
        assert {name: release[name] for name in wanted} == wanted, label


def test_the_default_release_is_in_the_table() -> None:
    """The default of the module is one of the releases that it accepts."""
    block = re.search(r'variable "release_label" \{.*?\n\}', (MODULE / "variables.tf").read_text(), re.S)
    assert block
    default = re.search(r'default\s*=\s*"([^"]+)"', block[0])
    assert default and default[1] in _releases()


def test_python_of_every_release_is_supported() -> None:
    """Jobs run on a Python that the package allows."""
    allowed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    assert allowed == ">=3.11,<3.13"
    assert {release["python"] for release in _releases().values()} <= {"3.11", "3.12"}
