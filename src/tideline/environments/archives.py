"""Files into zips that are the same bytes for the same tree: sorted, without times, owners or anything that was made.

What may go in is decided here, once, for every archive: no bytecode, no leftovers of runs, nothing that looks like a
secret.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from tideline.model.errors import Fatal

Files = Mapping[str, Path | bytes]

_MADE = {"__pycache__", ".tideline", "target", "logs", "dbt_packages", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
_SECRET = re.compile(r"^\.env(\..+)?$|\.(pem|key|p12|pfx|jks|keystore)$|^id_(rsa|ecdsa|ed25519)|^credentials(\..+)?$")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can say


def tree(folder: Path, under: str = "") -> dict[str, Path]:
    """Our own files below a folder, by their path with slashes, `under` in front. What looks like a secret is Fatal."""
    found = files(folder, _MADE, under)
    for path in found.values():
        if _SECRET.search(path.name):
            fix = "move it out of the tree: secrets belong in Secrets Manager, packages are read by many"
            raise Fatal("TL-PKG-004", "this file looks like a secret, so nothing was packed", where=str(path), fix=fix)
    return found


def files(folder: Path, without: Collection[str] = ("__pycache__",), under: str = "") -> dict[str, Path]:
    """The files below a folder, by their path with slashes; no bytecode, and no folder of these names."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in without:
            found |= files(path, without, f"{under}{path.name}/")
        elif path.is_file() and path.suffix != ".pyc":
            found[under + path.name] = path
    return found


def write_zip(target: Path, files: Files) -> None:
    """A zip of these files, by their path in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _FIRST_DAY)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # as on Unix, readable by all
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())
