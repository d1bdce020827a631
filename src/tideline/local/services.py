"""What runs locally, as values: the supervisor starts them, tests borrow them, docker-compose is checked by them."""

from __future__ import annotations

import json
import socket
import struct
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

_API_VERSIONS = struct.pack(">hhih", 18, 0, 1, -1)  # Kafka: key 18, version 0, correlation 1, no client id


class Probe(StrEnum):
    """How to find out that a service can be used."""

    TCP = "tcp"
    HTTP = "http"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True)
class Ready:
    """One check that answers within `limit_s`.

    For HTTP any 2xx of `path` means ready, or, when `member` names one (`scheduler.status`), that member of
    the JSON answer being `value`.
    """

    probe: Probe
    host: str
    port: int
    path: str = "/"
    limit_s: float = 2.0
    member: str = ""
    value: str = ""

    def __call__(self) -> bool:
        try:
            return _PROBES[self.probe](self)
        except (OSError, urllib.error.URLError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class Step:
    """A command to run before the first start; it is skipped when `creates` exists."""

    command: tuple[str, ...]
    creates: Path


@dataclass(frozen=True, slots=True)
class Service:
    """One supervised process: `files` are written, `folders` made and `steps` run before `command` starts.

    `env` is added to the environment of the caller; `ports` maps the name of a port to
    (number, the variable that changes it); `url` is what a person opens; a higher `nice` gives way to others;
    `start_limit_s` is how long it may take to be ready; then it is restarted, unless it passes the checks `alive`,
    where there are any: what it lacks no restart mends.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    cwd: Path
    ready: tuple[Ready, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    files: Mapping[Path, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    steps: tuple[Step, ...] = ()
    url: str = ""
    nice: int = 0
    start_limit_s: float = 90.0
    alive: tuple[Ready, ...] = ()
    stop_limit_s: float = 10.0

    def is_ready(self) -> bool:
        """True when every check passes now."""
        return all(check() for check in self.ready)

    def is_alive(self) -> bool:
        """True when it says of itself that it works, though it may not be ready."""
        return bool(self.alive) and all(check() for check in self.alive)

    def write_files(self) -> None:
        """Make the folders and write the configuration; it follows from the settings, so writing again is harmless."""
        for folder in (self.log.parent, self.cwd, *self.folders):
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in self.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def _tcp(check: Ready) -> bool:
    with socket.create_connection((check.host, check.port), timeout=check.limit_s):
        return True


def _http(check: Ready) -> bool:
    url = f"http://{check.host}:{check.port}{check.path}"
    with urllib.request.urlopen(url, timeout=check.limit_s) as answer:
        good = bool(200 <= answer.status < 300)
        return good and (not check.member or _member(json.load(answer), check.member) == check.value)


def _member(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _kafka(check: Ready) -> bool:
    """A broker accepts connections before it serves requests, so ask it for its API versions."""
    with socket.create_connection((check.host, check.port), timeout=check.limit_s) as connection:
        connection.settimeout(check.limit_s)
        connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
        head = connection.recv(10, socket.MSG_WAITALL)
        return len(head) == 10 and struct.unpack(">iih", head)[1:] == (1, 0)


_PROBES = {Probe.TCP: _tcp, Probe.HTTP: _http, Probe.KAFKA: _kafka}
