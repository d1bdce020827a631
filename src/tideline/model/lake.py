"""Where the lake is: one folder on a machine, or a bucket for each zone; everything in it is named alike in both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCUMENTS = "_tideline"  # the folder of releases, runs and drift; as a zone it is called documents
ZONE = "{zone}"


@dataclass(frozen=True, slots=True)
class Lake:
    """`root` is a folder, or a URL in which `{zone}` stands for the zone, such as `s3://tideline-dev-{zone}-111122223333`.

    A path is `<zone>/<rest>`, such as `silver/retail/sales`.
    """

    root: str

    def __post_init__(self) -> None:
        if self.remote and ZONE not in self.root:
            raise ValueError(f"{self.root!r} has no {ZONE}, which stands for the zone's bucket")

    @property
    def remote(self) -> bool:
        return "://" in self.root

    @property
    def folder(self) -> Path:
        """The folder of a lake on this machine."""
        assert not self.remote, f"{self.root} is no folder"
        return Path(self.root)

    def place(self, path: str) -> str:
        """The folder or URL of a path."""
        if not self.remote:
            return f"{self.root}/{path}"
        zone, _, rest = path.partition("/")
        bucket = self.root.replace(ZONE, "documents" if zone == DOCUMENTS else zone)
        return f"{bucket}/{rest}" if rest else bucket
