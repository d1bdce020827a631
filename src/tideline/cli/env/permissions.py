"""`tideline env permissions`: who may do what where."""

from __future__ import annotations

import click

from tideline.cli.env.given import HELP, given_plans


@click.command(epilog=f"A plan: {HELP}")
@click.argument("plans", nargs=-1, required=True, metavar="[NAME=]PLAN.json...")
def command(plans: tuple[str, ...]) -> None:
    """Print every permission that Terraform's plans would grant or deny, as CSV: role, effect, resource, actions."""
    from tideline.environments import table
    from tideline.environments.permissions import Naming, permissions

    rows = {name: permissions(plan, Naming.of(plan)) for name, plan in given_plans(plans).items()}
    click.echo(table.render(rows), nl=False)
