"""The broker's storage is set up in any home, whatever its cluster id looks like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platform import fresh_settings, java_or_skip
from tideline.local.broker import _cluster_id, broker
from tideline.local.process import prepare

pytestmark = pytest.mark.kafka


def test_a_cluster_id_that_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    """The id is made from the home's path: one home in 64 has such an id."""
    home = next(home for n in range(10_000) if _cluster_id(home := tmp_path / f"home{n}").startswith("-"))
    settings = fresh_settings(home)
    service = broker(settings, java_or_skip(settings))
    prepare(service, settings.for_children())
    assert f"cluster.id={_cluster_id(home)}" in (home / "kafka" / "data" / "meta.properties").read_text()
