"""A contradiction inside a contract: what the checks of the model find and a reader of files places."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A contradiction and the part of the contract it is in, such as ("views", 0, "measures", 2, "expression").

    `house`: what is meant is clear, and a rule of the house forbids it (a reserved name, something personal served).
    """

    path: Path
    text: str
    house: bool = False
