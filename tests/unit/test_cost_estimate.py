"""Estimates: golden numbers by hand, laws that hold for every environment, and rows that add up exactly."""

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.environments.cost.assumptions import Assumption, Assumptions, read_assumptions
from tideline.environments.cost.changes import CHANGES
from tideline.environments.cost.estimate import Estimate, estimate, uses
from tideline.environments.cost.facts import Facts, read_facts
from tideline.environments.cost.prices import newest, read_prices
from tideline.environments.cost.sizes import Size, read_sizes
from tideline.environments.cost.use import Case
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY

TERRAFORM = REPOSITORY / "infra" / "terraform"
SIZES = read_sizes(TERRAFORM / "sizes.json")
ASSUMED = read_assumptions(TERRAFORM / "assumptions.json")
PRICES = read_prices(newest(TERRAFORM / "prices"))
FACTS = {name: read_facts(TERRAFORM / "envs" / name) for name in ("dev", "staging", "prod")}
CASES = [(name, size) for name in FACTS for size in SIZES]
EVERYTHING = {"grafana": True, "prometheus": True, "crawlers": 3, "endpoint_interfaces": 30, "secrets": 2}

# what the small case has; everything that is not named is assumed to be 0
SMALL_FACTS = {
    "environment": "dev",
    "size": "S",
    "contracts": {"count": 1, "topics": 1, "partitions": 1, "keep_days": 2},
    "engine": "msk",
    **dict.fromkeys(("topic_monitoring", "private_connectivity", "archive", "push", "delivery", "sftp"), False),
    **dict.fromkeys(("airflow", "flow_logs", "replication_time", "prometheus", "grafana"), False),
    **dict.fromkeys(("trail_data_events", "config_recorder"), False),
    **dict.fromkeys(("tables", "load_balancers", "repositories", "endpoint_interfaces", "replica_keys"), 0),
    **dict.fromkeys(("secrets", "composite_alarms", "dashboards", "metric_filters", "crawlers", "config_rules"), 0),
    **dict.fromkeys(("speed", "serving", "warehouse", "backup"), None),
    "replicated": [],
    "spark": "ARM64",
    "nat_gateways": 1,
    "public_addresses": 1,
    "keys": 2,
    "log_days": 73,
    "alarms": 10,
}
SMALL_SIZE = {
    "for": "arithmetic",
    "load": {
        "events_gb_per_day": 24,  # 730 GB a month
        "event_bytes": 1000,
        "contracts": 1,
        "spark_vcpu_hours_per_gb": Decimal("0.5"),
        "requests_per_second": 0,
        "athena_tb_scanned_per_month": 2,
        "hot_days": 10,
    },
    "brokers": {"count": 3, "instance_type": "kafka.t3.small", "volume_gb": 10, "volume_max_gb": 100},
    "serverless": {
        "driver": {"workers": 0, "cpu": 2, "memory_gb": 8},
        "executor": {"workers": 0, "cpu": 4, "memory_gb": 16},
        "maximum": {"cpu": 32, "memory_gb": 128, "disk_gb": 400},
        "idle_minutes": 15,
    },
    "clusters": {},
    "airflow": {"class": "mw1.small", "workers": {"min": 1, "max": 1}, "schedulers": 2},
    "speed": {"cpu": 1024, "memory_mb": 4096, "disk_gb": 50},
    "serving": {"cpu": 1024, "memory_mb": 4096, "minimum": 1, "maximum": 2},
}
SMALL_ASSUMED = {
    "wire_ratio": "0.5",
    "broker_fill": "0.5",
    "log_readers": "1",
    "cross_zone_share": "0.5",
    "api_base_gb": "10",
    "api_share": "0.1",
    "bronze_ratio": "0.5",
    "rewrites": "1",
    "noncurrent_days": "5",
    "kept_days": "100",
    "object_mb": "100",
    "small_zones_gb": "10",
    "runs_per_day": "24",
    "puts_per_run": "10",
    "gets_per_run": "100",
    "scan_mb_per_get": "10",
    "kms_per_request": "0.01",
    "log_base_gb": "1",
    "log_stored_ratio": "0.2",
}
# by hand, from the prices of the file: quantity, then money
GOLDEN = {
    ("event log", "brokers"): ("2190", "99.864"),  # 3 x 730 h x 0.0456
    ("event log", "broker disks"): ("144", "14.4"),  # 24 GB x 2 days x 3 copies x 0.5 / 0.5 x 0.10
    ("event log", "between zones"): ("730", "7.3"),  # 730 x 0.5 x 2 ways x 0.5 x 2 ends x 0.01
    ("Spark batch", "serverless vCPU"): ("365", "15.36431"),  # 730 x 0.5 x 0.042094
    ("Spark batch", "serverless memory"): ("1460", "6.75688"),  # 4 GB each x 0.004628
    ("network", "NAT gateways"): ("730", "32.85"),
    ("network", "bytes through NAT"): ("83", "3.735"),  # 10 + 730 x 0.1
    ("network", "public addresses"): ("730", "3.65"),
    ("storage", "bronze, Standard"): ("120", "2.76"),  # 12 GB a day x 10 days x 0.023
    ("storage", "bronze, Intelligent-Tiering, frequent"): ("360", "8.28"),
    ("storage", "bronze, Intelligent-Tiering, infrequent"): ("720", "9"),
    ("storage", "replaced versions"): ("60", "1.38"),  # 12 x 5 days
    ("storage", "other zones"): ("10", "0.23"),
    ("storage", "writes and lists"): ("14.6", "0.073"),  # 730 runs x 10 + 730 GB / 100 MB, thousands
    ("storage", "reads"): ("273", "0.1092"),  # 730 x 100 + 2 TB / 10 MB
    ("storage", "moves to Intelligent-Tiering"): ("3.65", "0.0365"),  # 365 GB / 100 MB
    ("storage", "watched objects"): ("10.8", "0.027"),  # 12 x 90 days / 100 MB
    ("queries", "Athena"): ("2", "10"),
    ("keys and secrets", "keys"): ("2", "2"),
    ("keys and secrets", "requests"): ("0.2876", "0.008628"),  # 287,600 x 0.01, ten thousands
    ("monitoring", "logs"): ("1", "0.5"),
    ("monitoring", "kept logs"): ("0.48", "0.0144"),  # 1 x 0.2 x 73 days of 30.4166...
    ("monitoring", "alarms"): ("10", "1"),
}
GOLDEN_TOTAL = Decimal("219.338918")
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


def small() -> Case:
    named = {name: SMALL_ASSUMED.get(name, "0") for name in ASSUMED.named}
    divisors = {
        "delivered_file_mb": "1",
        "events_per_push": "1",
        "requests_per_task": "1",
        "requests_per_connection": "1",
    }
    given = {name: Assumption(value=value, unit="x", why="test") for name, value in (named | divisors).items()}
    size = Size.model_validate(SMALL_SIZE)
    return Case(Facts.model_validate(SMALL_FACTS), size, Assumptions(given, "test"))


def case(environment: str, size: str, **facts: object) -> Case:
    found = FACTS[environment].model_copy(update={"size": size, **facts})
    return Case(found, SIZES[size], ASSUMED)


def loaded(one: Case, gb_per_day: int) -> Case:
    load = one.size.load.model_copy(update={"events_gb_per_day": Decimal(gb_per_day)})
    return replace(one, size=one.size.model_copy(update={"load": load}))


def names(found: Estimate) -> str:
    return "; ".join(f"{row.use.part}: {row.use.what}" for row in found.rows)


def test_a_small_case_costs_what_it_costs_by_hand():
    found = estimate(small(), PRICES)
    rows = {(row.use.part, row.use.what): row for row in found.rows if row.cost}
    assert {key: (row.use.quantity.quantize(Decimal("0.000001")), row.cost) for key, row in rows.items()} == {
        key: (Decimal(quantity), Decimal(money)) for key, (quantity, money) in GOLDEN.items()
    }
    assert found.total == GOLDEN_TOTAL


def test_clusters_cost_what_they_cost_by_hand():
    """Size L: 10,000 GB a day x 0.3 x 0.9 are 82,125 vCPU hours; core does 64 x 730, task 2212.8125 x 16."""
    found = estimate(case("prod", "L"), PRICES)
    batch = {row.use.what: row.cost for row in found.rows if row.use.what.startswith("batch ")}
    assert batch == {
        "batch primary": Decimal("238.272"),  # 730 x 0.3264
        "batch primary, EMR fee": Decimal("59.568"),  # 730 x 0.0816
        "batch core": Decimal("2501.856"),  # 2920 x 0.8568
        "batch core, EMR fee": Decimal("625.464"),  # 2920 x 0.2142
        "batch task, on demand": Decimal("379.18755"),  # a fifth: 442.5625 x 0.8568
        "batch task, spot": Decimal("606.70008"),  # four fifths: 1770.25 x 0.4 x 0.8568
        "batch task, EMR fee": Decimal("473.9844375"),  # 2212.8125 x 0.2142
        "batch disks": Decimal("164.48"),  # 5862.8125 node hours / 730 x 256 GB x 0.08
    }


def test_kinesis_counts_small_records_as_larger_ones():
    """Records of 1000 bytes are charged as 1024 when written, and as 5120 by Firehose: 730 GB are 747.52 and 3737.6."""
    one = small()
    kinesis = replace(one, facts=one.facts.model_copy(update={"engine": "kinesis", "archive": True}))
    rows = {row.use.what: row for row in estimate(kinesis, PRICES).rows}
    assert rows["written"].cost == Decimal("747.52") * Decimal("0.08")
    assert rows["archive to bronze"].cost == Decimal("3737.6") * Decimal("0.029")


def test_what_is_copied_costs_its_way_and_its_place():
    """24 GB a day: 730 GB of rewritten bronze cross; 60 GB of replaced versions and all classes are kept twice."""
    one = small()
    copied = replace(one, facts=one.facts.model_copy(update={"replicated": ("bronze",), "replication_time": True}))
    rows = {row.use.what: row.cost for row in estimate(copied, PRICES).rows if row.use.part == "second region"}
    assert rows["transfer"] == Decimal("14.6")  # 730 x 0.02
    assert rows["within 15 minutes"] == Decimal("10.95")  # 730 x 0.015
    assert rows["writes"] == Decimal("0.0365")  # 7.3 thousand x 0.005
    assert sum(rows.values()) == Decimal("25.5865") + Decimal("2.76") + Decimal("8.28") + Decimal("9") + Decimal("1.38")


def test_limits_of_autoscaling_are_the_second_number():
    """Disks grow to 3 x 100 GB, Spark may take 32 vCPU and 128 GB all month: 15.6 + 983.3158.. + 432.4403.. more."""
    found = estimate(small(), PRICES)
    more = Decimal("30") - Decimal("14.4")
    more += Decimal(32 * 730) * Decimal("0.042094") - Decimal("15.36431")
    more += Decimal(128 * 730) * Decimal("0.004628") - Decimal("6.75688")
    assert found.most - found.total == more


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
    for part in ("mwaa mw1.small environment for a hour", "mwaa metadata storage", "NAT gateway for a hour, not a GB"):
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
