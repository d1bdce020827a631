"""Is a port free, and if not, who has it: so that one line can name the port, the holder and the variable to change."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tideline.local.services import Service
from tideline.model.errors import Fatal


@dataclass(frozen=True, slots=True)
class Taken:
    """A port that somebody else listens on; `holder` is empty when it cannot be found out."""

    service: str
    port: int
    variable: str
    holder: str


def taken_ports(services: Iterable[Service], host: str) -> list[Taken]:
    """Ports of these services that cannot be bound."""
    wanted = [(service.name, number, variable) for service in services for number, variable in service.ports.values()]
    return [Taken(name, port, variable, holder_of(port)) for name, port, variable in wanted if not is_free(host, port)]


def require_free_ports(services: Iterable[Service], host: str) -> None:
    """Raises Fatal that names every taken port, its holder and the variables that change them; first, each port that
    two services are to have: both would wait for it, and one of them for ever.
    """
    services = list(services)
    _require_different_ports(services)
    taken = taken_ports(services, host)
    if taken:
        ports = ", ".join(
            f"port {one.port} ({one.service}) is in use" + (f" by {one.holder}" if one.holder else "") for one in taken
        )
        variables = " ".join(f"{one.variable}=PORT" for one in taken)
        raise Fatal("TL-PRT-001", ports, fix=f"stop the holder, or choose another: {variables}")


def _require_different_ports(services: Iterable[Service]) -> None:
    wanted: dict[int, list[str]] = {}
    for service in services:
        for number, variable in service.ports.values():
            wanted.setdefault(number, []).append(variable)
    for number, variables in wanted.items():
        if len(variables) > 1:
            fix = "give each a port of its own"
            raise Fatal("TL-PRT-003", f"port {number} is given twice: {', '.join(variables)}", fix=fix)


def is_free(host: str, port: int) -> bool:
    """True when a server could bind this port now (connections in TIME_WAIT do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """`name (pid 123)` of the listener, as far as this user may see it (Linux only)."""
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows = re.findall(r"^\s*\d+: \w+:(\w+) \w+:\w+ 0A (?:\S+ +){5}(\d+)", table.read_text(), re.MULTILINE)
            inodes |= {f"socket:[{inode}]" for number, inode in rows if int(number, 16) == port}
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        with suppress(OSError):
            for handle in (process / "fd").iterdir():
                if str(handle.readlink()) in inodes:
                    return f"{_name(process)} (pid {process.name})"
    return ""


def _name(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return Path(words[0]).name or (process / "comm").read_text().strip()
