"""Watches the release documents of one contract and loads the gold rows that a new one pins."""

from __future__ import annotations

from serving_layer.contract_state import LoadedRelease
from serving_layer.gold import gold_columns, gold_rows
from tideline.model.contract import Contract
from tideline.model.errors import DataError
from tideline.model.release import Release, release_number, release_prefix
from tideline.ports import Documents, Tables


class Releases:
    """Remembers the newest release that was given out; table versions are pinned, so loading twice gives the same."""

    def __init__(self, contract: Contract, documents: Documents, tables: Tables) -> None:
        self._contract, self._documents, self._tables = contract, documents, tables
        self._given = 0

    def newer(self) -> LoadedRelease | None:
        """The live release if it has not been given out yet. Raises Retriable or DataError; then ask again later."""
        names = self._documents.names(release_prefix(self._contract.id))
        if not names or release_number(names[-1]) <= self._given:
            return None
        document = self._documents.get(names[-1])
        if document is None:
            return None
        loaded = self._load(Release.from_json(document))
        self._given = release_number(names[-1])
        return loaded

    def _load(self, release: Release) -> LoadedRelease:
        if release.contract_hash != self._contract.hash:
            return LoadedRelease(release, {})
        rows = {}
        for view in self._contract.views:
            pinned = release.views.get(view.name)
            if pinned is None:
                raise DataError(
                    "TL-SRV-004",
                    f"release {release.number} has no version of view {view.name}",
                    where=f"contract {self._contract.id}",
                    fix="build and publish again: tideline run",
                )
            self._check_version(pinned.path, pinned.version)
            table = self._tables.read(pinned.path, pinned.version, gold_columns(self._contract, view))
            rows[view.name] = gold_rows(self._contract, view, table)
        return LoadedRelease(release, rows)

    def _check_version(self, path: str, version: int) -> None:
        """A table that opens at an older version than the release names has lost the end of its log."""
        newest = self._tables.version(path)
        if newest is None or newest < version:
            raise DataError(
                "TL-SRV-005",
                f"the table ends at version {newest}, the release pins version {version}",
                where=f"table {path}",
                fix="restore the table's log, or publish again: tideline run",
            )
