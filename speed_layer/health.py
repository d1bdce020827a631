"""The speed layer's window to operators: /healthz, /readyz, /metrics and /status over loopback HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from speed_layer.status import WELL
from tideline.model.errors import Fatal

JSON = "application/json"
ILL = ("retrying", "ended")
Snapshots = Callable[[], Mapping[str, Mapping[str, Any]]]


class Health:
    """Serves until closed. `snapshots` gives the newest status of each contract.

    Ready means that all of them run or have nothing to do here; who is not is named with its error.
    """

    def __init__(self, host: str, port: int, snapshots: Snapshots) -> None:
        handler = type("Handler", (_Handler,), {"snapshots": staticmethod(snapshots)})
        try:
            self._server = ThreadingHTTPServer((host, port), handler)
        except OSError as error:
            raise Fatal(
                "TL-SPD-010",
                f"port {port} cannot be used: {error.strerror}",
                where=host,
                fix="stop what uses it (tideline status), or set TIDELINE_SPEED_PORT",
            ) from error
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    snapshots: Snapshots

    def do_GET(self) -> None:
        contracts = self.snapshots()
        if self.path == "/metrics":
            self._answer(HTTPStatus.OK, generate_latest(REGISTRY), CONTENT_TYPE_LATEST)
        elif self.path == "/healthz":
            self._json(HTTPStatus.OK, {"status": "alive"})
        elif self.path == "/readyz":
            states = {name: snapshot.get("state", "starting") for name, snapshot in contracts.items()}
            errors = {name: contracts[name].get("last_error", "") for name, state in states.items() if state in ILL}
            ready = bool(states) and all(state in WELL for state in states.values())
            self._json(
                HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
                {"ready": ready, "contracts": states, **({"errors": errors} if errors else {})},
            )
        elif self.path == "/status":
            self._json(HTTPStatus.OK, {"contracts": contracts})
        else:
            allowed = ["/healthz", "/readyz", "/metrics", "/status"]
            self._json(HTTPStatus.NOT_FOUND, {"title": "no such page", "allowed": allowed})

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: probes would drown what matters."""

    def _json(self, status: HTTPStatus, body: Any) -> None:
        self._answer(status, json.dumps(body).encode(), JSON)

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
