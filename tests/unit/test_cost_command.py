"""`tideline cost`: tables that are fresh, warnings that are heard, files of one's own."""

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tideline.cli.cost.estimate import command
from tideline.environments.cost.page import BEGIN, END, put
from tideline.environments.cost.prices import newest
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY, settings

PAGE = REPOSITORY / "docs" / "costs.md"
FRESH = ("--today", "2026-11-21")


def run(*words: str) -> Result:
    result = CliRunner().invoke(command, words, catch_exceptions=False, standalone_mode=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of what estimates are made from."""
    source = REPOSITORY / "infra" / "terraform"
    for name in ("sizes.json", "assumptions.json"):
        shutil.copy(source / name, tmp_path)
    shutil.copytree(source / "prices", tmp_path / "prices")
    for name in ("dev", "staging", "prod"):
        (tmp_path / "envs" / name).mkdir(parents=True)
        shutil.copy(source / "envs" / name / "facts.json", tmp_path / "envs" / name)
        (tmp_path / "envs" / name / "main.tf").write_text("")
    monkeypatch.setenv("TIDELINE_TERRAFORM", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def test_the_page_says_what_the_command_says():
    """docs/costs.md is fresh; else: tideline cost estimate --into docs/costs.md."""
    text = PAGE.read_text(encoding="utf-8")
    assert put(text, run(*FRESH, "--markdown").stdout, "docs/costs.md") == text


def test_what_a_change_saves_is_told_with_a_minus():
    (line,) = [one for one in run(*FRESH, "--markdown").stdout.splitlines() if one.startswith("| no copies in a")]
    assert all(cell.strip().startswith("-") for cell in line.strip("|").split("|")[1:])


def test_json_has_every_amount_as_text_that_adds_up():
    found = json.loads(run(*FRESH, "-e", "prod", "--json").stdout)
    (one,) = found["estimates"]
    assert found["age_days"] == 0
    assert sum(Decimal(row["cost"]) for row in one["rows"]) == Decimal(one["total"])
    assert {row["part"] for row in one["rows"]} == set(one["parts"])


def test_the_table_shows_formula_and_price_of_each_row():
    shown = run(*FRESH, "-e", "dev").stdout
    assert "dev, size S, us-east-1, prices of 2026-11-21 in USD" in shown
    assert "List prices: without tax, discount, savings plan or free tier" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("  NAT gateways")]
    assert line.split() == ["NAT", "gateways", "730", "hour", "0.045", "32.85", "1", "x", "730", "h"]


def test_environments_come_in_the_order_in_which_one_grows_into_the_next():
    told = json.loads(run(*FRESH, "--json").stdout)
    assert [one["environment"] for one in told["estimates"]] == ["dev", "staging", "prod"]


@pytest.mark.parametrize(("today", "heard"), [("2027-05-20", False), ("2027-05-21", True)])
def test_old_prices_are_told_loudly(today: str, heard: bool):
    """180 days are no reason to shout, 181 are."""
    assert ("THE PRICES ARE 181 DAYS OLD" in run("--today", today).stderr) is heard


def test_prices_from_memory_are_told():
    assert "prices were written from memory and not checked" in run(*FRESH).stderr


def test_another_size_and_load_change_the_bill():
    small, large, heavy = (
        Decimal(json.loads(run(*FRESH, "-e", "dev", "--json", *more).stdout)["estimates"][0]["total"])
        for more in ((), ("--size", "M"), ("--gb-per-day", "100"))
    )
    assert small < heavy < large


def test_a_price_file_of_ones_own_is_taken(terraform: Path, tmp_path: Path):
    """Every price doubled doubles the bill exactly."""
    mine = json.loads(newest(terraform / "prices").read_text())
    for price in mine["prices"]:
        for place in (price, *price.get("tiers", ())):
            place["price"] = f"{2 * Decimal(place['price']):f}"
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(mine))
    once, twice = (
        json.loads(run(*FRESH, "-e", "prod", "--json", *more).stdout)["estimates"][0]["total"]
        for more in ((), ("--prices", str(path)))
    )
    assert Decimal(twice) == 2 * Decimal(once)


def test_a_page_without_marks_is_refused():
    assert put(f"a\n{BEGIN}\nold\n{END}\nb", "new", "p.md") == f"a\n{BEGIN}\nnew\n{END}\nb"
    with pytest.raises(Fatal, match=r"TL-COST-008 p.md: the page has no place for tables"):
        put("no marks", "new", "p.md")


def test_an_environment_that_there_is_not_is_told(terraform: Path):
    with pytest.raises(Fatal, match=r"TL-ENV-001 .*'prodd'"):
        run(*FRESH, "-e", "prodd")


def test_a_plan_and_an_environment_are_one_too_many():
    with pytest.raises(click.UsageError, match="leave -e out"):
        run("--plan", "plan.json", "-e", "dev")
