"""`tideline env`: what an environment on AWS is given, and what it consists of; one file per command."""

from __future__ import annotations

import click

from tideline.cli.lazy import LazyGroup

COMMANDS = {
    "tfvars": "Write what the contracts ask of an environment: Terraform reads it beside its inputs.",
    "show": "Print what a plan would make, as tables and diagrams.",
    "permissions": "Print who may do what where, by a plan.",
    "review": "Refuse a plan with anything untagged, unencrypted, public, secret or too wide.",
    "package": "Pack the code that an environment runs, under a version of its own.",
}


@click.group(cls=LazyGroup, package=__name__, table=COMMANDS)
def command() -> None:
    """Prepare, show and review environments on AWS."""
