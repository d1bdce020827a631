"""Small contracts in a compiled index, for tests that need many of them and no YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tideline.index import digest, store_index
from tideline.listing import FORMAT
from tideline.model.contract import Contract, dump_index_entry


def small_contract(product: str = "sales", **changes: Any) -> Contract:
    """A contract with one view, valid in every respect; `changes` replace its members."""
    members: dict[str, Any] = {
        "domain": "retail",
        "product": product,
        "version": "1.0.0",
        "owner": "retail-data",
        "tier": "gold",
        "description": "One event per line of an invoice.",
        "tags": ("retail",),
        "stream": {"topic": f"retail.{product}.v1", "partitions": 4},
        "fields": [
            {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
            {"name": "at", "type": "timestamp", "required": True, "description": "When."},
            {"name": "country", "type": "string", "description": "Where."},
            {"name": "quantity", "type": "integer", "description": "How many."},
        ],
        "event_time": "at",
        "deduplication": {"key": "event_id", "horizon": "P7D"},
        "views": [
            {
                "name": f"{product}_by_country",
                "description": "Units of each country.",
                "dimensions": [{"name": "country", "column": "country", "description": "Where."}],
                "measures": [
                    {"name": "quantity", "kind": "sum", "expression": "quantity", "description": "Units."},
                ],
            }
        ],
    }
    return Contract.model_validate({**members, **changes})


def write_index(path: Path, *contracts: Contract, compiled_from: Path | None = None) -> Path:
    """The files of docs/formats.md that DAGs are parsed from; a file of the contracts folder makes them fresh."""
    entries = {contract.id: dump_index_entry(contract) for contract in contracts}
    sources = {}
    if compiled_from is not None:
        sources = {compiled_from.name: digest(compiled_from.read_bytes())}
        entries = {id_: {**entry, "source": compiled_from.name} for id_, entry in entries.items()}
    return store_index(path, {"format": FORMAT, "sources": sources, "contracts": entries})
