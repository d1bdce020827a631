"""Waivers: a break that its owner answers for, until a date. Strict, so that a typo waives nothing.

waivers:
  - contract: retail.sales            # id; or family: shop.orders, of all members (${family} in the path is a member)
    code: TL-CHG-012                  # what may be broken
    path: fields.description          # where, as the finding says it
    owner: retail-data                # who answers for it
    expires: 2026-12-31               # the last day on which it holds
    reason: The shop's front end reads the new field since version 4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tideline.adapters.odcs.finding import Finding, Refused
from tideline.adapters.odcs.source import Source, load
from tideline.model.errors import ContractError

_ID = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"


def _day(text: Any) -> Any:
    """Only YYYY-MM-DD: a number or another form is a mistake, not a date."""
    if not isinstance(text, str) or re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is None:
        raise ValueError("a day such as 2026-12-31")
    return text


class Waiver(BaseModel):
    """One allowed break of one contract, or of every member of one family; it counts up to and including `expires`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    contract: str | None = Field(None, pattern=_ID)
    family: str | None = Field(None, pattern=_ID)
    code: str = Field(pattern=r"^TL-CHG-\d{3}$")
    path: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: Annotated[date, BeforeValidator(_day), Field(strict=False)]
    reason: str = Field(min_length=10)

    @model_validator(mode="after")
    def _of_one(self) -> Waiver:
        if (self.contract is None) == (self.family is None):
            raise ValueError("it names either a contract or a family")
        return self

    @property
    def of(self) -> str:
        return self.contract or f"family {self.family}"

    def covers(self, contract: str, family: str | None, path: str) -> bool:
        """Whether it speaks of this part of this contract."""
        if self.contract is not None:
            return (self.contract, self.path) == (contract, path)
        return self.family == family and re.fullmatch(_member(self.path), path) is not None


@dataclass(frozen=True, slots=True)
class Listed:
    """A waiver and the place where it stands."""

    waiver: Waiver
    file: str
    line: int
    column: int

    def holds(self, today: date) -> bool:
        return today <= self.waiver.expires


def read_waivers(path: Path) -> tuple[Listed, ...]:
    """The waivers of a file; raises ContractError with every finding, each with file:line:column."""
    try:
        source = load(path, str(path))
    except Refused as refused:
        raise _error([refused.finding]) from None
    entries = source.data.get("waivers") if isinstance(source.data, dict) else None
    if source.data is None or (entries is None and source.data == {"waivers": None}):
        return ()
    if not isinstance(entries, list) or set(source.data) != {"waivers"}:
        what = "a file of waivers has one key, waivers, with a list"
        raise _error([Finding("TL-CHG-005", source.file, 1, 1, what)])
    listed, findings = [], []
    for at, entry in enumerate(entries):
        try:
            listed.append(Listed(Waiver.model_validate(entry), source.file, *source.place(("waivers", at))))
        except ValidationError as error:
            findings += _findings(error, source, at)
    if findings:
        raise _error(findings)
    return tuple(listed)


def _member(path: str) -> str:
    """A path as a pattern in which `${family}` is any member."""
    return "[a-z0-9_]+".join(map(re.escape, path.split("${family}")))


def matching(waivers: Sequence[Listed], contract: str, family: str | None, code: str, path: str) -> list[Listed]:
    """The waivers of one break, the one that holds longest first."""
    named = [w for w in waivers if w.waiver.code == code and w.waiver.covers(contract, family, path)]
    return sorted(named, key=lambda listed: listed.waiver.expires, reverse=True)


def _findings(error: ValidationError, source: Source, at: int) -> list[Finding]:
    allowed = ", ".join(Waiver.model_fields)
    found = []
    for problem in error.errors(include_url=False, include_context=False):
        place = source.place(("waivers", at, *problem["loc"]), of_key=problem["type"] == "extra_forbidden")
        name = ".".join(map(str, problem["loc"])) or "the waiver"
        said = {"missing": "is missing", "extra_forbidden": "is no key of a waiver"}.get(
            problem["type"], problem["msg"]
        )
        found.append(Finding("TL-CHG-005", source.file, *place, f"{name}: {said}", f"the keys {allowed}"))
    return found


def _error(findings: Sequence[Finding]) -> ContractError:
    lines = "\n".join(str(finding) for finding in findings)
    return ContractError("TL-CHG-005", f"the waivers are refused\n{lines}")
