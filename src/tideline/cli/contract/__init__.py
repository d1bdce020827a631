"""`tideline contract`: read, check, change and explain contracts; one file per command."""

from __future__ import annotations

import click

from tideline.cli.lazy import LazyGroup

COMMANDS = {
    "lint": "Check contract files: every finding with file:line:column.",
    "show": "Explain one contract of the index.",
    "fmt": "Write contract files in the one layout.",
    "schema": "Write the JSON Schema with which editors complete and check contracts.",
    "docs": "Write a small searchable site about all contracts.",
    "import": "Make a contract out of a short form, a sample, a table or another schema.",
    "export": "Write a contract in another tool's format.",
    "breaking": "Compare contracts with earlier versions and stop what would break somebody.",
    "propose": "Write the contract that fits the fields seen in drifting events.",
}


@click.group(cls=LazyGroup, package=__name__, table=COMMANDS)
def command() -> None:
    """Read, check, change and explain contracts."""
