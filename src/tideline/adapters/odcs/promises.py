"""Reads who owns a contract, what it promises and when its batch runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tideline.adapters.odcs import cron
from tideline.adapters.odcs.finding import YamlPath, shown
from tideline.adapters.odcs.telling import Telling, is_blank

VERSIONS = ("v3.2.0", "v3.1.0")
OUR_KEYS = ("schedule", "tier", "compatibility", "drift", "family", "consumes")
HONOURED = {"freshness": "freshness", "retention": "retention", "latency": "deadline"}
NOTED = (
    "availability", "throughput", "errorRate", "generalAvailability", "endOfSupport", "endOfLife", "frequency",
    "timeToDetect", "timeToNotify", "timeToRepair", "timeOfAvailability",
)  # fmt: skip
UNITS = {
    "s": 1, "second": 1, "seconds": 1, "m": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400,
    "y": 31_536_000, "yr": 31_536_000, "year": 31_536_000, "years": 31_536_000,
}  # fmt: skip
_LONGEST_LABEL = 100  # of a tag in Airflow, where the owner is one too
_LABEL = f"one line of at most {_LONGEST_LABEL} characters"
_LONGEST = 86_400 * 365_000
_ID = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")
_TEXT_KEYS = ("usage", "purpose", "limitations", "authoritativeDefinitions", "customProperties")
_DRIFT = {"newFields": "new_fields", "changedFields": "changed_fields"}


def read_identity(telling: Telling, data: Mapping[str, Any]) -> dict[str, Any]:
    """Domain, product, version, owner, description, tags."""
    product, domain = data.get("name"), data.get("domain")
    for key in ("name", "domain"):
        if not data.get(key):
            telling.tell("TL-CON-021", (), f"the contract lacks {key!r}")
    if product and domain and data["id"] != f"{domain}.{product}":
        allowed = f"domain.name, here {shown(f'{domain}.{product}')}"
        telling.tell("TL-CON-022", ("id",), f"id is {shown(data['id'])}", allowed)
    if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}", data["version"]) is None:
        what = f"version is {shown(data['version'])}"
        telling.tell("TL-CON-022", ("version",), what, "MAJOR.MINOR.PATCH such as 1.0.0")
    if data["apiVersion"] not in VERSIONS:
        near = telling.near(data["apiVersion"], VERSIONS)
        what = f"apiVersion is {shown(data['apiVersion'])}"
        telling.insist("TL-CON-022", ("apiVersion",), what, ", ".join(VERSIONS), near)
    team, text = data.get("team"), data.get("description") or {}
    if isinstance(team, list):
        telling.mention("TL-CON-040", ("team",), "the standard gave up a list of members as team", "team: {name: ...}")
    owner = team.get("name") if isinstance(team, dict) else None
    if is_blank(owner):
        telling.insist("TL-CON-021", ("team",), "the contract names no owner", "team.name")
    elif not _is_label(owner):
        telling.insist("TL-CON-022", ("team", "name"), f"the owner is {shown(owner)}", _LABEL)
    for n, tag in enumerate(data.get("tags") or ()):
        if not _is_label(tag):
            telling.insist("TL-CON-022", ("tags", n), f"a tag is {shown(tag)}", _LABEL)
    if is_blank(text.get("purpose")):
        telling.insist(
            "TL-CON-021", ("description",), "the contract does not say what it is for", "description.purpose"
        )
    telling.known(text, _TEXT_KEYS, ("description",))
    telling.origin |= {("product",): ("name",), ("owner",): ("team", "name")}
    return {
        "domain": domain, "product": product, "version": data["version"], "owner": owner or "",
        "description": text.get("purpose") or "", "tags": tuple(data.get("tags") or ()),
    }  # fmt: skip


def _is_label(word: object) -> bool:
    """Whether it can stand where Airflow, catalog and alarms show it."""
    return isinstance(word, str) and word.isprintable() and not is_blank(word) and len(word) <= _LONGEST_LABEL


def read_promises(telling: Telling, data: Mapping[str, Any]) -> dict[str, Any]:
    """What our contract-level properties and the service levels say."""
    values: dict[str, Any] = {}
    ours = telling.ours(data, (), OUR_KEYS)
    ours.pop("family", None)
    for name, (value, path) in ours.items():
        values[name], telling.origin[(name,)] = value, path
    if "schedule" in ours:
        _schedule(telling, *ours["schedule"])
    if "drift" in ours:
        values["drift"] = _drift(telling, *ours["drift"])
    if "consumes" in ours:
        values["consumes"] = _consumes(telling, *ours["consumes"], data["id"])
    return values | _levels(telling, data)


def _schedule(telling: Telling, value: Any, path: YamlPath) -> None:
    if isinstance(value, str) and (fault := cron.fault(value)):
        telling.tell(
            "TL-CON-022", path, f"schedule {shown(value)}: {fault}", "minute hour day month weekday", "0 0 * * *"
        )


def _drift(telling: Telling, value: Any, path: YamlPath) -> Any:
    if not isinstance(value, dict):
        telling.tell("TL-CON-022", path, f"drift is {shown(value)}", f"a mapping of {', '.join(_DRIFT)}")
        return {}
    telling.known(value, tuple(_DRIFT), path)
    telling.origin |= {("drift", name): (*path, key) for key, name in _DRIFT.items()}
    return {name: value[key] for key, name in _DRIFT.items() if key in value}


def _consumes(telling: Telling, value: Any, path: YamlPath, own: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        telling.tell("TL-CON-022", path, f"consumes is {shown(value)}", "a list of contract ids")
        return ()
    for n, item in enumerate(value):
        if not isinstance(item, str) or _ID.fullmatch(item) is None:
            telling.tell("TL-CON-022", (*path, n), f"a consumed contract is {shown(item)}", "domain.name")
        elif item == own:
            telling.tell("TL-CON-030", (*path, n), "the contract consumes itself")
        elif item in value[:n]:
            telling.tell("TL-CON-030", (*path, n), f"{shown(item)} stands here a second time")
    return tuple(item for item in value if isinstance(item, str))


def _levels(telling: Telling, data: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "slaDefaultElement" in data:
        what = "the standard gave up slaDefaultElement"
        telling.mention("TL-CON-040", ("slaDefaultElement",), what, "name the element in the promise")
    for at, level in enumerate(data.get("slaProperties") or ()):
        path, name = ("slaProperties", at), level["property"]
        if name in HONOURED:
            if HONOURED[name] in values:
                telling.tell("TL-CON-030", (*path, "property"), f"{name} is promised a second time")
            values[HONOURED[name]] = _amount(telling, level, path)
        elif name not in NOTED:
            words = (*HONOURED, *NOTED)
            place, near = (*path, "property"), telling.near(name, words)
            telling.tell("TL-CON-020", place, f"unknown promise {shown(name)}", ", ".join(words), near)
    if "retention" not in values:
        near = "add {property: retention, value: 3, unit: y}"
        telling.insist(
            "TL-CON-021", ("slaProperties",), "the contract does not say how long data is kept", "retention", near
        )
    return values


def _amount(telling: Telling, level: Mapping[str, Any], path: YamlPath) -> timedelta:
    value, unit, name = level["value"], level.get("unit"), level["property"]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1_000_000_000:
        telling.tell("TL-CON-022", (*path, "value"), f"{name} is {shown(value)}", "a positive whole number")
        return timedelta(seconds=1)
    if unit is None:
        telling.tell("TL-CON-021", path, f"{name} has no unit", "s, m, h, d, y", "add unit: ...")
        return timedelta(seconds=1)
    if unit not in UNITS:
        what = f"unit is {shown(unit)}"
        telling.tell("TL-CON-022", (*path, "unit"), what, ", ".join(UNITS), telling.near(unit, UNITS))
        return timedelta(seconds=1)
    return timedelta(seconds=min(value * UNITS[unit], _LONGEST))
