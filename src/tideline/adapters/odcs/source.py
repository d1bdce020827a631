"""Reads the YAML of a contract into plain data that knows the line and column of every value, within narrow limits.

Refused, because a contract needs none of it: anchors and aliases (bombs), tags (`!!python`), repeated keys, keys that
are no text, nesting beyond 24 levels, more than one document, control characters, more than 1 MB or 20,000 values.
Only JSON's kinds of values are made, by the rules of YAML 1.2: whatever else YAML would make of a text (a date, octal,
`yes`) stays text, and a number with a fraction is a Decimal of exactly its digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from tideline.adapters.odcs.finding import Finding, Place, Refused, YamlPath

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_VALUES = 20_000
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where there is one: the same events, much sooner
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,59})")
_FRACTION = re.compile(r"[-+]?(\.[0-9]{1,60}|[0-9]{1,60}\.[0-9]{0,60}|[0-9]{1,60}(?=[eE]))([eE][-+]?[0-9]{1,2})?")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_FIRST_OF_NUMBER = frozenset("-+.0123456789")
_CONTROL = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\x00\x00": "UTF-32"}
_BREAK = re.compile(r"\r\n|[\r\n]")


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
    return parse(read_raw(path, shown_as), shown_as)


def parse(raw: bytes, shown_as: str) -> Source:
    """Read the bytes of a file; raises Refused with the place and the reason."""
    source = Source(shown_as)
    text = _text(raw, source)
    try:
        _build(source, yaml.parse(text, Loader=LOADER))
    except ReaderError as error:
        place = _place_of(text, error.position)
        raise _refused(source, place, "TL-CON-001", f"this is not YAML: {error.reason}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(source, _mark(error), "TL-CON-001", f"this is not YAML: {_problem(error)}") from None
    return source


def read_raw(path: Path, shown_as: str) -> bytes:
    """The bytes of a file, of one that is too large the first of them; raises Refused."""
    try:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no file that can be read"
            raise Refused(Finding("TL-CON-001", shown_as, 1, 1, f"this is {kind}"))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise Refused(Finding("TL-CON-001", shown_as, 1, 1, what)) from None
    return raw


def _text(raw: bytes, source: Source) -> str:
    if len(raw) > MAX_BYTES:
        what = f"a contract has at most {MAX_BYTES} bytes, this has more"
        raise _refused(source, (1, 1), "TL-CON-001", what)
    if raw[:2] in _MARKS:
        what = f"this is {_MARKS[raw[:2]]}; a contract is UTF-8"
        raise _refused(source, (1, 1), "TL-CON-001", what)
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        place = _place_of(raw[: error.start].decode(errors="replace"), error.start)
        raise _refused(source, place, "TL-CON-001", f"byte {error.start} is not UTF-8") from None
    if control := _CONTROL.search(text):
        what = f"the character U+{ord(control[0]):04X} is no text"
        raise _refused(source, _place_of(text, control.start()), "TL-CON-001", what)
    return text


class _Open:
    """A mapping or sequence that is being read; `key` is the key whose value comes next."""

    __slots__ = ("data", "key", "path")

    def __init__(self, data: Any, path: YamlPath) -> None:
        self.data, self.path = data, path
        self.key: str | None = None


def _build(source: Source, events: Iterator[Event]) -> None:
    """One pass without recursion: stops at the first thing that is refused, before anything is built from it."""
    opened: list[_Open] = []
    documents = 0
    for event in events:
        kind = type(event)
        if kind is ScalarEvent or kind is MappingStartEvent or kind is SequenceStartEvent:
            _check_node(source, event)
            holder = opened[-1] if opened else None
            if holder is not None and holder.key is None and type(holder.data) is dict:
                _open_key(source, holder, event)
                continue
            path = _take_place(source, holder, event)
            value: Any = _scalar(source, event) if kind is ScalarEvent else {} if kind is MappingStartEvent else []
            _put(source, holder, value)
            if kind is not ScalarEvent:
                opened.append(_Open(value, path))
                if len(opened) > MAX_DEPTH:
                    raise _refused(source, _at(event), "TL-CON-002", f"nested deeper than {MAX_DEPTH} levels")
        elif kind is AliasEvent:
            _check_node(source, event)
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1:
                what = "a second document starts here; one contract is one file"
                raise _refused(source, _at(event), "TL-CON-002", what)
        elif opened and kind.__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            opened.pop()


def _check_node(source: Source, event: NodeEvent) -> None:
    if event.anchor is not None:
        raise _refused(source, _at(event), "TL-CON-002", "anchors and aliases are not read; write the value out")
    if getattr(event, "tag", None) is not None:
        raise _refused(source, _at(event), "TL-CON-002", "tags are not read; write the plain value")


def _open_key(source: Source, holder: _Open, event: NodeEvent) -> None:
    if type(event) is not ScalarEvent or (event.value == "<<" and event.implicit[0]):
        raise _refused(source, _at(event), "TL-CON-002", "a key is a plain word")
    key = _checked(source, event)
    if key in holder.data:
        raise _refused(source, _at(event), "TL-CON-002", f"the key {key[:60]!r} stands here a second time")
    source.keys[(*holder.path, key)] = _at(event)
    holder.key = key


def _take_place(source: Source, holder: _Open | None, event: NodeEvent) -> YamlPath:
    if holder is None:
        path: YamlPath = ()
    else:
        path = (*holder.path, len(holder.data) if holder.key is None else holder.key)
    source.places[path] = _at(event)
    if len(source.places) > MAX_VALUES:
        raise _refused(source, _at(event), "TL-CON-002", f"a contract has at most {MAX_VALUES} values")
    return path


def _put(source: Source, holder: _Open | None, value: Any) -> None:
    if holder is None:
        source.data = value
    elif holder.key is None:
        holder.data.append(value)
    else:
        holder.data[holder.key] = value
        holder.key = None


def _scalar(source: Source, event: ScalarEvent) -> Any:
    text = _checked(source, event)
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _FIRST_OF_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FRACTION.fullmatch(text):
            return Decimal(text)
    return text


def _checked(source: Source, event: ScalarEvent) -> str:
    """The text of a scalar; an escape such as `\\0` may have put a character into it that no file may hold."""
    text = str(event.value)
    if not text.isprintable() and (control := _CONTROL.search(text)):
        what = f"the character U+{ord(control[0]):04X} is no text"
        raise _refused(source, _at(event), "TL-CON-001", what)
    return text


def _at(event: Event) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _place_of(text: str, position: int) -> Place:
    """Line and column of a character, counted from 1."""
    lines = _BREAK.split(text[:position])
    return (len(lines), len(lines[-1]) + 1)


def _mark(error: Exception) -> Place:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _problem(error: Exception) -> str:
    return (str(getattr(error, "problem", None) or error).splitlines() or ["it breaks off"])[0][:200]


def _refused(source: Source, place: Place, code: str, what: str) -> Refused:
    return Refused(Finding(code, source.file, *place, what))
