"""Makes the strict contract out of a valid ODCS file; whatever Tideline would not honour is an error, never ignored.

What is metadata only in the standard (roles, price, support, servers, other vendors' customProperties) stays untouched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, TypeAdapter, ValidationError

from tideline.adapters.odcs.source import Finding, Source, YamlPath
from tideline.adapters.odcs.standard import closest
from tideline.model.consistency import Problem
from tideline.model.contract import Contract, Deduplication, DerivedField, View

VENDOR = "tideline"
Model = TypeVar("Model", bound=BaseModel)
_TYPES = {kind: kind for kind in ("string", "integer", "boolean", "date", "timestamp")} | {"number": "decimal"}
_OPTIONS = {"string": ("maxLength",), "timestamp": ("timezone", "defaultTimezone")}
_DECIMAL = re.compile(r"decimal\((\d{1,2}), ?(\d{1,2})\)")
_UNITS = {
    "s": 1, "second": 1, "seconds": 1, "m": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86_400, "day": 86_400, "days": 86_400,
    "y": 31_536_000, "yr": 31_536_000, "year": 31_536_000, "years": 31_536_000,
}  # fmt: skip
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


class Reader:
    """Reads one source; collects findings instead of stopping at the first."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self._origin: dict[tuple[str | int, ...], YamlPath] = {}

    def contract(self) -> Contract | None:
        """The contract, or None when there are findings."""
        data = self.source.data
        if len(data.get("schema", ())) != 1:
            self._tell("TL-CON-021", ("schema",), "a contract describes exactly one event", "one entry under schema")
            return None
        event, at = data["schema"][0], ("schema", 0)
        ours = self._ours(event, at, ("stream", "eventTime", "deduplication", "derived", "views"))
        values = self._identity(data) | self._promises(data)
        values["stream"] = self._stream(event, at, ours)
        values["fields"] = self._fields(event, at)
        values["rules"] = self._rules(event, at)
        values["event_time"] = self._required(ours, "eventTime", at)
        self._origin[("event_time",)] = ours.get("eventTime", (None, at))[1]
        values["deduplication"] = self._deduplication(ours, at)
        values["derived"] = self._listed(ours, "derived", DerivedField)
        values["views"] = self._listed(ours, "views", View)
        return None if self.findings else self._whole(values)

    def _whole(self, values: dict[str, Any]) -> Contract | None:
        problems: list[Problem] = []
        try:
            contract = Contract.model_validate(values, context={"problems": problems})
        except ValidationError as error:
            self._pydantic(error, Contract, ())
            return None
        for problem in problems:
            unknown = re.search(r"no column '(\w+)'", problem.text)
            near = closest(unknown[1], [field["name"] for field in values["fields"]]) if unknown else ""
            self._tell("TL-CON-030", self._yaml_path(problem.path), problem.text, suggestion=near)
        return None if problems else contract

    def _yaml_path(self, path: tuple[str | int, ...]) -> YamlPath:
        """Where in the file a part of the model comes from."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._origin:
                return (*self._origin[path[:length]], *path[length:])
        return path

    def _identity(self, data: Mapping[str, Any]) -> dict[str, Any]:
        product, domain = data.get("name"), data.get("domain")
        for key in ("name", "domain"):
            if not data.get(key):
                self._tell("TL-CON-021", (), f"the contract lacks {key!r}")
        if product and domain and data["id"] != f"{domain}.{product}":
            self._tell("TL-CON-022", ("id",), f"id is {data['id']!r}", f"domain.name, here {domain}.{product}")
        if re.fullmatch(r"\d+\.\d+\.\d+", data["version"]) is None:
            self._tell("TL-CON-022", ("version",), f"version is {data['version']!r}", "MAJOR.MINOR.PATCH such as 1.0.0")
        if data["apiVersion"] != "v3.2.0":
            self._tell("TL-CON-022", ("apiVersion",), f"apiVersion is {data['apiVersion']!r}", "v3.2.0")
        team, text = data.get("team"), data.get("description") or {}
        owner = team.get("name") if isinstance(team, dict) else None
        if not owner:
            self._tell("TL-CON-021", ("team",), "the contract names no owner", "team.name")
        if not text.get("purpose"):
            self._tell(
                "TL-CON-021", ("description",), "the contract does not say what it is for", "description.purpose"
            )
        known = ("usage", "purpose", "limitations", "authoritativeDefinitions", "customProperties")
        self._known(text, known, ("description",))
        self._origin |= {("product",): ("name",), ("owner",): ("team", "name")}
        return {
            "domain": domain, "product": product, "version": data["version"], "owner": owner,
            "description": text.get("purpose"), "tags": tuple(data.get("tags") or ()),
        }  # fmt: skip

    def _promises(self, data: Mapping[str, Any]) -> dict[str, Any]:
        ours = self._ours(data, (), ("schedule", "tier"))
        values: dict[str, Any] = {}
        for name, (value, path) in ours.items():
            values[name], self._origin[(name,)] = value, path
        for at, sla in enumerate(data.get("slaProperties") or ()):
            path, name = ("slaProperties", at), sla["property"]
            if name in ("freshness", "retention"):
                values[name] = self._amount(sla, path)
            elif suggestion := closest(name, ("freshness", "retention")):
                place = (*path, "property")
                self._tell("TL-CON-020", place, f"unknown promise {name!r}", "freshness, retention", suggestion)
        return values

    def _amount(self, sla: Mapping[str, Any], path: YamlPath) -> timedelta:
        value, unit = sla["value"], sla.get("unit", "s")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1_000_000_000:
            self._tell("TL-CON-022", (*path, "value"), f"{sla['property']} is {value!r}", "a positive whole number")
            return timedelta(seconds=1)
        if unit not in _UNITS:
            self._tell("TL-CON-022", (*path, "unit"), f"unit is {unit!r}", ", ".join(_UNITS), closest(unit, _UNITS))
            return timedelta(seconds=1)
        return timedelta(seconds=min(value * _UNITS[unit], 86_400 * 365_000))

    def _stream(self, event: Mapping[str, Any], at: YamlPath, ours: Mapping[str, Any]) -> dict[str, Any]:
        value = self._required(ours, "stream", at)
        if not event.get("physicalName"):
            self._tell("TL-CON-021", at, "the event names no topic", "physicalName")
        if not isinstance(value, dict):
            return {}
        path = ours["stream"][1]
        self._known(value, ("partitions", "maxEventBytes"), path)
        stream = {"topic": event.get("physicalName")}
        self._origin |= {("stream", "topic"): (*at, "physicalName"), ("stream",): path}
        for key, name in (("partitions", "partitions"), ("maxEventBytes", "max_event_bytes")):
            self._origin[("stream", name)] = (*path, key)
            if key in value:
                stream[name] = value[key]
        return stream

    def _fields(self, event: Mapping[str, Any], at: YamlPath) -> list[dict[str, Any]]:
        properties = event.get("properties") or []
        if not properties:
            self._tell("TL-CON-021", at, "the event has no fields", "properties")
        self._origin[("fields",)] = (*at, "properties")
        return [self._field(found, (*at, "properties", n)) for n, found in enumerate(properties)]

    def _field(self, found: Mapping[str, Any], path: YamlPath) -> dict[str, Any]:
        kind = found.get("logicalType")
        if kind not in _TYPES:
            self._tell("TL-CON-022", (*path, "logicalType"), f"logicalType is {kind!r}", ", ".join(_TYPES))
            return {}
        if not found.get("description"):
            self._tell("TL-CON-021", path, f"field {found['name']!r} has no description")
        if found.get("quality"):
            self._tell("TL-CON-023", (*path, "quality"), "a check on a field is not run", "quality of the event")
        ours = self._ours(found, path, ("pii",))
        field: dict[str, Any] = {
            "name": found["name"], "type": _TYPES[kind], "description": found.get("description", ""),
            "required": found.get("required", False), "classification": found.get("classification", "internal"),
        }  # fmt: skip
        if "pii" in ours:
            field["pii"] = self._boolean(*ours["pii"])
        if kind == "number":
            field |= self._decimal(found, path)
        return field | self._options(found, kind, path)

    def _decimal(self, found: Mapping[str, Any], path: YamlPath) -> dict[str, Any]:
        match = _DECIMAL.fullmatch(str(found.get("physicalType", "")))
        if match is None or not int(match[2]) <= int(match[1]):
            what = f"physicalType of the number {found['name']!r} is {found.get('physicalType')!r}"
            self._tell("TL-CON-022", (*path, "physicalType"), what, "decimal(PRECISION,SCALE) such as decimal(12,3)")
            return {}
        return {"precision": int(match[1]), "scale": int(match[2])}

    def _options(self, found: Mapping[str, Any], kind: str, path: YamlPath) -> dict[str, Any]:
        options, place = found.get("logicalTypeOptions") or {}, (*path, "logicalTypeOptions")
        self._known(options, _OPTIONS.get(kind, ()), place, "state a rule under quality instead")
        if kind == "string" and "maxLength" in options:
            return {"max_length": options["maxLength"]}
        if kind != "timestamp":
            return {}
        zone, carried = options.get("defaultTimezone"), options.get("timezone", True)
        if carried is not (zone is None):
            what = "a timestamp either carries its offset or names its zone"
            self._tell("TL-CON-022", place, what, "timezone: true, or timezone: false with defaultTimezone")
        if zone is not None and zone not in available_timezones():
            suggestion = closest(zone, available_timezones())
            self._tell("TL-CON-022", (*place, "defaultTimezone"), f"no time zone {zone!r}", "IANA names", suggestion)
        return {"timezone": zone}

    def _rules(self, event: Mapping[str, Any], at: YamlPath) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = []
        for n, check in enumerate(event.get("quality") or ()):
            path = (*at, "quality", n)
            if check.get("type") == "custom" and check.get("engine") == VENDOR:
                self._origin[("rules", len(rules))] = path
                self._origin[("rules", len(rules), "expression")] = (*path, "implementation")
                if not check.get("name"):
                    self._tell("TL-CON-021", path, "a rule needs a name: quarantine shows it")
                if check.get("severity", "error") != "error":
                    place = (*path, "severity")
                    self._tell("TL-CON-022", place, f"severity is {check['severity']!r}", "error")
                rules.append(
                    {"name": check.get("name", ""), "expression": check["implementation"],
                     "description": check.get("description", "")}
                )  # fmt: skip
            elif not (check.get("metric") == "duplicateValues" and check.get("mustBe") == 0):
                allowed = f"type: custom with engine: {VENDOR}, or metric: duplicateValues with mustBe: 0"
                self._tell("TL-CON-023", path, "no part of Tideline runs this check", allowed)
        return rules

    def _deduplication(self, ours: Mapping[str, Any], at: YamlPath) -> Any:
        value = self._required(ours, "deduplication", at)
        if value is None:
            return None
        path = ours["deduplication"][1]
        self._origin |= {("deduplication",): path}
        if isinstance(value, dict) and not re.fullmatch(
            r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+S)?)?", str(value.get("horizon"))
        ):
            self._tell("TL-CON-022", (*path, "horizon"), f"horizon is {value.get('horizon')!r}", "ISO 8601 such as P7D")
            return None
        return self._model(Deduplication, value, path)

    def _listed(self, ours: Mapping[str, Any], name: str, model: type[Model]) -> Sequence[Model]:
        if name not in ours:
            return ()
        value, path = ours[name]
        self._origin[(name,)] = path
        if not isinstance(value, list):
            self._tell("TL-CON-022", path, f"{name} is no list", f"a list of {', '.join(model.model_fields)}")
            return ()
        built = [self._model(model, item, (*path, n)) for n, item in enumerate(value)]
        return [item for item in built if item is not None]

    def _model(self, model: type[Model], value: Any, path: YamlPath) -> Model | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self._pydantic(error, model, path)
            return None

    def _pydantic(self, error: ValidationError, model: type[BaseModel], path: YamlPath) -> None:
        for problem in error.errors(include_url=False, include_context=False):
            location = problem["loc"]
            where = (*path, *location) if path else self._yaml_path(location)
            if problem["type"] == "extra_forbidden":
                allowed = _keys_at(model, location[:-1])
                what, near = f"unknown key {location[-1]!r}", closest(location[-1], allowed)
                self._tell("TL-CON-020", where, what, ", ".join(allowed), near, of_key=True)
            elif problem["type"] == "missing":
                what = f"{'.'.join(map(str, location[:-1])) or model.__name__.lower()} lacks {location[-1]!r}"
                self._tell("TL-CON-021", where[:-1], what)
            else:
                found = problem.get("input")
                shown = repr(found)[:60] if not isinstance(found, (dict, list)) else "this"
                self._tell("TL-CON-022", where, f"{'.'.join(map(str, location))} is {shown}", _allowed(problem["msg"]))

    def _ours(self, holder: Mapping[str, Any], at: YamlPath, allowed: Sequence[str]) -> dict[str, tuple[Any, YamlPath]]:
        """Our customProperties of one element: name -> (value, its path)."""
        ours: dict[str, tuple[Any, YamlPath]] = {}
        for n, custom in enumerate(holder.get("customProperties") or ()):
            path, name = (*at, "customProperties", n), custom["property"]
            if custom.get("vendor") != VENDOR:
                if custom.get("vendor") is None and name in allowed:
                    self._tell("TL-CON-020", path, f"{name!r} names no vendor", suggestion=f"add vendor: {VENDOR}")
                continue
            if name in ours:
                self._tell("TL-CON-020", (*path, "property"), f"the property {name!r} stands here a second time")
            elif name not in allowed:
                listed = ", ".join(allowed)
                self._tell(
                    "TL-CON-020", (*path, "property"), f"unknown property {name!r}", listed, closest(name, allowed)
                )
            ours[name] = (custom["value"], (*path, "value"))
        return {name: found for name, found in ours.items() if name in allowed}

    def _required(self, ours: Mapping[str, tuple[Any, YamlPath]], name: str, at: YamlPath) -> Any:
        if name not in ours:
            what = f"customProperties lack {name!r} with vendor {VENDOR}"
            self._tell("TL-CON-021", (*at, "customProperties"), what)
            return None
        return ours[name][0]

    def _boolean(self, value: Any, path: YamlPath) -> bool:
        if not isinstance(value, bool):
            self._tell("TL-CON-022", path, f"this is {value!r}", "true, false")
        return value is True

    def _known(self, found: Mapping[str, Any], allowed: Sequence[str], path: YamlPath, advice: str = "") -> None:
        for key in found:
            if key not in allowed:
                listed = ", ".join(allowed) or "none here"
                near = closest(key, allowed) or advice
                self._tell("TL-CON-020", (*path, key), f"unknown key {key!r}", listed, near, of_key=True)

    def _tell(
        self, code: str, path: YamlPath, what: str, allowed: str = "", suggestion: str = "", *, of_key: bool = False
    ) -> None:
        place = self.source.place(path, of_key=of_key)
        self.findings.append(Finding(code, self.source.file, *place, what, allowed, suggestion))


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The fields of the model that is nested at a location such as ("measures", 2)."""
    for part in location:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [found for found in getattr(annotation, "__args__", ()) if isinstance(found, type)]
            model = next(found for found in inner if issubclass(found, BaseModel))
    return list(model.model_fields)


def _allowed(message: str) -> str:
    """Pydantic's sentence as a description of what is allowed."""
    text = message.removeprefix("Input should be ").replace("Value error, ", "")
    return text[:1].lower() + text[1:]
