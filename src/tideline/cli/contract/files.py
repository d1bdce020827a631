"""The contract files that a command was asked to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tideline.adapters.odcs import PATTERN, Finding


def contract_files(paths: Iterable[Path], findings: list[Finding]) -> Iterator[Path]:
    """The files named, and those in the folders named; links to folders are not followed: they may be loops.

    A folder that cannot be read becomes a finding.
    """

    def unreadable(error: OSError) -> None:
        what = f"the folder cannot be read: {error.strerror}"
        findings.append(Finding("TL-CON-001", printable(Path(str(error.filename))), 1, 1, what))

    for path in dict.fromkeys(paths):
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path, onerror=unreadable):
            folders.sort()
            yield from sorted(Path(folder, name) for name in names if name.endswith(PATTERN.removeprefix("*")))


def printable(path: Path) -> str:
    """The path as text that can be printed, whatever bytes its name is made of."""
    return str(path).encode(errors="surrogateescape").decode(errors="replace")
