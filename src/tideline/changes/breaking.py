"""Decides about a change of contract files: what is blocked, what is waived, which version it needs, who is hit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from tideline.changes.dbt_graph import DbtGraph
from tideline.changes.impact import Hit, hits
from tideline.changes.unread import UNREADABLE, Unread
from tideline.changes.versions import Pair, Pairs
from tideline.changes.waivers import Listed, matching
from tideline.model.change import Judgement, judge
from tideline.model.compatibility import Change, Level, blocks, removed
from tideline.model.contract import Contract
from tideline.model.severity import Severity

VERSION, EXPIRED, UNUSED = "TL-CHG-002", "TL-CHG-003", "TL-CHG-004"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the verdict; `path` is dotted. `waiver` is the one that lets it pass."""

    severity: Severity
    code: str
    path: str
    text: str
    change: Change | None = None
    waiver: Listed | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one contract; `before` and `after` are versions, None for new (or unread) and for gone."""

    contract: Contract
    file: str
    before: str | None
    after: str | None
    told: tuple[Told, ...] = ()
    hits: tuple[Hit, ...] = ()

    @property
    def blocked(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.told)


@dataclass(frozen=True, slots=True)
class Report:
    """All verdicts; `unread` are earlier versions that nothing was compared with.

    `waivers` are findings about waivers themselves, `refused` about files of today that are no contracts.
    """

    against: str
    verdicts: tuple[Verdict, ...]
    unread: tuple[tuple[Unread, Told], ...] = ()
    waivers: tuple[tuple[Listed, Told], ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        lost = any(told.severity is Severity.ERROR for _, told in self.unread)
        return bool(self.refused) or lost or any(verdict.blocked for verdict in self.verdicts)


@dataclass(slots=True)
class _Waivers:
    """Which waivers there are and which were needed; `today` is a UTC day."""

    listed: Sequence[Listed]
    today: date
    used: set[Listed] = field(default_factory=set)

    def on(self, id_: str, family: str | None, told: Told) -> Told:
        """The same finding, as its waiver leaves it."""
        if told.severity is not Severity.ERROR:
            return told
        for waiver in matching(self.listed, id_, family, told.code, told.path):
            self.used.add(waiver)
            facts, place = waiver.waiver, f"{waiver.file}:{waiver.line}"
            if waiver.holds(self.today):
                text = f"{told.text}; waived until {facts.expires} by {facts.owner}: {facts.reason}"
                return Told(Severity.WARNING, told.code, told.path, text, told.change, waiver)
            text = f"{told.text}; its waiver ({place}, {facts.owner}) expired on {facts.expires}"
            return Told(told.severity, told.code, told.path, text, told.change)
        return told

    def left(self) -> Iterator[tuple[Listed, Told]]:
        """Waivers that nothing needed."""
        for listed in self.listed:
            waiver, expired = listed.waiver, not listed.holds(self.today)
            if listed not in self.used:
                about = f"{waiver.of} {waiver.code} {waiver.path}"
                what = f"expired on {waiver.expires}" if expired else "nothing needs it"
                text = f"the waiver of {about} ({waiver.owner}): {what}; delete it"
                yield listed, Told(Severity.WARNING, EXPIRED if expired else UNUSED, waiver.path, text)


def decide(
    pairs: Pairs, waivers: Sequence[Listed], today: date, graph: DbtGraph, contracts: Iterable[Contract]
) -> Report:
    """Judge every pair. `contracts` are those of the work tree that consume others."""
    known, consumers = _Waivers(waivers, today), list(contracts)
    lost = [version for _, version in sorted(pairs.unread.items())]
    unread = tuple((one, known.on(one.contract, None, _of_unread(one))) for one in lost)
    without = {version.contract for version in lost}
    verdicts = [
        _verdict(pair, known, graph, consumers) if pair.earlier or id_ not in without else _without(pair)
        for id_, pair in sorted(pairs.pairs.items())
    ]
    refused = tuple(str(finding) for finding in pairs.findings)
    return Report(pairs.against, tuple(verdicts), unread, tuple(known.left()), refused, tuple(pairs.notes))


def _of_unread(version: Unread) -> Told:
    return Told(Severity.ERROR, UNREADABLE, version.path, version.text)


def _without(pair: Pair) -> Verdict:
    """A contract that is not new, and of which no earlier version can be read."""
    told = Told(Severity.NOTE, "", "contract", f"compared with nothing: see {UNREADABLE}")
    return Verdict(pair.contract, pair.file, None, pair.contract.version, (told,))


def _verdict(pair: Pair, waivers: _Waivers, graph: DbtGraph, contracts: Sequence[Contract]) -> Verdict:
    if not pair.earlier:
        new = Told(Severity.NOTE, "", "contract", "a new contract: nobody relies on it yet")
        return Verdict(pair.contract, pair.file, None, pair.contract.version, (new,))
    old = pair.earlier[0]
    if pair.now is None:
        gone = removed(old)
        found = [_of_change(gone, blocked=blocks(gone, old.compatibility))]
    else:
        found = _of_judgement(judge(pair.earlier, pair.now), old, pair.now)
    told = tuple(waivers.on(old.id, old.family, one) for one in found)
    stopped = [one.change for one in told if one.change is not None and one.severity is not Severity.NOTE]
    after = None if pair.now is None else pair.now.version
    return Verdict(pair.contract, pair.file, old.version, after, told, hits(old, stopped, graph, contracts))


def _of_judgement(judgement: Judgement, old: Contract, new: Contract) -> list[Told]:
    """Errors first, in the order of the contract's parts."""
    found = [_of_change(change, blocked=change in judgement.blocked) for change in judgement.changes]
    for version, change in judgement.older:
        text = f"compared with version {version}: {change.text}"
        found.append(Told(Severity.ERROR, change.code.value, ".".join(change.path), text, change))
    if judgement.version is not None:
        part = {Level.MAJOR: "a breaking change", Level.MINOR: "a compatible change", Level.PATCH: "another wording"}
        least = f"{part[judgement.needed]} needs at least version {judgement.version}"
        text = f"{least}: it was {old.version}, is {new.version}"
        found.append(Told(Severity.ERROR, VERSION, "version", text))
    return sorted(found, key=lambda told: told.severity is not Severity.ERROR)


def _of_change(change: Change, *, blocked: bool) -> Told:
    severity = Severity.ERROR if blocked else Severity.NOTE
    text = f"{change.text} (breaks {', '.join(change.breaks)})" if blocked else change.text
    return Told(severity, change.code.value, ".".join(change.path), text, change)
