"""Puts the site of the contracts into a folder: what changed is written, what is gone is removed, the rest stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.rendering.site import pages

MANIFEST = "tideline-site.json"


def publish(contracts: Mapping[str, Contract], folder: Path) -> dict[str, int]:
    """Counts of contracts, written, unchanged and removed files; raises Fatal when the folder holds something else."""
    before = _listed(folder)
    now: set[str] = set()
    counts = {"contracts": len(contracts), "written": 0, "unchanged": 0, "removed": 0}
    for name, text in pages(contracts):
        now.add(name)
        counts["written" if _write(folder / name, text) else "unchanged"] += 1
    for name in sorted(before - now):
        (folder / name).unlink(missing_ok=True)
        counts["removed"] += 1
    _write(folder / MANIFEST, json.dumps(sorted(now), indent=0) + "\n")
    return counts


def _listed(folder: Path) -> set[str]:
    """The files of the site that stands there; only they may be removed."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        if folder.exists() and any(folder.iterdir()):
            raise Fatal(
                "TL-DOC-001", "the folder holds something else", where=str(folder), fix="name an empty or new folder"
            )
        return set()
    try:
        names = json.loads(manifest.read_text(encoding="utf-8"))
        inside = {str(name) for name in names if (folder / name).resolve().is_relative_to(folder.resolve())}
    except (ValueError, TypeError):
        raise Fatal(
            "TL-DOC-001", "the list of the site's files is broken", where=str(manifest), fix="remove the folder"
        ) from None
    return inside


def _write(path: Path, text: str) -> bool:
    """Whether the file had to be written; a reader never sees half of it."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)
    return True
