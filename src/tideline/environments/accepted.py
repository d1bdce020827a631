"""Breaks of the rules over plans that a person has reviewed: rule, address, what, and the reason, in YAML."""

from __future__ import annotations

from pathlib import Path

import yaml

from tideline.environments.review import Finding
from tideline.model.errors import Fatal

_KEYS = {"rule", "address", "what", "reason"}


def read_accepted(path: Path) -> frozenset[Finding]:
    """The accepted findings; an entry without a reason, or with other keys, is Fatal."""
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _refused(path, str(error)) from error
    if not isinstance(entries, list):
        raise _refused(path, "it is no list")
    for entry in entries:
        if (
            not isinstance(entry, dict)
            or set(entry) != _KEYS
            or not all(isinstance(v, str) and v for v in entry.values())
        ):
            raise _refused(path, f"{entry!r} has not exactly {', '.join(sorted(_KEYS))}, each a text")
    return frozenset(Finding(entry["rule"], entry["address"], entry["what"]) for entry in entries)


def _refused(path: Path, why: str) -> Fatal:
    return Fatal(
        "TL-ENV-008", f"the accepted findings cannot be read: {why}", where=str(path), fix="tideline env review --help"
    )
