"""`tideline env review`: the rules that every plan has to keep."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from tideline.cli.env.given import HELP, given_plans


@click.command(epilog=f"A plan: {HELP}")
@click.argument("plans", nargs=-1, required=True, metavar="[NAME=]PLAN.json...")
@click.option(
    "--accepted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Breaks that were reviewed, each with its reason: reviewed/plan.yaml of infra/terraform unless named.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(plans: tuple[str, ...], accepted: Path | None, as_json: bool) -> int:
    """Refuse plans (exit 4) with anything that is untagged, unencrypted, public, a secret, or grants too much."""
    from tideline.environments.accepted import read_accepted
    from tideline.environments.review import review
    from tideline.settings import settings

    known = read_accepted(accepted or settings().terraform / "reviewed" / "plan.yaml")
    found = [(name, one) for name, plan in given_plans(plans).items() for one in review(plan) if one not in known]
    if as_json:
        click.echo(json.dumps([{"plan": name, **asdict(one)} for name, one in found]))
        return 4 if found else 0
    for name, one in found:
        click.echo(f"{name}: {one.rule} {one.address}: {one.what}")
    click.echo(f"{len(found)} to mend" if found else "nothing to mend")
    return 4 if found else 0
