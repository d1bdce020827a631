"""Fixtures for all tests; the real services live in tests/platform.py."""

import logging

import pytest

pytest_plugins = ["tests.platform"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Client libraries log from their threads while the captured streams are already closed: nobody reads that."""
    logging.raiseExceptions = False
