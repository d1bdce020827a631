"""`tideline cost`: what an environment on AWS costs a month; one file per command."""

from __future__ import annotations

import click

from tideline.cli.lazy import LazyGroup

COMMANDS = {
    "estimate": "Say what an environment costs a month, row by row, with the formula and the price of each.",
    "facts": "Take from a plan what costs money, for estimates without Terraform.",
}


@click.group(cls=LazyGroup, package=__name__, table=COMMANDS)
def command() -> None:
    """Estimate what an environment costs a month."""
