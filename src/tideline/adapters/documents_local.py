"""Documents on the local file system: written once, whole or not at all, also when the machine dies in between."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tideline.model.document import checked_name, parsed, text_of

_PENDING = ".pending-"  # no document name starts with a dot, so a crash leaves nothing that is listed


class LocalDocuments:
    """Documents port under one folder. `put_new` links a finished, synced file into place: the name is the lock."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_new(self, name: str, document: Mapping[str, Any]) -> bool:
        target = self._path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = text_of(document)
        handle, pending = tempfile.mkstemp(prefix=_PENDING, dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(pending, target)
        except FileExistsError:
            return False
        finally:
            Path(pending).unlink(missing_ok=True)
        _sync_folder(target.parent)
        return True

    def get(self, name: str) -> dict[str, Any] | None:
        path = self._path(name)
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            return None
        return parsed(body, str(path))

    def names(self, prefix: str) -> list[str]:
        found = []
        for folder, _, files in os.walk(self._root):
            place = Path(folder).relative_to(self._root)
            found += [(place / file).as_posix() for file in files if not file.startswith(".")]
        return sorted(name for name in found if name.startswith(prefix))

    def _path(self, name: str) -> Path:
        return self._root / checked_name(name)


def _sync_folder(folder: Path) -> None:
    """The new name itself has to survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
