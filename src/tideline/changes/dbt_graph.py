"""Who reads a contract in dbt: models and exposures below its sources, found in the text of the project without dbt.

`ref('x')` and `source('a', 'b')` are looked for in the SQL, `depends_on` of exposures and owners in the YAML. A name
that a macro computes is not seen; dbt's own manifest would see it and needs a connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

GENERATED = "_generated"
_CALL = re.compile(r"\b(ref|source)\(\s*['\"]([\w.]+)['\"]\s*(?:,\s*['\"]([\w.]+)['\"]\s*)?\)")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Reader:
    """A model or exposure: what it reads, the words of its SQL, its owner. `generated` models come from contracts."""

    name: str
    kind: str
    owner: str
    reads: frozenset[str]
    words: frozenset[str] = frozenset()
    generated: bool = False


class DbtGraph:
    """Models and exposures of a project by name; sources are `schema.table`. Nothing is read before somebody asks.

    YAML of generated models is not read: their owner is the contract's, their exposures are the contract's views.
    """

    def __init__(self, project: Path) -> None:
        self._models = project / "models"

    @cached_property
    def readers(self) -> Mapping[str, Reader]:
        """Every model and exposure; a project that is not there has none."""
        written = [path for path in self._files("*.yml", "*.yaml") if GENERATED not in path.parts]
        described = [_yaml(path) for path in written]
        owners = {str(model.get("name")): _owner(model) for model in _entries(described, "models")}
        models = [_model(path, owners.get(path.stem, "")) for path in self._files("*.sql")]
        exposures = [_exposure(one) for one in _entries(described, "exposures")]
        return {reader.name: reader for reader in (*models, *exposures)}

    def _files(self, *patterns: str) -> list[Path]:
        """Files of these names; a link that leads nowhere is none, as for dbt."""
        return sorted(path for pattern in patterns for path in self._models.rglob(pattern) if path.is_file())

    def below(self, roots: Iterable[str]) -> list[Reader]:
        """Everything that reads the roots, directly or not, nearest first; the roots themselves are left out."""
        seen, found, layer = set(roots), list[Reader](), set(roots)
        while layer:
            near = [reader for reader in self.readers.values() if reader.name not in seen and reader.reads & layer]
            found += sorted(near, key=lambda reader: (reader.kind, reader.name))
            layer = {reader.name for reader in near}
            seen |= layer
        return found


def _model(path: Path, owner: str) -> Reader:
    text = _COMMENT.sub(" ", path.read_text(encoding="utf-8", errors="replace"))
    words = frozenset(_WORD.findall(text))
    return Reader(path.stem, "model", owner, _reads(text), words, generated=GENERATED in path.parts)


def _exposure(exposure: Mapping[str, Any]) -> Reader:
    said, needed = exposure.get("owner"), exposure.get("depends_on")
    owner = said if isinstance(said, dict) else {}
    reads = _reads(" ".join(one for one in needed if isinstance(one, str)) if isinstance(needed, list) else "")
    return Reader(str(exposure.get("name")), "exposure", str(owner.get("name") or owner.get("email") or ""), reads)


def _reads(text: str) -> frozenset[str]:
    """`ref('m')` and `ref('package', 'm')` are m, `source('a', 'b')` is a.b."""
    found = [(call, first, second) for call, first, second in _CALL.findall(text)]
    return frozenset((second or first) if call == "ref" else f"{first}.{second}" for call, first, second in found)


def _owner(model: Mapping[str, Any]) -> str:
    config = model.get("config") or {}
    meta = (config.get("meta") if isinstance(config, dict) else None) or model.get("meta") or {}
    return str(meta.get("owner") or "") if isinstance(meta, dict) else ""


def _entries(documents: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """What stands in a list of each document; what has another form describes nothing."""
    listed = [document.get(key) for document in documents]
    return [entry for one in listed if isinstance(one, list) for entry in one if isinstance(entry, dict)]


def _yaml(path: Path) -> dict[str, Any]:
    """A YAML file of dbt; one that cannot be read describes nothing here, dbt itself will refuse it."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError, OSError):
        return {}
    return found if isinstance(found, dict) else {}
