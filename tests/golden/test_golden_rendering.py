"""The generated dbt files of a contract with everything in it, text for text."""

from __future__ import annotations

from tests.golden.rendering import expected, rendered


def test_dbt_files_are_the_expected_ones() -> None:
    """Staging without what is omitted, a batch-only view, and one model that measures the gates in a pass per table."""
    assert rendered() == expected()
