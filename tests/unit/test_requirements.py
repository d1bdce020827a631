"""requirements.txt is what pyproject.toml asks for, checked without a network."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "requirements.txt").read_text()
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def lock_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", REPOSITORY / "scripts" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_lock_starts_with_the_present_direct_pins() -> None:
    """Whoever changes a pin in pyproject.toml runs `make lock`."""
    assert TEXT.startswith(lock_script().header()), "requirements.txt is stale. Fix: make lock"


def test_every_direct_pin_is_locked_at_a_version_it_allows() -> None:
    """The lock cannot contradict the pins."""
    locked: dict[str, set[str]] = {}
    for match in LOCKED.finditer(TEXT):
        locked.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    for pins in lock_script().groups().values():
        for pin in map(Requirement, pins):
            versions = locked.get(canonicalize_name(pin.name), set())
            assert versions, f"{pin} is not locked. Fix: make lock"
            assert all(pin.specifier.contains(version, prereleases=True) for version in versions), f"{pin}: {versions}"


def test_every_locked_package_carries_hashes_and_no_index_is_named() -> None:
    """An installer can check every file, wherever it comes from."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", TEXT[TEXT.index("\n\n") + 2 :])
    assert len(blocks) > 100
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)\b", TEXT, re.MULTILINE)
    assert "--hash=sha256:" in (REPOSITORY / "scripts" / "uv.txt").read_text()


def test_speed_and_serving_do_not_need_airflow_or_spark() -> None:
    """Their groups are closed: neither names a package of the batch side."""
    groups = lock_script().groups()
    names = {canonicalize_name(Requirement(pin).name) for group in ("speed", "serving") for pin in groups[group]}
    assert not names & {"apache-airflow", "pyspark", "dbt-core"}
