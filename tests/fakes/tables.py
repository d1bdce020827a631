"""Tables in memory: versions with rows and the metadata of their commits; the newest version can be hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tideline.model.position import Partition, Range
from tideline.ports import DataFile, TableCommit


@dataclass
class FakeTable:
    rows: list[Any] = field(default_factory=list)
    metadata: list[Mapping[str, Any] | None] = field(default_factory=list)
    schema: Mapping[str, Any] | None = None
    files: list[DataFile] = field(default_factory=list)


class FakeTables:
    """`commit` appends a version; `forget_newest` is a table log whose newest file is gone."""

    def __init__(self) -> None:
        self.tables: dict[str, FakeTable] = {}

    def commit(self, path: str, rows: Any, metadata: Mapping[str, Any] | None) -> int:
        table = self.tables.setdefault(path, FakeTable())
        table.rows.append(rows)
        table.metadata.append(metadata)
        return len(table.rows) - 1

    def forget_newest(self, path: str) -> None:
        self.tables[path].rows.pop()
        self.tables[path].metadata.pop()

    def commits(self, path: str, after: int) -> list[TableCommit]:
        listed = enumerate(self.tables[path].metadata) if path in self.tables else ()
        return [TableCommit(version, said) for version, said in listed if said is not None and version > after]

    def last_commit(self, path: str) -> TableCommit | None:
        found = self.commits(path, -1)
        return found[-1] if found else None

    def version(self, path: str) -> int | None:
        return len(self.tables[path].rows) - 1 if path in self.tables else None

    def read(self, path: str, version: int, columns: Sequence[str] | None = None) -> Any:
        rows = self.tables[path].rows[version]
        return rows if columns is None else rows.select(list(columns))

    def scan(
        self, path: str, version: int, columns: Sequence[str], ranges: Sequence[tuple[Partition, Range]]
    ) -> Iterator[Any]:
        for batch in self.tables[path].rows[version].to_batches() if path in self.tables else ():
            places = zip(batch.column("partition").to_pylist(), batch.column("position").to_pylist(), strict=True)
            inside = [any(p == own and held.start <= at < held.end for own, held in ranges) for p, at in places]
            yield batch.select(list(columns)).filter(inside)

    def schema(self, path: str, version: int | None = None) -> Mapping[str, Any] | None:
        return self.tables[path].schema if path in self.tables else None

    def properties(self, path: str) -> Mapping[str, str]:
        return {}

    def files(self, path: str, version: int | None = None) -> list[DataFile]:
        """One file without statistics, unless the test names the files."""
        if path not in self.tables:
            return []
        return self.tables[path].files or [DataFile(0, None, {}, {})]
