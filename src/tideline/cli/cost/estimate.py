"""`tideline cost estimate`: what environments cost a month."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tideline.environments.cost.estimate import Estimate
    from tideline.environments.cost.facts import Facts
    from tideline.environments.cost.prices import Prices
    from tideline.environments.cost.use import Case

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("-e", "--environment", "names", multiple=True, help="dev, staging or prod; all, if left out.")
@click.option("--plan", type=_FILE, help="Instead: what `terraform show -json` printed of a plan of yours.")
@click.option("--size", type=click.Choice(["S", "M", "L"]), help="Instead of the size that the environment has.")
@click.option(
    "--gb-per-day",
    type=click.IntRange(min=0),
    help="Events a day in GB, instead of the load that the size is meant for.",
)
@click.option("--prices", type=_FILE, help="A price file of yours, instead of the newest in infra/terraform/prices.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Tell the age of prices as of this day.")
@click.option("--into", type=_FILE, help="Put the tables between the marks of this page, such as docs/costs.md.")
@click.option("--markdown", is_flag=True, help="Print the tables of docs/costs.md.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(**options: Any) -> int:
    """Say what an environment costs a month, row by row, with the formula and the price of each."""
    from tideline.environments.cost import page
    from tideline.environments.cost.estimate import estimate
    from tideline.environments.cost.prices import newest, read_prices
    from tideline.settings import settings

    if options["plan"] and options["names"]:
        raise click.UsageError("--plan says itself which environment it is of: leave -e out")
    today = options["today"].date() if options["today"] else datetime.now(UTC).date()
    prices = read_prices(options["prices"] or newest(settings().terraform / "prices"))
    _warn(prices, today)
    cases = [
        _case(facts, options["size"], options["gb_per_day"]) for facts in _facts(options["names"], options["plan"])
    ]
    estimates = [estimate(case, prices) for case in cases]
    if options["markdown"] or options["into"]:
        _hand_out(_page(estimates, cases[-1].facts, prices), options["into"])
    elif options["as_json"]:
        told = {"age_days": prices.age(today), "note": page.LIST_PRICE, "estimates": [*map(page.as_facts, estimates)]}
        click.echo(json.dumps(told))
    else:
        click.echo("\n".join(page.terminal(one) for one in estimates), nl=False)
    return 0


def _facts(names: tuple[str, ...], plan: Path | None) -> list[Facts]:
    """Of a plan, or of the committed facts; dev before staging before prod."""
    from tideline.environments.cost.facts import facts_of, read_facts
    from tideline.environments.cost.sizes import read_sizes
    from tideline.environments.folder import environment_folders
    from tideline.environments.plan import read
    from tideline.settings import settings

    terraform = settings().terraform
    if plan:
        return [facts_of(read(plan), read_sizes(terraform / "sizes.json"), str(plan))]
    usual = ["dev", "staging", "prod"]
    folders = environment_folders(terraform, names)
    folders.sort(key=lambda folder: usual.index(folder.name) if folder.name in usual else -1)
    return [read_facts(folder) for folder in folders]


def _case(facts: Facts, size: str | None, gb_per_day: int | None) -> Case:
    from tideline.environments.cost.assumptions import read_assumptions
    from tideline.environments.cost.sizes import read_sizes
    from tideline.environments.cost.use import Case
    from tideline.settings import settings

    terraform = settings().terraform
    name = size or facts.size
    chosen = read_sizes(terraform / "sizes.json")[name]
    if gb_per_day is not None:
        load = chosen.load.model_copy(update={"events_gb_per_day": Decimal(gb_per_day)})
        chosen = chosen.model_copy(update={"load": load})
    facts = facts.model_copy(update={"size": name})
    return Case(facts, chosen, read_assumptions(terraform / "assumptions.json"))


def _page(estimates: list[Estimate], largest: Facts, prices: Prices) -> str:
    """The tables of the environments, of the last of them in every size, and of what changes would do to it."""
    from tideline.environments.cost.changes import CHANGES
    from tideline.environments.cost.estimate import estimate
    from tideline.environments.cost.page import markdown

    cases = [_case(largest, size, None) for size in ("S", "M", "L")]
    changed = {words: [change(case) for case in cases] for words, change in CHANGES.items()}
    others = {words: [estimate(case, prices) if case else None for case in row] for words, row in changed.items()}
    return markdown(estimates, [estimate(case, prices) for case in cases], others)


def _hand_out(text: str, into: Path | None) -> None:
    from tideline.environments.cost.page import put

    if into is None:
        click.echo(text, nl=False)
        return
    into.write_text(put(into.read_text(encoding="utf-8"), text, str(into)), encoding="utf-8")
    click.echo(f"{into}: written")


def _warn(prices: Prices, today: date) -> None:
    from tideline.environments.cost.prices import OLD_DAYS

    if prices.age(today) > OLD_DAYS:
        click.secho(
            f"TL-COST-007 THE PRICES ARE {prices.age(today)} DAYS OLD (of {prices.as_of}, {prices.region}): "
            "every amount may be wrong. Fix: write a newer price file, docs/costs.md says how",
            fg="red",
            bold=True,
            err=True,
        )
    unchecked = sum("not checked" in price.checked.how for price in prices.prices)
    if unchecked:
        click.echo(f"{unchecked} of {len(prices.prices)} prices were written from memory and not checked.", err=True)
