"""Whoever is woken finds a page: alarms and events name runbooks that exist, and no page is without its alarm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.rounds import Round
from tests.infra.terraform_cli import ENVIRONMENTS, MODULES, REPOSITORY
from tideline.environments.cost.facts import read_facts

MONITORING = MODULES / "monitoring"
BOOKS = REPOSITORY / "docs" / "runbooks" / "aws"
RUNBOOK = re.compile(r"Runbook: (docs/runbooks/aws/[\w-]+\.md)$")
LEVELS = ("DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION")
# from which level of an MSK cluster's monitoring on there is a metric, as AWS documents it for Standard brokers
SINCE = dict.fromkeys(
    ("ActiveControllerCount", "KafkaDataLogsDiskUsed", "OfflinePartitionsCount", "UnderReplicatedPartitions"), "DEFAULT"
)
OUR_CODE = re.compile(r"^TL-[A-Z]{3}-\d{3}$")


@pytest.fixture(scope="module")
def planned(rounds: Round) -> list[dict[str, Any]]:
    """Every resource that the moto root of monitoring plans: it watches one thing of each kind."""
    changes = rounds.plan("monitoring")["resource_changes"]
    return [change["change"]["after"] | {"type": change["type"]} for change in changes]


def described(planned: list[dict[str, Any]]) -> dict[str, str]:
    """What each alarm and each rule says about itself, by its name."""
    said = {"aws_cloudwatch_metric_alarm": ("alarm_name", "alarm_description")}
    said["aws_cloudwatch_composite_alarm"] = said["aws_cloudwatch_metric_alarm"]
    said["aws_cloudwatch_event_rule"] = ("name", "description")
    return {one[said[one["type"]][0]]: one[said[one["type"]][1]] for one in planned if one["type"] in said}


@pytest.mark.timeout(300)
def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm(planned: list[dict[str, Any]]) -> None:
    """An alarm at night comes with what to do; a page that nothing names is out of date."""
    texts = described(planned)
    assert len(texts) > 40
    named = {name: found[1] if (found := RUNBOOK.search(text)) else "" for name, text in texts.items()}
    assert [name for name, page in named.items() if not page or not (REPOSITORY / page).is_file()] == []
    assert {Path(page).name for page in named.values()} == {page.name for page in BOOKS.glob("*.md")}


def test_every_page_says_what_it_means_where_to_look_and_what_to_do() -> None:
    """One form for all, short enough to be read at night; the list of pages is complete."""
    pages = {page.name: page.read_text() for page in BOOKS.glob("*.md")}
    listed = set(re.findall(r"\(([\w-]+\.md)\)", pages.pop("README.md")))
    assert listed == set(pages)
    for name, text in pages.items():
        assert re.findall(r"^## (.+)$", text, re.M) == ["What it means", "What to look at", "What to do"], name
        assert len(text.splitlines()) <= 25, name


@pytest.mark.timeout(300)
def test_every_kafka_metric_of_an_alarm_is_there_in_every_environment(planned: list[dict[str, Any]]) -> None:
    """An alarm on a metric that the cluster's monitoring level leaves out would never ring."""
    alarms = [one for one in planned if one["type"] == "aws_cloudwatch_metric_alarm"]
    metrics = [metric for alarm in alarms for query in alarm["metric_query"] for metric in query["metric"] or []]
    kafka = {metric["metric_name"] for metric in metrics if metric["namespace"] == "AWS/Kafka"}
    assert kafka
    assert kafka - set(SINCE) == set(), "say from which monitoring level on it is there"
    for folder in sorted(one.parent for one in ENVIRONMENTS.glob("*/facts.json")):
        level = read_facts(folder).log_metrics
        missing = [name for name in sorted(kafka) if LEVELS.index(SINCE[name]) > LEVELS.index(level)]
        assert missing == [], f"{folder.name} has {level}"


def test_as_many_brokers_are_watched_as_can_be_made() -> None:
    """What modules/stream takes has to pass modules/monitoring, or the largest clusters could not be planned."""
    limits = [
        re.findall(r"brokers(?:\.count)? <= (\d+)", (MODULES / module / "variables.tf").read_text())
        for module in ("stream", "monitoring")
    ]
    assert limits[0] == limits[1]
    assert len(limits[0]) == 1


def test_more_tasks_are_asked_for_before_anybody_is_woken() -> None:
    """Speed grows at a lag that is below the alarm's, and on the same metric."""
    asked = re.search(r"lag_events +=.*number, (\d+)", (MODULES / "services" / "variables.tf").read_text())
    rings = re.search(r"speed_lag_events +=.*number, (\d+)", (MONITORING / "variables.tf").read_text())
    assert asked is not None and rings is not None
    assert int(asked[1]) < int(rings[1])
    scaling = (MODULES / "services" / "scaling_speed.tf").read_text()
    names = set(re.findall(r'metric_name +?= "(tideline_\w+)"', scaling))
    assert names == {"tideline_speed_lag_events"}
    assert names <= set(re.findall(r'metric = "(tideline_\w+)"', (MONITORING / "alarms_services.tf").read_text()))


def test_an_apply_leaves_alone_how_many_tasks_run() -> None:
    """What scales by itself is not set back to its minimum by whoever applies next; a mocked plan cannot show it."""
    services = [
        found[1]
        for path in sorted((MODULES / "services").glob("*.tf"))
        for found in re.finditer(r'(?s)resource "aws_ecs_service" (.+?)\n}\n', path.read_text())
    ]
    assert len(services) == 2
    for text in services:
        ignored = re.search(r"ignore_changes = \[(.+)\]", text)
        assert ignored is not None and "desired_count" in ignored[1], text.splitlines()[0]


def test_managed_prometheus_has_the_alerts_of_the_laptop() -> None:
    """The module carries a copy, since it is handed on without the rest of the repository: byte for byte the same."""
    ours = REPOSITORY / "infra" / "monitoring" / "alerts.yml"
    assert (MONITORING / "rules" / "alerts.yml").read_bytes() == ours.read_bytes(), f"cp {ours} {MONITORING}/rules/"


def test_what_the_log_filters_look_for_is_what_the_services_write() -> None:
    """The fields, the level and the codes of lost positions stand in the code that logs them."""
    filters = (MONITORING / "filters.tf").read_text()
    codes = re.findall(r'"(TL-[^"]+)"', filters.split("lost_codes")[1].split("]")[0])
    assert codes
    assert all(OUR_CODE.match(code) for code in codes)
    layers = [path for layer in ("speed_layer", "serving_layer") for path in (REPOSITORY / layer).glob("*.py")]
    code = "".join(path.read_text() for path in [*layers, *(REPOSITORY / "src" / "tideline").rglob("*.py")])
    assert [one for one in codes if one not in code] == []
    for main in ("speed_layer", "serving_layer"):
        text = (REPOSITORY / main / "__main__.py").read_text()
        assert "structlog.processors.add_log_level" in text
        assert "structlog.processors.JSONRenderer()" in text


def test_what_the_collector_passes_on_is_what_the_layers_measure() -> None:
    """A metric that was renamed in the code breaks this test, not the alarm; the ports are those of the settings."""
    collector = (MODULES / "services" / "collector.tf").read_text()
    names = re.findall(r'"\^tideline_(speed|serving)_(\w+)\$"', collector)
    assert len(names) == 4
    for layer, short in names:
        code = "".join(path.read_text() for path in (REPOSITORY / f"{layer}_layer").glob("*.py"))
        assert f'"tideline_{layer}_{short}"' in code or (layer == "serving" and f'"{short}"' in code), short
    watched = set(re.findall(r'metric = "(tideline_\w+)"', (MONITORING / "alarms_services.tf").read_text()))
    assert watched <= {f"tideline_{layer}_{short}" for layer, short in names}
    ports = re.search(r"ports += \{ (.+) \}", (MODULES / "services" / "main.tf").read_text())
    assert ports is not None
    settings = (REPOSITORY / "src" / "tideline" / "settings.py").read_text()
    for layer, port in re.findall(r"(\w+) = (\d+)", ports[1]):
        assert re.search(rf"{layer}_port: Port = (Field\()?{port}\b", settings), layer
