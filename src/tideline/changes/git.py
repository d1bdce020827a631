"""Reads earlier contract files out of git's own store: no checkout, nothing of the work tree is touched.

Errors: TL-GIT-001 no git program, 002 no work tree, 003 a revision that is unknown or means two things, 004 the
clone is too shallow, 005 git failed.
"""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tideline.model.errors import Fatal

Blob = str
_SECONDS = 120
_LINK = "120000"  # the mode of a symbolic link
_LINKS = 16  # of links to links so many are followed
_FOREIGN = re.compile(r"dubious ownership in repository at '(.+)'")
_DEEPEN = "fetch all of it: git fetch --unshallow (in GitHub Actions: fetch-depth: 0 of actions/checkout)"


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit did to one file: its blob before and after, None where there is none."""

    commit: str
    path: str
    before: Blob | None
    after: Blob | None


class Repository:
    """One git repository, read only; paths are relative to its root, with slashes."""

    def __init__(self, inside: Path) -> None:
        """`inside` is any place in the work tree; what does not exist (any more) counts as its nearest folder."""
        place = inside.absolute()
        while not place.is_dir():
            place = place.parent
        found = _run(place, ("rev-parse", "--show-toplevel"))
        if found.returncode != 0:
            foreign = _FOREIGN.search(found.stderr.decode(errors="replace"))
            fix = "work in a clone, or compare with a folder: --against FOLDER"
            if foreign:
                fix = f"if you trust its owner: git config --global --add safe.directory {foreign[1]}"
            raise Fatal("TL-GIT-002", f"no git work tree: {_words(found.stderr)}", where=str(place), fix=fix)
        self.root = Path(found.stdout.decode().rstrip("\n")).resolve()

    def relative(self, path: Path) -> str:
        """A path of the work tree as git names it ('.' for the root)."""
        try:
            return path.absolute().resolve().relative_to(self.root).as_posix()
        except ValueError:
            fix = "give paths of one repository, or compare with a folder"
            raise Fatal("TL-GIT-002", f"{path} is not inside the git work tree {self.root}", fix=fix) from None

    def holds(self, path: str) -> bool:
        """Whether the work tree has a file at this path itself, not behind a link."""
        place = self.root / path
        return place.exists() and place.resolve() == place

    @property
    def is_shallow(self) -> bool:
        return self._git("rev-parse", "--is-shallow-repository").strip() == b"true"

    def base(self, revision: str) -> str:
        """The commit to compare with: where HEAD left the revision, so that what others did there since counts not.

        That is the revision itself when HEAD descends from it. Raises Fatal for a revision that git does not know.
        """
        commit = self._commit(revision)
        head = self._asked("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        fork = head and self._asked("merge-base", commit, head)
        if head and not fork and self.is_shallow:
            raise Fatal("TL-GIT-004", f"the clone is too shallow to tell where HEAD left {revision}", fix=_DEEPEN)
        return fork or commit

    def knows(self, revision: str) -> bool:
        """Whether it is the name of a commit."""
        return self._asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}") is not None

    def _of_one_repository(self, revision: str) -> None:
        """Refuse a name that the repository around a submodule knows too: there it means other versions."""
        around = self._asked("rev-parse", "--show-superproject-working-tree")
        if around and Repository(Path(around)).knows(revision):
            outer = Path(around).resolve()
            place = self.root.relative_to(outer).as_posix()
            what = f"{revision!r} is a revision of the repository around the submodule {place}, not only of its own"
            fix = f"name a commit of the submodule: $(git -C {outer} rev-parse {revision}:{place})"
            raise Fatal("TL-GIT-003", what, where=str(self.root), fix=fix)

    def _commit(self, revision: str) -> str:
        self._of_one_repository(revision)
        found = self._asked("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found:
            return found
        known = "fetch it (git fetch origin), or name a branch, tag or commit that git log shows"
        fix = _DEEPEN if self.is_shallow else known
        raise Fatal("TL-GIT-003", f"git knows no revision {revision!r}", where=str(self.root), fix=fix)

    def files(self, commit: str, scopes: Sequence[str], suffix: str) -> dict[str, Blob]:
        """Files of a commit that lie in one of the scopes (files or folders) and end with the suffix.

        A link to a file counts as that file, under its name, as it does in the work tree.
        """
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape")
        found: dict[str, Blob] = {}
        blobs, links = dict[str, Blob](), dict[str, Blob]()
        for line in filter(None, listed.split("\0")):
            facts, _, path = line.partition("\t")
            mode, kind, blob = facts.split()
            if kind != "blob":
                continue
            (links if mode == _LINK else blobs)[path] = blob
            if mode != _LINK and path.endswith(suffix) and lies_in(path, scopes):
                found[path] = blob
        for path in links:
            if path.endswith(suffix) and lies_in(path, scopes):
                target = self._target(path, links)
                found |= {target: blobs[target]} if target in blobs else {}
        return found

    def _target(self, path: str, links: Mapping[str, Blob]) -> str:
        """Where a link of a commit leads in the end; a loop leads nowhere."""
        for _ in range(_LINKS):
            if path not in links:
                return path
            leads = self.read([links[path]])[links[path]].decode(errors="surrogateescape")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), leads))
        return ""

    def read(self, blobs: Iterable[Blob]) -> dict[Blob, bytes]:
        """The bytes of many blobs in one call."""
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return {}
        answer = self._git("cat-file", "--batch", given="".join(f"{blob}\n" for blob in wanted).encode())
        found: dict[Blob, bytes] = {}
        at = 0
        for blob in wanted:
            end = answer.index(b"\n", at)
            header = answer[at:end].split()
            if len(header) != 3:
                raise Fatal("TL-GIT-005", f"git lacks the object {blob}", where=str(self.root), fix=_DEEPEN)
            size = int(header[2])
            found[blob] = answer[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return found

    def steps(self, commit: str, suffix: str) -> Iterator[list[Step]]:
        """What each commit up to this one did to files with the suffix, newest first; one that did nothing is left out.

        Only the first parent of a merge is followed: what a branch tried out before it was merged was never in force.
        """
        arguments = ("log", "--first-parent", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--root",
                     "--format=%x01%H", commit, "--", f":(top,glob)**/*{suffix}")  # fmt: skip
        text = self._git(*arguments).decode(errors="surrogateescape")
        for entry in filter(None, text.split("\x01")):
            parts = [part.strip("\n") for part in entry.split("\0") if part.strip("\n")]
            facts = zip(parts[1::2], parts[2::2], strict=True)
            steps = [Step(parts[0], path, _blob(fact.split()[2]), _blob(fact.split()[3])) for fact, path in facts]
            if steps:
                yield steps

    def _git(self, *arguments: str, given: bytes | None = None) -> bytes:
        """What git answers; raises Fatal with git's own words when it refuses."""
        done = _run(self.root, arguments, given)
        if done.returncode != 0:
            raise Fatal("TL-GIT-005", f"git {arguments[0]}: {_words(done.stderr)}", where=str(self.root), fix=_DEEPEN)
        return done.stdout

    def _asked(self, *arguments: str) -> str | None:
        """One line of git's, or None when it refuses."""
        done = _run(self.root, arguments)
        return done.stdout.decode().strip() if done.returncode == 0 else None


def lies_in(path: str, scopes: Sequence[str]) -> bool:
    """Whether a path is one of the scopes or below one; '.' is everything."""
    return any(scope == "." or path == scope or path.startswith(f"{scope}/") for scope in scopes)


def _run(at: Path, arguments: Sequence[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = ("git", "--no-optional-locks", "-C", str(at), *arguments)
    try:
        return subprocess.run(command, input=given, capture_output=True, timeout=_SECONDS, check=False)
    except FileNotFoundError:
        fix = "install git, or compare with a folder: --against FOLDER"
        raise Fatal("TL-GIT-001", "there is no git program on the PATH", fix=fix) from None
    except subprocess.TimeoutExpired:
        raise Fatal("TL-GIT-005", f"git {arguments[0]} took longer than {_SECONDS} s", where=str(at)) from None


def _words(stderr: bytes) -> str:
    return (stderr.decode(errors="replace").strip() or "no reason given").splitlines()[0].removeprefix("fatal: ")


def _blob(name: str) -> Blob | None:
    return None if name.strip("0") == "" else name
