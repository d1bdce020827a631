"""`tideline contract lint`: check contract files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tideline.adapters.odcs import Finding
    from tideline.index import Claim


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, readable=False, path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "junit", "github"]), default="text",
    show_default=True, help="github: workflow commands, which stand at the lines of a pull request.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--fail-on", type=click.Choice(["error", "warning", "never"]), default="error", show_default=True,
    help="From which level on a finding gives exit code 4.",
)  # fmt: skip
def command(paths: tuple[Path, ...], form: str, as_json: bool, fail_on: str) -> int:
    """Check contract files, or folders of them: every finding with file:line:column, and what may have been meant."""
    from tideline.adapters.odcs import examine
    from tideline.cli.contract.files import contract_files
    from tideline.cli.contract.report import FORMS
    from tideline.index import Claim, clashes, models_of_people, printable
    from tideline.model.severity import Severity
    from tideline.settings import settings

    findings: list[Finding] = []
    claims: list[Claim] = []
    files = list(contract_files(paths or (settings().contracts,), findings))
    if not files and not findings:
        raise click.UsageError(f"there is no contract file in {', '.join(map(str, paths)) or settings().contracts}")
    for path in files:
        contracts, found = examine(path, printable(path))
        findings += found
        claims += [_claim(Claim.of(contract, printable(path)), whole=not paths) for contract in contracts]
    own = settings().contracts.resolve()
    known = all(path.resolve().is_relative_to(own) for path in paths)  # of contracts elsewhere dbt's models are others
    findings += clashes(claims, Path(), models_of_people(settings().dbt_project) if known else {})
    click.echo(FORMS["json" if as_json else form](list(map(printable, files)), findings))
    bad = {Severity.ERROR, Severity.WARNING} if fail_on == "warning" else {Severity.ERROR}
    failing = set() if fail_on == "never" else bad
    return 4 if any(finding.severity in failing for finding in findings) else 0


def _claim(claim: Claim, *, whole: bool) -> Claim:
    """Whether a consumed contract exists can only be said when all contracts are looked at."""
    claim.consumes = claim.consumes if whole else ()
    return claim
