"""What is told about a contract file: one finding per mistake, with its place, what is allowed, what may be meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from tideline.model.severity import Severity

CODES = {
    "TL-CON-001": "the file cannot be read as YAML",
    "TL-CON-002": "YAML that is not accepted: aliases, tags, repeated keys, depth, a second document",
    "TL-CON-003": "a file or folder that is not read, because of its name or because it is a link",
    "TL-CON-010": "a key that the standard does not know",
    "TL-CON-011": "a value that the standard does not allow",
    "TL-CON-012": "something that the standard requires is missing",
    "TL-CON-020": "a key, property or promise that Tideline does not know",
    "TL-CON-021": "something that Tideline requires is missing",
    "TL-CON-022": "a value that Tideline does not allow",
    "TL-CON-023": "a check that no part of Tideline would run",
    "TL-CON-030": "parts of a contract contradict each other",
    "TL-CON-031": "two contracts, or a contract and a dbt model, clash",
    "TL-CON-040": "what the standard gave up (a warning)",
    "TL-CON-041": "a promise that nothing keeps (a warning)",
    "TL-CON-050": "a file that cannot be laid out anew without changing it",
}
YamlPath = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a contract; line and column count from 1.

    `house`: a rule of the house is broken that leaves the contract whole, so that an earlier version can still be read.
    """

    code: str
    file: str
    line: int
    column: int
    what: str
    allowed: str = ""
    suggestion: str = ""
    severity: Severity = Severity.ERROR
    house: bool = False

    def __str__(self) -> str:
        level = "" if self.severity is Severity.ERROR else f" ({self.severity.value})"
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


def closest(word: object, allowed: Iterable[str], least: float = 0.6) -> str:
    """One suggestion, or nothing when nothing is near (1: equal); a word of unlikely length is not compared at all."""
    text = str(word)
    near = difflib.get_close_matches(text, list(allowed), n=1, cutoff=least) if len(text) <= 100 else []
    return f"did you mean {near[0]!r}?" if near else ""


def shown(value: object) -> str:
    """A value for a message: short, on one line, whatever it holds."""
    if isinstance(value, (dict, list, tuple)):
        return "this"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
