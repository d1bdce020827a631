"""What the readers of a contract share: one list of findings, and the parts of a file that belong to Tideline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tideline.adapters.odcs.finding import Finding, YamlPath, closest, shown
from tideline.adapters.odcs.source import Source
from tideline.model.severity import Severity

VENDOR = "tideline"
MAX_FINDINGS = 200
MAX_SUGGESTIONS = 50
Ours = dict[str, tuple[Any, YamlPath]]


class Telling:
    """Collects findings about one source (the first 200) instead of stopping at the first.

    `origin` says for a part of the model, such as ("views", 0), from which part of the file it was made. An `earlier`
    version was in force once: a rule of the house, which may be younger than the file, is told and breaks nothing.
    `broken` says whether there is no contract in the file.
    """

    def __init__(self, source: Source, *, earlier: bool = False) -> None:
        self.source, self.earlier = source, earlier
        self.broken = False
        self.findings: list[Finding] = []
        self.origin: dict[tuple[str | int, ...], YamlPath] = {}
        self.holders: set[YamlPath] = set()  # whose properties of ours were read

    def tell(
        self, code: str, path: YamlPath, what: str, allowed: str = "", suggestion: str = "", *, of_key: bool = False
    ) -> None:
        """An error at the place of a value or, with `of_key`, of its key."""
        self.broken = True
        place = self.source.place(path, of_key=of_key)
        self._keep(Finding(code, self.source.file, *place, what, allowed, suggestion))

    def insist(self, code: str, path: YamlPath, what: str, allowed: str = "", suggestion: str = "") -> None:
        """An error that leaves the contract whole: a rule of the house that an earlier version may not have known."""
        self.broken |= not self.earlier
        self._keep(Finding(code, self.source.file, *self.source.place(path), what, allowed, suggestion, house=True))

    def _keep(self, finding: Finding) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)

    def mention(self, code: str, path: YamlPath, what: str, suggestion: str) -> None:
        """Something that stops nothing, at the place of a key."""
        place = self.source.place(path, of_key=True)
        self.findings.append(Finding(code, self.source.file, *place, what, "", suggestion, Severity.WARNING))

    def near(self, word: object, allowed: Iterable[str]) -> str:
        """One suggestion; none in a file that is wrong everywhere, because looking for one takes long."""
        return closest(word, allowed) if len(self.findings) < MAX_SUGGESTIONS else ""

    def known(self, found: Mapping[str, Any], allowed: Sequence[str], path: YamlPath, advice: str = "") -> None:
        """Every key of a mapping is one of those allowed."""
        for key in found:
            if key not in allowed:
                listed, near = ", ".join(allowed) or "none here", self.near(key, allowed) or advice
                self.tell("TL-CON-020", (*path, key), f"unknown key {shown(key)}", listed, near, of_key=True)

    def one_of(self, value: Any, allowed: Sequence[str], path: YamlPath, label: str) -> bool:
        """Whether a value is one of several words; told when it is not."""
        if isinstance(value, str) and value in allowed:
            return True
        self.tell("TL-CON-022", path, f"{label} is {shown(value)}", ", ".join(allowed), self.near(value, allowed))
        return False

    def ours(self, holder: Mapping[str, Any], at: YamlPath, allowed: Sequence[str]) -> Ours:
        """Our customProperties of one element: name -> (value, its path)."""
        ours: Ours = {}
        self.holders.add(at)
        for n, custom in enumerate(holder.get("customProperties") or ()):
            path, name = (*at, "customProperties", n), custom["property"]
            if custom.get("vendor") != VENDOR:
                if custom.get("vendor") is None and name in allowed:
                    self.tell("TL-CON-020", path, f"{name!r} names no vendor", suggestion=f"add vendor: {VENDOR}")
                elif near := self.near(custom.get("vendor") or "", (VENDOR,)):
                    self.tell("TL-CON-020", (*path, "vendor"), f"vendor is {shown(custom['vendor'])}", VENDOR, near)
                continue
            if name in ours:
                what = f"the property {shown(name)} stands here a second time"
                self.tell("TL-CON-020", (*path, "property"), what)
            elif name not in allowed:
                listed, near = ", ".join(allowed) or "none here", self.near(name, allowed)
                self.tell("TL-CON-020", (*path, "property"), f"unknown property {shown(name)}", listed, near)
            ours[name] = (custom["value"], (*path, "value"))
        return {name: found for name, found in ours.items() if name in allowed}

    def required(self, ours: Ours, name: str, at: YamlPath) -> Any:
        """The value of one of our properties; told when it is not there."""
        if name not in ours:
            what = f"customProperties lack {name!r} with vendor {VENDOR}"
            self.tell("TL-CON-021", (*at, "customProperties"), what)
            return None
        return ours[name][0]

    def boolean(self, value: Any, path: YamlPath) -> bool:
        if not isinstance(value, bool):
            self.tell("TL-CON-022", path, f"this is {shown(value)}", "true, false")
        return value is True

    def in_file(self, path: tuple[str | int, ...]) -> YamlPath:
        """Where in the file a part of the model comes from."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origin:
                return (*self.origin[path[:length]], *path[length:])
        return path


def is_blank(text: object) -> bool:
    """Whether nothing is said: no text, or one of spaces only."""
    return not isinstance(text, str) or not text.strip()
