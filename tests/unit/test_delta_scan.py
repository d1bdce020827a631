"""Reading stretches of a table: only the rows asked for, and no more files than needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from tests.fakes.tables import FakeTables
from tideline.adapters.delta_tables import DeltaTables
from tideline.model.lake import Lake
from tideline.model.position import Range
from tideline.ports import Tables

COLUMNS = ["partition", "position", "value"]


def rows(partition: int, *positions: int) -> pa.Table:
    return pa.table({
        "partition": pa.array([partition] * len(positions), pa.int32()),
        "position": pa.array(positions, pa.int64()),
        "value": pa.array([f"{partition}:{at}".encode() for at in positions], pa.binary()),
    })  # fmt: skip


@pytest.fixture(params=["delta", "fake"])
def tables(request: Any, tmp_path: Path) -> Tables:
    """Two files of the partitions 0 and 1, positions 0 to 9."""
    first, second = rows(0, *range(10)), rows(1, *range(10))
    if request.param == "fake":
        fake = FakeTables()
        fake.commit("bronze", pa.concat_tables([first, second]), None)
        return fake
    for part in (first, second):
        deltalake.write_deltalake(str(tmp_path / "bronze"), part, mode="append")
    return DeltaTables(Lake(str(tmp_path)))


def found(tables: Tables, *ranges: tuple[int, Range]) -> list[tuple[int, int]]:
    version = tables.version("bronze")
    assert version is not None
    batches = tables.scan("bronze", version, COLUMNS, ranges)
    return sorted((row["partition"], row["position"]) for batch in batches for row in batch.to_pylist())


def test_exactly_the_ranges_are_read(tables: Tables) -> None:
    assert found(tables, (0, Range(3, 5)), (1, Range(0, 1)), (1, Range(9, 99))) == [(0, 3), (0, 4), (1, 0), (1, 9)]
    assert found(tables, (0, Range(4, 4))) == []
    assert found(tables) == []
    assert list(tables.scan("nowhere", 0, COLUMNS, [(0, Range(0, 1))])) == []
