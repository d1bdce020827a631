"""`tideline env show`: what an environment consists of."""

from __future__ import annotations

import click

from tideline.cli.env.given import HELP, given_plans


@click.command(epilog=f"A plan: {HELP}")
@click.argument("plans", nargs=-1, required=True, metavar="[NAME=]PLAN.json...")
def command(plans: tuple[str, ...]) -> None:
    """Print what Terraform's plans would make, as tables and diagrams in Markdown; several plans side by side."""
    from tideline.environments import page

    click.echo(page.render(given_plans(plans)), nl=False)
