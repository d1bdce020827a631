"""A JSON document as a strict value: numbers stay exact, and what is wrong is told with its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tideline.model.errors import Fatal


class Strict(BaseModel):
    """Unknown keys are errors, values are frozen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Read = TypeVar("Read", bound=Strict)


def load(path: Path, fix: str) -> Any:
    """The JSON in a file, with decimals for numbers and no key twice. Raises Fatal."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise Fatal("TL-COST-001", f"this is no JSON: {error.msg}", where=where, fix=fix) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Fatal("TL-COST-001", f"cannot be read: {why}", where=str(path), fix=fix) from error


def fit(kind: type[Read], found: Any, where: str, fix: str) -> Read:
    """The document as a value of this kind; everything that does not fit is Fatal, each with its place."""
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        told = "; ".join(f"{_place(found, one['loc'])}: {_said(one)}" for one in error.errors())
        raise Fatal("TL-COST-002", told, where=where, fix=fix) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _place(found: Any, location: Sequence[int | str]) -> str:
    """prices[3] of a price file is told with its service and usage too: nobody counts lines."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
    if len(location) > 1 and location[0] == "prices" and isinstance(location[1], int):
        one = found["prices"][location[1]]
        text += f" ({one.get('service')} {one.get('usage')})" if isinstance(one, dict) else ""
    return text or "the document"


def _said(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    if error["type"] == "extra_forbidden":
        return "is not known here"
    given = error.get("input")
    shown = f", found {given}" if isinstance(given, Decimal) else f", found {given!r}" if _short(given) else ""
    return str(error["msg"]).removeprefix("Value error, ") + shown


def _short(given: object) -> bool:
    return isinstance(given, str | int | float | None) and len(repr(given)) < 60
