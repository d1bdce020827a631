"""`tideline cost facts`: what of a plan costs money, committed beside the environment's inputs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--plan",
    "plan",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `terraform show -json` printed of a plan.",
)
@click.option("--write", is_flag=True, help="Write envs/ENV/facts.json of the environment that the plan is of.")
@click.option("--check", is_flag=True, help="Write nothing; exit 4 when that file differs.")
def command(plan: Path, write: bool, check: bool) -> int:
    """Print, write or check the counts and switches that estimates are made from."""
    from tideline.environments.cost.facts import FILE, facts_of, render
    from tideline.environments.cost.sizes import read_sizes
    from tideline.environments.folder import environment_folders
    from tideline.environments.plan import read
    from tideline.settings import settings

    terraform = settings().terraform
    facts = facts_of(read(plan), read_sizes(terraform / "sizes.json"), str(plan))
    text = render(facts)
    if not (write or check):
        click.echo(text, nl=False)
        return 0
    path = environment_folders(terraform, [facts.environment])[0] / FILE
    same = path.is_file() and path.read_text(encoding="utf-8") == text
    if check and not same:
        click.echo(f"TL-COST-009 {path}: differs from the plan. Fix: the same command with --write", err=True)
        return 4
    if not same:
        path.write_text(text, encoding="utf-8")
    click.echo(f"{path}: {'fresh' if same else 'written'}")
    return 0
