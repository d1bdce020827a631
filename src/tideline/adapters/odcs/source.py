"""Reads the YAML of a contract into plain data that knows the line and column of every value, within narrow limits.

Refused, because a contract needs none of it: anchors and aliases (bombs), tags (`!!python`), repeated keys, keys that
are no text, nesting beyond 24 levels, more than one document, files over 1 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent, NodeEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
YamlPath = tuple[str | int, ...]
Place = tuple[int, int]
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a contract: where, what was found, what is allowed, what may have been meant."""

    code: str
    file: str
    line: int
    column: int
    what: str
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        suggestion = f" Fix: {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.what}.{allowed}{suggestion}"


class Refused(Exception):
    """The file cannot be read as plain YAML at all; carries the one finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(slots=True)
class Source:
    """Plain data of one file and the place of each value (and, under `(*path, KEY)`, of each key)."""

    file: str
    data: Any = None
    places: dict[YamlPath, Place] = field(default_factory=dict)
    keys: dict[YamlPath, Place] = field(default_factory=dict)

    def place(self, path: YamlPath, *, of_key: bool = False) -> Place:
        """Line and column (from 1) of a value or its key; of what is not there, of the nearest thing around it."""
        if of_key and path in self.keys:
            return self.keys[path]
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def load(path: Path, shown_as: str) -> Source:
    """Read one file; raises Refused with the place and the reason."""
    source = Source(shown_as)
    text = _text(path, source)
    _check_events(text, source)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError) as error:
        raise _refused(source, _mark(error), "TL-CON-001", f"this is not YAML: {_problem(error)}") from None
    source.data = None if root is None else _plain(root, (), source)
    return source


def _text(path: Path, source: Source) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _refused(source, (1, 1), "TL-CON-001", f"the file cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise _refused(source, (1, 1), "TL-CON-001", f"a contract has at most {MAX_BYTES} bytes, this has {len(raw)}")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _refused(source, (1, 1), "TL-CON-001", f"byte {error.start} is not UTF-8") from None


def _check_events(text: str, source: Source) -> None:
    """Stop at the first thing that is refused, before anything is built from it."""
    depth = documents = 0
    try:
        for event in _events(text):
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            name = type(event).__name__
            depth += name in ("MappingStartEvent", "SequenceStartEvent")
            depth -= name in ("MappingEndEvent", "SequenceEndEvent")
            documents += isinstance(event, DocumentStartEvent)
            if depth > MAX_DEPTH:
                raise _refused(source, place, "TL-CON-002", f"nested deeper than {MAX_DEPTH} levels")
            if documents > 1:
                raise _refused(source, place, "TL-CON-002", "a second document starts here; one contract is one file")
            if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
                raise _refused(source, place, "TL-CON-002", "anchors and aliases are not read; write the value out")
            if getattr(event, "tag", None):
                raise _refused(source, place, "TL-CON-002", "tags are not read; write the plain value")
    except (YAMLError, ValueError) as error:
        raise _refused(source, _mark(error), "TL-CON-001", f"this is not YAML: {_problem(error)}") from None


def _events(text: str) -> Iterator[Any]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _plain(node: Node, path: YamlPath, source: Source) -> Any:
    source.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, at), source) for at, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(node, path, source)
    return _scalar(node)


def _mapping(node: MappingNode, path: YamlPath, source: Source) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in node.value:
        place = (key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, ScalarNode) or key.tag == f"{_TAG}merge":
            raise _refused(source, place, "TL-CON-002", "a key is a plain word")
        if key.value in plain:
            raise _refused(source, place, "TL-CON-002", f"the key {key.value!r} stands here a second time")
        source.keys[(*path, key.value)] = place
        plain[key.value] = _plain(value, (*path, key.value), source)
    return plain


def _scalar(node: ScalarNode) -> Any:
    """Only JSON's kinds of values: whatever else YAML would make of a text (a date, a number in octal) stays text."""
    text = str(node.value)
    if node.tag == f"{_TAG}bool":
        return text.lower() == "true"
    if node.tag == f"{_TAG}null":
        return None
    if node.tag == f"{_TAG}int" and text.removeprefix("-").isdecimal() and len(text) < 19:
        return int(text)
    if node.tag == f"{_TAG}float":
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _mark(error: Exception) -> Place:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _problem(error: Exception) -> str:
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _refused(source: Source, place: Place, code: str, what: str) -> Refused:
    return Refused(Finding(code, source.file, *place, what))
