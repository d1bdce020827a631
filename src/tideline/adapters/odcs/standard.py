"""Checks a contract against the JSON Schema of the Open Data Contract Standard that its Python package carries.

Two known faults of the schema are worked round: it forgot `stream` of Kinesis servers, which the standard documents,
and what it asks of one logicalType it asks of a field without any too, `map` for one.
A v3.1.0 file is checked by the schema of v3.2.0, which allows all that v3.1.0 allowed and more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from jsonschema_rs import Draft201909Validator, ValidationError, ValidationErrorKind

from tideline.adapters.odcs.finding import Finding, YamlPath, closest, shown
from tideline.adapters.odcs.source import Source

MAX_ERRORS = 200
_UNKNOWN = (ValidationErrorKind.AdditionalProperties, ValidationErrorKind.UnevaluatedProperties)
_BRANCHES = (ValidationErrorKind.OneOfNotValid, ValidationErrorKind.AnyOf)


def check(source: Source) -> Iterator[Finding]:
    """Every breach of the standard (the first 200), at its line and column; the same breach is told once."""
    if _validator().is_valid(source.data):
        return
    found = (
        (tuple(error.instance_path), finding)
        for error in _leaves(_validator().iter_errors(source.data))
        for finding in _findings(source, tuple(error.instance_path), error)
    )
    told: set[tuple[YamlPath, str]] = set()
    for path, finding in islice(found, MAX_ERRORS):
        if (path, finding.what) not in told:
            told.add((path, finding.what))
            yield finding


@cache
def schema() -> dict[str, Any]:
    """The standard's JSON Schema (draft 2019-09), with its faults mended."""
    text = (resources.files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    kinesis = found["$defs"]["ServerSource"]["KinesisServer"]["properties"]
    kinesis.setdefault("stream", {"type": "string", "description": "The name of the Kinesis data stream."})
    for case in found["$defs"]["SchemaBaseProperty"]["allOf"]:
        for condition in case.get("if", {}).get("anyOf", [case.get("if", {})]):
            if "logicalType" in condition.get("properties", {}):
                condition["required"] = ["logicalType"]
    return found


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(schema())


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors behind a `oneOf`: those of the branch whose type the value has; a choice of keys stays whole."""
    for error in errors:
        if not isinstance(error.kind, _BRANCHES):
            yield error
            continue
        inner = [found for branch in error.kind.context for found in branch]
        fitting = [
            found
            for found in inner
            if not (isinstance(found.kind, ValidationErrorKind.Type) and found.instance_path == error.instance_path)
        ]
        if fitting and not all(isinstance(found.kind, ValidationErrorKind.Required) for found in fitting):
            yield from _leaves(fitting)
        else:
            yield error


def _findings(source: Source, path: YamlPath, error: ValidationError) -> Iterator[Finding]:
    if isinstance(error.kind, _UNKNOWN):
        yield from _unknown_keys(source, path, error)
    else:
        yield _wrong_value(source, path, error)


def _unknown_keys(source: Source, path: YamlPath, error: ValidationError) -> Iterator[Finding]:
    """A failed condition makes the keys it knows unknown too, so what any branch of the schema knows is left out."""
    allowed = property_names(_at(error.schema_path[:-1]))
    unexpected = error.kind.unexpected if isinstance(error.kind, _UNKNOWN) else []
    for key in unexpected:
        if key not in allowed:
            place = source.place((*path, key), of_key=True)
            what, near = f"unknown key {shown(key)}", closest(key, allowed)
            yield Finding("TL-CON-010", source.file, *place, what, ", ".join(sorted(allowed)), near)


def _wrong_value(source: Source, path: YamlPath, error: ValidationError) -> Finding:
    label, kind, found = ".".join(str(part) for part in path) or "the contract", error.kind, shown(error.instance)
    if isinstance(kind, ValidationErrorKind.Required):
        what = f"{label} lacks {kind.property!r}"
        return Finding("TL-CON-012", source.file, *source.place(path), what, suggestion=f"add {kind.property}: ...")
    what, allowed, near = f"{label} is {found}", "", ""
    if isinstance(kind, ValidationErrorKind.Enum):
        words = [str(word) for word in kind.options]
        allowed, near = ", ".join(words), closest(error.instance, words)
    elif isinstance(kind, ValidationErrorKind.Type):
        allowed = f"a value of type {' or '.join(kind.types)}"
        numeric = not isinstance(error.instance, (str, bool, dict, list)) and error.instance is not None
        near = "put it in quotes" if numeric and kind.types == ["string"] else ""
    elif isinstance(kind, _BRANCHES):
        return _no_branch(source, path, label, error)
    elif isinstance(kind, ValidationErrorKind.OneOfMultipleValid):
        what = f"{label} has several keys that exclude each other"
    else:
        what = f"{label}: {error.message[:200]}"
    return Finding("TL-CON-011", source.file, *source.place(path), what, allowed, near)


def _no_branch(source: Source, path: YamlPath, label: str, error: ValidationError) -> Finding:
    """None of several alternatives: of required keys (an operator), or of types."""
    inner = [found.kind for branch in getattr(error.kind, "context", ()) for found in branch]
    keys = [kind.property for kind in inner if isinstance(kind, ValidationErrorKind.Required)]
    if keys:
        held = error.instance if isinstance(error.instance, dict) else {}
        near = next(filter(None, (closest(key, keys) for key in held if key not in keys)), "")
        what = f"{label} has none of several keys of which it needs one"
        return Finding("TL-CON-012", source.file, *source.place(path), what, ", ".join(keys), near)
    types = [word for kind in inner if isinstance(kind, ValidationErrorKind.Type) for word in kind.types]
    what = f"{label} is {shown(error.instance)}"
    allowed = f"a value of type {' or '.join(dict.fromkeys(types))}" if types else ""
    return Finding("TL-CON-011", source.file, *source.place(path), what, allowed)


def _at(schema_path: Iterable[str | int]) -> Any:
    found: Any = schema()
    for part in schema_path:
        found = found[part]
    return found


def property_names(part: Any) -> set[str]:
    """Every key that some branch of a schema knows, through references and conditions."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = [part]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, Mapping):
            continue
        names.update(current.get("properties", {}))
        reference = current.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            waiting.append(_at(reference.removeprefix("#/").split("/")))
        for word in ("allOf", "anyOf", "oneOf"):
            waiting.extend(current.get(word, ()))
        waiting.extend(current[word] for word in ("then", "else") if word in current)
    return names
