"""Tideline: where the stream meets the lake."""

__version__ = "0.1.0"
