"""Changes the text of a contract file in places, so that every byte elsewhere (comments, layout, quotes) stays.

ruamel.yaml says where each node stands; the text between is never written anew. That is why a proposal's diff shows the
change and nothing else, which a dump of the whole document would not promise for every layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = tuple[str | int, ...]


class Editing:
    """Edits of one text; places are paths of keys and indexes in it. `text` is the result of all edits.

    The text must be YAML that the contract reader accepts. Edits of one text must not overlap.
    """

    def __init__(self, text: str) -> None:
        self._original = text
        self._root: Node = YAML(typ="safe", pure=True).compose(text)
        self._edits: list[tuple[int, int, str]] = []

    @property
    def text(self) -> str:
        changed = self._original
        in_order = sorted(enumerate(self._edits), key=lambda edit: (edit[1][0], edit[0]))
        for _, (start, end, new) in reversed(in_order):
            changed = changed[:start] + new + changed[end:]
        return changed

    def has(self, path: Path) -> bool:
        return self._find(path) is not None

    def replace(self, path: Path, value: str) -> None:
        """Another value for a scalar or a collection in one line; `value` is YAML."""
        node = self._node(path)
        self._edits.append((node.start_mark.index, self._end(node), value))

    def append(self, path: Path, block: Sequence[str], flow: str, above: Sequence[str] = ()) -> None:
        """One more item of a list: as lines of block layout (the first without its dash), or as `flow` in brackets.

        `above` are comments before it; between brackets there is no place for them.
        """
        node = self._node(path)
        assert isinstance(node, SequenceNode)
        if node.flow_style or not node.value:
            self._into_brackets(node, flow)
            return
        dash, content = node.start_mark.column, node.value[-1].start_mark.column
        lead = " " * dash + "-" + " " * (content - dash - 1)
        lines = [" " * dash + f"# {text}" for text in above] + [lead + block[0]]
        lines += [" " * content + line for line in block[1:]]
        self._insert_lines(self._line_end(self._end(node)), lines)

    def add_key(self, path: Path, key: str, value: str) -> None:
        """One more key of a mapping; `value` is YAML in one line."""
        node = self._node(path)
        assert isinstance(node, MappingNode)
        if node.flow_style or not node.value:
            self._into_brackets(node, f"{key}: {value}")
            return
        line = " " * node.start_mark.column + f"{key}: {value}"
        self._insert_lines(self._line_end(self._end(node.value[0][1])), [line])

    def remark(self, path: Path, texts: Sequence[str]) -> None:
        """Comment lines above a node, in its indentation."""
        start = self._node(path).start_mark.index
        begin = self._original.rfind("\n", 0, start) + 1
        line = self._original[begin:start]
        indent = line[: len(line) - len(line.lstrip())]
        self._edits.append((begin, begin, "".join(f"{indent}# {text}{self._newline}" for text in texts)))

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self._original else "\n"

    def _insert_lines(self, at: int, lines: Sequence[str]) -> None:
        self._edits.append((at, at, "".join(self._newline + line for line in lines)))

    def _into_brackets(self, node: Any, flow: str) -> None:
        end = self._end(node) - 1
        if not node.value:
            self._edits.append((end, end, flow))
            return
        at = self._end(node.value[-1] if isinstance(node, SequenceNode) else node.value[-1][1])
        self._edits.append((at, at, f", {flow}"))

    def _find(self, path: Path) -> Any:
        node: Any = self._root
        for step in path:
            if isinstance(node, MappingNode):
                node = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def _node(self, path: Path) -> Any:
        node = self._find(path)
        if node is None:
            raise KeyError(".".join(map(str, path)))
        return node

    def _end(self, node: Any) -> int:
        """Where the text of a node ends; a block collection ends with the last thing in it."""
        if isinstance(node, ScalarNode) or node.flow_style or not node.value:
            return len(self._original[: node.end_mark.index].rstrip())
        return self._end(node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1])

    def _line_end(self, at: int) -> int:
        found = self._original.find("\n", at)
        end = len(self._original) if found < 0 else found
        return end - 1 if self._original[at:end].endswith("\r") else end
