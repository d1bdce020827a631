"""The demo deletes what an earlier demo left, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platform import fresh_settings
from tideline.cli.demo import MARK, _fresh_home
from tideline.model.errors import Fatal


def test_a_home_in_which_only_set_up_left_its_log_is_taken(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "setup.log").write_text("done")
    _fresh_home(fresh_settings(tmp_path))
    assert [entry.name for entry in tmp_path.iterdir()] == [MARK]


def test_an_earlier_demo_is_deleted(tmp_path: Path) -> None:
    home = fresh_settings(tmp_path)
    _fresh_home(home)
    (tmp_path / "lake").mkdir()
    _fresh_home(home)
    assert not (tmp_path / "lake").exists()


def test_a_home_with_other_data_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    with pytest.raises(Fatal, match="TL-DEMO-012"):
        _fresh_home(fresh_settings(tmp_path))
    assert (tmp_path / "lake").exists()
