"""What every store of documents keeps to, a folder or a bucket: names, the text that is written, what is read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tideline.model.errors import DataError, Fatal

_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def checked_name(name: str) -> str:
    """The name, or Fatal: one that could leave the store, or that no file system and bucket both take."""
    if not _NAME.fullmatch(name) or len(name) > 500:
        raise Fatal(
            "TL-DOC-001",
            f"{name[:80]!r} is no document name",
            fix="use letters, digits, '.', '_', '-' and '/' between parts; no part starts with a dot",
        )
    return name


def text_of(document: Mapping[str, Any]) -> str:
    """The same text for the same document."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, indent=1)


def parsed(body: bytes, where: str) -> dict[str, Any]:
    """The document that was written; DataError for anything else."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise DataError("TL-DOC-002", "the document is not JSON", where=where) from error
    if not isinstance(found, dict):
        raise DataError("TL-DOC-002", "the document is not a JSON object", where=where)
    return found
