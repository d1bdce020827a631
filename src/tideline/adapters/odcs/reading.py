"""Makes the strict contract out of a valid ODCS file; whatever Tideline would not honour is an error, never ignored.

What is metadata only in the standard (roles, price, support, servers, other vendors' customProperties) stays untouched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tideline.adapters.odcs.checks import Checks
from tideline.adapters.odcs.finding import YamlPath, shown
from tideline.adapters.odcs.promises import read_identity, read_promises
from tideline.adapters.odcs.properties import read_fields
from tideline.adapters.odcs.source import Source
from tideline.adapters.odcs.telling import VENDOR, Ours, Telling
from tideline.model.contract import Contract, Deduplication, DerivedField, View
from tideline.model.problem import Problem
from tideline.model.quality import Metric

Model = TypeVar("Model", bound=BaseModel)
EVENT_KEYS = ("stream", "eventTime", "deduplication", "derived", "views", "retired")
_STREAM = {"partitions": "partitions", "maxEventBytes": "max_event_bytes"}
_HORIZON = re.compile(r"P(?=.)([0-9]{1,5}D)?(T(?=.)([0-9]{1,7}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?")
_VIEW_KEYS = {"batchOnly": "batch_only"}
_UNKNOWN = re.compile(r"no (column|view) '([^']*)'")


class Reader(Telling):
    """Reads one source; `place` are the family and the path below the contracts folder, which the file cannot say."""

    def __init__(self, source: Source, place: Mapping[str, str | None], *, earlier: bool = False) -> None:
        super().__init__(source, earlier=earlier)
        self._place = place

    def contract(self) -> Contract | None:
        """The contract, or None when a finding is an error (of an earlier version: one that is not of the house)."""
        data = self.source.data
        self._unique_ids(data, ())
        if (events := len(data.get("schema") or ())) != 1:
            what = f"a contract describes exactly one event, here are {events or 'none'}"
            near = "write a file for each event, or a family for events of one shape" if events else ""
            self.tell("TL-CON-021", ("schema",), what, "one entry under schema", near)
            if not events:
                return None
        event, at = data["schema"][0], ("schema", 0)
        ours = self.ours(event, at, EVENT_KEYS)
        values = dict(self._place) | read_identity(self, data) | read_promises(self, data)
        values["stream"] = self._stream(event, at, ours)
        values["fields"] = read_fields(self, event, at)
        checks = Checks(self)
        checks.read_all(event, at)
        values |= {"rules": checks.rules, "gates": checks.gates}
        values["event_time"] = self.required(ours, "eventTime", at)
        self.origin[("event_time",)] = ours.get("eventTime", (None, at))[1]
        values["deduplication"] = self._deduplication(ours, at)
        values["derived"] = self._listed(ours, "derived", DerivedField)
        values["views"] = self._listed(ours, "views", View, _VIEW_KEYS)
        if "retired" in ours:
            values["retired"], self.origin[("retired",)] = ours["retired"]
        if not self.broken:
            self._overlooked(data, ())
        return None if self.broken else self._whole(values)

    def _overlooked(self, value: Any, path: YamlPath) -> None:
        """A property of ours where nobody looks for one, such as beside a promise or a server."""
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "customProperties":
                listed = inner if isinstance(inner, list) and path not in self.holders else ()
                for n, custom in enumerate(listed):
                    if isinstance(custom, dict) and custom.get("vendor") == VENDOR:
                        what = f"nothing reads the property {shown(custom.get('property'))} here"
                        near = "move it to the contract, its event, a field or a check"
                        self.insist("TL-CON-020", (*path, key, n), what, suggestion=near)
            elif isinstance(inner, (dict, list)):
                self._overlooked(inner, (*path, key))

    def _whole(self, values: dict[str, Any]) -> Contract | None:
        problems: list[Problem] = []
        try:
            contract = Contract.model_validate(values, context={"problems": problems})
        except ValidationError as error:
            self._pydantic(error, Contract, ())
            return None
        for problem in problems:
            told = self.insist if problem.house else self.tell
            told("TL-CON-030", self.in_file(problem.path), problem.text, suggestion=self._meant(contract, problem.text))
        if self.broken:
            return None
        self._keys(contract)
        return contract

    def _meant(self, contract: Contract, text: str) -> str:
        """The column or view that a problem may have been about."""
        unknown = _UNKNOWN.search(text)
        if unknown is None or "did you mean" in text:
            return ""
        views = [view.name for view in contract.views]
        return self.near(unknown[2], views if unknown[1] == "view" else {*contract.paths, *contract.columns})

    def _keys(self, contract: Contract) -> None:
        """`unique` and `primaryKey` are kept by deduplication and by gates only."""
        kept = {gate.columns for gate in contract.gates if gate.metric is Metric.DUPLICATE_VALUES}
        kept |= {(contract.deduplication.key,)}
        found = list(enumerate(self.source.data["schema"][0]["properties"]))
        primary = tuple(field["name"] for _, field in found if field.get("primaryKey"))
        for at, field in found:
            for key, columns in (("unique", (field["name"],)), ("primaryKey", primary)):
                if field.get(key) and columns not in kept:
                    what = (
                        f"nothing looks whether {' and '.join(columns)} {'is' if len(columns) == 1 else 'are'} unique"
                    )
                    near = f"add the check metric: duplicateValues over {', '.join(columns)}"
                    self.mention("TL-CON-041", ("schema", 0, "properties", at, key), what, near)

    def _unique_ids(self, value: Any, path: YamlPath) -> None:
        """The standard asks for ids that are unique in their list and leaves the check to others."""
        if isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, (dict, list)):
                    self._unique_ids(inner, (*path, key))
        elif isinstance(value, list):
            seen: set[Any] = set()
            for at, item in enumerate(value):
                id_ = item.get("id") if isinstance(item, dict) else None
                if isinstance(id_, str) and id_ in seen:
                    what = f"the id {shown(id_)} stands in this list a second time"
                    self.insist("TL-CON-030", (*path, at, "id"), what)
                seen.add(id_ if isinstance(id_, str) else None)
                if isinstance(item, (dict, list)):
                    self._unique_ids(item, (*path, at))

    def _stream(self, event: Mapping[str, Any], at: YamlPath, ours: Ours) -> dict[str, Any]:
        value = self.required(ours, "stream", at)
        if not event.get("physicalName"):
            self.tell("TL-CON-021", at, "the event names no topic", "physicalName")
        if value is None:
            return {}
        path = ours["stream"][1]
        if not isinstance(value, dict):
            self.tell("TL-CON-022", path, f"stream is {shown(value)}", f"a mapping of {', '.join(_STREAM)}")
            return {}
        self.known(value, tuple(_STREAM), path)
        self.origin |= {("stream", "topic"): (*at, "physicalName"), ("stream",): path}
        self.origin |= {("stream", name): (*path, key) for key, name in _STREAM.items()}
        for key in _STREAM:
            if key in value and (isinstance(value[key], bool) or not isinstance(value[key], int)):
                self.tell("TL-CON-022", (*path, key), f"{key} is {shown(value[key])}", "a whole number")
        return {"topic": event.get("physicalName")} | {
            name: value[key] for key, name in _STREAM.items() if key in value
        }

    def _deduplication(self, ours: Ours, at: YamlPath) -> Any:
        value = self.required(ours, "deduplication", at)
        if value is None:
            return None
        path = ours["deduplication"][1]
        self.origin |= {("deduplication",): path}
        if isinstance(value, dict) and not _HORIZON.fullmatch(str(value.get("horizon"))):
            place = (*path, "horizon")
            self.tell("TL-CON-022", place, f"horizon is {shown(value.get('horizon'))}", "ISO 8601 such as P7D")
            return None
        return self._model(Deduplication, value, path)

    def _listed(
        self, ours: Ours, name: str, model: type[Model], renamed: Mapping[str, str] | None = None
    ) -> Sequence[Model]:
        """A list of parts, written as the model has them but for the keys that `renamed` maps to the model's."""
        if name not in ours:
            return ()
        value, path = ours[name]
        self.origin[(name,)] = path
        if not isinstance(value, list):
            self.tell("TL-CON-022", path, f"{name} is no list", f"a list of {', '.join(model.model_fields)}")
            return ()
        built = [self._model(model, item, (*path, n), renamed or {}) for n, item in enumerate(value)]
        return [item for item in built if item is not None]

    def _model(
        self, model: type[Model], value: Any, path: YamlPath, renamed: Mapping[str, str] | None = None
    ) -> Model | None:
        renamed = renamed or {}
        if isinstance(value, dict):
            if "batchOnly" in renamed and "batchOnly" in value:
                self.boolean(value["batchOnly"], (*path, "batchOnly"))
            own = set(renamed.values())
            value = {renamed.get(key, f"{key} " if key in own else key): inner for key, inner in value.items()}
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self._pydantic(error, model, path, renamed)
            return None

    def _pydantic(
        self, error: ValidationError, model: type[BaseModel], path: YamlPath, renamed: Mapping[str, str] | None = None
    ) -> None:
        """Pydantic's errors at the places of the file."""
        written = {name: key for key, name in (renamed or {}).items()}
        errors = error.errors(include_url=False, include_context=False)
        for problem in errors:
            if any(_around(problem["loc"], other["loc"]) for other in errors):
                continue  # what holds something wrong is told to be too short
            location = tuple(written.get(part, part) if isinstance(part, str) else part for part in problem["loc"])
            where = (*path, *location) if path else self.in_file(problem["loc"])
            if problem["type"] == "extra_forbidden":
                allowed = [written.get(key, key) for key in _keys_at(model, problem["loc"][:-1])]
                key = str(location[-1]).strip()
                what, near = f"unknown key {shown(key)}", self.near(key, allowed)
                self.tell("TL-CON-020", (*where[:-1], key), what, ", ".join(allowed), near, of_key=True)
            elif problem["type"] == "missing":
                what = f"{'.'.join(map(str, location[:-1])) or model.__name__.lower()} lacks {location[-1]!r}"
                self.tell("TL-CON-021", where[:-1], what)
            else:
                label, found = ".".join(map(str, location)), problem.get("input")
                near = self.near(found, _QUOTES.findall(problem["msg"])) if isinstance(found, str) else ""
                self.tell("TL-CON-022", where, f"{label} is {shown(found)}", _allowed(problem["msg"]), near)


_QUOTES = re.compile(r"'([^']*)'")


def _around(path: tuple[str | int, ...], inner: tuple[str | int, ...]) -> bool:
    return len(path) < len(inner) and inner[: len(path)] == path


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
