"""The only place that chooses adapters; each is imported when it is asked for, so nobody pays for what is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.model.errors import Fatal
from tideline.ports import Documents, EventLog, Tables

if TYPE_CHECKING:
    from tideline.settings import Settings


def event_log(settings: Settings, client: str = "confluent") -> EventLog:
    """The event log; `client` is `confluent` (the hot path) or `python` (no compiled library)."""
    if client == "confluent":
        from tideline.adapters.kafka_confluent import ConfluentLog

        return ConfluentLog(settings.kafka_bootstrap)
    if client == "python":
        from tideline.adapters.kafka_python_log import PythonLog

        return PythonLog(settings.kafka_bootstrap)
    raise Fatal("TL-LOG-006", f"there is no event log client {client!r}", fix="use confluent or python")


def documents(settings: Settings) -> Documents:
    """Releases, cuts and leases, beside the tables."""
    from tideline.adapters.documents_local import LocalDocuments

    return LocalDocuments(settings.lake / "_tideline")


def tables(settings: Settings) -> Tables:
    """Delta tables of the lake; paths are relative to it."""
    from tideline.adapters.delta_tables import DeltaTables

    return DeltaTables(settings.lake)
