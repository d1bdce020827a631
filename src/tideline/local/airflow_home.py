"""Airflow as three local services that share one home: API server, scheduler, DAG processor.

`airflow standalone` would add a process that only watches the others, which the supervisor does already. A triggerer is
left out: no Tideline task defers. Nothing listens except the API server, on loopback: the log server of the scheduler
would bind all interfaces, and the API server reads the log files itself.

The metadata database is migrated once per Airflow version into the cache and copied into each home
(`python -m tideline.local.airflow_home`), because the migration takes seconds.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from tideline.local.services import Probe, Ready, Service, Step
from tideline.model.errors import Retriable
from tideline.settings import REPOSITORY, Settings, settings

SECRETS = ("fernet_key", "api_secret_key", "jwt_secret")
USER = "admin"


def home(settings: Settings) -> Path:
    """AIRFLOW_HOME of this installation."""
    return settings.home / "airflow"


def password_file(settings: Settings) -> Path:
    """JSON `{user: password}`, made at the first start and readable by its owner only."""
    return home(settings) / "simple_auth_manager_passwords.json"


def airflow_services(settings: Settings) -> tuple[Service, ...]:
    """API server, scheduler and DAG processor; each is ready when Airflow's own health page says so."""
    api = ("api-server", "--host", settings.host, "--port", str(settings.airflow_port), "--workers", "1")
    port = {"web": (settings.airflow_port, "TIDELINE_AIRFLOW_PORT")}
    return (
        _service(settings, "airflow-api", api, "metadatabase", port),
        _service(settings, "airflow-scheduler", ("scheduler", "--skip-serve-logs"), "scheduler"),
        _service(settings, "airflow-dags", ("dag-processor",), "dag_processor"),
    )


def _service(
    settings: Settings,
    name: str,
    arguments: tuple[str, ...],
    component: str,
    ports: Mapping[str, tuple[int, str]] | None = None,
) -> Service:
    place = home(settings)
    prepare = Step((sys.executable, "-m", "tideline.local.airflow_home"), prepared(settings))
    return Service(
        name=name,
        command=(sys.executable, "-m", "airflow", *arguments),
        log=settings.logs / f"{name}.log",
        cwd=place,
        ready=(
            Ready(
                Probe.HTTP,
                settings.nearby,
                settings.airflow_port,
                "/api/v2/monitor/health",
                member=f"{component}.status",
                value="healthy",
            ),
        ),
        env={
            "AIRFLOW_HOME": str(place),
            "SCARF_ANALYTICS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONWARNINGS": "ignore",
            "NO_COLOR": "1",
        },
        ports=ports or {},
        files={place / "airflow.cfg": configuration(settings)},
        steps=(prepare,),
        url=settings.airflow_url if ports else "",
        nice=5,  # orchestration gives way to the layers that answer people
        start_limit_s=240,
        stop_limit_s=10,
    )


def pools(settings: Settings) -> dict[str, int]:
    """How many stages of each engine run at once; a task waits for a slot of the engine that it uses."""
    return {"spark": settings.spark_slots, "dbt": settings.dbt_slots, "python": settings.python_slots}


def prepared(settings: Settings) -> Path:
    """The mark of a prepared home; other slots make another mark, so that the pools are set again."""
    return home(settings) / f".prepared-{'-'.join(str(slots) for slots in pools(settings).values())}"


def configuration(settings: Settings) -> str:
    """The text of airflow.cfg; secrets are read from files by command, so the text is no secret."""
    place, base = home(settings), settings.airflow_url
    secret = {name: "cat " + shlex.quote(str(place / name)) for name in SECRETS}
    sections: dict[str, dict[str, str | float | Path]] = {
        "core": {
            "dags_folder": REPOSITORY / "dags",
            "plugins_folder": REPOSITORY / "plugins",
            "executor": "LocalExecutor",
            "parallelism": 4,
            "load_examples": False,
            "dags_are_paused_at_creation": True,
            "execution_api_server_url": f"{base}/execution/",
            "fernet_key_cmd": secret["fernet_key"],
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": password_file(settings),
            "hostname_callable": "tideline.local.airflow_home.loopback",
            "min_serialized_dag_update_interval": 5,
            "dagbag_import_timeout": 120,  # 5,000 DAGs are 10 s of CPU, and the machine is shared
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{place / 'airflow.db'}"},
        "api": {
            "host": settings.host,
            "port": settings.airflow_port,
            "base_url": base,
            "workers": 1,
            "instance_name": "Tideline",
            "secret_key_cmd": secret["api_secret_key"],
        },
        "api_auth": {"jwt_secret_cmd": secret["jwt_secret"]},
        # a chain of six short tasks waits for the loop six times
        "scheduler": {"scheduler_idle_sleep_time": 0.25, "enable_health_check": False},
        # the index may change while the DAG file does not: look again every half minute
        "dag_processor": {
            "parsing_processes": 1,
            "refresh_interval": 10,
            "min_file_process_interval": 30,
            "dag_file_processor_timeout": 240,
        },
        "logging": {
            "base_log_folder": settings.logs / "airflow",
            "dag_processor_child_process_log_directory": settings.logs / "airflow" / "dag_processor",
            "colored_console_log": False,
        },
        "usage_data_collection": {"enabled": False},
    }
    lines = []
    for section, options in sections.items():
        lines += [f"[{section}]", *(f"{key} = {_text(value)}" for key, value in options.items()), ""]
    return "\n".join(lines)


def loopback() -> str:
    """Airflow's `hostname_callable`: the name under which this machine's tasks are recorded, without asking DNS."""
    return "127.0.0.1"


def template(settings: Settings) -> Path:
    """A migrated, empty metadata database of the installed Airflow; made when it is absent."""
    path = settings.cache / f"airflow-{version('apache-airflow')}.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _migrate(settings, path)
    return path


def prepare(settings: Settings) -> None:
    """Give a home its secrets, its password and its copy of the database; what is there already stays.

    1. secrets and password  2. the database, moved into place whole  3. the pools  4. the mark that says all is there.
    """
    place = home(settings)
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in SECRETS:
            _write_once(place / name, secrets.token_urlsafe(32) if name != "fernet_key" else _fernet_key())
        _write_once(password_file(settings), json.dumps({USER: secrets.token_urlsafe(9)}))
        if not (place / "airflow.db").exists():
            arriving = place / ".airflow.db"
            shutil.copyfile(template(settings), arriving)
            arriving.replace(place / "airflow.db")
        _set_pools(place / "airflow.db", pools(settings))
        for old in place.glob(".prepared-*"):
            old.unlink()
        prepared(settings).touch()


def _set_pools(database: Path, wanted: Mapping[str, int]) -> None:
    """Airflow's own command for this takes 3 s of CPU per pool; a person's pools and descriptions stay."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO slot_pool (pool, slots, description, include_deferred) VALUES (?, ?, ?, 0) "
            "ON CONFLICT (pool) DO UPDATE SET slots = excluded.slots",
            [(name, slots, f"TIDELINE_{name.upper()}_SLOTS") for name, slots in wanted.items()],
        )


def _migrate(settings: Settings, path: Path) -> None:
    """Run Airflow's own migration in a scratch home; it reads the path of its database from the environment."""
    with tempfile.TemporaryDirectory(prefix="airflow-", dir=path.parent) as scratch:
        arriving, log = Path(scratch) / "airflow.db", path.with_suffix(".log")
        environment = {
            **settings.for_children(),
            "AIRFLOW_HOME": scratch,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{arriving}",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        with log.open("w") as output:
            done = subprocess.run(
                (sys.executable, "-m", "airflow", "db", "migrate"),
                stdout=output,
                stderr=output,
                env=environment,
                check=False,
            )
        if done.returncode != 0 or not arriving.exists():
            raise Retriable("TL-AIR-003", "Airflow could not migrate its database", where=str(log))
        arriving.replace(path)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _write_once(path: Path, text: str) -> None:
    """Write a secret that only the owner can read; an existing one stays."""
    if path.exists():
        return
    arriving = path.with_suffix(".new")
    arriving.unlink(missing_ok=True)
    with os.fdopen(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    arriving.replace(path)


def _text(value: str | float | Path) -> str:
    return str(value).replace("%", "%%")


if __name__ == "__main__":
    prepare(settings())
