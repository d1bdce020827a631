"""How bad something is that is told about a contract file or about its change."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """With an error there is no contract, and no change passes; a warning wants somebody's eye; a note only tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
