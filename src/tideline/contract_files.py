"""Which files of a folder are contracts; what only looks like one is told, so that a typo of a name is no way out.

Standard library alone: whoever looks whether the compiled index is fresh looks with this.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".odcs.yaml"
PATTERN = f"*{SUFFIX}"
_CONTRACT = re.compile(rb"""^(\xef\xbb\xbf)?["']?kind["']?[ \t]*:[ \t]*["']?DataContract\b""", re.MULTILINE)
_HEAD = 65_536  # bytes of a file in which it says what it is


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A place that was not read; `serious` when contracts are missing because of it."""

    path: Path
    what: str
    fix: str
    serious: bool = True


@dataclass(frozen=True, slots=True)
class Looked:
    """The contract files of a folder, sorted, and what was passed over."""

    files: tuple[Path, ...]
    passed_over: tuple[PassedOver, ...]


def look(folder: Path) -> Looked:
    """Everything below a folder; links to folders are not followed: they may be loops."""
    files: list[Path] = []
    passed_over: list[PassedOver] = []

    def unreadable(error: OSError) -> None:
        what = f"the folder cannot be read: {error.strerror}"
        passed_over.append(PassedOver(Path(str(error.filename)), what, "make it readable, or name another folder"))

    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        passed_over += _linked(folder, [Path(place, name) for name in folders])
        files += [Path(place, name) for name in names if name.endswith(SUFFIX)]
        passed_over += _misnamed(Path(place), [name for name in sorted(names) if not name.endswith(SUFFIX)])
    return Looked(tuple(sorted(files)), tuple(passed_over))


def _linked(root: Path, folders: list[Path]) -> Iterator[PassedOver]:
    """Links that lead elsewhere; what a loop leads to is seen anyway."""
    for path in folders:
        if path.is_symlink():
            target, here = path.resolve(), root.resolve()
            if not target.is_relative_to(here) and not here.is_relative_to(target):
                fix = "move the folder here, or name it as a path of its own"
                yield PassedOver(path, "a link to a folder is not followed", fix, serious=False)


def _misnamed(folder: Path, names: list[str]) -> Iterator[PassedOver]:
    for name in names:
        lower = name.lower()
        if not lower.endswith((".yaml", ".yml")):
            continue
        stem = re.sub(r"(\.odcs)?\.ya?ml$", "", lower)
        if ".odcs." in lower or _says_contract(folder / name):
            what = f"this contract is not read: its name does not end in {SUFFIX}"
            yield PassedOver(folder / name, what, f"call it {stem}{SUFFIX}")


def _says_contract(path: Path) -> bool:
    """Whether the file calls itself a contract; one that cannot be read does not."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return _CONTRACT.search(file.read(_HEAD)) is not None
    except OSError:
        return False
