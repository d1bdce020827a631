"""The one layout of contract files: the standard's order of keys, two spaces, every comment with what it speaks about.

Keys move as whole lines together with the comments above them, then ruamel.yaml writes the indentation anew. The result
is compared with the original: data and comments are the same, and laying it out again changes nothing.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.resolver import VersionedResolver

from tideline.adapters.odcs.finding import Finding, Refused
from tideline.adapters.odcs.source import LOADER, parse

_PROPERTY = (
    "id", "name", "businessName", "semanticType", "logicalType", "physicalName", "physicalType", "logicalTypeOptions",
    "required", "primaryKey", "primaryKeyPosition", "unique", "partitioned", "partitionKeyPosition", "classification",
    "criticalDataElement", "encryptedName", "deprecated", "description", "dataGranularityDescription", "context",
    "synonyms", "tags", "examples", "enum", "transformSourceObjects", "transformLogic", "transformDescription",
    "properties", "items", "map", "relationships", "quality", "authoritativeDefinitions", "customProperties",
)  # fmt: skip
ORDERS: dict[str, tuple[str, ...]] = {
    "": (
        "apiVersion", "kind", "id", "name", "version", "status", "contractCreatedTs", "tenant", "domain", "dataProduct",
        "tags", "description", "context", "authoritativeDefinitions", "team", "roles", "support", "price", "servers",
        "slaDefaultElement", "slaProperties", "schema", "customProperties",
    ),
    "description": ("purpose", "limitations", "usage", "authoritativeDefinitions", "customProperties"),
    "schema": _PROPERTY, "properties": _PROPERTY, "items": _PROPERTY, "key": _PROPERTY, "value": _PROPERTY,
    "quality": (
        "id", "name", "type", "metric", "rule", "engine", "implementation", "query", "arguments", "mustBe", "mustNotBe",
        "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",
        "mustNotBeBetween", "unit", "dimension", "severity", "businessImpact", "method", "scheduler", "schedule",
        "description", "tags", "authoritativeDefinitions", "customProperties",
    ),
    "servers": ("id", "server", "type", "environment", "description"),
    "slaProperties": (
        "id", "property", "value", "valueExt", "unit", "element", "driver", "scheduler", "schedule", "description",
    ),
    "customProperties": ("id", "property", "vendor", "value", "description"),
    "team": ("id", "name", "description"), "map": ("key", "value"),
}  # fmt: skip
_INSIDE = re.compile(r"[ -]*")
_WIDTH = 1_000_000


class _PlainResolver(VersionedResolver):  # type: ignore[misc]
    """Every plain scalar is the text that stands there, so that no number or date is written in another way."""

    @property
    def versioned_resolver(self) -> Any:
        return {"": [("tag:yaml.org,2002:null", re.compile("^$"))]}


def lay_out(raw: bytes, shown_as: str) -> str:
    """The text in the one layout; raises Refused when the file is no YAML, or cannot be laid out without a change."""
    text = _plain_text(raw, shown_as)
    data = parse(text.encode(), shown_as).data
    try:
        laid = _once(text)
        same = laid == _once(laid) and parse(laid.encode(), shown_as).data == data
    except Exception:  # noqa: BLE001 - what ruamel.yaml cannot write it tells by errors of many kinds; the file stays
        same = False
    if not same or Counter(_comments(laid)) != Counter(_comments(text)):
        what = "the layout would change what the file says, so it stays as it is"
        raise Refused(Finding("TL-CON-050", shown_as, 1, 1, what))
    return laid


def _plain_text(raw: bytes, shown_as: str) -> str:
    parse(raw, shown_as)
    return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _once(text: str) -> str:
    lines = text.split("\n")
    root = yaml.compose(text, Loader=LOADER)
    if root is not None:
        _reorder(lines, root, "")
    return _comments_in_line(_indented("\n".join(lines)))


def _reorder(lines: list[str], node: yaml.Node, key: str) -> None:
    """Put the keys of every mapping in order, the innermost first; the number of lines of a part never changes."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _reorder(lines, item, key)
    elif isinstance(node, yaml.MappingNode):
        ours = key == "customProperties"
        for name, value in node.value:
            if not (ours and name.value == "value"):
                _reorder(lines, value, name.value)
        if not node.flow_style and len(node.value) > 1:
            _move(lines, node, ORDERS.get(key, ()))


def _move(lines: list[str], node: yaml.MappingNode, order: Sequence[str]) -> None:
    keys = [key for key, _ in node.value]
    wanted = sorted(range(len(keys)), key=lambda at: (_rank(keys[at].value, order), at))
    first = keys[0].start_mark
    prefix, indent = lines[first.line][: first.column], " " * first.column
    others = [(key.start_mark.line, key.start_mark.column) for key in keys[1:]]
    if wanted == list(range(len(keys))) or not _INSIDE.fullmatch(prefix):
        return
    if any(lines[line][:column] != indent for line, column in others):
        return
    ends = [_last_line(value, key) + 1 for key, value in node.value]
    begins = [first.line, *map(_after_inner_comments, [lines] * len(others), ends, others), ends[-1]]
    blocks = [lines[begins[at] : begins[at + 1]] for at in range(len(keys))]
    keyed = [key.start_mark.line - begins[at] for at, key in enumerate(keys)]
    blocks[0][0] = indent + blocks[0][0][len(prefix) :]
    head = blocks[wanted[0]]
    head[keyed[wanted[0]]] = prefix + head[keyed[wanted[0]]][len(prefix) :]
    lines[begins[0] : begins[-1]] = [line for at in wanted for line in blocks[at]]


def _after_inner_comments(lines: Sequence[str], end: int, following: tuple[int, int]) -> int:
    """Behind the comments that are indented more than the next key: they speak about what stands above them."""
    line, column = following
    inner = [at for at in range(end, line) if re.match(rf" {{{column + 1},}}#", lines[at])]
    return max(inner) + 1 if inner else end


def _rank(key: str, order: Sequence[str]) -> int:
    return order.index(key) if key in order else len(order)


def _last_line(node: yaml.Node, key: yaml.Node) -> int:
    """The last line with something of a value; an empty one ends with its key."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1], last[0]) if isinstance(last, tuple) else _last_line(last, last)
    end: Any = node.end_mark
    line: int = end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line
    return max(line, int(key.end_mark.line))


def _indented(text: str) -> str:
    """The same keys and comments in ruamel.yaml's indentation."""
    layout = YAML()
    layout.Resolver = _PlainResolver
    layout.preserve_quotes = True
    layout.width = _WIDTH
    layout.brace_single_entry_mapping_in_flow_sequence = True
    layout.explicit_start = any(line == "---" or line.startswith("--- ") for line in text.split("\n"))
    layout.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    layout.dump(layout.load(text), written)
    return written.getvalue().rstrip("\n") + "\n"


def _comments_in_line(text: str) -> str:
    """A comment stands with the line before it or the line after it, whichever it stood nearer to."""
    lines, inside = text.split("\n"), _lines_of_texts(text)
    after: int | None = None
    for at in range(len(lines) - 1, -1, -1):
        stripped = lines[at].lstrip(" ")
        column = len(lines[at]) - len(stripped)
        if not stripped or at in inside:
            continue
        if not stripped.startswith("#"):
            after = column
        elif after is not None:
            before = _indent_before(lines, at, inside)
            lines[at] = " " * (before if before is not None and column > after and before > after else after) + stripped
    return "\n".join(lines)


def _indent_before(lines: Sequence[str], at: int, inside: set[int]) -> int | None:
    for number in range(at - 1, -1, -1):
        stripped = lines[number].lstrip(" ")
        if stripped and number not in inside and not stripped.startswith("#"):
            return len(lines[number]) - len(stripped)
    return None


def _scalars(text: str) -> Iterator[tuple[Any, Any]]:
    for event in yaml.parse(text, Loader=LOADER):
        if isinstance(event, yaml.ScalarEvent):
            yield event.start_mark, event.end_mark


def _lines_of_texts(text: str) -> set[int]:
    """The lines inside of scalars of several lines, in which a # is no comment."""
    return {line for start, end in _scalars(text) for line in range(start.line + 1, end.line + bool(end.column))}


def _comments(text: str) -> Iterator[str]:
    """Every comment without its place."""
    at, between = 0, []
    for start, end in _scalars(text):
        between.append(text[at : start.index])
        at = max(at, end.index)
    between.append(text[at:])
    for part in between:
        yield from (comment.strip() for comment in re.findall(r"#[^\n]*", part))
