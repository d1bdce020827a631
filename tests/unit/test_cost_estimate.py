"""Estimates: laws that hold for every environment, and rows that add up exactly."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.environments.cost.assumptions import Assumptions, read_assumptions
from tideline.environments.cost.changes import CHANGES
from tideline.environments.cost.estimate import Estimate, estimate, uses
from tideline.environments.cost.facts import read_facts
from tideline.environments.cost.prices import newest, read_prices
from tideline.environments.cost.sizes import read_sizes
from tideline.environments.cost.use import Case
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY

TERRAFORM = REPOSITORY / "infra" / "terraform"
SIZES = read_sizes(TERRAFORM / "sizes.json")
ASSUMED = read_assumptions(TERRAFORM / "assumptions.json")
PRICES = read_prices(newest(TERRAFORM / "prices"))
FACTS = {name: read_facts(TERRAFORM / "envs" / name) for name in ("dev", "staging", "prod")}
CASES = [(name, size) for name in FACTS for size in SIZES]
EVERYTHING = {
    "log_metrics": "PER_TOPIC_PER_BROKER",
    "grafana": True,
    "prometheus": True,
    "crawlers": 3,
    "endpoint_interfaces": 30,
    "secrets": 2,
}

# what is switched off, and the part that then has no row, or the words that none has
OFF = {
    "airflow": ({"airflow": False}, "Airflow"),
    "backup": ({"backup": None}, "backup"),
    "second region": ({"replicated": ()}, "second region: "),
    "spark": ({"spark": None}, "Spark batch"),
    "ways in": ({"push": False, "delivery": False, "sftp": False}, "ways in"),
    "services": ({"speed": None, "serving": None, "load_balancers": 0, "repositories": 0}, "services"),
    "audit": ({"trail_data_events": False, "config_recorder": False}, "audit"),
    "warehouse": ({"warehouse": None}, "warehouse"),
    "nat": ({"nat_gateways": 0, "public_addresses": 0}, "NAT"),
    "archive": ({"archive": False}, "archive to bronze"),
    "prometheus": ({"prometheus": False}, "Prometheus"),
    "sftp": ({"sftp": False}, "SFTP"),
}


def case(environment: str, size: str, **facts: object) -> Case:
    found = FACTS[environment].model_copy(update={"size": size, **facts})
    return Case(found, SIZES[size], ASSUMED)


def loaded(one: Case, gb_per_day: int) -> Case:
    load = one.size.load.model_copy(update={"events_gb_per_day": Decimal(gb_per_day)})
    return replace(one, size=one.size.model_copy(update={"load": load}))


def names(found: Estimate) -> str:
    return "; ".join(f"{row.use.part}: {row.use.what}" for row in found.rows)


@pytest.mark.parametrize(("environment", "size"), CASES)
def test_rows_add_up_exactly(environment: str, size: str):
    """As fractions, so that no rounding of sums can hide; parts add up to the same."""
    found = estimate(case(environment, size), PRICES)
    assert sum(Fraction(row.cost) for row in found.rows) == Fraction(found.total)
    assert sum(Fraction(typical) for typical, _ in found.parts().values()) == Fraction(found.total)
    assert sum(Fraction(most) for _, most in found.parts().values()) == Fraction(found.most)
    assert all(row.most >= row.cost >= 0 for row in found.rows)


@given(st.sampled_from(CASES), st.integers(0, 20_000), st.integers(0, 20_000))
def test_more_events_never_cost_less(which: tuple[str, str], one: int, other: int):
    less, more = sorted((one, other))
    low, high = (estimate(loaded(case(*which), gb), PRICES) for gb in (less, more))
    assert low.total <= high.total
    assert low.most <= high.most
    assert all(row.most >= row.cost for row in high.rows)  # also where the load is more than the limits let through


@pytest.mark.parametrize("switch", OFF)
def test_what_is_off_costs_nothing(switch: str):
    """Switched off it has no row and the bill is lower; switched on it has rows."""
    update, word = OFF[switch]
    on, off = estimate(case("prod", "M"), PRICES), estimate(case("prod", "M", **update), PRICES)
    assert word in names(on)
    assert word not in names(off)
    assert off.total < on.total


@pytest.mark.parametrize("engine", ["msk", "msk_serverless", "kinesis"])
@pytest.mark.parametrize("processor", ["ARM64", "X86_64"])
@pytest.mark.parametrize(("environment", "size"), CASES)
def test_the_price_file_knows_everything_that_an_environment_can_be(
    environment: str, size: str, processor: str, engine: str
):
    processors = dict.fromkeys(("spark", "speed", "serving"), processor)
    assert estimate(case(environment, size, engine=engine, **processors, **EVERYTHING), PRICES).total > 0


def test_every_price_that_is_missing_is_named():
    """All at once, so that one run tells what a file lacks; another unit is as good as none."""
    kept = tuple(price for price in PRICES.prices if price.service != "mwaa")
    odd = tuple(price.model_copy(update={"unit": "GB"}) if price.usage == "NAT gateway" else price for price in kept)
    with pytest.raises(Fatal) as told:
        estimate(case("dev", "S"), PRICES.model_copy(update={"prices": odd}))
    assert told.value.code == "TL-COST-006"
    for part in (
        "mwaa, mw1.small environment (by hour)",
        "mwaa, metadata storage",
        "NAT gateway (by hour, found by GB)",
    ):
        assert part in told.value.what


def test_tiers_are_charged_one_after_the_other():
    """The first 50 TB at 0.023, the next GB at 0.022."""
    standard = PRICES.table["s3", "Standard"]
    assert standard.of(Decimal(51_200)) == Decimal("1177.6")
    assert standard.of(Decimal(51_201)) == Decimal("1177.622")
    assert standard.of(Decimal(512_001)) == Decimal("1177.6") + Decimal("10137.6") + Decimal("0.021")
    assert standard.of(Decimal(0)) == 0


def test_every_assumption_is_used_and_none_is_missing():
    """An assumption that no formula reads would be a promise that nobody keeps."""
    asked: set[str] = set()

    class Watching(Assumptions):
        def of(self, name: str) -> Decimal:
            asked.add(name)
            return super().of(name)

    for engine in ("msk", "kinesis"):
        for size in SIZES:
            whole = case("prod", size, engine=engine, **EVERYTHING)
            uses(replace(whole, assumed=Watching(ASSUMED.named, ASSUMED.where)))
    assert asked == set(ASSUMED.named)


def test_an_assumption_that_is_missing_is_named():
    fewer = {name: one for name, one in ASSUMED.named.items() if name != "wire_ratio"}
    with pytest.raises(Fatal, match=r"TL-COST-004 .*wire_ratio is missing"):
        uses(replace(case("dev", "S"), assumed=Assumptions(fewer, "assumptions.json")))


@pytest.mark.parametrize("size", SIZES)
def test_a_size_holds_its_load(size: str):
    """Partitions fit on the brokers as modules/stream counts them; what is kept fills their disks to broker_fill."""
    limits = {"t3.small": 300, "2xlarge": 2000, "4xlarge": 4000}
    told = (TERRAFORM / "modules" / "stream" / "variables.tf").read_text()
    assert all(text in told for text in ("t3.small 300", "2xlarge 2000", "4xlarge and above 4000"))
    brokers, load, each = SIZES[size].brokers, SIZES[size].load, FACTS["prod"].contracts
    limit = next(limit for name, limit in limits.items() if brokers.instance_type.endswith(name))
    assert 3 * load.contracts * each.partitions <= brokers.count * limit
    kept = load.events_gb_per_day * each.keep_days * 3 * ASSUMED.of("wire_ratio")
    assert kept <= brokers.count * brokers.volume_max_gb * ASSUMED.of("broker_fill")


@pytest.mark.parametrize("words", CHANGES)
def test_every_change_changes_something_or_says_that_it_does_not_fit(words: str):
    changed = [CHANGES[words](case("prod", size)) for size in SIZES]
    totals = [one and estimate(one, PRICES).total for one in changed]
    before = [estimate(case("prod", size), PRICES).total for size in SIZES]
    assert any(after is not None and after != then for after, then in zip(totals, before, strict=True))


def test_facts_are_small_enough_to_read(tmp_path: Path):
    """What is committed is the plan's extract and nothing else: unknown keys are refused."""
    odd = json.loads((TERRAFORM / "envs" / "dev" / "facts.json").read_text()) | {"brokers": 3}
    (tmp_path / "facts.json").write_text(json.dumps(odd))
    with pytest.raises(Fatal, match=r"TL-COST-002 .*facts.json: brokers: is not known here"):
        read_facts(tmp_path)
