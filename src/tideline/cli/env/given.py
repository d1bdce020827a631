"""The plans that a command of `tideline env` is given: `plan.json`, or `dev=plan.json` for several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tideline.model.errors import Fatal

if TYPE_CHECKING:
    from tideline.environments.plan import Plan

HELP = "terraform plan -out p.tfplan && terraform show -json p.tfplan > plan.json"


def given_plans(words: tuple[str, ...]) -> dict[str, Plan]:
    """Plans by name; a file without a name is called as itself."""
    from tideline.environments.plan import read

    found = {}
    for word in words:
        name, _, path = word.rpartition("=")
        name = name or Path(path).stem
        if name in found:
            raise Fatal("TL-ENV-007", f"two plans are called {name}", fix="name each: dev=dev.json prod=prod.json")
        found[name] = read(Path(path))
    return found
