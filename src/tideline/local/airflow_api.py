"""Asks the local Airflow over its REST API: unpause, trigger, watch; without importing Airflow (3 s of CPU)."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tideline.model.errors import Fatal, Retriable

FINISHED = frozenset({"success", "failed"})


class AirflowApi:
    """A session with one Airflow; raises Retriable when it does not answer and Fatal when it refuses."""

    def __init__(self, url: str, password_file: Path, timeout_s: float = 10.0) -> None:
        self._url, self._password_file, self._timeout_s = url.rstrip("/"), password_file, timeout_s
        self._token: str | None = None

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def has_dag(self, dag_id: str) -> bool:
        try:
            self._call("GET", f"/api/v2/dags/{dag_id}")
        except Fatal as error:
            if "404" in error.what:
                return False
            raise
        return True

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any] | None = None) -> None:
        body = {"logical_date": None, "dag_run_id": run_id, "conf": dict(conf or {})}
        self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """All runs of a DAG, oldest first."""
        found: list[dict[str, Any]] = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100&order_by=id")[
            "dag_runs"
        ]
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run: `task_id`, `state`, `try_number`, `duration`."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        found: list[dict[str, Any]] = answer["task_instances"]
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if self._token is None and path != "/auth/token":
            self._token = self._log_in()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)  # noqa: S310 - own loopback URL
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310 - own loopback URL
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            kind = Retriable if error.code >= 500 or error.code == 429 else Fatal
            detail = error.read(400).decode(errors="replace")
            raise kind("TL-AIR-001", f"{method} {path} answered {error.code}: {detail}", where="Airflow API") from error
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise Retriable(
                "TL-AIR-002", f"no answer: {error}", where=f"Airflow API {self._url}", fix="see `tideline logs airflow`"
            ) from error

    def _log_in(self) -> str:
        try:
            return str(self._call("GET", "/auth/token")["access_token"])
        except Fatal:
            passwords = json.loads(self._password_file.read_text())
            name, password = next(iter(passwords.items()))
            return str(self._call("POST", "/auth/token", {"username": name, "password": password})["access_token"])
