"""The compiled contract index: what DAGs and services read instead of YAML, written whole and checked to be fresh."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tideline.model.contract import Contract, dump_index_entry
from tideline.model.errors import Fatal, StaleIndex

FORMAT = 1
PATTERN = "*.odcs.yaml"
MEND = "run: tideline compile"


def compile_index(contracts_dir: Path) -> dict[str, Any]:
    """The document for all contracts of a folder; raises ContractError with every finding of every file."""
    from tideline.adapters.odcs import Finding, examine, refusal

    contracts: dict[str, Contract] = {}
    findings: list[Finding] = []
    served: dict[str, str] = {}
    for name, path in _files(contracts_dir).items():
        contract, found = examine(path, shown_as=str(contracts_dir / name))
        findings += found
        if contract is None:
            continue
        clashes = [f"another contract is {contract.id!r} too"] if contract.id in contracts else []
        clashes += [f"view {v.name!r} is one of {served[v.name]} too" for v in contract.views if v.name in served]
        findings += [Finding("TL-CON-031", str(contracts_dir / name), 1, 1, text) for text in clashes]
        contracts[contract.id] = contract
        served |= {view.name: contract.id for view in contract.views}
    if findings:
        raise refusal(findings)
    return {
        "format": FORMAT,
        "sources": _sources(contracts_dir),
        "contracts": {id_: dump_index_entry(contract) for id_, contract in sorted(contracts.items())},
    }


def render_index(document: Mapping[str, Any]) -> str:
    """The text of an index file: the same document gives the same bytes."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def load_index(path: Path) -> dict[str, Contract]:
    """The contracts by id; raises StaleIndex when there is no index or it is of another format."""
    contracts = _read(path)["contracts"]
    return {str(id_): Contract.model_validate_json(json.dumps(entry)) for id_, entry in contracts.items()}


def load_contract(path: Path, contract_id: str) -> Contract:
    """One contract of the index; raises Fatal that names the ones there are."""
    contracts = _read(path)["contracts"]
    if contract_id not in contracts:
        raise Fatal(
            "TL-IDX-003",
            f"there is no contract {contract_id!r}",
            where=str(path),
            fix=f"take one of: {', '.join(sorted(contracts))}",
        )
    return Contract.model_validate_json(json.dumps(contracts[contract_id]))


def check_fresh(index_path: Path, contracts_dir: Path) -> None:
    """Raise StaleIndex, naming the files, unless the index was compiled from exactly these contracts."""
    compiled: dict[str, str] = _read(index_path)["sources"]
    present = _sources(contracts_dir)
    differing = sorted(name for name in compiled.keys() | present.keys() if compiled.get(name) != present.get(name))
    if differing:
        raise StaleIndex(
            "TL-IDX-002",
            f"the compiled index does not match {', '.join(differing[:5])} in {contracts_dir}",
            where=str(index_path),
            fix=MEND,
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StaleIndex("TL-IDX-001", "there is no compiled index", where=str(path), fix=MEND) from None
    except ValueError:
        raise StaleIndex("TL-IDX-001", "the compiled index is no JSON", where=str(path), fix=MEND) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StaleIndex("TL-IDX-001", f"the compiled index is not of format {FORMAT}", where=str(path), fix=MEND)
    return document


def _files(contracts_dir: Path) -> dict[str, Path]:
    """Contract files by their path relative to the folder, with slashes, sorted."""
    found = {path.relative_to(contracts_dir).as_posix(): path for path in contracts_dir.rglob(PATTERN)}
    return dict(sorted(found.items()))


def _sources(contracts_dir: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in _files(contracts_dir).items()}
