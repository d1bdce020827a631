"""The checker is checked: it is silent about an honest system and notices every planted bug by the answers alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checker.mutants import MUTANTS, Mutant
from tests.checker.system import System


@pytest.mark.parametrize("seed", range(3))
def test_an_honest_system_is_never_accused(seed: int, tmp_path: Path) -> None:
    system = System(seed, tmp_path)
    assert system.run() == {}
    assert system.compared > 300
    assert system.release is not None and system.release.number >= 3, "answers must be joined of batch and speed"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_is_caught(mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    found = System(1, tmp_path).run()
    assert found, f"{mutant.__name__} went unnoticed"
