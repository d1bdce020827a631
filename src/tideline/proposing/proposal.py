"""The changed contract that would read what drifted, as an edit of its file; what stays open is said beside it.

One change after the other goes into the text, and each has to pass the checks of `contract lint`: one that does not is
taken back and told. New members become optional fields, limits that values outgrew are widened; a member of another
type has no compatible answer, so it is told what type would read its values. The version rises as the changes require.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML

from tideline.adapters.odcs import examine_bytes, refusal
from tideline.adapters.odcs.editing import Editing, Path
from tideline.importing.writing import flow
from tideline.model.change import Level, judge, next_version
from tideline.model.contract import Contract
from tideline.model.drift import OTHER, known_field, steps
from tideline.model.errors import ContractError
from tideline.model.field import EventField
from tideline.model.inference import Ways, infer
from tideline.model.severity import Severity
from tideline.proposing.evidence import Drifted, Evidence
from tideline.proposing.property import block, said
from tideline.proposing.widening import widened

_WAYS = Ways(enums=False, required=False)  # an enum would be values of events; a new member is optional
_EVENT: Path = ("schema", 0)
_OPEN = "Drift, not decided"


@dataclass(frozen=True, slots=True)
class Note:
    """What a person has to know about one path: something assumed, or (not `decided`) something left open."""

    path: str
    text: str
    decided: bool


@dataclass(slots=True)
class Proposal:
    """The text of the file before and after, and what changed in it."""

    file: str
    before: str
    after: str
    version: str
    added: list[str] = field(default_factory=list)
    widened: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def diff(self) -> str:
        """Unified; empty when there is nothing to change."""
        lines = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(
            line if line.endswith("\n") else f"{line}\n" for line in difflib.unified_diff(*lines, self.file, self.file)
        )

    def as_json(self) -> dict[str, Any]:
        notes = {
            name: [{"path": note.path, "text": note.text} for note in self.notes if note.decided is decided]
            for name, decided in (("assumed", True), ("undecided", False))
        }
        changed = {"version": self.version, "added": self.added, "widened": self.widened}
        return {"file": self.file, **changed, **notes, "diff": self.diff}


def propose(contract: Contract, text: str, shown_as: str, evidence: Evidence) -> Proposal:
    """Raises ContractError when the file is refused as it stands. `contract` is read from the same text."""
    draft = _Draft(text, shown_as)
    proposal = Proposal(shown_as, text, text, contract.version)
    for path, drifted in sorted(evidence.drifted.items()):
        if known_field(contract.fields, path) is not None:
            _tell_changed(draft, proposal, contract, path, drifted)
        elif path != OTHER:
            _add(draft, proposal, path, drifted)
    for path, drifted in sorted(evidence.refused.items()):
        _widen(draft, proposal, contract, path, drifted)
    for path in sorted(evidence.unseen):
        if path == OTHER or ("?" in path and path not in evidence.drifted):
            _leave_open(draft, proposal, path, "its names are too many, or no plain words, so they are not kept")
    if proposal.added or proposal.widened:
        _raise_version(draft, proposal)
    proposal.after = draft.text
    return proposal


class _Draft:
    """The text so far, and the contracts that it makes: one, or each member of a family."""

    def __init__(self, text: str, shown_as: str) -> None:
        self._shown_as = shown_as
        self.text = text
        self.original = self.contracts = self._examined(text)

    def _examined(self, text: str) -> Mapping[str, Contract]:
        contracts, findings = examine_bytes(text.encode(), self._shown_as)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            raise refusal(errors)
        return {contract.id: contract for contract in contracts}

    def attempt(self, edit: Callable[[Editing], None]) -> str | None:
        """Make the edit, or say in one line why the changed file would be refused."""
        editing = Editing(self.text)
        edit(editing)
        try:
            self.contracts = self._examined(editing.text)
        except ContractError as refused:
            return str(refused).splitlines()[1].partition(" ")[2]
        self.text = editing.text
        return None

    def place(self, parts: Sequence[str]) -> Path | None:
        """Where the property of a path stands in the text."""
        here: Any = YAML(typ="safe", pure=True).load(self.text)["schema"][0]
        path = _EVENT
        for part in parts:
            if part in ("[]", "{}"):
                inner: Path = ("items",) if part == "[]" else ("map", "value")
                path = path + inner
                for key in inner:
                    here = here[key]
                continue
            names = [member.get("name") for member in here.get("properties", ())]
            if part not in names:
                return None
            here, path = here["properties"][names.index(part)], (*path, "properties", names.index(part))
        return path


def _add(draft: _Draft, proposal: Proposal, path: str, drifted: Drifted) -> None:
    """An optional field for a new member, with what was assumed as comments above it."""
    *around, name = steps(path)
    parent = draft.place(around)
    if parent is None or not drifted.samples.seen:
        return _leave_open(draft, proposal, path, "no value of it was among the records looked at")
    found = infer(name, drifted.samples, _WAYS)
    notes = [Note(path + remark.path.removeprefix(name), remark.text, remark.decided) for remark in found.remarks]
    if found.field is None:
        return _leave_open(draft, proposal, path, "; ".join(note.text for note in notes if not note.decided))
    made = found.field.model_copy(update={"description": _seen(drifted)})
    above = [f"{note.path}: {note.text}" if note.decided else f"{_OPEN}: {note.path}: {note.text}" for note in notes]
    why = draft.attempt(lambda editing: editing.append((*parent, "properties"), block(made), flow(said(made)), above))
    if why is not None:
        return _leave_open(draft, proposal, path, f"the contract with it would be refused: {why}")
    proposal.added.append(path)
    proposal.notes += notes
    return None


def _seen(drifted: Drifted) -> str:
    if not drifted.since:
        return f"Seen in {drifted.samples.seen} sampled records."
    return f"Seen in {drifted.records} record{'s' if drifted.records != 1 else ''} since {drifted.since}."


def _tell_changed(draft: _Draft, proposal: Proposal, contract: Contract, path: str, drifted: Drifted) -> None:
    """No type reads what the contract promises and what came: that is for people, at the field itself."""
    known = known_field(contract.fields, path)
    assert known is not None
    found = infer("came", drifted.samples, _WAYS).field
    came = ", ".join(drifted.samples.kinds) or "other values" if found is None else _shown(found)
    text = (
        f"the contract says {_shown(known)}, {came} came; to change the type is a breaking change, so ask the producer"
    )
    _leave_open(draft, proposal, path, text, at=draft.place(steps(path)))


def _shown(field_: EventField) -> str:
    plain = said(field_, inner=True)
    return str(plain.get("physicalType", plain["logicalType"]))


def _widen(draft: _Draft, proposal: Proposal, contract: Contract, path: str, drifted: Drifted) -> None:
    known, place = known_field(contract.fields, path), draft.place(steps(path))
    if known is None or place is None:
        return
    wider = widened(known, drifted.samples)
    why = wider if isinstance(wider, str) else draft.attempt(lambda editing: _write_limit(editing, place, wider))
    if why is None:
        proposal.widened.append(path)
    else:
        _leave_open(draft, proposal, path, f"{drifted.records} records did not fit; {why}", at=place)


def _write_limit(editing: Editing, place: Path, wider: EventField) -> None:
    plain = said(wider, inner=True)
    if "physicalType" in plain:
        editing.replace((*place, "physicalType"), plain["physicalType"])
        return
    key, value = {
        "integer": ("format", "i64"), "string": ("maxLength", str(wider.max_length)),
        "array": ("maxItems", str(wider.max_items)),
    }[plain["logicalType"]]  # fmt: skip
    options = (*place, "logicalTypeOptions")
    if editing.has((*options, key)):
        editing.replace((*options, key), value)
    elif editing.has(options):
        editing.add_key(options, key, value)
    else:
        editing.add_key(place, "logicalTypeOptions", f"{{{key}: {value}}}")


def _leave_open(draft: _Draft, proposal: Proposal, path: str, text: str, *, at: Path | None = None) -> None:
    """Tell it, and write it down once, at the field itself or above the first one."""
    proposal.notes.append(Note(path, text, decided=False))
    start = f"{_OPEN}: {path}:"
    place = at or (*_EVENT, "properties", 0)
    if start not in draft.text:
        draft.attempt(lambda editing: editing.remark(place, [f"{start} {text}"]))


def _raise_version(draft: _Draft, proposal: Proposal) -> None:
    """As far as the most demanding member of the file needs; what its compatibility forbids is told."""
    needed = Level.MINOR
    for id_, new in draft.contracts.items():
        judged = judge([draft.original[id_]], new)
        needed = max(needed, judged.needed)
        for change in judged.blocked:
            place, rule = ".".join(change.path), f"{change.code} breaks compatibility {new.compatibility.value}"
            proposal.notes.append(Note(place, rule, decided=True))
    proposal.version = next_version(proposal.version, needed)
    draft.attempt(lambda editing: editing.replace(("version",), proposal.version))
