"""A file as chunks of whole lines, found in one pass, so that each can be delivered and remembered alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tideline.model.errors import Fatal


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes `[start, end)` of a file; `line` is the number of its first line, from 1."""

    number: int
    start: int
    end: int
    line: int

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of a file shows: its content's SHA-256, its size in bytes, and its chunks."""

    sha256: str
    size: int
    chunks: tuple[Chunk, ...]


def survey(blocks: Iterable[bytes], chunk_bytes: int, max_bytes: int) -> Survey:
    """Cut at the first line end after `chunk_bytes`. Fatal for a file or a line that is too long; keeps no bytes."""
    digest, chunks = hashlib.sha256(), list[Chunk]()
    start = at = lines_before = lines = 0
    for block in blocks:
        digest.update(block)
        if at + len(block) > max_bytes:
            raise Fatal("TL-DEL-002", f"the file has more than {max_bytes} bytes", fix="split it")
        seen = 0
        while True:
            due = max(seen, start + chunk_bytes - at - 1)
            cut = block.find(b"\n", due) if due < len(block) else -1
            if cut < 0:
                break
            lines += block.count(b"\n", seen, cut + 1)
            chunks.append(Chunk(len(chunks), start, at + cut + 1, lines_before + 1))
            start, seen, lines_before = at + cut + 1, cut + 1, lines
        lines += block.count(b"\n", seen)
        at += len(block)
        if at - start > 2 * chunk_bytes:
            raise Fatal(
                "TL-DEL-003", f"line {lines_before + 1} or one behind it is too long", fix="write one event per line"
            )
    if at > start:
        chunks.append(Chunk(len(chunks), start, at, lines_before + 1))
    return Survey(digest.hexdigest(), at, tuple(chunks))
