"""Reads `*.odcs.yaml` (Open Data Contract Standard v3.2.0) into contracts, strictly; findings carry file:line:column.

Codes: TL-CON-001 unreadable, 002 refused YAML, 010-012 breaches of the standard, 020 unknown key of ours, 021 something
is missing, 022 a value that is not allowed, 023 a check that nobody would run, 030 the parts contradict each other,
031 two contracts clash.
"""

from __future__ import annotations

from pathlib import Path

from tideline.adapters.odcs import standard
from tideline.adapters.odcs.reading import Reader
from tideline.adapters.odcs.source import Finding, Refused, load
from tideline.model.contract import Contract
from tideline.model.errors import ContractError

PATTERN = "*.odcs.yaml"


def examine(path: Path, shown_as: str | None = None) -> tuple[Contract | None, list[Finding]]:
    """The contract of one file, or None and every finding (sorted by place). Never raises for what a file contains."""
    try:
        source = load(path, shown_as or str(path))
    except Refused as refused:
        return None, [refused.finding]
    if not isinstance(source.data, dict):
        return None, [Finding("TL-CON-001", source.file, 1, 1, "a contract is a mapping of keys to values")]
    findings = list(standard.check(source))
    contract = None
    if not findings:
        reader = Reader(source)
        contract, findings = reader.contract(), reader.findings
    return contract, sorted(findings, key=lambda finding: (finding.line, finding.column))


def read_contract(path: Path, shown_as: str | None = None) -> Contract:
    """The contract of one file; raises ContractError that shows every finding, one per line."""
    contract, findings = examine(path, shown_as)
    if contract is None:
        raise refusal(findings)
    return contract


def refusal(findings: list[Finding]) -> ContractError:
    """One error for all findings: the code of the first, all of them as text."""
    lines = "\n".join(str(finding) for finding in findings)
    return ContractError(findings[0].code, f"the contract is refused\n{lines}")


__all__ = ["PATTERN", "Finding", "examine", "read_contract", "refusal"]
