"""All services of the embedded platform in the order in which they depend on each other."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from tideline.local.airflow_home import airflow_services
from tideline.local.broker import broker
from tideline.local.java import Java
from tideline.local.services import Probe, Ready, Service
from tideline.local.spark_server import spark_server
from tideline.model.errors import Fatal
from tideline.settings import REPOSITORY, Settings

GROUPS = ("kafka", "spark", "airflow", "speed", "serving")


def services(settings: Settings, java: Java) -> tuple[Service, ...]:
    """Every service; speed and serving wait for the broker only, so live answers come before Airflow is up."""
    return (
        broker(settings, java),
        _layer(settings, "speed", settings.speed_port, "/status"),
        _layer(settings, "serving", settings.serving_port, "/"),
        spark_server(settings, java),
        *airflow_services(settings),
    )


def group(name: str) -> str:
    """`airflow-api` belongs to `airflow`."""
    return name.split("-")[0]


def choose(all_services: Sequence[Service], only: Iterable[str]) -> tuple[Service, ...]:
    """The services of the named groups (all when none is named) and what they depend on."""
    wanted = set(only)
    unknown = wanted - set(GROUPS)
    if unknown:
        raise Fatal(
            "TL-SVC-010", f"unknown service {', '.join(sorted(unknown))}", fix=f"choose from {', '.join(GROUPS)}"
        )
    chosen = [service for service in all_services if not wanted or group(service.name) in wanted]
    needed = {name for service in chosen for name in service.depends_on}
    return tuple(service for service in all_services if service in chosen or service.name in needed)


def _layer(settings: Settings, name: str, port: int, page: str) -> Service:
    return Service(
        name=name,
        command=(sys.executable, "-m", f"{name}_layer"),
        log=settings.logs / f"{name}.log",
        cwd=REPOSITORY,
        ready=(Ready(Probe.HTTP, settings.nearby, port, "/readyz"),),
        env={"PYTHONUNBUFFERED": "1"},
        ports={"http": (port, f"TIDELINE_{name.upper()}_PORT")},
        depends_on=("kafka",),
        url=f"http://{settings.nearby}:{port}{page}",
        start_limit_s=180,
        alive=(Ready(Probe.HTTP, settings.nearby, port, "/healthz"),) if name == "speed" else (),
    )
