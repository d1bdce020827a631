"""Price files, sizes, assumptions and facts: what is wrong is told with its place and remedy."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tideline.environments.cost.assumptions import read_assumptions
from tideline.environments.cost.facts import facts_of
from tideline.environments.cost.prices import newest, read_prices
from tideline.environments.cost.sizes import read_sizes
from tideline.environments.plan import parse
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY

TERRAFORM = REPOSITORY / "infra" / "terraform"
SIZES = read_sizes(TERRAFORM / "sizes.json")
SOURCE = newest(TERRAFORM / "prices")


def first(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["prices"][0]
    return found


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a number": (
        lambda d: first(d).update(price=0.0456),
        r"prices\[0\].price \(msk kafka.t3.small\): .*, found 0.0456",
    ),
    "a negative price": (lambda d: first(d).update(price="-1"), r"prices\[0\].price \(msk kafka.t3.small\)"),
    "an exponent": (lambda d: first(d).update(price="1e-5"), r"prices\[0\].price"),
    "not a number": (lambda d: first(d).update(price="NaN"), r"prices\[0\].price"),
    "no unit": (lambda d: first(d).pop("unit"), r"prices\[0\].unit \(msk kafka.t3.small\): is missing"),
    "no source": (lambda d: first(d).pop("source"), r"prices\[0\].source .* is missing"),
    "not checked": (lambda d: first(d).pop("checked"), r"prices\[0\].checked .* is missing"),
    "no day": (lambda d: first(d)["checked"].update(on="lately"), r"prices\[0\].checked.on"),
    "an unknown key": (lambda d: first(d).update(pricee="1"), r"prices\[0\].pricee .* is not known here"),
    "another currency": (lambda d: first(d).update(currency="EUR"), "kafka.t3.small is in EUR and the file in USD"),
    "twice": (lambda d: d["prices"].append(d["prices"][0]), "msk kafka.t3.small stands there twice"),
    "falling tiers": (
        lambda d: first(d).update(tiers=[{"above": "9", "price": "1"}, {"above": "3", "price": "1"}]),
        "tiers begin above 0 and rise",
    ),
    "a tier from 0": (lambda d: first(d).update(tiers=[{"above": "0", "price": "1"}]), "tiers begin above 0"),
    "no date": (lambda d: d.pop("date"), "date: is missing"),
    "no region": (lambda d: d.pop("region"), "region: is missing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_price_file_is_told_with_its_place(case: str, tmp_path: Path):
    spoil, words = WRONG[case]
    document = json.loads(SOURCE.read_text())
    spoil(document)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Fatal, match=f"TL-COST-002 .*mine.json: .*{words}.* Fix: docs/costs.md"):
        read_prices(path)


def test_everything_wrong_is_told_at_once(tmp_path: Path):
    document = json.loads(SOURCE.read_text())
    document["prices"][0].pop("unit")
    document["prices"][1]["price"] = 3
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Fatal, match=r"prices\[0\].unit.*; prices\[1\].price"):
        read_prices(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"region": "x",\n  oops}', r"mine.json:2:3: this is no JSON"),
        ('{"region": "x", "region": "y"}', "the key 'region' stands twice"),
        ("[]", "the document"),
    ],
)
def test_what_is_no_price_file_is_told_with_its_line(text: str, words: str, tmp_path: Path):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(Fatal, match=words):
        read_prices(path)


def test_a_price_file_that_is_absent_is_told(tmp_path: Path):
    with pytest.raises(Fatal, match=r"TL-COST-001 .*absent.json: cannot be read"):
        read_prices(tmp_path / "absent.json")
    with pytest.raises(Fatal, match=r"TL-COST-003 .*there is no price file"):
        newest(tmp_path)


def test_the_newest_price_file_is_taken_whatever_its_region(tmp_path: Path):
    for name in ("us-east-1-2026-11-21", "eu-central-1-2027-01-02", "us-east-1-2026-12-31", "notes"):
        (tmp_path / f"{name}.json").write_text("{}")
    assert newest(tmp_path).stem == "eu-central-1-2027-01-02"


def test_the_name_of_the_committed_price_file_says_what_is_in_it():
    for path in (TERRAFORM / "prices").glob("*.json"):
        prices = read_prices(path)
        assert path.stem == f"{prices.region}-{prices.as_of}"
        assert all(price.checked.on <= prices.as_of for price in prices.prices)


def test_age_is_counted_from_the_date_of_the_file():
    assert read_prices(SOURCE).age(date(2027, 11, 21)) == 365


def test_money_is_exact_text():
    """A price with more digits than a float can hold stays as it was written."""
    prices = read_prices(SOURCE)
    assert Decimal(prices.table["lambda", "duration"].price) == Decimal("0.0000166667")


@pytest.mark.parametrize("name", ["broker_fill", "spot_ratio"])
def test_an_assumption_needs_a_reason(name: str, tmp_path: Path):
    document = json.loads((TERRAFORM / "assumptions.json").read_text())
    document[name]["why"] = ""
    path = tmp_path / "assumptions.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Fatal, match=f"TL-COST-002 .*assumptions.json {name}: why"):
        read_assumptions(path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d["M"]["load"].pop("contracts"), r"sizes.json M: load.contracts: is missing"),
        (lambda d: d["M"]["brokers"].update(throughput_mb=300), "M: brokers: throughput_mb has no formula"),
        (lambda d: d["M"]["brokers"].update(local_hours=0), "M: brokers.local_hours: "),
        (lambda d: d["L"]["clusters"]["batch"].update(idle=3), "L: clusters.batch.idle: is not known here"),
    ],
)
def test_a_size_that_the_estimate_cannot_count_is_refused(spoil: Callable[..., object], words: str, tmp_path: Path):
    """Terraform reads the same file: a key that costs money and has no formula must not pass in silence."""
    document = json.loads((TERRAFORM / "sizes.json").read_text())
    spoil(document)
    path = tmp_path / "sizes.json"
    path.write_text(json.dumps(document))
    with pytest.raises(Fatal, match=words):
        read_sizes(path)


def resource(address: str, **values: object) -> dict[str, object]:
    return {"address": address, "type": address.split(".")[-2], "mode": "managed", "values": values}


def plan_of(*more: dict[str, object], cpu: str = "400 vCPU", environment: str = "prod") -> dict[str, object]:
    topic = {"partitions": 4, "config": {"retention.ms": "86400001"}}
    short = {"partitions": 4, "config": {"retention.ms": "3600000"}}
    resources = [
        resource("aws_s3_bucket.zone", tags={"environment": environment}),
        resource("aws_emrserverless_application.batch", architecture="ARM64", maximum_capacity=[{"cpu": cpu}]),
        *more,
    ]
    contracts = {"a.b": {"topics": {"t": topic, "u": topic}}, "a.c": {"topics": {"v": short}}}
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": resources}},
        "variables": {"contracts": {"value": contracts}},
    }


def test_facts_are_counted_in_the_plan():
    """Contracts on average and rounded up, endpoints by interfaces, services only where they run."""
    task = {"runtime_platform": [{"cpu_architecture": "ARM64"}]}
    document = plan_of(
        resource("aws_nat_gateway.this", id="1"),
        resource("aws_vpc_endpoint.logs", vpc_endpoint_type="Interface", subnet_ids=["a", "b", "c"]),
        resource("aws_vpc_endpoint.s3", vpc_endpoint_type="Gateway"),
        resource("aws_msk_cluster.this", enhanced_monitoring="PER_BROKER", broker_node_group_info=[{}]),
        resource("aws_ecs_service.speed", name="speed"),
        resource("aws_ecs_task_definition.speed", family="tideline-prod-speed", **task),
        resource("aws_ecs_task_definition.topics", family="tideline-prod-topics", **task),
        resource("aws_backup_plan.this", rule=[{"lifecycle": [{"delete_after": 35}], "copy_action": []}]),
        resource("aws_cloudtrail.this", advanced_event_selector=[]),
    )
    facts = facts_of(parse(document, "plan.json"), SIZES, "plan.json")
    assert (facts.environment, facts.size, facts.engine) == ("prod", "M", "msk")
    assert facts.contracts.model_dump() == {"count": 2, "topics": 2, "partitions": 6, "keep_days": 2}
    assert (facts.nat_gateways, facts.endpoint_interfaces) == (1, 3)
    assert (facts.speed, facts.serving) == ("ARM64", None)
    assert (facts.log_metrics, facts.private_connectivity, facts.trail_data_events) == ("PER_BROKER", False, False)
    assert facts.backup is not None and facts.backup.model_dump() == {"keep_days": 35, "copy_days": 0}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (plan_of(cpu="7 vCPU"), "EMR Serverless may take 7 vCPU, which is no size"),
        (plan_of(resource("aws_s3_bucket.other", tags={"environment": "dev"})), "its buckets name 2 environments"),
        (plan_of() | {"variables": {}}, "no variable `contracts`"),
    ],
)
def test_a_plan_of_something_else_is_refused(document: dict[str, object], words: str):
    with pytest.raises(Fatal, match=f"TL-COST-005 plan.json: .*{words}"):
        facts_of(parse(document, "plan.json"), SIZES, "plan.json")
