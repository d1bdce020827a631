"""Delta tables read by delta-rs: commits with their metadata, schema, files, and the rows of a pinned version."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector

from tideline.adapters import delta_rows
from tideline.model.errors import DataError
from tideline.model.lake import Lake
from tideline.model.position import Partition, Range
from tideline.ports import DataFile, TableCommit

_FIRST_LOOK = 16
_SCANNED_ROWS = 4_096  # at a time, so that no scan holds more than some megabytes


class DeltaTables:
    """Tables port over a lake; paths are relative to it. A table that is there but unreadable is a DataError.

    `options` are delta-rs's for a bucket (region, endpoint); credentials are those of this process.
    """

    def __init__(self, lake: Lake, options: Mapping[str, str] | None = None) -> None:
        self._lake, self._options = lake, dict(options or {})

    def last_commit(self, path: str) -> TableCommit | None:
        table = self._open(path)
        if table is None:
            return None
        for limit in (_FIRST_LOOK, None):
            for commit in self._history(table, path, limit):
                metadata = _metadata(commit)
                if metadata is not None:
                    return TableCommit(int(commit["version"]), metadata)
        return None

    def commits(self, path: str, after: int) -> list[TableCommit]:
        table = self._open(path)
        if table is None or table.version() <= after:
            return []
        history = self._history(table, path, int(table.version()) - after)
        said = ((int(commit["version"]), _metadata(commit)) for commit in reversed(history))
        return [TableCommit(version, metadata) for version, metadata in said if metadata is not None]

    def version(self, path: str) -> int | None:
        table = self._open(path)
        return None if table is None else int(table.version())

    def read(self, path: str, version: int, columns: Sequence[str] | None = None) -> Any:
        table = self._open(path, version)
        if table is None:
            raise _broken(self._lake.place(path), f"there is no table, version {version} of it was promised")
        try:
            if delta_rows.is_evolved(table):
                return delta_rows.read(table, self._file, columns)
            return table.to_pyarrow_table(columns=list(columns) if columns is not None else None)
        except (DeltaError, OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise _broken(self._lake.place(path), f"version {version} cannot be read ({_first_line(error)})") from error

    def scan(
        self, path: str, version: int, columns: Sequence[str], ranges: Sequence[tuple[Partition, Range]]
    ) -> Iterator[pa.RecordBatch]:
        table = self._open(path, version)
        wanted = _inside(ranges)
        if table is None or wanted is None:
            return
        try:
            yield from table.to_pyarrow_dataset().scanner(list(columns), wanted, batch_size=_SCANNED_ROWS).to_batches()
        except (DeltaError, OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise _broken(self._lake.place(path), f"version {version} cannot be read ({_first_line(error)})") from error

    def schema(self, path: str, version: int | None = None) -> dict[str, Any] | None:
        table = self._open(path, version)
        return None if table is None else delta_rows.schema(table)

    def properties(self, path: str) -> dict[str, str]:
        table = self._open(path)
        return {} if table is None else dict(table.metadata().configuration)

    def files(self, path: str, version: int | None = None) -> list[DataFile]:
        table = self._open(path, version)
        if table is None:
            return []
        names = {delta_rows.physical(field): str(field["name"]) for field in delta_rows.schema(table)["fields"]}
        listed = pa.table(table.get_add_actions(flatten=False)).to_pylist()
        return [_data_file(action, names) for action in listed]

    def _open(self, path: str, version: int | None = None) -> DeltaTable | None:
        place = self._lake.place(path)
        if not self._lake.remote and not Path(place).exists():
            return None
        try:
            return DeltaTable(place, version=version, storage_options=self._options or None)
        except TableNotFoundError as error:
            if self._holds_files(place):
                raise _broken(place, "the folder holds files, but its table log is missing") from error
            return None
        except (DeltaError, OSError, ValueError) as error:
            raise _broken(place, f"its table log cannot be read ({_first_line(error)})") from error

    def _file(self, uri: str) -> Any:
        """What pyarrow opens a data file by: its path, or a file of the bucket."""
        if not self._lake.remote:
            return uri
        folder, _, name = uri.rpartition("/")
        return DeltaStorageHandler(folder, self._options or None).open_input_file(name)

    def _holds_files(self, place: str) -> bool:
        if not self._lake.remote:
            return any(Path(place).rglob("*"))
        everything = FileSelector("", allow_not_found=True, recursive=True)
        try:
            below = DeltaStorageHandler(place, self._options or None).get_file_info_selector(everything)
        except OSError as error:
            raise _broken(place, f"it cannot be listed ({_first_line(error)})") from error
        return bool(below)

    def _history(self, table: DeltaTable, path: str, limit: int | None) -> list[dict[str, Any]]:
        try:
            return sorted(table.history(limit), key=lambda commit: int(commit["version"]), reverse=True)
        except (DeltaError, OSError, ValueError) as error:
            raise _broken(self._lake.place(path), f"its history cannot be read ({_first_line(error)})") from error


def _inside(ranges: Sequence[tuple[Partition, Range]]) -> Any:
    """The condition for rows of these ranges; None when they hold none."""
    partition, position = pc.field("partition"), pc.field("position")
    parts = [(partition == p) & (position >= held.start) & (position < held.end) for p, held in ranges if held]
    return functools.reduce(operator.or_, parts) if parts else None


def _data_file(action: Mapping[str, Any], names: Mapping[str, str]) -> DataFile:
    low, high = (
        {names[name]: value for name, value in (action.get(end) or {}).items() if name in names and value is not None}
        for end in ("min", "max")
    )
    rows = action.get("num_records")
    return DataFile(int(action["size_bytes"]), None if rows is None else int(rows), low, high)


def _metadata(commit: Mapping[str, Any]) -> dict[str, Any] | None:
    """What Tideline said in this commit; commits of others (OPTIMIZE, VACUUM) carry none or another JSON."""
    try:
        said = json.loads(commit.get("userMetadata") or "null")
    except ValueError:
        return None
    inner = said.get("tideline") if isinstance(said, dict) else None
    return inner if isinstance(inner, dict) else None


def _broken(place: str, what: str) -> DataError:
    return DataError(
        "TL-TAB-001", what, where=f"table {place}", fix="restore the table's files, or rebuild it from bronze"
    )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
