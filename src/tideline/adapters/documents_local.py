"""Documents on the local file system: written once, whole or not at all, also when the machine dies in between."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tideline.model.errors import DataError, Fatal

_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_PENDING = ".pending-"  # no document name starts with a dot, so a crash leaves nothing that is listed


class LocalDocuments:
    """Documents port under one folder. `put_new` links a finished, synced file into place: the name is the lock."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_new(self, name: str, document: Mapping[str, Any]) -> bool:
        target = self._path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1)
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
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise DataError("TL-DOC-002", "the document is not JSON", where=str(path)) from error
        if not isinstance(found, dict):
            raise DataError("TL-DOC-002", "the document is not a JSON object", where=str(path))
        return found

    def names(self, prefix: str) -> list[str]:
        found = []
        for folder, _, files in os.walk(self._root):
            place = Path(folder).relative_to(self._root)
            found += [(place / file).as_posix() for file in files if not file.startswith(".")]
        return sorted(name for name in found if name.startswith(prefix))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or len(name) > 500:
            raise Fatal(
                "TL-DOC-001",
                f"{name[:80]!r} is no document name",
                fix="use letters, digits, '.', '_', '-' and '/' between parts; no part starts with a dot",
            )
        return self._root / name


def _sync_folder(folder: Path) -> None:
    """The new name itself has to survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
