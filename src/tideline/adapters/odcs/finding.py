"""What is told about a contract file: one finding per mistake, with its place, what is allowed, what may be meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

YamlPath = tuple[str | int, ...]
Place = tuple[int, int]


class Level(StrEnum):
    """How bad a finding is: with an error there is no contract; a warning and a note leave it readable."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a contract; line and column count from 1."""

    code: str
    file: str
    line: int
    column: int
    what: str
    allowed: str = ""
    suggestion: str = ""
    severity: Level = Level.ERROR

    def __str__(self) -> str:
        level = "" if self.severity is Level.ERROR else f" ({self.severity.value})"
        return f"{self.file}:{self.line}:{self.column}: {self.code}{level} {self.text}"

    @property
    def text(self) -> str:
        """What was found, what is allowed and what to do, without the place."""
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        suggestion = f" Fix: {self.suggestion}" if self.suggestion else ""
        return f"{self.what}.{allowed}{suggestion}"


class Refused(Exception):
    """The file cannot be read as plain YAML at all; carries the one finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def closest(word: object, allowed: Iterable[str]) -> str:
    """One suggestion, or nothing when nothing is near; a word of unlikely length is not compared at all."""
    text = str(word)
    near = difflib.get_close_matches(text, list(allowed), n=1) if len(text) <= 100 else []
    return f"did you mean {near[0]!r}?" if near else ""


def shown(value: object) -> str:
    """A value for a message: short, on one line, whatever it holds."""
    if isinstance(value, (dict, list, tuple)):
        return "this"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
