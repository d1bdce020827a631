"""What the machine must have, checked one by one: `doctor` shows all, `up` stops at the first thing missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tideline.local.jars import ensure_jars, missing, verify
from tideline.local.java import find_java
from tideline.local.platform import services
from tideline.local.ports_in_use import require_free_ports
from tideline.local.report import is_running
from tideline.local.services import Service
from tideline.model.errors import Fatal, Retriable, TidelineError
from tideline.settings import Settings

NEEDED_DISK_GB = 1.0  # to run; setting up takes about 4
NEEDED_MEMORY_GB = 6.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check. What is optional never makes `doctor` fail."""

    name: str
    good: bool
    detail: str
    fix: str = ""
    optional: bool = False


def findings(settings: Settings) -> list[Finding]:
    """All checks, in the order in which they matter; none of them changes anything."""
    return [
        _python(),
        _asked("java", lambda: _java(settings)),
        _asked("jars", lambda: _jars(settings)),
        _asked("disk", lambda: require_disk(settings)),
        _memory(),
        _asked("ports", lambda: _ports(settings)),
        _asked("index", lambda: _index(settings)),
        _browser(),
    ]


def require(settings: Settings, wanted: Sequence[Service]) -> None:
    """What `up` needs before it starts anything; raises the first thing that is missing, with what to do."""
    require_disk(settings)
    ensure_jars(settings)
    if any(service.name in ("speed", "serving") for service in wanted):
        _index(settings)
    require_free_ports(wanted, settings.host)


def require_disk(settings: Settings) -> str:
    """Free space where the platform writes; raises Retriable when it is nearly full."""
    place = _existing(settings.home)
    free = shutil.disk_usage(place).free / 1e9
    if free < NEEDED_DISK_GB:
        raise Retriable(
            "TL-DSK-001",
            f"only {free:.1f} GB are free, {NEEDED_DISK_GB:.0f} GB are needed",
            where=str(place),
            fix="free some disk space, or choose another disk: TIDELINE_HOME=/path",
        )
    return f"{free:.0f} GB free in {place}"


def _asked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except TidelineError as error:
        where = f"{error.where}: " if error.where else ""
        return Finding(name, False, f"{error.code} {where}{error.what}", error.fix)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    return Finding("python", good, f"{found} in {sys.prefix}", "" if good else "make setup with Python 3.11 or 3.12")


def _java(settings: Settings) -> str:
    java = find_java(settings)
    return f"{java.version} in {java.home}"


def _jars(settings: Settings) -> str:
    absent = missing(settings)
    if absent:
        raise Retriable("TL-JAR-004", f"{len(absent)} jars are not in the cache", fix="run: make setup")
    verify(settings)
    return f"all checksums right in {settings.cache / 'jars'}"


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    fix = (
        f"the platform wants {NEEDED_MEMORY_GB:.0f} GB: leave something out with tideline up --only kafka,speed,serving"
    )
    good = total >= NEEDED_MEMORY_GB
    return Finding("memory", good, f"{total:.0f} GB", "" if good else fix)


def _ports(settings: Settings) -> str:
    if is_running(settings):
        return "in use by the running platform of this home"
    try:
        wanted = services(settings, find_java(settings))
    except TidelineError as error:
        raise Fatal("TL-PRT-002", "not checked, because there is no usable Java", fix="mend java first") from error
    require_free_ports(wanted, settings.host)
    return f"{sum(len(service.ports) for service in wanted)} ports free on {settings.host}"


def _index(settings: Settings) -> str:
    if not settings.index.exists():
        raise Fatal(
            "TL-IDX-001", "the contracts are not compiled", where=str(settings.index), fix="run: tideline compile"
        )
    return str(settings.index)


def _browser() -> Finding:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    fix = "only the browser tests of the live page need it: install chromium"
    return Finding("browser", found is not None, found or "none found", "" if found else fix, optional=True)


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
