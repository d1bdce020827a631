"""Deduplication memory on disk, so that a restart reads the end of the log only, not the whole horizon.

One folder per partition: immutable run files and a manifest, which is replaced last. What is corrupt, of another stream
or of another contract is treated as if it were not there: the memory is then seeded anew.

Two processes may use one folder, while a partition moves between them: files carry their writer's name, so that a
manifest never speaks of what another one wrote. The later save wins and takes the other's files away.
"""

from __future__ import annotations

import os
import uuid
import zlib
from collections.abc import Container
from pathlib import Path

import msgspec
import numpy as np

from speed_layer.dedup import ENTRY, FirstPositions, Run
from tideline.model.position import Partition, StreamId

_FORMAT = 3
_MANIFEST = "manifest.json"


class _RunFile(msgspec.Struct, forbid_unknown_fields=True):
    name: str
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
        self._writer = uuid.uuid4().hex[:8]
        self._written: dict[tuple[Partition, int], _RunFile] = {}

    def save(self, partition: Partition, memory: FirstPositions, silver_version: int = -1) -> None:
        """1. write the run files that are not there; 2. replace the manifest; 3. remove files it does not name.

        FileNotFoundError when another process removed files meanwhile: saved again, it is whole.
        """
        folder = self._root / f"p{partition}"
        folder.mkdir(parents=True, exist_ok=True)
        files = [self._there(folder, partition, run) or self._write(folder, partition, run) for run in memory.runs]
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
        self._replace(folder / _MANIFEST, msgspec.json.encode(manifest))
        named = {file.name for file in files} | {_MANIFEST}
        for path in folder.iterdir():
            if path.name not in named:
                path.unlink(missing_ok=True)
        kept = {run.number for run in memory.runs}
        self._written = {k: v for k, v in self._written.items() if k[0] != partition or k[1] in kept}

    def load(
        self, partition: Partition, horizon_ms: int, believed: Container[int] | None = None
    ) -> FirstPositions | None:
        """The memory of a partition, or None when there is no usable one; `believed` are versions of silver."""
        folder = self._root / f"p{partition}"
        try:
            manifest = self._manifest(folder)
            if not self._fits(manifest, horizon_ms) or (
                believed is not None and manifest.silver_version not in believed
            ):
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

    def _there(self, folder: Path, partition: Partition, run: Run) -> _RunFile | None:
        file = self._written.get((partition, run.number))
        return file if file is not None and (folder / file.name).exists() else None

    def _write(self, folder: Path, partition: Partition, run: Run) -> _RunFile:
        content = run.entries.tobytes()
        name = f"run-{run.number:08d}-{self._writer}.bin"
        self._replace(folder / name, content)
        file = _RunFile(name, run.number, run.bucket, run.level, len(run.entries), zlib.crc32(content))
        self._written[partition, run.number] = file
        return file

    def _replace(self, path: Path, content: bytes) -> None:
        temporary = path.with_name(f"{path.name}.{self._writer}.new")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def _read(folder: Path, file: _RunFile) -> Run:
    content = (folder / file.name).read_bytes()
    if len(content) != file.rows * ENTRY.itemsize or zlib.crc32(content) != file.crc:
        raise ValueError("the run file is not the one that was written")
    return Run(file.number, file.bucket, file.level, np.frombuffer(content, dtype=ENTRY))
