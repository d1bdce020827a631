"""Contract -> Terraform inputs: the topics, prefixes, life times and roles that one contract needs, and nothing more.

One file per contract, `_generated/contracts/DOMAIN/PRODUCT.json`; Terraform reads the folder with `fileset` and
`jsondecode`, so a new contract changes no Terraform. A role names what it may touch: topics to read and write, prefixes
of the lake to read and write. Whoever is not named there may not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tideline.model.contract import Contract
from tideline.model.lake import DOCUMENTS

FOLDER = "_generated/contracts"
_KINDS = ("releases", "runs", "drift")
_INCREMENT = 16_777_216  # as much as the speed layer publishes at once
_HEADROOM = 4_096  # a record is its value with its key and headers


def render(contracts: Mapping[str, Contract]) -> dict[str, str]:
    """The text of each file, by its path relative to the Terraform folder."""
    return {
        f"{FOLDER}/{contract.domain}/{contract.product}.json": json.dumps(inputs(contract), indent=1) + "\n"
        for _, contract in sorted(contracts.items())
    }


def inputs(contract: Contract) -> dict[str, Any]:
    """All inputs of one contract."""
    return {
        "contract": contract.id,
        "version": contract.version,
        "tags": {"owner": contract.owner, "tier": contract.tier, "domain": contract.domain, "contract": contract.id},
        "topics": topics(contract),
        "prefixes": prefixes(contract),
        "roles": roles(contract),
    }


def increments_topic(contract: Contract) -> str:
    """Where the speed layer publishes (docs/formats.md)."""
    return f"tideline.increments.{contract.id}"


def topics(contract: Contract) -> dict[str, Any]:
    """The event topic and the increments topic.

    Events are kept for as long as a repeat may come: the horizon, and a week in which a stopped batch is mended.
    """
    events = max(contract.deduplication.horizon, timedelta(days=1)) + timedelta(days=7)
    made = {
        contract.stream.topic: (events, contract.stream.max_event_bytes + _HEADROOM),
        increments_topic(contract): (timedelta(days=7), _INCREMENT),
    }
    return {
        name: {
            "partitions": contract.stream.partitions,
            "config": {
                "cleanup.policy": "delete",
                "max.message.bytes": str(size),
                "message.timestamp.type": "LogAppendTime",
                "min.insync.replicas": "2",
                "retention.ms": str(int(kept.total_seconds() * 1000)),
            },
        }
        for name, (kept, size) in made.items()
    }


def prefixes(contract: Contract) -> dict[str, Any]:
    """Places of the lake and how long their data stays, in days; null: as long as the contract has the table.

    Bronze and quarantine can be made again by nobody, so they live as long as silver.
    """
    days = contract.retention.days
    place = f"{contract.domain}/{contract.product}"
    layers = {layer: {"prefix": f"{layer}/{place}/", "ttl_days": days} for layer in ("bronze", "silver", "quarantine")}
    gold = {f"gold.{view.name}": {"prefix": f"gold/{view.name}/", "ttl_days": None} for view in contract.views}
    kept = {f"documents.{kind}": {"prefix": f"{DOCUMENTS}/{kind}/{contract.id}/", "ttl_days": None} for kind in _KINDS}
    return {**layers, **gold, **kept}


def roles(contract: Contract) -> dict[str, Any]:
    """Who may touch what; the names are those of the stages and services."""
    place = f"{contract.domain}/{contract.product}/"
    bronze, silver, quarantine = (f"{layer}/{place}" for layer in ("bronze", "silver", "quarantine"))
    gold = [f"gold/{view.name}/" for view in contract.views]
    releases, runs, drift = (f"{DOCUMENTS}/{kind}/{contract.id}/" for kind in _KINDS)
    events, increments = contract.stream.topic, increments_topic(contract)
    return {
        "producer": _role(writes_topics=[events]),
        # the cut of a restate, which runs as ingest, asks silver's log how far it reaches; it sees no row of it
        "ingest": _role([events, increments], [], [bronze, f"{silver}_delta_log/", runs, releases], [bronze, runs]),
        "refine": _role([], [], [bronze, silver, quarantine, runs, releases], [silver, quarantine, drift]),
        "model": _role([], [], [silver, *gold, runs, releases], [*gold, runs]),
        "publish": _role([], [], [bronze, silver, quarantine, *gold, runs, releases], [runs, releases]),
        "speed": _role([events, increments], [increments], [silver, releases], [drift]),
        "serving": _role([events, increments], [], [*gold, releases], []),
    }


def _role(
    reads_topics: list[str] | None = None,
    writes_topics: list[str] | None = None,
    reads: list[str] | None = None,
    writes: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "topics": {"read": reads_topics or [], "write": writes_topics or []},
        "prefixes": {"read": sorted(reads or []), "write": sorted(writes or [])},
    }
