"""Which contracts have a star schema: those whose id stands in the hand-written models of marts."""

from __future__ import annotations

import re
from pathlib import Path

_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def with_marts(dbt_project: Path) -> frozenset[str]:
    """Every word of the marts' properties that looks like a contract id; empty without marts.

    A few small files, read as text: whoever writes a mart tags it with its contract, and needs no compile for it. What
    is no text says nothing, since one bad file must not take every DAG away.
    """
    folder = dbt_project / "models" / "marts"
    files = sorted(path for ending in ("*.yml", "*.yaml") for path in folder.rglob(ending) if path.is_file())
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in files)
    return frozenset(word for text in texts for word in _ID.findall(text))
