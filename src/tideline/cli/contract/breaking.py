"""`tideline contract breaking`: compare contracts with earlier versions."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

_FORMATS = ("text", "json", "github", "markdown")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--against", required=True, metavar="GITREF|DIR", help="A branch, tag or commit; or a folder of contracts."
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--waivers", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of waivers; waivers.yaml in the contracts folder unless told.",
)  # fmt: skip
def command(paths: tuple[Path, ...], against: str, form: str, as_json: bool, waivers: Path | None) -> int:
    """Stop what would break somebody: compare contract files (or folders of them) with earlier versions.

    Git is read without a checkout, from where HEAD left GITREF. A contract's `compatibility` says what counts as a
    break; with a transitive mode every earlier version does. Exit code 4 when a change is blocked.
    """
    from tideline.changes.breaking import decide
    from tideline.changes.dbt_graph import DbtGraph
    from tideline.changes.places import Places
    from tideline.changes.telling import FORMATS
    from tideline.changes.versions import consuming, pair_up
    from tideline.changes.waivers import read_waivers
    from tideline.settings import settings

    contracts = settings().contracts
    usual = contracts / "waivers.yaml"
    file = waivers or (usual if usual.exists() else None)
    pairs = pair_up(paths or (contracts,), against)
    report = decide(
        pairs,
        read_waivers(file) if file else (),
        datetime.now(UTC).date(),
        DbtGraph(settings().dbt_project),
        consuming(contracts, pairs),
    )
    click.echo(FORMATS["json" if as_json else form](report, Places(pairs.root)))
    return 4 if report.blocked else 0
