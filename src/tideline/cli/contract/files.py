"""The contract files that a command was asked to look at."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tideline.adapters.odcs import Finding
from tideline.contract_files import look
from tideline.index import passed_over


def contract_files(paths: Iterable[Path], findings: list[Finding]) -> Iterator[Path]:
    """The files named, and those in the folders named, each once; what a folder holds and is not read is a finding."""
    seen: set[str] = set()
    for path in paths:
        if path.is_dir():
            findings += [finding for finding in passed_over(path, all_levels=True) if finding not in findings]
        for file in look(path).files if path.is_dir() else [path]:
            place = os.path.abspath(file)  # noqa: PTH100 - a link is a file of its own, a/../b is b
            if place not in seen:
                seen.add(place)
                yield file


def replace_whole(path: Path, content: bytes) -> None:
    """Whole or not at all, with the mode that the file had."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(path.stat().st_mode & 0o7777)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # there only when it did not take the file's place
