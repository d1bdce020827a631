"""Documents in memory; a write can be made to fail before or after it took effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tideline.model.errors import Retriable


class FakeDocuments:
    """`fail_before`, `fail_after` are countdowns: the n-th next `put_new` raises without or with the write applied."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.fail_before = 0
        self.fail_after = 0

    def put_new(self, name: str, document: Mapping[str, Any]) -> bool:
        self.fail_before -= 1
        self.fail_after -= 1
        if self.fail_before == 0:
            raise Retriable("TL-DOC-003", "planned failure before the write", where=name)
        fresh = name not in self.texts
        self.texts.setdefault(name, json.dumps(document, sort_keys=True))
        if self.fail_after == 0:
            raise Retriable("TL-DOC-003", "planned failure after the write", where=name)
        return fresh

    def get(self, name: str) -> dict[str, Any] | None:
        text = self.texts.get(name)
        return None if text is None else dict(json.loads(text))

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self.texts if name.startswith(prefix))
