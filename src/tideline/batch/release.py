"""Reading the releases of a contract: which one is live, and which one a run wrote."""

from __future__ import annotations

from tideline.model.errors import Fatal
from tideline.model.release import Release, release_name, release_number, release_prefix
from tideline.ports import Documents


def live_release(documents: Documents, contract_id: str) -> Release | None:
    """The release that readers follow: the one with the highest number; None before the first."""
    names = documents.names(release_prefix(contract_id))
    return _read(documents, names[-1]) if names else None


def release_of_run(documents: Documents, contract_id: str, run_key: str) -> Release | None:
    """What a run published, so that its repetition finds its own release; the newest are looked at first."""
    for name in reversed(documents.names(release_prefix(contract_id))):
        release = _read(documents, name)
        if release.run_key == run_key:
            return release
    return None


def numbered_release(documents: Documents, contract_id: str, number: int) -> Release:
    """Raises Fatal TL-REL-002, which names the numbers there are."""
    document = documents.get(release_name(contract_id, number))
    if document is None:
        known = [release_number(name) for name in documents.names(release_prefix(contract_id))]
        there = f"releases are {known[0]} to {known[-1]}" if known else "there is no release yet"
        raise Fatal("TL-REL-002", f"there is no release {number}", where=f"contract {contract_id}", fix=there)
    return Release.from_json(document)


def _read(documents: Documents, name: str) -> Release:
    return Release.from_json(documents.get(name) or {})
