"""What nobody knows before an environment runs, each with its unit and the reason for its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field

from tideline.environments.cost.document import Strict, fit, load
from tideline.model.errors import Fatal

FIX = "infra/terraform/assumptions.json holds every assumption with a value as text, a unit and a why"


class Assumption(Strict):
    value: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$")]
    unit: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Assumptions:
    """All assumptions by name; asking for one that there is not is Fatal."""

    named: Mapping[str, Assumption]
    where: str

    def of(self, name: str) -> Decimal:
        if name not in self.named:
            raise Fatal("TL-COST-004", f"the assumption {name} is missing", where=self.where, fix=FIX)
        return Decimal(self.named[name].value)


def read_assumptions(path: Path) -> Assumptions:
    """The assumptions. Raises Fatal for what does not fit."""
    found = load(path, FIX)
    if not isinstance(found, dict):
        raise Fatal("TL-COST-002", "assumptions are an object by name", where=str(path), fix=FIX)
    return Assumptions({name: fit(Assumption, one, f"{path} {name}", FIX) for name, one in found.items()}, str(path))
