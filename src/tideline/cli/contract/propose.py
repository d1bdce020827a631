"""`tideline contract propose`: the contract that fits the fields seen in drifting events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.model.contract import Contract
    from tideline.proposing.proposal import Proposal


@click.command()
@click.argument("contract_id", metavar="CONTRACT")
@click.option("--write", is_flag=True, help="Write the file, unless the result would be refused by lint.")
@click.option("--since", metavar="RUN_KEY", help="Look at the drift of this run and of later ones only.")
@click.option("--json", "as_json", is_flag=True, help="Print the proposal as JSON.")
def command(contract_id: str, *, write: bool, since: str | None, as_json: bool) -> None:
    """Write the contract that fits the fields seen in drifting events of CONTRACT (such as retail.sales).

    Prints the change of the file as a unified diff, and what a person has to decide. Never prints a value of an event.
    """
    from tideline import wiring
    from tideline.cli.contract.files import replace_whole
    from tideline.proposing.evidence import gather, reports
    from tideline.proposing.proposal import propose
    from tideline.settings import settings

    own = settings()
    path, contract = _file(contract_id, own.index, own.contracts)
    found = reports(wiring.documents(own), contract_id, since)
    evidence = gather(contract, found, wiring.tables(own))
    with path.open(encoding="utf-8", newline="") as file:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        proposal = propose(contract, file.read(), shown.as_posix(), evidence)
    changed = proposal.after != proposal.before
    if write and changed:
        replace_whole(path.resolve(), proposal.after.encode())
    if as_json:
        known = {"contract": contract_id, "runs": evidence.runs, "looked_at": evidence.rows}
        click.echo(json.dumps({**known, **proposal.as_json(), "written": write and changed}))
        return
    _tell(contract_id, proposal, evidence.runs, write=write)


def _file(contract_id: str, index: Path, contracts: Path) -> tuple[Path, Contract]:
    """The file of a contract and the contract as the file has it now; raises ContractError when it is refused."""
    from tideline.adapters.odcs import examine, refusal
    from tideline.index import load_contract
    from tideline.model.errors import Fatal

    source = load_contract(index, contract_id).source
    path = contracts / (source or "")
    if source is None or not path.is_file():
        raise Fatal(
            "TL-DRF-004",
            f"the file of {contract_id} is not in {contracts}",
            fix="run it where the contracts are, or set TIDELINE_CONTRACTS",
        )
    made, findings = examine(path, source=source)
    contract = next((one for one in made if one.id == contract_id), None)
    if contract is None:
        raise refusal(findings) if findings else Fatal("TL-DRF-004", f"{path} no longer describes {contract_id}")
    return path, contract


def _tell(contract_id: str, proposal: Proposal, runs: int, *, write: bool) -> None:
    if not proposal.notes and not proposal.diff:
        what = "no run noticed drift" if not runs else f"what {runs} runs noticed is read by the contract as it is"
        click.echo(f"{contract_id}: {what}; nothing to propose")
        return
    click.echo(proposal.diff, nl=False)
    for note in proposal.notes:
        click.echo(f"{'assumed' if note.decided else 'not decided'}: {note.path}: {note.text}")
    if write and proposal.diff:
        click.echo(f"{proposal.file} is written; read it, then: tideline compile, and tideline plan {contract_id}")
    elif proposal.diff:
        click.echo(f"write it with: tideline contract propose {contract_id} --write")
