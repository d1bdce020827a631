"""`tideline doctor` and the checks before a start: one line per lack, with what to do."""

from __future__ import annotations

import json
import shutil
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from speed_layer.health import Health
from tests.platform import fresh_settings
from tideline.cli.doctor import command
from tideline.local import checkup
from tideline.local.java import Java
from tideline.local.platform import choose, services
from tideline.model.errors import Fatal, Retriable

JAVA = Java(Path("/java"), 17, full=True)


def test_a_nearly_full_disk_is_one_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    usage = shutil.disk_usage(tmp_path)._replace(free=100_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(Retriable, match=r"only 0\.1 GB are free") as refused:
        checkup.require_disk(fresh_settings(tmp_path / "not" / "made" / "yet"))
    assert "TIDELINE_HOME" in refused.value.fix
    assert refused.value.exit_code == 75


def test_no_compiled_index_names_the_command_that_makes_it(tmp_path: Path) -> None:
    """Speed and serving cannot start without it."""
    settings = fresh_settings(tmp_path).model_copy(update={"index": tmp_path / "index.json"})
    finding = next(one for one in checkup.findings(settings) if one.name == "index")
    assert not finding.good
    assert finding.fix == "run: tideline compile"


def test_a_lack_of_something_needed_fails_and_of_a_browser_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 only when the platform could not run; --json carries the same facts."""
    good, browser = checkup.Finding("java", True, "17"), checkup.Finding("browser", False, "none", "x", optional=True)
    monkeypatch.setattr(checkup, "findings", lambda _: [good, browser])
    answer = CliRunner().invoke(command, ["--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output)["healthy"] is True
    bad = checkup.Finding("java", False, "TL-JAV-001 no java", "install one")
    monkeypatch.setattr(checkup, "findings", lambda _: [bad, browser])
    answer = CliRunner().invoke(command, [])
    assert answer.exit_code == 2
    assert "FAIL java" in answer.output
    assert "install one" in answer.output


def test_the_layers_bring_the_broker_and_not_airflow(tmp_path: Path) -> None:
    """`up --only serving` starts what serving depends on, and nothing else."""
    every = services(fresh_settings(tmp_path), JAVA)
    assert {service.name for service in choose(every, ["serving"])} == {"kafka", "serving"}
    assert {service.name for service in choose(every, [])} == {service.name for service in every}
    with pytest.raises(Fatal, match="unknown service zookeeper") as refused:
        choose(every, ["zookeeper"])
    assert "kafka, spark, airflow, speed, serving" in refused.value.fix


def test_every_port_of_the_platform_is_its_own_and_names_its_variable(tmp_path: Path) -> None:
    """No two services share a port, and the variable named in the error is one that Settings reads."""
    settings = fresh_settings(tmp_path)
    ports = [port for service in services(settings, JAVA) for port in service.ports.values()]
    assert len({number for number, _ in ports}) == len(ports) == 8
    for number, variable in ports:
        assert getattr(settings, variable.removeprefix("TIDELINE_").lower()) == number


def test_the_speed_layers_address_opens_a_page(tmp_path: Path) -> None:
    """What `up` prints can be opened; the root of its port is no page."""
    settings = fresh_settings(tmp_path)
    speed = next(one for one in services(settings, JAVA) if one.name == "speed")
    health = Health(settings.host, settings.speed_port, dict)
    try:
        with urllib.request.urlopen(speed.url, timeout=30) as page:
            assert json.loads(page.read()) == {"contracts": {}}
    finally:
        health.close()
