"""docker-compose.yml and the monitoring files say the same as the settings and the local services."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tideline.local.broker import broker
from tideline.local.java import Java
from tideline.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
MONITORING = REPOSITORY / "infra" / "monitoring"
OURS = ("spark", "airflow", "speed", "serving")
VARIABLE = re.compile(r"\$\{(TIDELINE_\w+):-([^}]*)\}")


def load(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


@pytest.fixture(scope="module")
def compose() -> Any:
    return load(REPOSITORY / "docker-compose.yml")


def defaults() -> dict[str, str]:
    """Every variable with the default that Settings declares."""
    return {f"TIDELINE_{name.upper()}": str(one.default) for name, one in Settings.model_fields.items()}


def test_every_part_of_the_platform_is_there(compose: Any) -> None:
    """Kafka, Spark, Airflow, speed, serving, Prometheus, Grafana, each with a check, restarted, at a pinned tag."""
    services = compose["services"]
    assert {"kafka", *OURS, "prometheus", "grafana"} < set(services)
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"]), name
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert service["restart"] == "unless-stopped", name


def test_variables_and_their_defaults_are_those_of_the_settings(compose: Any) -> None:
    """No variable that nothing reads, no default that differs."""
    known = defaults()
    text = (REPOSITORY / "docker-compose.yml").read_text()
    assert {(name, default) for name, default in VARIABLE.findall(text) if known.get(name) != default} == set()
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= set(known), name
    ports = {name for name in known if name.endswith("_PORT")}
    assert ports <= set(compose["services"]["spark"]["environment"])


def test_ports_are_published_on_loopback_only_and_unchanged(compose: Any) -> None:
    """127.0.0.1 outside, the same number inside."""
    published = compose["services"]["net"]["ports"]
    for line in published:
        outside, inside = re.fullmatch(r"127\.0\.0\.1:(.+):(\$\{.+\}|\d+)", line).groups()  # type: ignore[union-attr]
        assert outside == inside
    assert all("ports" not in service for name, service in compose["services"].items() if name != "net")
    needed = {"KAFKA", "SPARK_CONNECT", "SPARK_THRIFT", "AIRFLOW", "SERVING", "SPEED"}
    assert needed == {name[9:-5] for line in published for name, _ in VARIABLE.findall(line)}


def test_the_broker_is_configured_like_the_local_one(compose: Any) -> None:
    """What makes positions and times right (LogAppendTime, retention, no automatic topics) is the same in both."""
    service = broker(Settings(), Java(Path("/java"), 17, full=True))
    text = next(text for path, text in service.files.items() if path.name == "server.properties")
    local = dict(line.split("=", 1) for line in text.splitlines())
    there = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): VARIABLE.sub(r"\2", value)
        for name, value in compose["services"]["kafka"]["environment"].items()
    }
    compared = set(local) & set(there) - {"listeners", "log.dirs"}
    assert {"log.message.timestamp.type", "auto.create.topics.enable", "log.retention.ms"} <= compared
    assert {key: there[key] for key in compared} == {key: local[key] for key in compared}


def test_files_and_modules_that_compose_names_exist(compose: Any) -> None:
    """Mounted files, build targets and modules are in the repository; volumes are declared."""
    docker = (REPOSITORY / "infra" / "Dockerfile").read_text()
    for name, service in compose["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (REPOSITORY / source).is_file() if source.startswith(".") else source in compose["volumes"], name
        if "build" in service:
            assert f"AS {service['build']['target']}\n" in docker
            module = service["command"][2].replace(".", "/")
            places = [REPOSITORY / place for place in (module, f"src/{module}.py")]
            assert any(place.exists() for place in places), name
    for source in re.findall(r"^COPY (?!--)(.+) \S+$", docker, re.MULTILINE):
        assert all((REPOSITORY / one).exists() for one in source.split()), source


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    """An alarm at night comes with what to do."""
    rules = [rule for group in load(MONITORING / "alerts.yml")["groups"] for rule in group["rules"]]
    books = {path.stem for path in (REPOSITORY / "docs" / "runbooks").glob("*.md")}
    assert {rule["alert"] for rule in rules} == books
    for rule in rules:
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_alerts_and_panels_ask_for_metrics_that_the_layers_have() -> None:
    """A metric that was renamed in the code breaks this test, not the alarm."""
    code = "".join(
        path.read_text() for layer in ("speed_layer", "serving_layer") for path in (REPOSITORY / layer).glob("*.py")
    )
    dashboard = json.loads((MONITORING / "grafana" / "tideline.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for group in load(MONITORING / "alerts.yml")["groups"] for rule in group["rules"]]
    names = {name for expression in asked for name in re.findall(r"tideline_\w+", expression)}
    assert len(names) >= 7
    for name in names:
        layer, short = re.fullmatch(r"tideline_(speed|serving|drift)_(\w+?)(?:_total)?", name).groups()  # type: ignore[union-attr]
        assert f"tideline_{layer}_{short}" in code or f'"{short}"' in code, name


def test_prometheus_scrapes_the_default_ports() -> None:
    """Its targets are where the layers listen."""
    jobs = load(MONITORING / "prometheus.yml")["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    known = defaults()
    expected = {name: [f"127.0.0.1:{known[f'TIDELINE_{name.upper()}_PORT']}"] for name in ("speed", "serving")}
    assert targets == expected
