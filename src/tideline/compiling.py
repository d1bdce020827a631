"""One contract file -> everything that is generated from it, in several processes when there are many files.

A file is one unit: what it renders depends on nothing else, so a unit whose source did not change is not made again.
What only the whole can show (two contracts that claim one name) is looked at afterwards, over all units.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tideline.index import Claim, digest, examined, listed_of, render_shard
from tideline.listing import shard_name
from tideline.model.contract import Contract
from tideline.rendering import catalog, dbt, tfvars

if TYPE_CHECKING:
    from tideline.adapters.odcs import Finding

INDEX, DBT, TERRAFORM = "index", "dbt", "terraform"
MANY = 48  # from so many files on, starting processes costs less than it saves
_ENGINE = ("model", "rendering", "adapters/odcs")  # they import nothing else of ours
_DECIDES = ("pydantic", "pydantic-core", "pyyaml", "open-data-contract-standard")
Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(slots=True)
class Unit:
    """What one contract file gives: `files` are digests by (root, path); `texts` are there only when it was just made.

    `contracts` are plain: `listed` (the entry of the index), `names` (what it claims) and `consumes`.
    """

    sha256: str
    contracts: list[dict[str, Any]]
    files: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def claims(self, source: str) -> Iterator[Claim]:
        for one in self.contracts:
            yield Claim(one["listed"]["id"], source, one["names"], one["consumes"])


def make_units(contracts_dir: Path, names: Sequence[str]) -> dict[str, Unit]:
    """The units of these files (paths relative to the folder), with their texts."""
    return dict(zip(names, spread(partial(make_unit, contracts_dir), names), strict=True))


def make_unit(contracts_dir: Path, name: str) -> Unit:
    """Read, check and render one file; a file that changes meanwhile is read again."""
    path = contracts_dir / name
    while True:
        sha256 = digest(path.read_bytes())
        contracts, findings = examined(path, name, contracts_dir)
        if digest(path.read_bytes()) == sha256:
            break
    unit = Unit(sha256, [], {}, findings=findings)
    for contract in contracts:
        claim = Claim.of(contract, name)
        unit.contracts.append(
            {"listed": listed_of(contract).plain(), "names": claim.names, "consumes": list(claim.consumes)}
        )
        unit.texts |= rendered(contract, name, sha256)
    unit.files = {place: text_digest(text) for place, text in unit.texts.items()}
    return unit


def rendered(contract: Contract, source: str, sha256: str) -> dict[str, str]:
    """Every file of one contract, by `ROOT:path`."""
    one = {contract.id: contract}
    files = {f"{INDEX}:{shard_name(contract.id)}": render_shard(contract, source, sha256)}
    files |= {f"{DBT}:{name}": text for name, text in dbt.render(one).items()}
    for rendering in (catalog.render, tfvars.render):
        files |= {f"{TERRAFORM}:{name}": text for name, text in rendering(one).items()}
    return files


def text_digest(text: str) -> str:
    """What the memory keeps of a written file: 128 bits of BLAKE2b."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def spread(work: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
    """`map`, over as many processes as there are CPUs when there is much to do; results in the order of `given`."""
    cpus = len(os.sched_getaffinity(0))
    if len(given) < MANY or cpus < 2:
        yield from map(work, given)
        return
    with multiprocessing.get_context("fork").Pool(cpus) as pool:
        yield from pool.imap(work, given, chunksize=16)


def fingerprint() -> str:
    """Names the engine that made a unit: its own source and the versions of what reads and judges contracts for it."""
    state = hashlib.sha256()
    root = Path(__file__).parent
    paths = [path for name in _ENGINE for path in (root / name).rglob("*") if path.suffix in (".py", ".json")]
    for path in sorted([*paths, *(root / name for name in ("compiling.py", "index.py", "listing.py"))]):
        state.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    state.update(" ".join(version(name) for name in _DECIDES).encode())
    return state.hexdigest()[:32]
