"""Reads `*.odcs.yaml` (Open Data Contract Standard v3.2.0, v3.1.0) into contracts, strictly; findings say where."""

from __future__ import annotations

from pathlib import Path

from tideline.adapters.odcs import family, standard
from tideline.adapters.odcs.finding import CODES, Finding, Refused, YamlPath
from tideline.adapters.odcs.reading import Reader
from tideline.adapters.odcs.source import Source, load, parse
from tideline.adapters.odcs.telling import Telling
from tideline.model.contract import Contract
from tideline.model.errors import ContractError

Examined = tuple[tuple[Contract, ...], list[Finding]]


def examine(path: Path, shown_as: str | None = None, source: str | None = None) -> Examined:
    """The contracts of one file (one, or one per member of its family) and every finding, sorted by place.

    With a finding that is an error there is no contract. `source` is what `Contract.source` says: the path below the
    contracts folder. Never raises for what a file contains.
    """
    try:
        return _examine(load(path, shown_as or str(path)), source)
    except Refused as refused:
        return (), [refused.finding]


def examine_bytes(raw: bytes, shown_as: str, source: str | None = None) -> Examined:
    """The same for the bytes of a file that is not on disk, such as an earlier version."""
    try:
        return _examine(parse(raw, shown_as), source)
    except Refused as refused:
        return (), [refused.finding]


def examine_earlier(raw: bytes, shown_as: str) -> Examined:
    """The same for a version that was in force once: rules of the house, perhaps younger than it, are told only."""
    try:
        return _examine(parse(raw, shown_as), None, earlier=True)
    except Refused as refused:
        return (), [refused.finding]


def _examine(source: Source, place: str | None, *, earlier: bool = False) -> Examined:
    if not isinstance(source.data, dict):
        return (), [Finding("TL-CON-001", source.file, 1, 1, "a contract is a mapping of keys to values")]
    telling = Telling(source, earlier=earlier)
    found = family.members(telling)
    if telling.broken:
        return (), _sorted(telling.findings)
    if found is None:
        contract, findings = _one(source, {"source": place}, earlier=earlier)
        return ((contract,) if contract else ()), _sorted(telling.findings + findings)
    name, files = found
    contracts: list[Contract] = []
    all_findings: list[Finding] = list(telling.findings)
    for file in files.values():
        about = {"source": place, "family": f"{file.data.get('domain')}.{name}"}
        contract, findings = _one(file, about, earlier=earlier)
        told = {(finding.code, finding.line, finding.column) for finding in all_findings}
        all_findings += [f for f in findings if (f.code, f.line, f.column) not in told]
        contracts += [contract] if contract else []
    clashes = _clashes(source, contracts)
    broken = bool(clashes) or len(contracts) < len(files)
    return (() if broken else tuple(contracts)), _sorted(all_findings + clashes)


def _one(source: Source, place: dict[str, str | None], *, earlier: bool) -> tuple[Contract | None, list[Finding]]:
    findings = list(standard.check(source))
    if findings:
        return None, findings
    reader = Reader(source, place, earlier=earlier)
    contract = reader.contract()
    return contract, reader.findings


def _clashes(source: Source, contracts: list[Contract]) -> list[Finding]:
    """What has to differ between the members of a family."""
    parts: list[tuple[YamlPath, str, list[list[str]]]] = [
        (("id",), "id", [[contract.id] for contract in contracts]),
        (("schema", 0, "physicalName"), "topic", [[contract.stream.topic] for contract in contracts]),
        (("schema", 0), "view", [[view.name for view in contract.views] for contract in contracts]),
    ]
    findings = []
    for path, what, names in parts:
        flat = [name for listed in names for name in listed]
        repeated = next((name for at, name in enumerate(flat) if name in flat[:at]), None)
        if repeated is not None:
            text = f"two members of the family have the {what} {repeated!r}"
            fix = "put ${family} into it"
            findings.append(Finding("TL-CON-031", source.file, *source.place(path), text, suggestion=fix))
    return findings


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.line, finding.column, finding.code))


def read_contract(path: Path, shown_as: str | None = None) -> Contract:
    """The only contract of one file; raises ContractError that shows every finding, one per line."""
    contracts, findings = examine(path, shown_as)
    if not contracts:
        raise refusal(findings)
    if len(contracts) > 1:
        raise ContractError("TL-CON-031", f"the file describes a family of {len(contracts)} contracts", where=str(path))
    return contracts[0]


def editor_schema() -> str:
    """The JSON Schema of contract files for editors, as text."""
    from tideline.adapters.odcs.checks import ARGUMENTS
    from tideline.adapters.odcs.promises import HONOURED, NOTED, UNITS, VERSIONS
    from tideline.adapters.odcs.properties import KINDS
    from tideline.rendering.editor_schema import render

    words = {"versions": VERSIONS, "promises": (*HONOURED, *NOTED), "units": tuple(UNITS), "kinds": tuple(KINDS)}
    words["arguments"] = tuple(sorted({name for names in ARGUMENTS.values() for name in names}))
    return render(standard.schema(), words)


def refusal(findings: list[Finding]) -> ContractError:
    """One error for all findings: the code of the first, all of them as text."""
    lines = "\n".join(str(finding) for finding in findings)
    return ContractError(findings[0].code, f"the contract is refused\n{lines}")


__all__ = [
    "CODES",
    "Examined",
    "Finding",
    "editor_schema",
    "examine",
    "examine_bytes",
    "examine_earlier",
    "read_contract",
    "refusal",
]
