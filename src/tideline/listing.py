"""The small half of the compiled index: what the scheduler has to know of every contract, read without the model.

`index.json` has one line per contract, so that parsing DAGs costs one read; the contract itself stands in a file of its
own (`contracts/DOMAIN/PRODUCT.json` beside it), so that a task of one contract reads that one only. Standard library
alone: Airflow parses with this.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tideline.model.errors import Fatal, StaleIndex

FORMAT = 2
MEND = "run: tideline compile"


@dataclass(frozen=True, slots=True)
class Listed:
    """One contract as the scheduler sees it; times in seconds, `views` as (name, description)."""

    id: str
    version: str
    hash: str
    owner: str
    tier: str
    description: str
    tags: tuple[str, ...]
    schedule: str
    freshness: float
    deadline: float | None
    views: tuple[tuple[str, str], ...]

    @property
    def domain(self) -> str:
        return self.id.partition(".")[0]

    @property
    def product(self) -> str:
        return self.id.partition(".")[2]

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Listed:
        """From the plain JSON of the index."""
        lists = {"tags": tuple(entry["tags"]), "views": tuple((name, words) for name, words in entry["views"])}
        return cls(**{**entry, **lists})

    def plain(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Listing:
    """All of `index.json`: the contracts by id, and the SHA-256 of each source file that they were compiled from."""

    contracts: dict[str, Listed]
    sources: dict[str, str]


def read_listing(index: Path) -> Listing:
    """Raises StaleIndex when there is no index or it is of another format."""
    document = read_document(index)
    return Listing({id_: Listed.read(entry) for id_, entry in document["contracts"].items()}, document["sources"])


def read_listed(index: Path, contract_id: str) -> Listed:
    """One contract, from its own file: the cost does not depend on how many others there are."""
    return Listed.read(read_shard(index, contract_id)["listed"])


def read_shard(index: Path, contract_id: str) -> dict[str, Any]:
    """`{"format", "source", "sha256", "listed", "contract"}`; raises Fatal that names contracts with a similar id."""
    path = index.parent / shard_name(contract_id)
    if not path.is_file():
        known = read_document(index)["contracts"]
        if contract_id in known:
            raise StaleIndex("TL-IDX-001", f"{contract_id} is listed but was not written", where=str(path), fix=MEND)
        near = get_close_matches(contract_id, known, n=5, cutoff=0.5) or sorted(known)[:5]
        raise Fatal(
            "TL-IDX-003",
            f"there is no contract {contract_id!r} among {len(known)}",
            where=str(index),
            fix=f"take one of: {', '.join(near)}" if near else MEND,
        )
    return read_document(path)


def shard_name(contract_id: str) -> str:
    """Where a contract stands, relative to the folder of the index."""
    domain, _, product = contract_id.partition(".")
    return f"contracts/{_plain(domain)}/{_plain(product)}.json"


def read_document(path: Path) -> dict[str, Any]:
    """A JSON file of the index; raises StaleIndex when it is absent, broken or of another format."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StaleIndex("TL-IDX-001", "there is no compiled index", where=str(path), fix=MEND) from None
    except ValueError:
        raise StaleIndex("TL-IDX-001", "the compiled index is no JSON", where=str(path), fix=MEND) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StaleIndex("TL-IDX-001", f"the compiled index is not of format {FORMAT}", where=str(path), fix=MEND)
    return document


def render_lines(document: Mapping[str, Any]) -> str:
    """JSON with one line per member of each member, so that a change is one line of a diff."""
    parts = [f" {_text(key)}: {_lines(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, Mapping) and value:
        inner = [f"  {_text(key)}: {_text(item)}" for key, item in sorted(value.items())]
        return "{\n" + ",\n".join(inner) + "\n }"
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(f"  {_text(item)}" for item in value) + "\n ]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(word: str) -> str:
    """A word of a contract id as a file name; anything else can be no contract's."""
    return word if word.isidentifier() and word.isascii() else "-"
