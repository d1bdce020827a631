"""The benchmark's contracts are valid and compile together: its figures are of work that counts."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from tideline.index import compile_index, load_index, store_index
from tideline.settings import REPOSITORY

BENCH = REPOSITORY / "bench" / "engine_contracts.py"


@pytest.mark.parametrize("count", [7, 120])
def test_as_many_contracts_as_asked_for_of_thirty_columns_each(tmp_path: Path, count: int) -> None:
    spec = importlib.util.spec_from_file_location("engine_contracts", BENCH)
    assert spec is not None and spec.loader is not None
    bench = sys.modules.setdefault("engine_contracts", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(bench)
    bench.write_contracts(tmp_path / "contracts", count)
    index = store_index(tmp_path / "index.json", compile_index(tmp_path / "contracts"))
    made = load_index(index).values()
    assert len(made) == count and {len(contract.fields) for contract in made} == {30}
    assert any(contract.family for contract in made) is (count >= 100)
    assert len({contract.hash for contract in made}) > count / 20
