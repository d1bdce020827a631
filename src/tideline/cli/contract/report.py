"""Findings in the forms that people, editors, code hosts and build servers read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tideline import __version__
from tideline.adapters.odcs import CODES, Finding
from tideline.model.severity import Severity

LEVELS = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are of each level."""
    return {level.value: sum(finding.severity is level for finding in findings) for level in LEVELS}


def as_text(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """One line per finding, and one that sums up."""
    found = [f"{number} {name}{'s' if number != 1 else ''}" for name, number in counts(findings).items() if number]
    summary = f"{len(files)} file{'s' if len(files) != 1 else ''}, {', '.join(found) or 'no findings'}"
    return "\n".join([*map(str, findings), summary])


def as_json(files: Sequence[str], findings: Sequence[Finding]) -> str:
    listed = [asdict(finding) for finding in findings]
    return json.dumps({"files": len(files), "counts": counts(findings), "findings": listed})


def as_github(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    return "\n".join([*map(_command, findings), as_text(files, findings).rsplit("\n", 1)[-1]])


def _command(finding: Finding) -> str:
    place = {"file": finding.file, "line": finding.line, "col": finding.column, "title": finding.code}
    said = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in place.items())
    return f"::{_COMMANDS[finding.severity]} {said}::{_escaped(finding.text)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def as_sarif(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, one run; columns count characters."""
    codes = sorted(CODES.keys() | {finding.code for finding in findings})
    rules = [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in codes]
    driver = {"name": "tideline", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": [{"location": {"uri": _uri(file)}} for file in files],
        "results": [_result(finding, codes.index(finding.code)) for finding in findings],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    place = {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def as_junit(files: Sequence[str], findings: Sequence[Finding]) -> str:
    """JUnit XML: a test case per file, which fails when a finding of it is an error; the rest is its output."""
    by_file: dict[str, list[Finding]] = {file: [] for file in files}
    for finding in findings:
        by_file.setdefault(finding.file, []).append(finding)
    failed = sum(any(f.severity is Severity.ERROR for f in found) for found in by_file.values())
    totals = {"tests": str(len(by_file)), "failures": str(failed), "errors": "0"}
    root = ElementTree.Element("testsuites", totals)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "tideline contract lint", "skipped": "0", **totals})
    for file, found in by_file.items():
        case = ElementTree.SubElement(suite, "testcase", {"classname": "contract", "name": _xml(file), "time": "0"})
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        others = [finding for finding in found if finding.severity is not Severity.ERROR]
        if errors:
            said = {"message": f"{len(errors)} errors", "type": errors[0].code}
            ElementTree.SubElement(case, "failure", said).text = _xml("\n".join(map(str, errors)))
        if others:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(map(str, others)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _xml(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)


FORMS: Mapping[str, Callable[[Sequence[str], Sequence[Finding]], str]] = {
    "text": as_text, "json": as_json, "sarif": as_sarif, "junit": as_junit, "github": as_github,
}  # fmt: skip
