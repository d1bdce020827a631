"""Reads the quality checks of the event and of its fields into row rules and gates; one that nobody runs is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tideline.adapters.odcs.finding import YamlPath, shown
from tideline.adapters.odcs.telling import VENDOR, Ours, Telling
from tideline.model.quality import Action, Comparison, Metric, Severity, Unit, outcomes

OUR_KEYS = ("action", "on", "scope")
SCOPES = ("table", "run")
ARGUMENTS = {
    "rowCount": (), "nullValues": ("properties",), "missingValues": ("properties", "missingValues"),
    "invalidValues": ("properties", "validValues", "pattern"), "duplicateValues": ("properties",),
}  # fmt: skip
_GATE_ACTIONS = (Action.FAIL.value, Action.WARN.value)
_COMPARISONS = tuple(comparison.value for comparison in Comparison)
_RANGES = (Comparison.BETWEEN.value, Comparison.NOT_BETWEEN.value)
_MODEL_KEYS = {"validValues": "valid_values", "missingValues": "missing_values", "pattern": "pattern"}
_ADVICE = f"type: custom with engine: {VENDOR}, type: library with a metric, or type: sql"


class Checks:
    """Collects rules and gates in the order of the file; `read` is called for the event and for each field."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.rules: list[dict[str, Any]] = []
        self.gates: list[dict[str, Any]] = []

    def read_all(self, event: Mapping[str, Any], at: YamlPath) -> None:
        """The checks of the event, then those of its fields and of what is inside them."""
        self._read(event, at, None)
        for n, found in enumerate(event.get("properties") or ()):
            self._field(found, (*at, "properties", n), "")

    def _field(self, found: Mapping[str, Any], path: YamlPath, before: str) -> None:
        column = f"{before}{found['name']}"
        self._read(found, path, column)
        for n, member in enumerate(found.get("properties") or ()):
            self._field(member, (*path, "properties", n), f"{column}.")
        for inner, place in _items(found, path):
            if inner.get("quality"):
                what = "a check on the items of an array or the values of a map is not run"
                self.telling.tell("TL-CON-023", (*place, "quality"), what, f"a rule over size({column}), or type: sql")

    def _read(self, holder: Mapping[str, Any], at: YamlPath, column: str | None) -> None:
        for n, check in enumerate(holder.get("quality") or ()):
            path, kind = (*at, "quality", n), check.get("type", "library")
            if kind == "text":
                continue
            ours = self.telling.ours(check, path, OUR_KEYS)
            for name in ("schedule", "scheduler"):
                if name in check:
                    what, near = f"a check has no {name} of its own", "it runs with each run of the contract"
                    self.telling.tell("TL-CON-023", (*path, name), what, suggestion=near, of_key=True)
            if kind == "custom":
                self._custom(check, path, ours)
            elif kind == "sql":
                self._sql(check, path, ours, column)
            else:
                self._library(check, path, ours, column)

    def _custom(self, check: Mapping[str, Any], path: YamlPath, ours: Ours) -> None:
        if check.get("engine") != VENDOR:
            near = self.telling.near(check.get("engine"), (VENDOR,)) or _ADVICE
            what = f"no part of Tideline runs a check of the engine {shown(check.get('engine'))}"
            self.telling.tell("TL-CON-023", (*path, "engine"), what, f"engine: {VENDOR}", near)
            return
        if not isinstance(check["implementation"], str):
            self.telling.tell("TL-CON-022", (*path, "implementation"), "this is no expression", "a text")
            return
        value, place = ours.get("action", (Action.QUARANTINE.value, path))
        if not self.telling.one_of(value, [action.value for action in Action], place, "action"):
            return
        said = self._said(check, path, "")
        if not said["name"]:
            self.telling.tell("TL-CON-021", path, "a rule needs a name: quarantine and audit show it")
        if value != Action.QUARANTINE:
            counted = {"metric": Metric.BREACHES, "comparison": Comparison.MUST_BE, "limits": (Decimal(0),)}
            self._gate(said | counted | {"expression": check["implementation"]}, path, ours, "implementation")
            return
        for name in ("on", "scope"):
            if name in ours:
                what = f"{name!r} is of gates; this rule judges single events"
                self.telling.tell("TL-CON-020", ours[name][1], what, suggestion="add the property action: fail or warn")
        self.telling.origin |= {
            ("rules", len(self.rules)): path, ("rules", len(self.rules), "expression"): (*path, "implementation"),
        }  # fmt: skip
        self.rules.append(said | {"expression": check["implementation"]})

    def _library(self, check: Mapping[str, Any], path: YamlPath, ours: Ours, column: str | None) -> None:
        metric, arguments = check.get("metric"), check.get("arguments") or {}
        if metric is None:
            what = "this check has no metric" if "rule" not in check else "the standard renamed rule to metric"
            self.telling.tell("TL-CON-023", path, what, ", ".join(ARGUMENTS), _ADVICE)
            return
        if not self.telling.one_of(metric, tuple(ARGUMENTS), (*path, "metric"), "metric"):
            return
        if metric == "rowCount" and column is not None:
            self.telling.tell("TL-CON-022", (*path, "metric"), "rows are counted at the event, not at a field")
        self.telling.known(arguments, ARGUMENTS[metric], (*path, "arguments"))
        columns = self._columns(metric, arguments, path, column)
        said = self._said(check, path, "_".join([_snake(metric), *columns]).replace(".", "_")[:63])
        said |= {"metric": metric, "columns": columns} | self._arguments(metric, arguments, path)
        self._gate(said | self._threshold(check, path, metric), path, ours, "metric")

    def _columns(
        self, metric: str, arguments: Mapping[str, Any], path: YamlPath, column: str | None
    ) -> tuple[str, ...]:
        if metric == "rowCount":
            return ()
        place = (*path, "arguments", "properties")
        named = arguments.get("properties")
        if named is None:
            if column is None:
                near = "state the check at the field, or add arguments: {properties: [...]}"
                self.telling.tell("TL-CON-021", path, f"{metric} names no column", "arguments.properties", near)
            return () if column is None else (column,)
        if not isinstance(named, list) or not named or not all(isinstance(name, str) for name in named):
            self.telling.tell("TL-CON-022", place, "these are no columns", "a list of field names")
            return ()
        if metric != "duplicateValues" and len(named) > 1:
            self.telling.tell(
                "TL-CON-022", place, f"{metric} looks at one column, here are {len(named)}", "one field name"
            )
        own = [] if column is None or column in named else [column]
        return (*own, *named)

    def _arguments(self, metric: str, arguments: Mapping[str, Any], path: YamlPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, name in _MODEL_KEYS.items():
            if key not in arguments or key not in ARGUMENTS[metric]:
                continue
            value, place = arguments[key], (*path, "arguments", key)
            if key == "pattern" and isinstance(value, str):
                found[name] = value
            elif key != "pattern" and isinstance(value, list) and value:
                found[name] = tuple("" if item is None else str(item) for item in value)
            else:
                wanted = "a regular expression" if key == "pattern" else "a list of values"
                self.telling.tell("TL-CON-022", place, f"{key} is {shown(value)}", wanted)
        if metric == "invalidValues" and not {"validValues", "pattern"} & arguments.keys():
            self.telling.tell(
                "TL-CON-021", path, "nothing says which values are valid", "arguments.validValues or .pattern"
            )
        if metric == "missingValues" and "missingValues" not in arguments:
            self.telling.tell("TL-CON-021", path, "nothing says which values are missing", "arguments.missingValues")
        return found

    def _sql(self, check: Mapping[str, Any], path: YamlPath, ours: Ours, column: str | None) -> None:
        query = check["query"].strip()
        if column is not None:
            query = query.replace("${column}", column).replace("${property}", column)
        said = self._said(check, path, "")
        if not said["name"]:
            self.telling.tell("TL-CON-021", path, "a query needs a name: the audit shows it")
        self._gate(
            said | {"metric": Metric.SQL, "query": query} | self._threshold(check, path, "sql"), path, ours, "query"
        )

    def _threshold(self, check: Mapping[str, Any], path: YamlPath, metric: str) -> dict[str, Any]:
        """Comparison, limits and unit of a library metric or a query."""
        comparison = next(name for name in _COMPARISONS if name in check)
        value, count = check[comparison], 2 if comparison in _RANGES else 1
        limits = value if isinstance(value, list) and comparison in _RANGES else [value]
        if len(limits) != count or any(isinstance(one, bool) or not isinstance(one, (int, Decimal)) for one in limits):
            allowed = "two numbers, such as [0, 10]" if comparison in _RANGES else "a number"
            self.telling.tell("TL-CON-022", (*path, comparison), f"{comparison} is {shown(value)}", allowed)
            limits = [0] * count
        if len(limits) == 2 and limits[0] > limits[1]:
            what = f"{comparison} names the larger limit first"
            self.telling.tell("TL-CON-030", (*path, comparison), what)
        units = (Unit.ROWS.value,) if metric == "rowCount" else tuple(unit.value for unit in Unit)
        if "unit" not in check:
            what = f"the threshold of {metric} has no unit"
            self.telling.tell("TL-CON-021", path, what, ", ".join(units), f"add unit: {units[0]}")
        elif self.telling.one_of(check["unit"], units, (*path, "unit"), "unit"):
            if metric != Metric.SQL:
                self._reachable(Comparison(comparison), tuple(map(Decimal, limits)), Unit(check["unit"]), path)
            return {"comparison": comparison, "limits": tuple(map(Decimal, limits)), "unit": check["unit"]}
        return {"comparison": comparison, "limits": tuple(map(Decimal, limits))}

    def _reachable(self, comparison: Comparison, limits: tuple[Decimal, ...], unit: Unit, path: YamlPath) -> None:
        """A threshold that nothing can meet would stop every run, one that everything meets says nothing."""
        found, place = outcomes(comparison, limits, unit), (*path, comparison.value)
        numbers = "whole numbers from 0 on" if unit is Unit.ROWS else "numbers from 0 to 100"
        if True not in found:
            what = f"no number of {unit.value} is ever {comparison.value} {' and '.join(map(str, limits))}"
            self.telling.insist("TL-CON-030", place, what, numbers)
        elif False not in found:
            what = f"every number of {unit.value} is {comparison.value} {' and '.join(map(str, limits))}"
            self.telling.mention("TL-CON-041", place, what, f"{unit.value} are {numbers}: take another limit")

    def _said(self, check: Mapping[str, Any], path: YamlPath, name: str) -> dict[str, Any]:
        """What every check may say about itself."""
        said = {"name": check.get("name") or name, "description": check.get("description", "")}
        severity = check.get("severity", Severity.ERROR.value)
        if self.telling.one_of(severity, [word.value for word in Severity], (*path, "severity"), "severity"):
            said["severity"] = severity
        return said | ({"dimension": check["dimension"]} if "dimension" in check else {})

    def _gate(self, gate: dict[str, Any], path: YamlPath, ours: Ours, source_key: str) -> None:
        action, place = ours.get("action", (Action.FAIL.value, path))
        if not self.telling.one_of(
            action, _GATE_ACTIONS if gate["metric"] != Metric.BREACHES else list(Action), place, "action"
        ):
            return
        gate["action"] = action
        if "scope" in ours and self.telling.one_of(ours["scope"][0], SCOPES, ours["scope"][1], "scope"):
            gate["run_only"] = ours["scope"][0] == "run"
        model: YamlPath = ("gates", len(self.gates))
        self.telling.origin |= {
            model: path,
            (*model, "expression"): (*path, source_key),
            (*model, "query"): (*path, source_key),
        }
        self.telling.origin[(*model, "columns")] = path
        if "on" in ours:
            gate["table"], self.telling.origin[(*model, "table")] = ours["on"]
        self.gates.append(gate)


def _items(found: Mapping[str, Any], path: YamlPath) -> Iterator[tuple[Mapping[str, Any], YamlPath]]:
    """What stands in an array or a map, with everything in it."""
    inside = [(found["items"], (*path, "items"))] if "items" in found else []
    inside += [(found["map"][part], (*path, "map", part)) for part in ("key", "value") if "map" in found]
    for inner, place in inside:
        yield inner, place
        yield from _items(inner, place)
        for n, member in enumerate(inner.get("properties") or ()):
            yield member, (*place, "properties", n)
            yield from _items(member, (*place, "properties", n))


def _snake(metric: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", metric)
