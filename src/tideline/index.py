"""The compiled contract index: what DAGs and services read instead of YAML, written whole and checked to be fresh.

A small `index.json` lists the contracts (`tideline.listing`), and each stands whole in a file of its own beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.contract_files import SUFFIX, look
from tideline.listing import (
    FORMAT,
    MEND,
    Listed,
    read_document,
    read_listing,
    read_shard,
    render_lines,
    shard_name,
)
from tideline.model.contract import Contract, dump_index_entry
from tideline.model.errors import ContractError, Fatal, StaleIndex
from tideline.model.gold import RESERVED

if TYPE_CHECKING:
    from tideline.adapters.odcs import Finding


def compile_index(contracts_dir: Path, models: Mapping[str, Path] | None = None) -> dict[str, Any]:
    """`{"format", "sources": {path: sha256}, "contracts": {id: contract}}` of a folder, without any cache.

    `models` are those that people wrote for dbt, by name. Raises ContractError with every finding of every file, Fatal
    when there is no file.
    """
    from tideline.adapters.odcs import refusal

    compiled_from = sources_to_compile(contracts_dir)
    contracts: dict[str, Contract] = {}
    claims: list[Claim] = []
    findings = passed_over(contracts_dir)
    for name, path in source_files(contracts_dir).items():
        made, found = examined(path, name, contracts_dir)
        findings += found
        claims += [Claim.of(contract, name) for contract in made]
        contracts |= {contract.id: contract for contract in made}
    findings += clashes(claims, contracts_dir, models)
    if findings:
        raise refusal(findings)
    return {
        "format": FORMAT,
        "sources": compiled_from,
        "contracts": {id_: dump_index_entry(contract) for id_, contract in sorted(contracts.items())},
    }


def render_index(document: Mapping[str, Any]) -> dict[str, str]:
    """The text of each file of the index, by its path beside `index.json`: the same document gives the same bytes."""
    files, listed = {}, {}
    for id_, entry in document["contracts"].items():
        contract = Contract.model_validate_json(json.dumps(entry))
        sha256 = document["sources"].get(contract.source)
        files[shard_name(id_)] = render_shard(contract, contract.source, sha256)
        listed[id_] = listed_of(contract).plain()
    return {"index.json": render_listing(listed, document["sources"]), **files}


def store_index(path: Path, document: Mapping[str, Any]) -> Path:
    """Write an index and its contracts beside it, the list last; for homes of their own and for tests."""
    files = {name: text for name, text in render_index(document).items() if name != "index.json"}
    for name, text in files.items():
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(text, encoding="utf-8")
    path.write_text(render_index(document)["index.json"], encoding="utf-8")
    return path


def load_index(path: Path) -> dict[str, Contract]:
    """All contracts by id; raises StaleIndex when there is no index or its parts were not written together."""
    listing, found = read_listing(path), {}
    for id_ in listing.contracts:
        shard = read_shard(path, id_)
        if shard["sha256"] != listing.sources.get(shard["source"]):
            raise StaleIndex("TL-IDX-002", f"{id_} was compiled at another time", where=str(path), fix=MEND)
        found[id_] = Contract.model_validate_json(json.dumps(shard["contract"]))
    return found


def load_hashes(path: Path) -> dict[str, str]:
    """The hash of each contract, from the list alone: cheap enough to look for a change every few seconds."""
    return {id_: listed.hash for id_, listed in read_listing(path).contracts.items()}


def load_contract(path: Path, contract_id: str) -> Contract:
    """One contract, from its own file; raises Fatal that names the ones with a similar id."""
    return Contract.model_validate_json(json.dumps(read_shard(path, contract_id)["contract"]))


def check_fresh(index_path: Path, contracts_dir: Path, contract_id: str | None = None) -> None:
    """Raise StaleIndex, naming the files, unless the index was compiled from exactly these contracts.

    With a contract id only the file of that contract is looked at: its task need not read the others.
    """
    if contract_id is None:
        compiled: dict[str, str] = read_document(index_path)["sources"]
        present = sources(contracts_dir)
    else:
        shard = read_shard(index_path, contract_id)
        path = contracts_dir / (shard["source"] or "")
        compiled = {str(shard["source"]): str(shard["sha256"])}
        present = {str(shard["source"]): digest(path.read_bytes())} if path.is_file() else {}
    differing = sorted(name for name in compiled.keys() | present.keys() if compiled.get(name) != present.get(name))
    if differing:
        raise StaleIndex(
            "TL-IDX-002",
            f"the compiled index does not match {', '.join(differing[:5])} in {contracts_dir}",
            where=str(index_path),
            fix=MEND,
        )


def was_edited(index_path: Path, contracts_dir: Path, contract_id: str) -> bool:
    """Whether the contract's file is there and is not the one that was compiled; where only an index is, nothing is."""
    shard = read_shard(index_path, contract_id)
    path = contracts_dir / (shard["source"] or "")
    return path.is_file() and digest(path.read_bytes()) != shard["sha256"]


def listed_of(contract: Contract) -> Listed:
    """What the scheduler has to know of a contract."""
    return Listed(
        id=contract.id,
        version=contract.version,
        hash=contract.hash,
        owner=contract.owner,
        tier=contract.tier,
        description=contract.description,
        tags=contract.tags,
        schedule=contract.schedule,
        freshness=contract.freshness.total_seconds(),
        deadline=None if contract.deadline is None else contract.deadline.total_seconds(),
        views=tuple((view.name, view.description) for view in contract.views),
    )


def render_listing(listed: Mapping[str, Mapping[str, Any]], compiled_from: Mapping[str, str]) -> str:
    """The text of `index.json`."""
    return render_lines({"format": FORMAT, "sources": compiled_from, "contracts": listed})


def render_shard(contract: Contract, source: str | None, sha256: str | None) -> str:
    """The text of one contract's file."""
    head = {"format": FORMAT, "source": source, "sha256": sha256, "listed": listed_of(contract).plain()}
    return render_lines({**head, "contract": dump_index_entry(contract)})


class Claim:
    """The names that a contract takes for itself in the whole platform, and the contracts that it needs."""

    __slots__ = ("consumes", "id", "names", "source")

    def __init__(self, id_: str, source: str, names: Iterable[str], consumes: Iterable[str]) -> None:
        self.id, self.source, self.names, self.consumes = id_, source, tuple(names), tuple(consumes)

    @classmethod
    def of(cls, contract: Contract, source: str) -> Claim:
        names = [f"id {contract.id!r}", f"table '{contract.domain}_{contract.product}'"]
        names += [f"topic {contract.stream.topic!r}"]
        names += [f"view {view.name!r}" for view in contract.views]
        return cls(contract.id, source, names, contract.consumes)


def clashes(claims: Iterable[Claim], contracts_dir: Path, models: Mapping[str, Path] | None = None) -> list[Finding]:
    """What no single file can show: a name that two contracts claim, or a contract and one of the dbt `models` that
    people wrote, and a contract that is needed and not there."""
    from tideline.adapters.odcs.finding import closest

    claims, models = tuple(claims), models or {}
    known, owners, found = {claim.id for claim in claims}, dict[str, Claim](), []
    for claim in claims:
        for name in claim.names:
            other = owners.setdefault(name, claim)
            kind, _, quoted = name.partition(" ")
            word = quoted[1:-1]
            part = f"views.{word}" if kind == "view" else "id" if kind == "table" else kind
            if other is not claim and (kind != "table" or other.id != claim.id):
                text = f"{name} of {claim.id} is one of {other.id} in {other.source} too"
                change = "id" if kind == "table" else kind
                found.append(_clash(contracts_dir, claim, part, text, f"give one of the two another {change}"))
            if model := next((models[one] for one in _made_of(kind, word) if one in models), None):
                text = f"{name} of {claim.id} becomes the dbt model {model.stem}, and there is one already: {model}"
                found.append(_clash(contracts_dir, claim, part, text, "give one of the two another name"))
        for needed in claim.consumes:
            if needed not in known:
                text = f"{claim.id} consumes {needed}, which is no contract"
                found.append(_clash(contracts_dir, claim, "consumes", text, closest(needed, known - {claim.id})))
    return found


def _made_of(kind: str, word: str) -> tuple[str, ...]:
    """The dbt models that a name gives: dbt stops for all contracts when two models share a name."""
    return {"view": (word,), "table": tuple(f"{prefix}{word}" for prefix in RESERVED)}.get(kind, ())


def models_of_people(dbt_project: Path) -> dict[str, Path]:
    """What nobody generated, by its name in dbt: models and seeds, shown by their path in the project."""
    kinds = (("models", (".sql", ".py")), ("seeds", (".csv",)))
    found: dict[str, Path] = {}
    for folder, suffixes in kinds:
        for place, folders, names in os.walk(dbt_project / folder):
            folders[:] = [name for name in folders if name != "_generated"]
            paths = [Path(place, name).relative_to(dbt_project) for name in names]
            found |= {path.stem: path for path in paths if path.suffix in suffixes}
    return found


def _clash(contracts_dir: Path, claim: Claim, part: str, text: str, fix: str) -> Finding:
    """A finding at the part of the file that it is about; the file is read for it, since clashes are rare."""
    from tideline.adapters.odcs import Finding
    from tideline.changes.places import Places

    line, column = Places(contracts_dir).of(claim.source, part)
    return Finding("TL-CON-031", str(contracts_dir / claim.source), line, column, text, suggestion=fix)


def passed_over(contracts_dir: Path, *, all_levels: bool = False) -> list[Finding]:
    """What looks like a contract and is not read; without `all_levels` only what leaves a contract out."""
    from tideline.adapters.odcs import Finding
    from tideline.model.severity import Severity

    return [
        Finding(
            "TL-CON-003", printable(one.path), 1, 1, one.what, suggestion=one.fix,
            severity=Severity.ERROR if one.serious else Severity.WARNING,
        )
        for one in look(contracts_dir).passed_over
        if one.serious or all_levels
    ]  # fmt: skip


def printable(path: Path) -> str:
    """The path as text that can be printed on one line, whatever bytes its name is made of."""
    text = str(path).encode(errors="surrogateescape").decode(errors="replace")
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def examined(path: Path, name: str, contracts_dir: Path) -> tuple[tuple[Contract, ...], list[Finding]]:
    """The contracts of one file, which know where they stand, and its errors; warnings are for lint."""
    from tideline.adapters.odcs import examine
    from tideline.model.severity import Severity

    made, found = examine(path, shown_as=str(contracts_dir / name), source=name)
    return made, [finding for finding in found if finding.severity is Severity.ERROR]


def source_files(contracts_dir: Path) -> dict[str, Path]:
    """Contract files (a folder may be named like one) by their path relative to the folder, with slashes, sorted."""
    return dict(sorted((path.relative_to(contracts_dir).as_posix(), path) for path in look(contracts_dir).files))


def sources(contracts_dir: Path) -> dict[str, str]:
    """The SHA-256 of each contract file; raises ContractError for one that cannot be read."""
    return {name: digest(content(path)) for name, path in source_files(contracts_dir).items()}


def sources_to_compile(contracts_dir: Path) -> dict[str, str]:
    """The same; raises Fatal when there is none: a misspelt folder would take all that is generated away."""
    found = sources(contracts_dir)
    if not found:
        what = f"there is no contract file (*{SUFFIX})" if contracts_dir.is_dir() else "there is no such folder"
        fix = "correct the name of the folder (TIDELINE_CONTRACTS), or put a contract there"
        raise Fatal("TL-IDX-004", what, where=str(contracts_dir), fix=fix)
    return found


def content(path: Path) -> bytes:
    """The bytes of a contract file; raises ContractError for what is no file that can be read."""
    try:
        if path.is_file():
            return path.read_bytes()
        what = "this is no file that can be read"
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
    raise ContractError("TL-CON-001", what, where=f"{printable(path)}:1:1", fix="mend the file, or take it away")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
