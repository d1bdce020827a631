"""Contracts -> the one generated input of a Terraform environment: what each contract needs of AWS, as typed values.

The shape is the variable `contracts` of `infra/terraform/modules/platform` (infra/terraform/README.md). Places are
`<zone>/<key prefix>`; what a laptop keeps under `_tideline/` is the zone `documents`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tideline.model.contract import Contract
from tideline.model.lake import DOCUMENTS
from tideline.rendering import catalog, json_schema, tfvars

FILE = "contracts.auto.tfvars.json"


def render(contracts: Mapping[str, Contract], marts: Mapping[str, Sequence[str]]) -> str:
    """The file's text: stable order, one value a line, so that a changed contract is a small difference.

    `marts` are the gold tables that people wrote, by contract.
    """
    found = {id_: inputs(one, marts.get(id_, ())) for id_, one in sorted(contracts.items())}
    return json.dumps({"contracts": found}, indent=1) + "\n"


def inputs(contract: Contract, marts: Sequence[str] = ()) -> dict[str, Any]:
    """What one contract asks of an environment."""
    needs = tfvars.inputs(contract)
    return {
        "version": contract.version,
        "domain": contract.domain,
        "product": contract.product,
        "owner": contract.owner,
        "tier": contract.tier,
        "classification": catalog.classification(contract, "silver"),
        "topics": needs["topics"],
        "prefixes": {
            name: {"place": place(at["prefix"]), "ttl_days": at["ttl_days"]} for name, at in needs["prefixes"].items()
        },
        "roles": {name: _role(role) for name, role in needs["roles"].items()},
        "tables": {f"{table['DatabaseName']}.{table['Name']}": _table(table) for table in catalog.tables(contract)},
        "marts": sorted(marts),
        "schema": json_schema.render(contract),
    }


def place(prefix: str) -> str:
    """`_tideline/releases/x/` -> `documents/releases/x/`; every other prefix begins with its zone already."""
    head, _, rest = prefix.partition("/")
    return f"documents/{rest}" if head == DOCUMENTS else prefix


def _role(role: Mapping[str, Any]) -> dict[str, Any]:
    prefixes = {way: sorted(place(one) for one in ones) for way, ones in role["prefixes"].items()}
    return {"topics": role["topics"], "prefixes": prefixes}


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    storage = table["StorageDescriptor"]
    return {
        "zone": table["DatabaseName"],
        "name": table["Name"],
        "place": f"{storage['Location']}/",
        "description": table["Description"],
        "columns": [_column(column) for column in storage["Columns"]],
        "parameters": table["Parameters"],
    }


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    facts = column.get("Parameters", {})
    found: dict[str, Any] = {"name": column["Name"], "type": column["Type"], "comment": column["Comment"]}
    if "classification" in facts:
        found["classification"] = facts["classification"]
    if facts.get("pii") == "true":
        found["pii"] = True
    return found
