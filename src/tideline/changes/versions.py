"""Pairs each contract of the work tree with its earlier versions, out of git or of a folder, by contract id.

A file that is the same on both sides is not even read, so that the cost is that of the change. A renamed file is
followed by the ids it holds; of a family each member is a contract of its own. An earlier version is read although it
breaks rules of the house that came after it; one that cannot be read all the same is told, never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tideline.adapters.odcs import Examined, Finding, examine_bytes, examine_earlier
from tideline.adapters.odcs.finding import Refused
from tideline.adapters.odcs.source import read_raw
from tideline.changes.git import Blob, Repository, Step, lies_in
from tideline.changes.unread import UNREADABLE, Unread, named, unread
from tideline.contract_files import SUFFIX, look
from tideline.index import passed_over, printable
from tideline.model.compatibility import is_transitive
from tideline.model.contract import Contract
from tideline.model.errors import ContractError, Fatal
from tideline.model.severity import Severity

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
    """All pairs by id; `findings` are refused files of the work tree, `unread` earlier versions that no reader reads.

    `notes` say how the comparison was made.

    Files are named relative to `root`, the repository's folder or the working one.
    """

    against: str
    root: Path = Path()
    pairs: dict[str, Pair] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unread: dict[tuple[str, str], Unread] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def cannot_read(self, versions: Iterable[Unread]) -> None:
        """Each content once."""
        self.unread |= {(version.contract, version.digest): version for version in versions}


def pair_up(paths: Sequence[Path], against: str) -> Pairs:
    """Compare contract files and folders with a git revision, or with a folder of the same layout.

    Raises Fatal for what git or the file system refuses. Files that lie in the folder under another name are found.
    """
    folder = folder_named(paths, against)
    return _with_git(paths, against) if folder is None else _with_folder(paths, folder)


def folder_named(paths: Sequence[Path], against: str) -> Path | None:
    """The folder that is meant, or None for a git revision.

    Raises Fatal where a comparison would find nothing whatever was changed: with no name (an empty variable of a
    shell), with a folder without contracts, with the very files that are looked at.
    """
    fix = "name a branch, a tag or a commit, or a folder with the contracts as they were"
    if not against.strip():
        raise Fatal("TL-CHG-008", "there is nothing to compare with: the name is empty", fix=fix)
    folder = Path(against)
    if not folder.is_dir():
        return None
    if not against.startswith(("/", "./", "../")) and against not in (".", "..") and _is_revision(paths[0], against):
        raise Fatal(
            "TL-GIT-003", f"{against!r} is a folder and a git revision", fix=f"say ./{against} or heads/{against}"
        )
    files = {path.resolve() for path in look(folder).files}
    if not files:
        raise Fatal("TL-CHG-008", f"the folder to compare with holds no contract (*{SUFFIX})", where=against, fix=fix)
    if same := files & {path.resolve() for path in _files(paths)}:
        raise Fatal("TL-CHG-008", f"{min(same)} would be compared with itself", where=against, fix=fix)
    return folder


def contracts_at(revision: str, paths: Sequence[Path]) -> dict[str, Contract]:
    """The contracts of these files and folders as they were where HEAD left the revision, by id.

    Raises ContractError when one of them cannot be read: it would look as if there had been none.
    """
    repository = Repository(paths[0])
    commit = repository.base(revision)
    then = _at(repository, commit, paths) or _left(repository, commit, {})  # the folder itself was moved
    read = {name: examine_earlier(raw, name) for name, raw in then.items()}
    lost = [str(_worst(findings)) for contracts, findings in read.values() if not contracts]
    if lost:
        fix = "name a later revision, or a folder with what was meant, or leave --against out"
        what = "\n".join(("earlier versions cannot be read, so there is nothing to compare with", *lost))
        raise ContractError(UNREADABLE, what, where=revision, fix=fix)
    return {contract.id: contract for contracts, _ in read.values() for contract in contracts}


def consuming(folder: Path, pairs: Pairs) -> list[Contract]:
    """Contracts of a folder that consume others; the rest are not read. None when no contract is in question."""
    if not pairs.pairs:
        return []
    texts = _texts(_files([folder]), str, Pairs(""))
    found = [examine_bytes(raw, name)[0] for name, raw in texts.items() if b"consumes" in raw]
    return [contract for contracts in found for contract in contracts if contract.consumes]


def _is_revision(place: Path, name: str) -> bool:
    try:
        return Repository(place).knows(name)
    except Fatal:
        return False


def _with_folder(paths: Sequence[Path], folder: Path) -> Pairs:
    made = Pairs(str(folder))
    now = _texts(_files(paths), Path.as_posix, made, all_of=paths)
    then = _texts(_files([folder]), Path.as_posix, made, all_of=[folder])
    before, lost = _earlier(then, now, made)
    after = _today(now, then, made)
    made.cannot_read(unread(lost, then, {id_: file for id_, (file, _) in after.items()}))
    for id_, (file, contract) in after.items():
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
    now = _texts(_files(paths), repository.relative, made, all_of=paths)
    then = _at(repository, commit, paths)
    for path in paths:
        scope = repository.relative(path)
        if not path.exists() and not any(lies_in(name, [scope]) for name in then):
            raise Fatal("TL-CHG-006", f"{path} is neither in the work tree nor in {revision}", fix="correct the path")
    before, lost = _earlier(then, now, made)
    after = _today(now, then, made)
    found = unread(lost, then, {id_: file for id_, (file, _) in after.items()})
    moved = _moved(repository, commit, then, after.keys() - before.keys() - {one.contract for one in found})
    before |= {id_: (pair.file, pair.earlier[0]) for id_, pair in moved.pairs.items()}
    found += moved.unread.values()
    made.cannot_read(found)
    where = {version.contract: version.file for version in found}
    history = _History(repository, commit, made)
    for id_, (file, contract) in after.items():
        former = before.pop(id_, None)
        if former is not None and former[1] != contract:
            made.pairs[id_] = Pair(file, contract, tuple(history.of(contract.id, *former)))
        elif former is None:
            readable = tuple(history.instead(id_, where[id_])) if id_ in where else ()
            made.pairs[id_] = Pair(file, contract, readable)
    made.pairs |= {id_: Pair(file, None, (contract,)) for id_, (file, contract) in before.items()}
    return made


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        found += look(path).files if path.is_dir() else [path] if path.exists() else []
    return list(dict.fromkeys(found))


def _texts(
    files: Sequence[Path], name: Callable[[Path], str], made: Pairs, *, all_of: Sequence[Path] = ()
) -> dict[str, bytes]:
    """The bytes of files by their name; what cannot be read, or is passed over in these folders, is a finding."""
    for folder in all_of:
        made.findings += passed_over(folder) if folder.is_dir() else []
    found: dict[str, bytes] = {}
    for path in files:
        try:
            found[name(path)] = read_raw(path, printable(path))
        except Refused as refused:
            made.findings.append(refused.finding)
    return found


def _at(repository: Repository, commit: str, paths: Sequence[Path]) -> dict[str, bytes]:
    blobs = repository.files(commit, [repository.relative(path) for path in paths], SUFFIX)
    held = repository.read(blobs.values())
    return {name: held[blob] for name, blob in blobs.items()}


def _moved(repository: Repository, commit: str, then: Mapping[str, bytes], wanted: Iterable[str]) -> Pairs:
    """Contracts that today's folders hold and the commit's do not: out of files elsewhere that are there no longer."""
    made, ids = Pairs(commit), set(wanted)
    if not ids:
        return made
    files = _left(repository, commit, then)
    found, lost = _earlier(files, {}, made)
    made.pairs = {id_: Pair(file, None, (contract,)) for id_, (file, contract) in found.items() if id_ in ids}
    made.cannot_read(one for one in unread(lost, files, {}) if one.contract in ids)
    return made


def _left(repository: Repository, commit: str, then: Mapping[str, bytes]) -> dict[str, bytes]:
    """Contract files of the commit that lay somewhere else and are not there any more, or only by way of a link."""
    blobs = repository.files(commit, ["."], SUFFIX)
    left = {path: blob for path, blob in blobs.items() if path not in then and not repository.holds(path)}
    held = repository.read(left.values())
    return {path: held[blob] for path, blob in left.items()}


Found = dict[str, tuple[str, Contract]]


def _earlier(then: Mapping[str, bytes], now: Mapping[str, bytes], made: Pairs) -> tuple[Found, dict[str, Finding]]:
    """The earlier contracts by id, and by file what is wrong with each that cannot be read."""
    found, refused = _changed(then, now, examine_earlier, made)
    return found, {name: _worst(findings) for name, findings in refused.items()}


def _today(now: Mapping[str, bytes], then: Mapping[str, bytes], made: Pairs) -> Found:
    found, refused = _changed(now, then, examine_bytes, made)
    made.findings += [finding for findings in refused.values() for finding in findings]
    return found


def _changed(
    files: Mapping[str, bytes], others: Mapping[str, bytes], read: Callable[[bytes, str], Examined], made: Pairs
) -> tuple[Found, dict[str, list[Finding]]]:
    """The contracts, by id, of files that the other side does not hold; and the findings of files that hold none."""
    same = set(others.values())
    found: Found = {}
    refused: dict[str, list[Finding]] = {}
    for name, raw in files.items():
        if raw in same:
            continue
        contracts, findings = read(raw, name)
        found |= {contract.id: (name, contract) for contract in contracts}
        if not contracts:
            refused[name] = findings
        else:
            made.notes += _lenient(name, findings)
    return found, refused


def _lenient(name: str, findings: Sequence[Finding]) -> list[str]:
    """What is said of an earlier version that lint would refuse today."""
    younger = [finding for finding in findings if finding.house]
    if not younger:
        return []
    rules = f"{younger[0].code} {younger[0].what}{f' (and {len(younger) - 1} more)' if younger[1:] else ''}"
    return [f"the earlier {name} is compared although a rule of today refuses it: {rules}"]


def _worst(findings: Sequence[Finding]) -> Finding:
    """What stops a file from being read: no rule of the house."""
    return next((one for one in findings if one.severity is Severity.ERROR and not one.house), findings[0])


class _History:
    """The versions that were in force before a commit; git's log is read once, and only when somebody asks."""

    def __init__(self, repository: Repository, commit: str, made: Pairs) -> None:
        self._repository, self._commit, self._made = repository, commit, made
        self._steps: list[dict[str, Step]] | None = None
        self._read: dict[Blob, dict[str, Contract] | Unread] = {}

    def of(self, id_: str, file: str, newest: Contract) -> Iterator[Contract]:
        """The version at the commit, then older ones where its mode asks for them."""
        yield newest
        if not is_transitive(newest.compatibility):
            return
        if self._repository.is_shallow:
            fix = "git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout)"
            what = f"{id_} is {newest.compatibility.value}, and the clone lacks earlier commits"
            raise Fatal("TL-GIT-004", what, where=str(self._repository.root), fix=fix)
        for version in self._before(id_, file):
            if isinstance(version, Unread):
                self._made.cannot_read([version])
            elif version != newest:
                yield version

    def instead(self, id_: str, file: str) -> Iterator[Contract]:
        """In place of a version that cannot be read the newest one before it that can, and then as its mode asks."""
        newest = next((version for version in self._before(id_, file) if isinstance(version, Contract)), None)
        if newest is not None:
            yield from self.of(id_, file, newest)

    def _before(self, id_: str, file: str) -> Iterator[Contract | Unread]:
        """Older versions of a contract that lies in this file, newest first, each content once."""
        tracked, seen = {file}, set[Blob]()
        for steps in self._log():
            for step in [steps[path] for path in sorted(tracked & steps.keys())]:
                sources = [step] if step.before else self._moved_from(id_, steps.values())
                tracked |= {source.path for source in sources}
                for source in sources:
                    version = self._version(id_, source.before, source.path) if source.before not in seen else None
                    if source.before is None or version is None:
                        continue
                    if len(seen) == MAX_VERSIONS:
                        what = f"{id_} is compared with its newest {MAX_VERSIONS} earlier versions"
                        self._made.notes.append(what)
                        return
                    seen.add(source.before)
                    yield version

    def _moved_from(self, id_: str, steps: Iterable[Step]) -> list[Step]:
        """Where a file that appears in a commit came from: what held the contract and changed or went in the same."""
        return [step for step in steps if self._version(id_, step.before, step.path, moved=True) is not None]

    def _log(self) -> list[dict[str, Step]]:
        """What each commit did, by path."""
        if self._steps is None:
            listed = self._repository.steps(self._commit, SUFFIX)
            self._steps = [{step.path: step for step in steps} for steps in listed]
        return self._steps

    def _version(self, id_: str, blob: Blob | None, file: str, *, moved: bool = False) -> Contract | Unread | None:
        """What a blob holds of a contract; one that cannot be read counts, of a `moved` file if it names the id."""
        if blob is None:
            return None
        if blob not in self._read:
            raw = self._repository.read([blob])[blob]
            contracts, findings = examine_earlier(raw, file)
            held: dict[str, Contract] | Unread = {contract.id: contract for contract in contracts}
            self._read[blob] = held if contracts else Unread.of(named(raw), file, raw, _worst(findings))
        found = self._read[blob]
        if not isinstance(found, Unread):
            return found.get(id_)
        foreign = found.contract != id_ and (moved or found.contract)
        return None if foreign else replace(found, contract=id_)
