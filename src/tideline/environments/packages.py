"""The third-party packages that code brings along, for another processor and Python than this machine's.

Versions and hashes are those of requirements.txt: uv says which packages a list of names needs on the other machine,
the lock says in which version and with which hashes, and only built packages are taken.

Errors: TL-PKG-001 fetching failed, 002 not in the lock, 005 our own wheel could not be built.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tideline.environments.archives import files
from tideline.model.errors import Fatal, Retriable

PYTHON = "3.12"  # of the EMR release, of managed Airflow and of the functions
ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}  # as AWS says, as Linux says

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.+?))? \\$")
_HASH = re.compile(r"^\s+--hash=(sha256:[0-9a-f]{64})")
_OWN_NOTES = {".lock", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
_SECONDS = 900


class Packages(Protocol):
    """Where packages come from; tests have a fake that needs no network."""

    def unpacked(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        """What `import` needs for these packages, by path; lies in `folder`."""
        ...

    def wheels(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        """The wheels of these packages and of what they need, by file name; lie in `folder`."""
        ...

    def own(self, folder: Path) -> Path:
        """The wheel of Tideline itself."""
        ...


class LockedPackages:
    """From the registry that uv and pip are set up with, checked against the hashes of requirements.txt."""

    def __init__(self, repository: Path) -> None:
        self._repository, self._lock = repository, repository / "requirements.txt"

    def unpacked(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        into = ("pip", "install", "--target", str(folder), "--no-deps", "--require-hashes", "--link-mode", "copy")
        with tempfile.TemporaryDirectory() as scratch:
            listed = self._listed(names, architecture, Path(scratch))
            _run([_uv(), *into, *_elsewhere(architecture), "-r", str(listed)])
        return importable(folder)

    def wheels(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        kinds = [
            f"{kind}_{ARCHITECTURES[architecture]}" for kind in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
        ]
        for_it = [
            "--python-version",
            PYTHON,
            "--implementation",
            "cp",
            *(w for kind in kinds for w in ("--platform", kind)),
        ]
        with tempfile.TemporaryDirectory() as scratch:
            listed = self._listed(names, architecture, Path(scratch))
            only = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(folder), "-r", str(listed)]
            _run([sys.executable, "-m", "pip", "download", "--quiet", *for_it, *only])
        return files(folder)

    def own(self, folder: Path) -> Path:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        done = subprocess.run(command, cwd=self._repository, capture_output=True, text=True, check=False)
        made = sorted(folder.glob("*.whl"))
        if done.returncode != 0 or len(made) != 1:
            raise Fatal("TL-PKG-005", f"the wheel of Tideline could not be built: {done.stderr.strip()[-300:]}")
        return made[0]

    def _listed(self, names: Sequence[str], architecture: str, scratch: Path) -> Path:
        """A requirements file of what these names need there: versions and hashes of the lock, nothing else."""
        asked, listed = scratch / "asked.in", scratch / "listed.txt"
        asked.write_text("\n".join(names) + "\n")
        compiling = ["pip", "compile", "--quiet", "--constraints", str(self._lock), "--no-header", "--no-annotate"]
        told = _run([_uv(), *compiling, *_elsewhere(architecture), str(asked)])
        listed.write_text(with_hashes(told.split(), self._lock))
        return listed


def with_hashes(pins: Sequence[str], lock: Path) -> str:
    """Each `name==version` with the hashes that the lock has for it. Raises Fatal for one that is not locked."""
    locked = read_lock(lock.read_text())
    for pin in pins:
        if pin not in locked:
            fix = "add it to pyproject.toml, then: make lock"
            raise Fatal("TL-PKG-002", f"{pin} is needed and is not locked", where=str(lock), fix=fix)
    return "".join(" ".join([pin, *(f"--hash={one}" for one in locked[pin])]) + "\n" for pin in pins)


def read_lock(text: str) -> dict[str, tuple[str, ...]]:
    """Hashes by `name==version`; a package that is locked in two versions (by Python) is there twice."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if match := _LOCKED.match(line):
            current = found.setdefault(f"{match[1]}=={match[2]}", [])
        elif match := _HASH.match(line):
            current.append(match[1])
    return {name: tuple(hashes) for name, hashes in found.items()}


def constraints(text: str) -> str:
    """The lock without hashes: what pip may install beside a package, in which version."""
    found = (match for match in map(_LOCKED.match, text.splitlines()) if match)
    return "".join(f"{one[1]}=={one[2]}" + (f" ; {one[3]}" if one[3] else "") + "\n" for one in found)


def _elsewhere(architecture: str) -> tuple[str, ...]:
    platform = f"{ARCHITECTURES[architecture]}-manylinux_2_28"
    return "--python-version", PYTHON, "--python-platform", platform, "--only-binary", ":all:"


def importable(folder: Path) -> dict[str, Path]:
    """What an installer put into a folder, without what it wrote for itself: that differs from run to run."""
    found = files(folder)
    return {name: path for name, path in found.items() if not name.startswith("bin/") and path.name not in _OWN_NOTES}


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        fix = "check the network and the package registry that uv and pip are set up with, then run the command again"
        raise Retriable("TL-PKG-001", f"packages could not be fetched: {' '.join(said)[-400:]}", fix=fix)
    return done.stdout
