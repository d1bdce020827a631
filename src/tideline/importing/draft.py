"""What a source says about a data product, before anybody has decided what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tideline.model.errors import ContractError, Fatal

MAX_BYTES = 1_000_000
MAX_FIELDS = 2_000
MAX_DEPTH = 32
NESTED = ("object", "array", "map")


@dataclass(slots=True)
class FieldDraft:
    """One field, or the item of an array or the value of a map; `type` is a logicalType, or "" when it is not known.

    `open` maps a key of the standard (`name`, `logicalType`, `physicalType`, `defaultTimezone`, `classification`,
    `description`) to why a person has to decide it. `personal` is None when nothing speaks for it, else the reason.
    """

    name: str
    type: str = ""
    description: str = ""
    required: bool = False
    unique: bool = False
    primary: bool = False
    decimal: tuple[int, int] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    enum: list[str] = field(default_factory=list)
    pii: bool = False
    personal: str | None = None
    classification: str = ""
    masking: str = ""
    fields: list[FieldDraft] = field(default_factory=list)
    inner: FieldDraft | None = None
    open: dict[str, str] = field(default_factory=dict)

    def walk(self) -> Iterator[FieldDraft]:
        """This field and everything inside it."""
        yield self
        for part in [*self.fields, *([self.inner] if self.inner else [])]:
            yield from part.walk()


@dataclass(slots=True)
class Draft:
    """A data product as a source describes it; empty texts are unknown.

    `quality` are entries of the standard; an entry under the key `open` carries why it has to be decided. `notes` are
    readings of the source that a person should know of although nothing is open.
    """

    source: str
    domain: str = ""
    name: str = ""
    owner: str = ""
    purpose: str = ""
    version: str = "1.0.0"
    topic: str = ""
    key: str = ""
    event_time: str = ""
    tags: list[str] = field(default_factory=list)
    sla: list[dict[str, Any]] = field(default_factory=list)
    fields: list[FieldDraft] = field(default_factory=list)
    quality: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def walk(self) -> Iterator[FieldDraft]:
        """Every field, the nested ones too."""
        for part in self.fields:
            yield from part.walk()


def unreadable(where: str, what: str, fix: str) -> Fatal:
    """The input cannot be read at all."""
    return Fatal("TL-IMP-001", what, where=where, fix=fix)


def too_big(where: str, what: str, fix: str) -> Fatal:
    """The input is beyond a limit."""
    return Fatal("TL-IMP-002", what, where=where, fix=fix)


def refused(where: str, what: str, fix: str) -> ContractError:
    """The input can be read and no contract can say it."""
    return ContractError("TL-IMP-003", what, where=where, fix=fix)
