"""One file, several contracts: puts each member's name and parameters into the texts of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tideline.adapters.odcs.finding import YamlPath, closest, shown
from tideline.adapters.odcs.source import Source
from tideline.adapters.odcs.telling import VENDOR, Telling

MAX_MEMBERS = 1_000
MAX_VALUES = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_ANY_PLACE = re.compile(r"\$\{([^{}]{0,100})\}")
_PLACE = re.compile(r"\$\{family(?:\.([^}]*))?\}")


def members(telling: Telling) -> tuple[str, dict[str, Source]] | None:
    """The name of the family and each member's own file; None when the file has no family, or findings about it."""
    found = _declared(telling.source.data)
    _misspelt(telling, () if found is None else found[1], is_family=found is not None)
    if found is None:
        return None
    value, path = found
    if not _well_formed(telling, value, path):
        return None
    names = _same_parameters(telling, value["members"], (*path, "members"))
    _used(telling, names, path)
    if telling.broken:
        return None
    return value["name"], {
        name: _expand(telling.source, name, value["members"][name] or {}) for name in value["members"]
    }


def _declared(data: Any) -> tuple[Any, YamlPath] | None:
    listed = data.get("customProperties") if isinstance(data, dict) else None
    for n, custom in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(custom, dict) and (custom.get("property"), custom.get("vendor")) == ("family", VENDOR):
            return custom.get("value"), ("customProperties", n, "value")
    return None


def _well_formed(telling: Telling, value: Any, path: YamlPath) -> bool:
    if not isinstance(value, dict):
        telling.tell("TL-CON-022", path, f"family is {shown(value)}", "a mapping of name, members")
        return False
    telling.known(value, ("name", "members"), path)
    name, listed = value.get("name"), value.get("members")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        telling.tell("TL-CON-022", (*path, "name"), f"the family's name is {shown(name)}", "[a-z][a-z0-9_]*")
    if not isinstance(listed, dict) or not 0 < len(listed) <= MAX_MEMBERS:
        allowed = f"a mapping of 1 to {MAX_MEMBERS} names to parameters"
        telling.tell("TL-CON-022", (*path, "members"), "a family has members", allowed)
        return False
    if len(listed) * len(telling.source.places) > MAX_VALUES:
        what = f"{len(listed)} members of this file have more than {MAX_VALUES} values; split the family"
        telling.tell("TL-CON-022", (*path, "members"), what)
        return False
    for member, parameters in listed.items():
        place = (*path, "members", member)
        if _NAME.fullmatch(member) is None:
            telling.tell("TL-CON-022", place, f"the member's name is {shown(member)}", "[a-z][a-z0-9_]*", of_key=True)
        if not isinstance(parameters, dict | None):
            telling.tell("TL-CON-022", place, f"the parameters are {shown(parameters)}", "a mapping of names to values")
            return False
        for key, parameter in (parameters or {}).items():
            if _PARAMETER.fullmatch(key) is None:
                telling.tell(
                    "TL-CON-022", (*place, key), f"a parameter's name is {shown(key)}", "a plain word", of_key=True
                )
            if isinstance(parameter, (dict, list)) or parameter is None or "${family" in str(parameter):
                telling.tell(
                    "TL-CON-022", (*place, key), "a parameter is a single value", "text, number, true or false"
                )
    return not telling.broken


def _same_parameters(telling: Telling, listed: Mapping[str, Any], path: YamlPath) -> tuple[str, ...]:
    first, *others = listed
    names = tuple(listed[first] or ())
    for member in others:
        own = listed[member] or {}
        for name in names:
            if name not in own:
                what = f"{member!r} lacks the parameter {name!r} that {first!r} has"
                telling.tell("TL-CON-030", (*path, member), what, suggestion=telling.near(name, own), of_key=True)
        for name in own:
            if name not in names:
                what = f"{member!r} has the parameter {name!r} that {first!r} lacks"
                telling.tell(
                    "TL-CON-030", (*path, member, name), what, suggestion=telling.near(name, names), of_key=True
                )
    return names


def _used(telling: Telling, names: tuple[str, ...], declared: YamlPath) -> None:
    """Every parameter is used, every parameter that is used exists."""
    used: set[str] = set()
    for text, path in _texts(telling.source.data, (), declared):
        for match in _PLACE.finditer(text):
            if match[1] is not None and match[1] not in names:
                what, near = f"no parameter {shown(match[1])}", telling.near(match[1], names)
                telling.tell("TL-CON-030", path, what, ", ".join(names) or "none here", near)
            used.add(match[1])
    for name in names:
        if name not in used:
            what = f"the parameter {name!r} is used nowhere"
            telling.tell("TL-CON-030", (*declared, "members"), what, suggestion=f"write ${{family.{name}}}, or drop it")


def _misspelt(telling: Telling, declared: YamlPath, *, is_family: bool) -> None:
    """A place that nothing fills would stand in names and documents as it is; `${NAME}` of servers is another's."""
    for text, path in _texts(telling.source.data, (), declared or ("",)):
        for match in _ANY_PLACE.finditer(text) if "${" in text else ():
            word = match[1].partition(".")[0].strip()
            if _PLACE.fullmatch(match[0]):
                if not is_family:
                    near = "declare the property family, or write the name out"
                    telling.insist("TL-CON-030", path, f"{match[0]} stands here, and the file has no family", "", near)
            elif path[:1] != ("servers",) and not word.isupper() and closest(word.lower(), ("family",), least=0.75):
                telling.insist("TL-CON-030", path, f"{shown(match[0])} is filled by nothing", "", "write ${family}")


def _texts(value: Any, path: YamlPath, declared: YamlPath) -> Iterator[tuple[str, YamlPath]]:
    if path == declared:
        return
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key), declared)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _texts(inner, (*path, at), declared)


def _expand(source: Source, member: str, parameters: Mapping[str, Any]) -> Source:
    """The file as this member has it, at the same places. A value that is nothing but a parameter keeps its kind."""
    values: dict[str | None, Any] = {None: member, **dict[str | None, Any](parameters.items())}

    def put(value: Any) -> Any:
        if isinstance(value, str):
            if "${family" not in value:
                return value
            whole = _PLACE.fullmatch(value)
            return values[whole[1]] if whole else _PLACE.sub(lambda match: _written(values[match[1]]), value)
        if isinstance(value, dict):
            return {key: put(inner) for key, inner in value.items()}
        return [put(inner) for inner in value] if isinstance(value, list) else value

    return Source(source.file, put(source.data), source.places, source.keys)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
