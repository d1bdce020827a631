"""What environments get carries the Spark, the Delta and the Airflow that the project is tested on."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = REPOSITORY / "infra" / "terraform" / "modules"


def _table(path: str) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads((MODULES / path).read_text())
    return table


def _releases() -> dict[str, dict[str, str]]:
    return _table("emr/releases.json")


def _pins(group: str) -> dict[str, str]:
    pins = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["dependency-groups"][group]
    exact = [re.fullmatch(r"([a-z-]+)(?:\[.*\])?==(\S+)", pin) for pin in pins if isinstance(pin, str)]
    return {match[1]: match[2] for match in exact if match}


def _default(module: str, variable: str) -> str:
    """The default of a module's variable, as its file has it."""
    text = (MODULES / module / "variables.tf").read_text()
    block = re.search(rf'variable "{variable}" \{{.*?\n\}}', text, re.S)
    assert block
    default = re.search(r'default\s*=\s*"([^"]+)"', block[0])
    assert default
    return default[1]


def test_every_release_of_the_table_carries_the_pinned_spark_and_delta() -> None:
    """A new pin without a release that has it, or a release with another Spark, is told before anything is applied."""
    wanted = {"spark": _pins("batch")["pyspark"], "delta": _pins("batch")["delta-spark"]}
    for label, release in _releases().items():
        assert {name: release[name] for name in wanted} == wanted, label


def test_the_defaults_are_in_the_tables() -> None:
    """The default of a module is one of the versions that it accepts."""
    assert _default("emr", "release_label") in _releases()
    assert _default("airflow", "airflow_version") in _table("airflow/versions.json")


def test_the_only_airflow_is_the_pinned_one() -> None:
    """A managed environment runs the Airflow that the plugins and the requirements are tested on."""
    assert set(_table("airflow/versions.json")) == {_pins("airflow")["apache-airflow"]}


def test_python_of_every_release_is_supported() -> None:
    """Jobs run on a Python that the package allows."""
    allowed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["requires-python"]
    assert allowed == ">=3.11,<3.13"
    carried = [*_releases().values(), *_table("airflow/versions.json").values()]
    assert {one["python"] for one in carried} <= {"3.11", "3.12"}
