"""Which environments there are: the folders under infra/terraform/envs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from tideline.model.errors import Fatal


def environment_folders(terraform: Path, names: Sequence[str] = ()) -> list[Path]:
    """The folders of these environments, or of all; a name that is none is Fatal, with the one that was meant."""
    root = terraform / "envs"
    there = {path.name: path for path in sorted(root.glob("*/")) if (path / "main.tf").is_file()}
    if not there:
        raise Fatal(
            "TL-ENV-001",
            "there is no environment",
            where=str(root),
            fix="run this in a checkout of Tideline, or name its folder: TIDELINE_TERRAFORM=/path/to/infra/terraform",
        )
    for name in names:
        if name not in there:
            meant = get_close_matches(name, there, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(there)}"
            raise Fatal("TL-ENV-001", f"there is no environment {name!r}", where=str(root), fix=hint)
    return [there[name] for name in (dict.fromkeys(names) or there)]
