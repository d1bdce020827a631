"""Errors of the HTTP interface as RFC 9457 problem documents; a code names one mistake and what is allowed instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tideline.model.errors import Fatal
from tideline.model.position import Range

TYPE = "urn:tideline:problem:"
CODES = {
    "TL-API-001": (404, "No such address"),
    "TL-API-002": (404, "Unknown domain"),
    "TL-API-003": (404, "Unknown view"),
    "TL-API-004": (400, "Unknown parameter"),
    "TL-API-005": (400, "Unknown operator"),
    "TL-API-006": (400, "Invalid value"),
    "TL-API-007": (400, "Invalid dimensions"),
    "TL-API-008": (400, "Invalid consistency"),
    "TL-API-009": (400, "Invalid limit"),
    "TL-API-010": (400, "Invalid cursor"),
    "TL-API-011": (410, "Cursor expired"),
    "TL-API-012": (414, "Query too long"),
    "TL-API-013": (400, "Too many filters"),
    "TL-API-014": (400, "Parameter repeated"),
    "TL-API-015": (405, "Method not allowed"),
    "TL-API-016": (413, "Body too large"),
    "TL-API-017": (503, "Not ready yet"),
    "TL-API-018": (404, "Not built yet"),
    "TL-API-500": (500, "Internal error"),
}


def stands_still(partition: int, merged: int, missing: Range, release: int | None, contract_id: str) -> dict[str, str]:
    """What answers and the status say of a partition that speed has left behind: a problem document with its remedy."""
    code = "TL-SRV-018"
    batch = "batch" if release is None else f"release {release}"
    return {
        "type": TYPE + code,
        "title": "Answers stand still",
        "detail": f"partition {partition} is answered up to {merged} and no further: {missing} is neither in {batch} "
        "nor in the log, so the speed layer cannot fold it",
        "code": code,
        "fix": f"tideline run {contract_id}: a release that covers it lets answers move on; or go back to one that "
        f"does: tideline offsets {contract_id} --rollback-to RELEASE",
    }


class Problem(Fatal):
    """A request that cannot be answered: the status and title follow from the code."""

    def __init__(self, code: str, detail: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(code, detail)
        self.status, self.title = CODES[code]
        self.allowed = list(allowed)

    def document(self) -> dict[str, Any]:
        return {
            "type": TYPE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.what,
            "code": self.code,
            "allowed": self.allowed,
        }
