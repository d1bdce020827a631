"""Fixtures for all tests; the real services live in tests/platform.py."""

pytest_plugins = ["tests.platform"]
