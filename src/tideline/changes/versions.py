"""Pairs each contract of the work tree with its earlier versions, out of git or of a folder, by contract id.

A file that is the same on both sides is not even read, so that the cost is that of the change. A renamed file is
followed by the ids it holds; of a family each member is a contract of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tideline.adapters.odcs import PATTERN, Finding, examine_bytes
from tideline.changes.git import Blob, Repository, Step, lies_in
from tideline.model.compatibility import is_transitive
from tideline.model.contract import Contract
from tideline.model.errors import Fatal

SUFFIX = PATTERN.removeprefix("*")
MAX_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Pair:
    """One contract that is not the same on both sides: now (None: gone) and before, newest first (empty: new)."""

    file: str
    now: Contract | None
    earlier: tuple[Contract, ...]

    @property
    def contract(self) -> Contract:
        """The newest version there is, for identity and owner."""
        return self.now or self.earlier[0]


@dataclass(slots=True)
class Pairs:
    """All pairs by id; `findings` are refused files of the work tree, `notes` what could not be compared.

    Files are named relative to `root`, the repository's folder or the working one.
    """

    against: str
    root: Path = Path()
    pairs: dict[str, Pair] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def pair_up(paths: Sequence[Path], against: str) -> Pairs:
    """Compare contract files and folders with a git revision, or with a folder of the same layout.

    Raises Fatal for what git or the file system refuses. Files that lie in the folder under another name are found.
    """
    folder = Path(against)
    if not folder.is_dir():
        return _with_git(paths, against)
    if "/" not in against and "." not in against and _is_revision(paths[0], against):
        raise Fatal(
            "TL-GIT-003", f"{against!r} is a folder and a git revision", fix=f"say ./{against} or heads/{against}"
        )
    return _with_folder(paths, folder)


def contracts_at(revision: str, paths: Sequence[Path]) -> dict[str, Contract]:
    """The contracts of these files and folders as they were where HEAD left the revision, by id."""
    repository = Repository(paths[0])
    then = _at(repository, repository.base(revision), paths)
    return {contract.id: contract for name, raw in then.items() for contract in examine_bytes(raw, name)[0]}


def consuming(folder: Path, pairs: Pairs) -> list[Contract]:
    """Contracts of a folder that consume others; the rest are not read. None when no contract is in question."""
    if not pairs.pairs:
        return []
    found = [examine_bytes(raw, path.name)[0] for path in _files([folder]) if b"consumes" in (raw := path.read_bytes())]
    return [contract for contracts in found for contract in contracts if contract.consumes]


def _is_revision(place: Path, name: str) -> bool:
    try:
        return Repository(place).knows(name)
    except Fatal:
        return False


def _with_folder(paths: Sequence[Path], folder: Path) -> Pairs:
    made = Pairs(str(folder))
    now = {path.as_posix(): path.read_bytes() for path in _files(paths)}
    then = {path.as_posix(): path.read_bytes() for path in _files([folder])}
    before, _ = _changed(then, now, made, old=True)
    for id_, (file, contract) in _changed(now, then, made, old=False)[0].items():
        former = before.pop(id_, None)
        if former is None or former[1] != contract:
            made.pairs[id_] = Pair(file, contract, (former[1],) if former else ())
    made.pairs |= {id_: Pair(file, None, (contract,)) for id_, (file, contract) in before.items()}
    transitive = [
        id_ for id_, pair in made.pairs.items() if pair.earlier and is_transitive(pair.earlier[0].compatibility)
    ]
    if transitive:
        made.notes.append(f"a folder has no history: {', '.join(transitive)} compared with its one version only")
    return made


def _with_git(paths: Sequence[Path], revision: str) -> Pairs:
    repository = Repository(paths[0])
    commit = repository.base(revision)
    made = Pairs(revision if commit.startswith(revision) else f"{revision} ({commit[:10]})", repository.root)
    now = {repository.relative(path): path.read_bytes() for path in _files(paths)}
    then = _at(repository, commit, paths)
    for path in paths:
        scope = repository.relative(path)
        if not path.exists() and not any(lies_in(name, [scope]) for name in then):
            raise Fatal("TL-CHG-006", f"{path} is neither in the work tree nor in {revision}", fix="correct the path")
    before, unreadable = _changed(then, now, made, old=True)
    after, _ = _changed(now, then, made, old=False)
    history = _History(repository, commit, made)
    for id_, (file, contract) in after.items():
        former = before.pop(id_, None)
        if former is not None and former[1] != contract:
            made.pairs[id_] = Pair(file, contract, tuple(history.of(contract.id, *former)))
        elif former is None:
            readable = tuple(history.before(id_, file)) if file in unreadable else ()
            made.pairs[id_] = Pair(file, contract, readable)
    made.pairs |= {id_: Pair(file, None, (contract,)) for id_, (file, contract) in before.items()}
    return made


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob(PATTERN)) if path.is_dir() else [path] if path.exists() else []
    return list(dict.fromkeys(found))


def _at(repository: Repository, commit: str, paths: Sequence[Path]) -> dict[str, bytes]:
    blobs = repository.files(commit, [repository.relative(path) for path in paths], SUFFIX)
    held = repository.read(blobs.values())
    return {name: held[blob] for name, blob in blobs.items()}


def _changed(
    files: Mapping[str, bytes], others: Mapping[str, bytes], made: Pairs, *, old: bool
) -> tuple[dict[str, tuple[str, Contract]], set[str]]:
    """The contracts, by id, of files that the other side does not hold; and the files that hold none."""
    same = set(others.values())
    found: dict[str, tuple[str, Contract]] = {}
    unreadable: set[str] = set()
    for name, raw in files.items():
        if raw in same:
            continue
        contracts, findings = examine_bytes(raw, name)
        found |= {contract.id: (name, contract) for contract in contracts}
        if contracts:
            continue
        unreadable.add(name)
        if old:
            made.notes.append(
                f"the earlier {name} is no contract by today's rules: {findings[0].code} {findings[0].what}"
            )
        else:
            made.findings += findings
    return found, unreadable


class _History:
    """The versions that were in force before a commit; git's log is read once, and only when somebody asks."""

    def __init__(self, repository: Repository, commit: str, made: Pairs) -> None:
        self._repository, self._commit, self._made = repository, commit, made
        self._steps: list[dict[str, Step]] | None = None
        self._read: dict[Blob, dict[str, Contract]] = {}

    def of(self, id_: str, file: str, newest: Contract) -> Iterator[Contract]:
        """The version at the commit, then older ones where its mode asks for them."""
        yield newest
        if not is_transitive(newest.compatibility):
            return
        if self._repository.is_shallow:
            fix = "git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout)"
            what = f"{id_} is {newest.compatibility.value}, and the clone lacks earlier commits"
            raise Fatal("TL-GIT-004", what, where=str(self._repository.root), fix=fix)
        yield from (contract for contract in self.before(id_, file) if contract != newest)

    def before(self, id_: str, file: str) -> Iterator[Contract]:
        """Older versions of a contract that lies in this file, newest first, each content once."""
        tracked, seen = {file}, set[Blob]()
        for steps in self._log():
            for step in [steps[path] for path in sorted(tracked & steps.keys())]:
                sources = [step] if step.before else self._moved_from(id_, steps.values())
                tracked |= {source.path for source in sources}
                for blob in (source.before for source in sources):
                    if blob and blob not in seen and (contract := self._contracts(blob, file).get(id_)):
                        if len(seen) == MAX_VERSIONS:
                            what = f"{id_} is compared with its newest {MAX_VERSIONS} earlier versions"
                            self._made.notes.append(what)
                            return
                        seen.add(blob)
                        yield contract

    def _moved_from(self, id_: str, steps: Iterable[Step]) -> list[Step]:
        """Where a file that appears in a commit came from: what held the contract and changed or went in the same."""
        return [step for step in steps if step.before and id_ in self._contracts(step.before, step.path)]

    def _log(self) -> list[dict[str, Step]]:
        """What each commit did, by path."""
        if self._steps is None:
            listed = self._repository.steps(self._commit, SUFFIX)
            self._steps = [{step.path: step for step in steps} for steps in listed]
        return self._steps

    def _contracts(self, blob: Blob, file: str) -> dict[str, Contract]:
        if blob not in self._read:
            contracts, findings = examine_bytes(self._repository.read([blob])[blob], file)
            self._read[blob] = {contract.id: contract for contract in contracts}
            if not contracts:
                self._made.notes.append(
                    f"an earlier {file} ({blob[:10]}) is no contract by today's rules: {findings[0].code}"
                )
        return self._read[blob]
