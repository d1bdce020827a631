"""Deduplication memory on disk, so that a restart reads the end of the log only, not the whole horizon.

One folder per partition: immutable run files and a manifest, which is replaced last. What is corrupt, of another stream
or of another contract is treated as if it were not there: the memory is then seeded anew.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import msgspec
import numpy as np

from speed_layer.dedup import ENTRY, FirstPositions, Run
from tideline.model.position import Partition, StreamId

_FORMAT = 2
_MANIFEST = "manifest.json"


class _RunFile(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    bucket: int
    level: int
    rows: int
    crc: int


class _Manifest(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    stream: str
    identity: str
    contract_hash: str
    silver_version: int
    horizon_ms: int
    known_from: int
    frozen_to: int
    numbers: int
    runs: list[_RunFile]


class Spill:
    """The spill of one contract under `root`, for one stream identity and contract hash."""

    def __init__(self, root: Path, stream: StreamId, contract_hash: str) -> None:
        self._root, self._stream, self._hash = root, stream, contract_hash
        self._written: dict[tuple[Partition, int], _RunFile] = {}

    def save(self, partition: Partition, memory: FirstPositions, silver_version: int = -1) -> None:
        """1. write the run files that are new; 2. replace the manifest; 3. remove files it no longer names."""
        folder = self._root / f"p{partition}"
        folder.mkdir(parents=True, exist_ok=True)
        files = [
            self._written.get((partition, run.number)) or self._write(folder, partition, run) for run in memory.runs
        ]
        manifest = _Manifest(
            format=_FORMAT,
            stream=self._stream.name,
            identity=self._stream.identity,
            contract_hash=self._hash,
            silver_version=silver_version,
            horizon_ms=memory.horizon_ms,
            known_from=memory.known_from,
            frozen_to=memory.frozen_to,
            numbers=memory.numbers,
            runs=files,
        )
        _replace(folder / _MANIFEST, msgspec.json.encode(manifest))
        named = {_file_name(run.number) for run in memory.runs} | {_MANIFEST}
        for path in folder.iterdir():
            if path.name not in named:
                path.unlink()
        kept = {run.number for run in memory.runs}
        self._written = {k: v for k, v in self._written.items() if k[0] != partition or k[1] in kept}

    def load(self, partition: Partition, horizon_ms: int) -> FirstPositions | None:
        """The memory of a partition, or None when there is no usable one."""
        folder = self._root / f"p{partition}"
        try:
            manifest = self._manifest(folder)
            if not self._fits(manifest, horizon_ms):
                return None
            runs = [_read(folder, file) for file in manifest.runs]
        except (OSError, ValueError):  # msgspec's errors and numpy's are ValueErrors
            return None
        self._written.update({(partition, file.number): file for file in manifest.runs})
        return FirstPositions(
            horizon_ms,
            manifest.known_from,
            next=manifest.frozen_to,
            runs=runs,
            frozen_to=manifest.frozen_to,
            numbers=manifest.numbers,
        )

    def silver_version(self, partition: Partition, horizon_ms: int) -> int | None:
        """The version of silver that the memory on disk agrees with (-1: none yet); None without a usable one."""
        try:
            manifest = self._manifest(self._root / f"p{partition}")
        except (OSError, ValueError):
            return None
        return manifest.silver_version if self._fits(manifest, horizon_ms) else None

    def forget(self, partition: Partition) -> None:
        """The memory starts anew: files of the old one must not be taken for runs of the new one."""
        self._written = {key: file for key, file in self._written.items() if key[0] != partition}

    def drop(self, partition: Partition) -> None:
        """What is on disk is wrong from now on."""
        self.forget(partition)
        (self._root / f"p{partition}" / _MANIFEST).unlink(missing_ok=True)

    def _manifest(self, folder: Path) -> _Manifest:
        return msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=_Manifest)

    def _fits(self, manifest: _Manifest, horizon_ms: int) -> bool:
        wanted = (_FORMAT, self._stream.name, self._stream.identity, self._hash, horizon_ms)
        return wanted == (
            manifest.format, manifest.stream, manifest.identity, manifest.contract_hash, manifest.horizon_ms,
        )  # fmt: skip

    def _write(self, folder: Path, partition: Partition, run: Run) -> _RunFile:
        content = run.entries.tobytes()
        _replace(folder / _file_name(run.number), content)
        file = _RunFile(run.number, run.bucket, run.level, len(run.entries), zlib.crc32(content))
        self._written[partition, run.number] = file
        return file


def _read(folder: Path, file: _RunFile) -> Run:
    content = (folder / _file_name(file.number)).read_bytes()
    if len(content) != file.rows * ENTRY.itemsize or zlib.crc32(content) != file.crc:
        raise ValueError("the run file is not the one that was written")
    return Run(file.number, file.bucket, file.level, np.frombuffer(content, dtype=ENTRY))


def _file_name(number: int) -> str:
    return f"run-{number:08d}.bin"


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
