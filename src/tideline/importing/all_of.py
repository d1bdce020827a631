"""Several JSON Schemas that hold at once (`allOf`, and what stands beside a `$ref`) as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SAID = {
    "$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "title", "description", "examples", "default",
    "deprecated", "readOnly", "writeOnly", "nullable",
}  # fmt: skip


def joined(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One schema for all parts: members and required names of each; the last one describes.

    Of a keyword that two parts use differently the later value counts, and the other stays under `allOf`.
    """
    whole: dict[str, Any] = {}
    left: list[Any] = []
    for part in parts:
        left += part.get("allOf", ())
        for key, value in part.items():
            if key == "properties" and key in whole:
                whole[key] = _members(whole[key], value)
            elif key == "required" and key in whole:
                whole[key] = list(dict.fromkeys([*whole[key], *value]))
            elif key != "allOf":
                if key in whole and key not in _SAID and whole[key] != value:
                    left.append({key: whole[key]})
                whole[key] = value
    return {**whole, "allOf": left} if left else whole


def _members(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """A member that both describe has to satisfy both."""
    twice = [name for name in first if name in second and first[name] != second[name]]
    return {**first, **second, **{name: {"allOf": [first[name], second[name]]} for name in twice}}
