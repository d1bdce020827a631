"""Checks a contract against the JSON Schema of the Open Data Contract Standard that its Python package carries."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, cast

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError

from tideline.adapters.odcs.source import Finding, Source, YamlPath

_QUOTED = re.compile(r"'([^']*)'")


def check(source: Source) -> Iterator[Finding]:
    """Every breach of the standard, at its line and column; the same breach is told once."""
    told: set[tuple[YamlPath, str]] = set()
    for error in _leaves(_validator().iter_errors(source.data)):
        path: YamlPath = tuple(error.absolute_path)
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            findings = list(_unknown_keys(source, path, error))
        else:
            findings = [_wrong_value(source, path, error)]
        for finding in findings:
            if (path, finding.what) not in told:
                told.add((path, finding.what))
                yield finding


def closest(word: object, allowed: Iterable[str]) -> str:
    """One suggestion, or nothing when nothing is near."""
    near = difflib.get_close_matches(str(word), list(allowed), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


@cache
def _schema() -> dict[str, Any]:
    text = (resources.files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Draft201909Validator:
    return Draft201909Validator(_schema())


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors behind a `oneOf`: those of the branch whose type the value has."""
    for error in errors:
        fitting = [
            inner for inner in error.context or () if not (inner.validator == "type" and len(inner.relative_path) == 0)
        ]
        if error.validator in ("oneOf", "anyOf") and fitting:
            yield from _leaves(fitting)
        else:
            yield error


def _unknown_keys(source: Source, path: YamlPath, error: ValidationError) -> Iterator[Finding]:
    allowed = _property_names(error.schema)
    named = set(_QUOTED.findall(error.message.rpartition("(")[2]))
    unknown = [key for key in cast(dict[str, Any], error.instance) if key in named and key not in allowed]
    for key in unknown:
        place = source.place((*path, key), of_key=True)
        what = f"unknown key {key!r}"
        yield Finding("TL-CON-010", source.file, *place, what, ", ".join(sorted(allowed)), closest(key, allowed))


def _wrong_value(source: Source, path: YamlPath, error: ValidationError) -> Finding:
    place = source.place(path)
    label, wanted = _label(path), cast(Any, error.validator_value)
    found = json.dumps(error.instance)[:60] if not isinstance(error.instance, (dict, list)) else "this"
    if error.validator == "enum":
        words = [str(word) for word in wanted]
        allowed, suggestion = ", ".join(words), closest(error.instance, words)
        return Finding("TL-CON-011", source.file, *place, f"{label} is {found}", allowed, suggestion)
    if error.validator == "type":
        kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
        suggestion = "put it in quotes" if kinds == "string" and isinstance(error.instance, (int, float)) else ""
        return Finding("TL-CON-011", source.file, *place, f"{label} is {found}", f"a value of type {kinds}", suggestion)
    if error.validator == "required":
        missing = (_QUOTED.findall(error.message) or ["a key"])[0]
        return Finding(
            "TL-CON-012", source.file, *place, f"{label} lacks {missing!r}", suggestion=f"add {missing}: ..."
        )
    return Finding("TL-CON-011", source.file, *place, f"{label}: {error.message[:200]}")


def _label(path: YamlPath) -> str:
    return ".".join(str(part) for part in path) or "the contract"


def _property_names(schema: Any) -> set[str]:
    """Every key that some branch of a schema knows, through references and conditions."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = [schema]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, Mapping):
            continue
        names.update(current.get("properties", {}))
        reference = current.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            waiting.append(_resolve(reference))
        for word in ("allOf", "anyOf", "oneOf"):
            waiting.extend(current.get(word, ()))
        waiting.extend(current[word] for word in ("then", "else") if word in current)
    return names


def _resolve(reference: str) -> Any:
    target: Any = _schema()
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target
