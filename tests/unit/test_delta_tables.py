"""Delta tables by delta-rs: whose commit is read, which version, and that damage is loud."""

from __future__ import annotations

import json
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from tideline.adapters.delta_tables import DeltaTables
from tideline.model.errors import DataError


def write(path: Path, value: int, said: object = None) -> None:
    text = {} if said is None else {"userMetadata": json.dumps(said)}
    properties = deltalake.CommitProperties(custom_metadata=text)
    deltalake.write_deltalake(str(path), pa.table({"a": [value]}), mode="append", commit_properties=properties)


def test_the_newest_commit_of_tideline_is_found_behind_any_others(tmp_path: Path) -> None:
    """Compaction and other people's commits carry no Coverage; more than one page of them may lie on top."""
    write(tmp_path / "t", 1, {"tideline": {"batch": 1}})
    write(tmp_path / "t", 2, {"tideline": {"batch": 2}})
    for n in range(20):
        write(tmp_path / "t", n, None if n % 2 else {"other": 1})
    found = DeltaTables(tmp_path).last_commit("t")
    assert found is not None
    assert (found.version, found.metadata) == (1, {"batch": 2})


def test_a_pinned_version_is_read_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "t", 1)
    write(tmp_path / "t", 2)
    tables = DeltaTables(tmp_path)
    assert tables.version("t") == 1
    assert tables.read("t", 0).to_pydict() == {"a": [1]}
    assert sorted(tables.read("t", 1, ["a"]).to_pydict()["a"]) == [1, 2]


def test_no_table_is_none(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    assert (tables.version("t"), tables.last_commit("t")) == (None, None)


def test_damage_is_loud(tmp_path: Path) -> None:
    """A log that is gone, a version that is gone, a data file that is gone: never an empty table."""
    tables = DeltaTables(tmp_path)
    write(tmp_path / "t", 1)
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.read("t", 7)
    for file in (tmp_path / "t").glob("*.parquet"):
        file.unlink()
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.read("t", 0)
    write(tmp_path / "u", 1)
    for file in (tmp_path / "u" / "_delta_log").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="TL-TAB-001"):
        tables.version("u")
