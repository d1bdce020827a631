"""The short form (`dataset`, `owner`, `sla`, `schema`, `quality`) in which many teams sketch a contract -> Draft."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tideline.importing import types
from tideline.importing.checks import field_check, leave_open, table_check
from tideline.importing.draft import MAX_DEPTH, Draft, FieldDraft, refused, unreadable

_TOP = {
    "dataset": "name", "name": "name", "table": "name", "domain": "domain", "owner": "owner", "team": "owner",
    "description": "purpose", "purpose": "purpose", "version": "version", "tags": "tags", "sla": "sla", "slas": "sla",
    "schema": "schema", "fields": "schema", "columns": "schema", "quality": "quality", "checks": "quality",
    "quality_checks": "quality", "topic": "topic", "key": "key", "primary_key": "key", "event_time": "event_time",
    "retention": "retention",
}  # fmt: skip
_FIELD = {
    "name": "name", "field": "name", "column": "name", "type": "type", "data_type": "type",
    "description": "description", "required": "required", "not_null": "required", "nullable": "nullable",
    "unique": "unique", "pii": "pii",
    "primary_key": "primary_key", "pk": "primary_key", "classification": "classification", "masking": "masking",
    "checks": "checks", "tests": "checks", "constraints": "checks", "quality": "checks", "enum": "enum",
    "allowed_values": "enum", "min": "min", "min_value": "min", "minimum": "min", "max": "max", "max_value": "max",
    "maximum": "max", "min_length": "min_length", "max_length": "max_length", "pattern": "pattern", "regex": "pattern",
    "fields": "fields", "properties": "fields", "items": "items", "values": "values", "timezone": "timezone",
}  # fmt: skip
_AS_CHECKS = ("enum", "min", "max", "min_length", "max_length", "pattern")
_LENGTH = re.compile(r"(\d+)\s*([a-z]+)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_UNITS = {"s": "s", "sec": "s", "second": "s", "m": "m", "min": "m", "minute": "m", "h": "h", "hr": "h", "hour": "h",
          "d": "d", "day": "d", "w": "w", "week": "w", "y": "y", "yr": "y", "year": "y"}  # fmt: skip
_LENGTHS = ("freshness", "retention", "latency", "frequency", "timeToDetect", "timeToNotify", "timeToRepair")
_SHARES = ("availability", "errorRate")
_SLA_WORDS = {re.sub(r"[^a-z]", "", word.lower()): word for word in (*_LENGTHS, *_SHARES)}
_FROM_OUTSIDE = frozenset({"apiVersion", "kind", "dataContractSpecification"})


def read(path: Path) -> Draft:
    """The draft of one file; raises TidelineError (TL-IMP-001 unreadable, TL-IMP-003 not of this form)."""
    from tideline.adapters.odcs.finding import Refused
    from tideline.adapters.odcs.source import load

    try:
        source = load(path, str(path))
    except Refused as error:
        raise unreadable(str(path), str(error), "write the short form as plain YAML, see docs/importing.md") from None
    if not isinstance(source.data, dict):
        raise refused(str(path), "a short form is a mapping", "begin with `dataset: name`, see docs/importing.md")
    return _Reader(path.name, str(path)).draft(source.data)


class _Reader:
    """Reads one short form; whatever it does not know stops it, because a dropped key is a broken promise."""

    def __init__(self, source: str, where: str) -> None:
        self._draft, self._where = Draft(source), where

    def draft(self, data: Mapping[str, Any]) -> Draft:
        if _FROM_OUTSIDE & data.keys():
            raise refused(
                self._where, "this is a whole contract already, not a short form", "put it below contracts/ and lint it"
            )
        said = self._words(data, _TOP, "the short form")
        draft = self._draft
        self._identity(said)
        self._sla(said)
        draft.fields = self._fields(said.get("schema"), "schema", 0)
        for at, check in enumerate(self._list(said.get("quality"), "quality")):
            self._quality(check, f"quality[{at}]")
        return draft

    def _identity(self, said: Mapping[str, Any]) -> None:
        name = str(said.get("name") or "")
        domain, _, product = name.rpartition(".")
        self._draft.name = product or name
        self._draft.domain = str(said.get("domain") or domain.rpartition(".")[2])
        if domain.count("."):
            self._draft.notes.append(f"of {name!r} only {self._draft.domain}.{product} is taken")
        for part in ("owner", "purpose", "topic", "key", "event_time"):
            value = said.get(part)
            if isinstance(value, dict) and part == "owner":
                value = value.get("name") or value.get("team")
            if value is not None and not isinstance(value, str):
                raise refused(self._where, f"{part} is {value!r}", f"write {part} as a text")
            setattr(self._draft, part, value or "")
        version = str(said.get("version") or "1.0.0")
        numbers = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
        if numbers is None:
            raise refused(self._where, f"version is {version!r}", "write it as 1.0.0")
        self._draft.version = ".".join(number or "0" for number in numbers.groups())
        self._draft.tags = [str(tag) for tag in self._list(said.get("tags"), "tags")]

    def _sla(self, said: Mapping[str, Any]) -> None:
        promises = said.get("sla") or {}
        if not isinstance(promises, dict):
            raise refused(self._where, "sla is no mapping", "write sla: {freshness: 15m, availability: 99.9%}")
        promises = dict(promises) | ({"retention": said["retention"]} if said.get("retention") else {})
        for word, value in promises.items():
            known = _SLA_WORDS.get(re.sub(r"[^a-z]", "", str(word).lower()))
            if known is None:
                near = difflib.get_close_matches(str(word), _SLA_WORDS.values(), n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_SLA_WORDS.values())}"
                raise refused(f"{self._where}: sla.{word}", f"{word!r} is no promise that can be said", hint)
            self._draft.sla.append(self._promise(known, str(value).strip(), f"sla.{word}"))

    def _promise(self, word: str, text: str, where: str) -> dict[str, Any]:
        if word in _SHARES:
            share = _PERCENT.fullmatch(text)
            if share is None:
                raise refused(f"{self._where}: {where}", f"{word} is {text!r}", "write a percentage such as 99.9%")
            return {"property": word, "value": Decimal(share[1]), "unit": "percent"}
        length = _LENGTH.fullmatch(text.lower())
        unit = _UNITS.get((length[2] or "").removesuffix("s") or length[2] or "") if length else None
        if length is None or unit is None or int(length[1]) == 0 or len(length[1]) > 9:
            raise refused(
                f"{self._where}: {where}", f"{word} is {text!r}", "write a length of time such as 15m, 24h or 90d"
            )
        amount = int(length[1])
        return {"property": word, "value": amount * 7 if unit == "w" else amount, "unit": "d" if unit == "w" else unit}

    def _fields(self, said: Any, where: str, depth: int) -> list[FieldDraft]:
        if depth > MAX_DEPTH:
            raise refused(f"{self._where}: {where}", f"it is nested deeper than {MAX_DEPTH} levels", "flatten it")
        if isinstance(said, dict):
            if set(said) == {"fields"} or set(said) == {"columns"}:
                return self._fields(next(iter(said.values())), where, depth)
            said = [
                {"name": name, **(spec if isinstance(spec, dict) else {"type": spec})} for name, spec in said.items()
            ]
        items = self._list(said, where)
        if not items and depth == 0:
            raise refused(f"{self._where}: {where}", "it names no field", "write schema: [{name: id, type: string}]")
        return [self._field(item, f"{where}[{at}]", depth) for at, item in enumerate(items)]

    def _field(self, item: Any, where: str, depth: int) -> FieldDraft:
        if not isinstance(item, dict):
            raise refused(f"{self._where}: {where}", f"{item!r} is no field", "write {name: ..., type: ...}")
        said = self._words(item, _FIELD, where)
        if not said.get("name"):
            raise refused(f"{self._where}: {where}", "the field has no name", "write {name: ..., type: ...}")
        field = FieldDraft(str(said["name"]), description=str(said.get("description") or ""))
        self._type(field, said, where, depth)
        for flag in ("required", "unique", "pii", "primary_key", "nullable"):
            if flag in said and not isinstance(said[flag], bool):
                raise refused(f"{self._where}: {where}", f"{flag} is {said[flag]!r}", "write true or false")
        field.required = said.get("required", not said.get("nullable", True))
        field.pii = said.get("pii", False)
        field.classification = str(said.get("classification") or "")
        field.masking = str(said.get("masking") or "")
        for flag in ("unique", "primary_key"):
            if said.get(flag):
                field_check(self._draft, field, flag)
        for key in _AS_CHECKS:
            if key in said:
                field_check(self._draft, field, {key: said[key]})
        self._checks(field, said.get("checks"), where)
        if field.pii and not field.classification:
            field.classification = "confidential"
            self._draft.notes.append(
                f"{field.name} is pii: classification confidential and masking silver-only are written"
            )
        return field

    def _checks(self, field: FieldDraft, said: Any, where: str) -> None:
        if isinstance(said, dict):  # constraints: {required: true, min: 0}
            said = [{name: argument} for name, argument in said.items() if argument is not False]
        if isinstance(said, str):
            said = [said]
        for check in self._list(said, f"{where}.checks"):
            if isinstance(check, dict) and "type" in check and set(check) <= {"type", "value", "values"}:
                value = check.get("value", check.get("values", True))
                check = {check["type"]: value}
            field_check(self._draft, field, check)

    def _type(self, field: FieldDraft, said: Mapping[str, Any], where: str, depth: int) -> None:
        text = str(said.get("type") or ("object" if "fields" in said else "array" if "items" in said else ""))
        plain = text.lower().strip()
        if plain in ("object", "struct", "record") and said.get("fields"):
            field.type, field.fields = "object", self._fields(said["fields"], f"{where}.fields", depth + 1)
        elif plain in ("array", "list", "map") and (said.get("items") or said.get("values")):
            inner = said.get("items") or said.get("values")
            spec = inner if isinstance(inner, dict) else {"type": inner}
            field.type = "map" if plain == "map" else "array"
            field.inner = self._field({"name": "item", **spec}, f"{where}.items", depth + 1)
        elif not text:
            field.open["logicalType"] = "the short form names no type"
        else:
            types.apply(field, text)
        if "timezone" in said and "defaultTimezone" in field.open:
            del field.open["defaultTimezone"]
            field.options |= {"timezone": False, "defaultTimezone": str(said["timezone"])}

    def _quality(self, check: Any, where: str) -> None:
        if isinstance(check, dict):
            keys = {"field" if key in ("field", "column") else "check": value for key, value in check.items()}
            if set(check) <= {"field", "column", "check", "assertion", "test", "rule"} and set(keys) == {
                "field",
                "check",
            }:
                field = next((field for field in self._draft.fields if field.name == keys["field"]), None)
                if field is None:
                    return leave_open(
                        self._draft, f"{keys['field']}: {keys['check']}", f"there is no field {keys['field']!r}"
                    )
                return field_check(self._draft, field, keys["check"])
            if len(check) == 1:
                word, argument = next(iter(check.items()))
                check = (
                    f"{word}: {argument}"
                    if not str(argument).strip().startswith((">", "<", "=", "!"))
                    else f"{word} {argument}"
                )
            else:
                raise refused(f"{self._where}: {where}", "this is no check", "write it as a text such as row_count > 0")
        return table_check(self._draft, str(check))

    def _list(self, said: Any, where: str) -> list[Any]:
        if said is None:
            return []
        if not isinstance(said, list):
            raise refused(f"{self._where}: {where}", f"{where} is no list", "write it as a list")
        return said

    def _words(self, data: Mapping[str, Any], known: Mapping[str, str], where: str) -> dict[str, Any]:
        """The values under our own words; an unknown key, or two keys for one word, is an error."""
        found: dict[str, Any] = {}
        for key, value in data.items():
            word = known.get(re.sub(r"[- ]", "_", key.lower()))
            if word is None:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"
                raise refused(f"{self._where}: {where}", f"unknown key {key!r}", hint)
            if word in found:
                raise refused(f"{self._where}: {where}", f"{key!r} says {word} a second time", "keep one of them")
            found[word] = value
        return found
