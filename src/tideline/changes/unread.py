"""Earlier versions that cannot be read at all: whose they were, and what is wrong with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tideline.adapters.odcs import Finding
from tideline.contract_files import SUFFIX

UNREADABLE = "TL-CHG-007"
_ID = re.compile(rb"^id:[ \t]*[\"']?([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)[\"']?[ \t\r]*(?:#.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unread:
    """One earlier content of a contract; `digest` names it as git does, `finding` has its line in that content."""

    contract: str
    file: str
    digest: str
    finding: Finding

    @classmethod
    def of(cls, contract: str, file: str, raw: bytes, finding: Finding) -> Unread:
        blob = hashlib.sha1(b"blob %d\0%b" % (len(raw), raw), usedforsecurity=False).hexdigest()
        return cls(contract, file, blob[:10], finding)

    @property
    def path(self) -> str:
        """What a waiver names: this content and no other."""
        return f"earlier.{self.digest}"

    @property
    def text(self) -> str:
        wrong = f"{self.finding.file}:{self.finding.line}:{self.finding.column}: {self.finding.code}"
        todo = f"compare with another ref, or waive {UNREADABLE} of {self.contract} at {self.path}"
        return f"the earlier version cannot be read, so nothing is compared with it: {wrong} {self.finding.text} {todo}"


def unread(lost: Mapping[str, Finding], files: Mapping[str, bytes], places: Mapping[str, str]) -> list[Unread]:
    """One entry for each contract that a file which cannot be read held; `places` are today's contracts -> their files.

    It held what it names, and what lies in the same file today; else the contract that its path speaks of.
    """
    found = []
    for name, finding in lost.items():
        ids = {id_ for id_, file in places.items() if file == name} | {named(files[name])}
        found += [Unread.of(id_, name, files[name], finding) for id_ in sorted(ids - {""}) or [_by_path(name)]]
    return found


def named(raw: bytes) -> str:
    """The id that a text which is no contract speaks of; empty when it speaks of none."""
    match = _ID.search(raw)
    return match[1].decode() if match else ""


def _by_path(name: str) -> str:
    """`retail/sales.odcs.yaml` is retail.sales, as this repository lays its contracts out."""
    path = PurePosixPath(name)
    words = (path.parent.name, path.name.removesuffix(SUFFIX))
    return ".".join(re.sub(r"[^a-z0-9_]", "_", word.lower()).lstrip("0123456789_") or "unknown" for word in words)
