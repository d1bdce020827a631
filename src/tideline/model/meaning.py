"""What an expression says, whatever its spacing and whatever its fields were named before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tideline.model.expression import Call, ExpressionError, Literal, Node, parse


@dataclass(frozen=True, slots=True)
class Meanings:
    """Compares texts of two versions; `renames` leads from dotted paths of the old one to those of the new one."""

    renames: Mapping[str, str]

    def moved(self, path: str) -> str:
        """An old field under its new name."""
        return self.renames.get(path, path)

    def same(self, old: str | None, new: str | None) -> bool:
        """Whether an expression of the old version means the same as one of the new version."""
        if old is None or new is None:
            return old is new
        try:
            return self._moved(parse(old)) == parse(new)
        except ExpressionError:
            return old == new

    def _moved(self, node: Node) -> Node:
        if isinstance(node, Call):
            return Call(node.op, tuple(self._moved(argument) for argument in node.args))
        return node if isinstance(node, Literal) else replace(node, name=self.moved(node.name))
