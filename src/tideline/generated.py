"""The files that are generated from contracts and committed: rendered whole, written where they differ.

A memory in the home (`compiled.json`, safe to delete) says which source made which files, so that one changed contract
costs one contract. It is believed only when the engine that wrote it is this one, to the byte of its source; and
`check=True` believes nothing that it says about files on disk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tideline import compiling
from tideline.compiling import DBT, INDEX, TERRAFORM, Unit
from tideline.index import clashes, models_of_people, passed_over, render_listing, sources_to_compile
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY, Settings

Stat = list[int]  # size, time of the last change of the inode in ns


@dataclass(frozen=True, slots=True)
class Places:
    """Where contracts are read, and where each kind of generated file is written."""

    contracts: Path
    index: Path
    dbt_project: Path
    terraform: Path
    memory: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Places:
        """An index outside the repository has its Terraform inputs beside it: such a home touches nothing here."""
        own = settings.index.is_relative_to(REPOSITORY)
        terraform = REPOSITORY / "infra" / "terraform" if own else settings.index.parent / "terraform"
        return cls(settings.contracts, settings.index, settings.dbt_project, terraform, settings.home / "compiled.json")

    def path(self, place: str) -> str:
        """The path of `ROOT:path`; text, because there are ten for each of thousands of contracts."""
        root, _, name = place.partition(":")
        return f"{self.roots[root]}/{name}"

    @property
    def roots(self) -> dict[str, Path]:
        return {INDEX: self.index.parent, DBT: self.dbt_project, TERRAFORM: self.terraform}

    @property
    def owned(self) -> tuple[Path, ...]:
        """Folders in which everything is generated, so that what nothing generates is left over."""
        return (
            self.index.parent / "contracts",
            self.dbt_project / "models" / "_generated",
            self.terraform / "_generated",
        )


@dataclass(slots=True)
class Memory:
    """What the last compile knew: units by source, and per written file its stat and the digest of its text."""

    fingerprint: str
    units: dict[str, Unit] = field(default_factory=dict)
    written: dict[str, tuple[Stat, str]] = field(default_factory=dict)


def generate(places: Places, *, check: bool = False) -> dict[Path, str]:
    """Compile, and unless `check` write what differs; path -> missing, stale or left over.

    1. read and render what changed  2. look at the whole: nothing is written when anything is wrong  3. write each file
    atomically, the list of contracts last, so that who sees the new list finds every contract that it names.
    Raises ContractError, and Fatal (TL-IDX-004) rather than take away what no compile made.
    """
    memory = _recall(places.memory)
    compiled_from = sources_to_compile(places.contracts)
    _keep_apart(places, compiled_from)
    changed = [name for name, sha256 in compiled_from.items() if not _known(memory, name, sha256)]
    made = compiling.make_units(places.contracts, changed)  # 1
    units = {name: made[name] if name in made else memory.units[name] for name in compiled_from}
    _refuse(units, places)  # 2
    listed = {one["listed"]["id"]: one["listed"] for unit in units.values() for one in unit.contracts}
    listing = render_listing(dict(sorted(listed.items())), {name: unit.sha256 for name, unit in units.items()})
    wanted = {places.path(place): text for unit in units.values() for place, text in unit.files.items()}
    wanted[str(places.index)] = compiling.text_digest(listing)
    present = _present(places)
    found = _differences(wanted, present, {} if check else memory.written)
    _know_all(places, found)
    if not check:
        _write(places, found, _texts(places, units, listing))  # 3
        _remember(places, Memory(memory.fingerprint, units, _stats(wanted, present, found)))
    return {Path(path): why for path, why in found.items()}


def _known(memory: Memory, name: str, sha256: str) -> bool:
    return name in memory.units and memory.units[name].sha256 == sha256


def _refuse(units: Mapping[str, Unit], places: Places) -> None:
    from tideline.adapters.odcs import refusal

    findings = passed_over(places.contracts)
    findings += [finding for unit in units.values() for finding in unit.findings]
    claims = (claim for name, unit in units.items() for claim in unit.claims(name))
    findings += clashes(claims, places.contracts, models_of_people(places.dbt_project))
    if findings:
        raise refusal(findings)


def _keep_apart(places: Places, compiled_from: Mapping[str, str]) -> None:
    """Refuse to own a folder that holds a contract: whatever nothing generates is taken away from there."""
    contracts = places.contracts.resolve()
    for folder in places.owned:
        own = folder.resolve()
        if own.is_relative_to(contracts) or contracts.is_relative_to(own):
            for name in compiled_from:
                if (contracts / name).is_relative_to(own):
                    raise _foreign(folder, places.contracts / name)


def _know_all(places: Places, found: Mapping[str, str]) -> None:
    """Refuse to take away what is no part of an index; the other folders are called `_generated`."""
    folder = f"{places.index.parent / 'contracts'}/"
    for name, why in found.items():
        if why == "left over" and name.startswith(folder) and not _is_of_an_index(name):
            raise _foreign(Path(folder), Path(name))


def _is_of_an_index(path: str) -> bool:
    """Whether a compile wrote it, perhaps one that was killed meanwhile."""
    return path.endswith(".json.new") or (path.endswith(".json") and _read(path).startswith('{\n "format": '))


def _foreign(folder: Path, path: Path) -> Fatal:
    what = f"the folder {folder} would be written whole, and {path} is no part of an index: nothing was changed"
    return Fatal("TL-IDX-004", what, fix="set TIDELINE_INDEX to a file in a folder of its own")


def _present(places: Places) -> dict[str, Stat]:
    """Every file that stands where generated files stand."""
    found: dict[str, Stat] = {}
    folders = [str(folder) for folder in places.owned if folder.is_dir()]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    found[entry.path] = _stat(entry.path)
    if places.index.is_file():
        found[str(places.index)] = _stat(str(places.index))
    return found


def _stat(path: str) -> Stat:
    facts = os.lstat(path)  # of 50,000 files, and a Path for each costs more than the call
    return [facts.st_size, facts.st_ctime_ns]


def _differences(
    wanted: Mapping[str, str], present: Mapping[str, Stat], trusted: Mapping[str, tuple[Stat, str]]
) -> dict[str, str]:
    """What is missing, stale or left over; a file whose stat is the trusted one is not read."""
    found: dict[str, str] = {}
    for path, text in wanted.items():
        if path not in present:
            found[path] = "missing"
        elif trusted.get(path) != (present[path], text) and compiling.text_digest(_read(path)) != text:
            found[path] = "stale"
    return found | dict.fromkeys((path for path in present if path not in wanted), "left over")


def _read(path: str) -> str:
    """The text; of a link that leads nowhere, or a pipe, none."""
    place = Path(path)
    return place.read_bytes().decode("utf-8", errors="replace") if place.is_file() else ""


def _texts(places: Places, units: Mapping[str, Unit], listing: str) -> Callable[[str], str]:
    """The text of a generated file: kept from just now, else its source is rendered again."""
    source_of = {places.path(place): name for name, unit in units.items() for place in unit.files}
    texts = {str(places.index): listing}

    def text(path: str) -> str:
        if path not in texts:
            unit = units[source_of[path]]
            made = unit.texts or compiling.make_unit(places.contracts, source_of[path]).texts
            texts.update((places.path(place), one) for place, one in made.items())
        return texts.pop(path)

    return text


def _write(places: Places, found: Mapping[str, str], text: Callable[[str], str]) -> None:
    """Replace what differs, each file atomically and the list last, and remove what is left over."""
    for name in sorted(found, key=lambda name: name == str(places.index)):
        path = Path(name)
        if found[name] == "left over":
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_bytes(text(name).encode())
        draft.replace(path)
    for folder in {Path(name).parent for name, why in found.items() if why == "left over"}:
        _drop_empty(folder, places.owned)


def _drop_empty(folder: Path, owned: tuple[Path, ...]) -> None:
    while folder not in owned and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _recall(path: Path | None) -> Memory:
    """The memory, or an empty one when there is none, it cannot be read, or another engine wrote it."""
    current = compiling.fingerprint()
    try:
        kept: dict[str, Any] = json.loads(path.read_bytes()) if path else {}
        if kept.get("fingerprint") != current:
            return Memory(current)
        units = {name: Unit(*entry) for name, entry in kept["units"].items()}
        written = {name: (stat, text) for name, (stat, text) in kept["written"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory(current)
    return Memory(current, units, written)


def _remember(places: Places, memory: Memory) -> None:
    if places.memory is None:
        return
    units = {name: [unit.sha256, unit.contracts, unit.files] for name, unit in memory.units.items()}
    document = {"fingerprint": memory.fingerprint, "units": units, "written": memory.written}
    places.memory.parent.mkdir(parents=True, exist_ok=True)
    draft = places.memory.with_name(places.memory.name + ".new")
    draft.write_text(json.dumps(document, separators=(",", ":")))
    draft.replace(places.memory)


def _stats(
    wanted: Mapping[str, str], present: Mapping[str, Stat], found: Mapping[str, str]
) -> dict[str, tuple[Stat, str]]:
    """What is on disk now; a file that was written has a new stat."""
    return {path: (_stat(path) if path in found else present[path], text) for path, text in wanted.items()}
