"""Where in its file a part of a contract stands, so that a finding is shown on its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tideline.adapters.odcs.finding import Refused
from tideline.adapters.odcs.source import Source, load

YamlPath = tuple[str | int, ...]
_NAMED = {"eventTime", "deduplication", "stream", "derived", "views", "retired"}
_TOP: dict[str, YamlPath] = {
    "id": ("id",),
    "topic": ("schema", 0, "physicalName"),
    "owner": ("team", "name"),
    "description": ("description", "purpose"),
    "tags": ("tags",),
    "version": ("version",),
}


class Places:
    """Finds (line, column) by file and dotted path; of what is not there, of the nearest part around it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sources: dict[str, Source | None] = {}

    def of(self, file: str, path: str) -> tuple[int, int]:
        """The place of a path such as `fields.shipping.city` or `views.by_day.measures.revenue`."""
        source = self._source(file)
        if source is None or not isinstance(source.data, dict):
            return (1, 1)
        return source.place(_locate(source.data, path.split(".")))

    def _source(self, file: str) -> Source | None:
        if file not in self._sources:
            try:
                self._sources[file] = load(self._root / file, file)
            except Refused:
                self._sources[file] = None
        return self._sources[file]


def _locate(data: Mapping[str, Any], path: Sequence[str]) -> YamlPath:
    first, *rest = path
    event: Mapping[str, Any] = next(iter(data.get("schema") or ()), {})
    if first in _TOP:
        return _TOP[first]
    if first == "fields":
        return _field(event, ("schema", 0), rest)
    if first in _NAMED:
        return _listed(event, ("schema", 0), first, rest)
    if first in ("rules", "gates"):
        return _entry(event.get("quality"), ("schema", 0, "quality"), rest[:1]) or ("schema", 0)
    return _listed(data, (), first, rest)


def _field(holder: Mapping[str, Any], at: YamlPath, names: Sequence[str]) -> YamlPath:
    """A field below properties, through members of objects and items of arrays."""
    if not names:
        return at
    if names[0] == "items" and isinstance(holder.get("items"), dict):
        return _field(holder["items"], (*at, "items"), names[1:])
    found = _entry(holder.get("properties"), (*at, "properties"), names[:1])
    return _field(holder["properties"][found[-1]], found, names[1:]) if found else at


def _listed(holder: Mapping[str, Any], at: YamlPath, name: str, rest: Sequence[str]) -> YamlPath:
    """One of our custom properties and, in it, parts by their name."""
    found = _entry(holder.get("customProperties"), (*at, "customProperties"), [name], key="property")
    if not found:
        return at
    value, place = holder["customProperties"][found[-1]].get("value"), (*found, "value")
    for part in rest:
        if isinstance(value, dict) and part in value:
            value, place = value[part], (*place, part)
        elif inner := _entry(value, place, [part]):
            value, place = value[inner[-1]], inner
        else:
            break
    return place


def _entry(listed: Any, at: YamlPath, names: Sequence[str], key: str = "name") -> YamlPath:
    """The entry of a list with this name, or nothing."""
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        if names and isinstance(entry, dict) and entry.get(key) == names[0]:
            return (*at, number)
    return ()
