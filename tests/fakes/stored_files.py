"""Files and records in memory, as strict as S3 and DynamoDB: ETags, conditional writes, and a kill at any call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tideline.model.errors import FileGone
from tideline.ports import StoredFile


class Killed(BaseException):
    """The process is gone: no `except Exception` may hold it up."""


class Fate:
    """Counts calls of all that share it; `kill_at(n)` ends the n-th from now, before or after it took effect."""

    def __init__(self) -> None:
        self.calls = 0
        self._at: int | None = None
        self._after = False

    def kill_at(self, call: int, *, after: bool) -> None:
        self._at, self._after = self.calls + call, after

    def spare(self) -> None:
        self._at = None

    def before(self) -> None:
        self.calls += 1
        if self._at == self.calls and not self._after:
            raise Killed

    def after(self) -> None:
        if self._at == self.calls and self._after:
            raise Killed


class FakeFiles:
    """Implements the Files port; `arrive` plays who uploads. An ETag differs with each upload, as under KMS."""

    def __init__(self, fate: Fate | None = None, block: int = 7) -> None:
        self.there: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._fate, self._block, self._uploads = fate or Fate(), block, 0

    def arrive(self, bucket: str, key: str, body: bytes) -> StoredFile:
        self._uploads += 1
        etag = hashlib.md5(body + str(self._uploads).encode()).hexdigest()
        self.there[bucket, key] = (body, etag)
        return StoredFile(bucket, key, etag)

    def names(self, bucket: str) -> list[str]:
        return sorted(key for held, key in self.there if held == bucket)

    def blocks(self, file: StoredFile) -> Iterator[bytes]:
        self._fate.before()
        body = self._body(file)
        for at in range(0, len(body), self._block):
            yield body[at : at + self._block]
        self._fate.after()

    def read(self, file: StoredFile, start: int, end: int) -> bytes:
        self._fate.before()
        return self._body(file)[start:end]

    def put(self, bucket: str, key: str, body: bytes) -> None:
        self._fate.before()
        self.arrive(bucket, key, body)
        self._fate.after()

    def copy(self, file: StoredFile, bucket: str, key: str) -> None:
        self._fate.before()
        self.arrive(bucket, key, self._body(file))
        self._fate.after()

    def remove(self, file: StoredFile) -> None:
        self._fate.before()
        held = self.there.get((file.bucket, file.key))
        if held is not None and held[1] == file.etag:
            del self.there[file.bucket, file.key]
        self._fate.after()

    def _body(self, file: StoredFile) -> bytes:
        held = self.there.get((file.bucket, file.key))
        if held is None or held[1] != file.etag:
            raise FileGone("TL-DEL-010", "the file is gone or was replaced", where=file.key)
        return held[0]


class FakeMemory:
    """Implements the Memory port."""

    def __init__(self, fate: Fate | None = None) -> None:
        self.records: dict[tuple[str, str], str] = {}
        self._fate = fate or Fate()

    def get(self, file: str, part: str) -> Mapping[str, Any] | None:
        self._fate.before()
        held = self.records.get((file, part))
        return None if held is None else dict(json.loads(held))

    def put_new(self, file: str, part: str, record: Mapping[str, Any]) -> bool:
        self._fate.before()
        new = (file, part) not in self.records
        if new:
            self.records[file, part] = json.dumps(record, sort_keys=True)
        self._fate.after()
        return new

    def replace(self, file: str, part: str, record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
        self._fate.before()
        same = self.records.get((file, part)) == json.dumps(before, sort_keys=True)
        if same:
            self.records[file, part] = json.dumps(record, sort_keys=True)
        self._fate.after()
        return same

    def parts(self, file: str, prefix: str) -> list[Mapping[str, Any]]:
        self._fate.before()
        found = sorted((part, held) for (name, part), held in self.records.items() if name == file)
        return [json.loads(held) for part, held in found if part.startswith(prefix)]
