"""Which gold tables people wrote for a contract: the models of dbt_project/models/{marts,staging} that name it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tideline.model.errors import ContractError

FOLDERS = ("marts", "staging")


def written_models(dbt_project: Path) -> dict[str, list[str]]:
    """Model names by contract id, from `config.meta.contract` of their properties; a file that is none is told."""
    found: dict[str, list[str]] = {}
    for path in sorted(one for folder in FOLDERS for one in (dbt_project / "models" / folder).rglob("*.yml")):
        for model in _models(path):
            contract = model.get("config", {}).get("meta", {}).get("contract")
            if contract:
                found.setdefault(contract, []).append(model["name"])
    return found


def _models(path: Path) -> list[dict[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        models = document.get("models", [])
        assert isinstance(models, list) and all(isinstance(model, dict) and "name" in model for model in models)
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, AssertionError) as error:
        raise ContractError(
            "TL-ENV-005", f"these are no properties of dbt models: {error}", where=str(path), fix="dbt parse says more"
        ) from error
    return list(models)
