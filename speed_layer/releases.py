"""Follows the releases of one contract: which one is live, and is there a newer one than a moment ago?"""

from __future__ import annotations

from speed_layer.published import Owner
from tideline.model.errors import Fatal
from tideline.model.release import Release, release_prefix
from tideline.ports import Documents

_RECREATED = "positions of the two cannot be mixed: give the product a new topic or a new home, then start again"


class Releases:
    """The live release, as far as it is of this very contract."""

    def __init__(self, documents: Documents, contract_id: str) -> None:
        self._documents, self._contract_id = documents, contract_id
        self._seen = ""

    def is_newer(self) -> bool:
        """Whether a release was published since `live` was asked."""
        return self._newest() != self._seen

    def live(self, owner: Owner) -> Release | None:
        """The newest release; None when there is none of this contract hash, Fatal when it covers another stream."""
        self._seen = self._newest()
        document = self._documents.get(self._seen) if self._seen else None
        if document is None:
            return None
        release = Release.from_json(document)
        if release.contract_hash != owner.contract_hash:
            return None
        if release.coverage.stream != owner.stream:
            found = release.coverage.stream.identity
            raise recreated(
                owner.stream.name, f"release {release.number} covers identity {found}", owner.stream.identity
            )
        return release

    def _newest(self) -> str:
        names = self._documents.names(release_prefix(self._contract_id))
        return names[-1] if names else ""


def recreated(topic: str, known: str, identity: str) -> Fatal:
    """The topic was deleted and made again: nothing that is known about the old one holds."""
    what = f"the topic was re-created: {known}, the topic now has {identity}"
    return Fatal("TL-SPD-002", what, where=f"topic {topic}", fix=_RECREATED)
