"""Shows a verdict: as text for people, JSON for programs, annotations for GitHub, Markdown for a comment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tideline.changes.breaking import Report, Told, Verdict
from tideline.changes.places import Places
from tideline.changes.unread import Unread
from tideline.model.compatibility import Needs
from tideline.model.severity import Severity

_MARKS = {Severity.ERROR: "BLOCKED", Severity.WARNING: "waived", Severity.NOTE: "ok"}


def as_text(report: Report, _places: Places) -> str:
    """One line per change, who is hit below it, the sum at the end."""
    lines = [f"compared with {report.against}"]
    for verdict in report.verdicts:
        lines += ["", f"{_title(verdict)}, {verdict.file}, owned by {verdict.contract.owner}"]
        lines += [f"  {_MARKS[told.severity]:<8}{told.code:<12}{told.path}: {told.text}" for told in verdict.told]
        if verdict.hits:
            lines.append("  who is hit:")
            lines += [f"    {h.kind:<9}{h.name} (owner {h.owner or 'not named'}): {h.why}" for h in verdict.hits]
    lines += [""] if report.unread else []
    for version, told in report.unread:
        lines.append(f"{_MARKS[told.severity]:<8}{told.code:<12}{version.contract} {told.path}: {told.text}")
    lines += ["", *report.refused] if report.refused else []
    lines += [f"{at.file}:{at.line}:{at.column}: {told.code} (warning) {told.text}" for at, told in report.waivers]
    lines += [f"note: {note}" for note in report.notes]
    return "\n".join([*lines, "", _sum(report)])


def as_json(report: Report, places: Places) -> str:
    """Everything, with stable keys; `dbt` are selectors of what a changed contract makes and of all below it."""
    document = {
        "against": report.against,
        "blocked": report.blocked,
        "contracts": [_facts(verdict, places) for verdict in report.verdicts],
        "unread": [_unread(version, told) for version, told in report.unread],
        "waivers": [
            {"code": told.code, "file": at.file, "line": at.line, "text": told.text} for at, told in report.waivers
        ],
        "refused": list(report.refused),
        "notes": list(report.notes),
        "dbt": selectors(report),
    }
    return json.dumps(document, indent=1)


def as_github(report: Report, places: Places) -> str:
    """Workflow commands that put each finding on its line of the pull request; notes are left out."""
    lines = []
    for verdict in report.verdicts:
        hit = "; ".join(f"{h.kind} {h.name} ({h.owner or 'no owner'})" for h in verdict.hits)
        for told in verdict.told:
            if told.severity is not Severity.NOTE:
                text = f"{verdict.contract.id} {told.path}: {told.text}{f'. Hit: {hit}' if hit else ''}"
                lines.append(_command(told, text, verdict.file, *places.of(verdict.file, told.path)))
    lines += [_command(told, f"{one.contract} {told.path}: {told.text}", one.file, 1, 1) for one, told in report.unread]
    lines += [_command(told, told.text, at.file, at.line, at.column) for at, told in report.waivers]
    lines += [f"::error title=contract refused::{_escaped(refused)}" for refused in report.refused]
    return "\n".join([*lines, _sum(report)])


def as_markdown(report: Report, _places: Places) -> str:
    """A comment of a pull request."""
    lines = [f"### Contracts: {_sum(report)}", "", f"Compared with `{report.against}`."]
    for verdict in report.verdicts:
        lines += ["", f"#### `{_title(verdict)}`", f"`{verdict.file}`, owned by {_cell(verdict.contract.owner)}", ""]
        lines += ["| | code | where | what |", "|---|---|---|---|"]
        for told in verdict.told:
            lines.append(f"| {_MARKS[told.severity]} | {told.code} | `{told.path}` | {_cell(told.text)} |")
        if verdict.hits:
            lines += ["", "| who is hit | owner | why |", "|---|---|---|"]
            lines += [
                f"| {h.kind} `{h.name}` | {_cell(h.owner) or 'not named'} | {_cell(h.why)} |" for h in verdict.hits
            ]
    lines += [""] if report.unread else []
    for version, told in report.unread:
        lines.append(f"- {_MARKS[told.severity]} {told.code} `{version.contract}` `{told.path}`: {_cell(told.text)}")
    lines += ["", "```", *report.refused, "```"] if report.refused else []
    lines += [f"- {told.code} {_cell(told.text)}" for _, told in report.waivers]
    lines += [f"- {_cell(note)}" for note in report.notes]
    return "\n".join(lines)


FORMATS: dict[str, Callable[[Report, Places], str]] = {
    "text": as_text, "json": as_json, "github": as_github, "markdown": as_markdown,
}  # fmt: skip


def selectors(report: Report) -> list[str]:
    """dbt's words for the models of changed contracts and everything that reads them."""
    alive = [verdict.contract for verdict in report.verdicts if verdict.after is not None]
    return [f"stg_{contract.domain}_{contract.product}+" for contract in alive]


def _facts(verdict: Verdict, places: Places) -> dict[str, Any]:
    contract = verdict.contract
    return {
        "id": contract.id, "file": verdict.file, "owner": contract.owner, "compatibility": contract.compatibility.value,
        "before": verdict.before, "after": verdict.after, "blocked": verdict.blocked,
        "findings": [_finding(told, *places.of(verdict.file, told.path)) for told in verdict.told],
        "hits": [{"kind": h.kind, "name": h.name, "owner": h.owner, "why": h.why} for h in verdict.hits],
    }  # fmt: skip


def _unread(version: Unread, told: Told) -> dict[str, Any]:
    """`line` and `column` are those of the earlier content."""
    facts = {"contract": version.contract, "file": version.file}
    return facts | _finding(told, version.finding.line, version.finding.column)


def _finding(told: Told, line: int, column: int) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "severity": told.severity.value, "code": told.code, "path": told.path, "line": line, "column": column,
        "text": told.text,
    }  # fmt: skip
    if told.change is not None:
        change = told.change
        facts |= {
            "kind": change.kind.value, "before": change.before, "after": change.after, "breaks": list(change.breaks),
            "needs": Needs(change.needs).name.lower(), "views": list(change.views),
        }  # fmt: skip
    if told.waiver is not None:
        facts["waiver"] = told.waiver.waiver.model_dump(mode="json", exclude_none=True)
    return facts


def _title(verdict: Verdict) -> str:
    versions = [version or ("new" if at == 0 else "gone") for at, version in enumerate((verdict.before, verdict.after))]
    return f"{verdict.contract.id} {' -> '.join(versions)}"


def _sum(report: Report) -> str:
    blocked = sum(told.severity is Severity.ERROR for told in _all(report)) + len(report.refused)
    waived = sum(told.waiver is not None for told in _all(report))
    changed = f"{len(report.verdicts)} contract{'' if len(report.verdicts) == 1 else 's'} changed"
    return f"{changed}, {blocked or 'nothing'} blocked{f', {waived} waived' if waived else ''}"


def _all(report: Report) -> Iterator[Told]:
    yield from (told for verdict in report.verdicts for told in verdict.told)
    yield from (told for _, told in report.unread)


def _command(told: Told, text: str, file: str, line: int, column: int) -> str:
    place = ",".join(
        (f"file={_escaped(file, of_property=True)}", f"line={line}", f"col={column}", f"title={told.code}")
    )
    return f"::{told.severity.value} {place}::{_escaped(text)}"


def _escaped(text: str, *, of_property: bool = False) -> str:
    """GitHub reads a command up to the end of the line; properties end at a comma or colon."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if of_property else escaped


def _cell(text: str) -> str:
    """Text of a contract inside Markdown: no markup of its own, no break out of the table, nobody is mentioned."""
    plain = "".join(f"\\{c}" if c in "\\`*_[]<>|#~" else c for c in " ".join(text.split()))
    return plain.replace("@", "@\u200b")
