"""Who reads a contract in dbt: models and exposures below its sources, found in the text of the project without dbt.

`ref('x')` and `source('a', 'b')` are looked for in the SQL, `depends_on` of exposures and owners in the YAML. A name
that a macro computes is not seen; dbt's own manifest would see it and needs a connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

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


@dataclass(frozen=True, slots=True)
class DbtGraph:
    """Models and exposures by name; sources are `schema.table`."""

    readers: Mapping[str, Reader] = field(default_factory=dict)

    def below(self, roots: Iterable[str]) -> list[Reader]:
        """Everything that reads the roots, directly or not, nearest first; the roots themselves are left out."""
        seen, found, layer = set(roots), list[Reader](), set(roots)
        while layer:
            near = [reader for reader in self.readers.values() if reader.name not in seen and reader.reads & layer]
            found += sorted(near, key=lambda reader: (reader.kind, reader.name))
            layer = {reader.name for reader in near}
            seen |= layer
        return found


def read_graph(project: Path) -> DbtGraph:
    """The graph of a dbt project's models folder; a project that is not there has none."""
    models = project / "models"
    described = [_yaml(path) for path in sorted(models.rglob("*.yml"))]
    owners = {
        m["name"]: _owner(m) for d in described for m in d.get("models") or () if isinstance(m, dict) and "name" in m
    }
    readers: dict[str, Reader] = {}
    for path in sorted(models.rglob("*.sql")):
        text = _COMMENT.sub(" ", path.read_text(encoding="utf-8", errors="replace"))
        readers[path.stem] = Reader(
            path.stem, "model", owners.get(path.stem, ""), _reads(text), frozenset(_WORD.findall(text)),
            generated="_generated" in path.parts,
        )  # fmt: skip
    for document in described:
        for exposure in document.get("exposures") or ():
            name, owner = str(exposure.get("name")), exposure.get("owner") or {}
            reads = _reads(" ".join(map(str, exposure.get("depends_on") or ())))
            readers[name] = Reader(name, "exposure", str(owner.get("name") or owner.get("email") or ""), reads)
    return DbtGraph(readers)


def _reads(text: str) -> frozenset[str]:
    """`ref('m')` and `ref('package', 'm')` are m, `source('a', 'b')` is a.b."""
    found = [(call, first, second) for call, first, second in _CALL.findall(text)]
    return frozenset((second or first) if call == "ref" else f"{first}.{second}" for call, first, second in found)


def _owner(model: Mapping[str, Any]) -> str:
    config = model.get("config") or {}
    meta = (config.get("meta") if isinstance(config, dict) else None) or model.get("meta") or {}
    return str(meta.get("owner") or "") if isinstance(meta, dict) else ""


def _yaml(path: Path) -> dict[str, Any]:
    """A YAML file of dbt; one that cannot be read describes nothing here, dbt itself will refuse it."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
