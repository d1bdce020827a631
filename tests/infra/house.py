"""The rules of infra/terraform/README.md that can be read off the text of a module, with or without Terraform."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import hcl2
from lark import Token, Tree

LIMIT = 400
COMPOSING = "platform"  # makes the context of all others from an environment's inputs
STANDARD = ("variables.tf", "outputs.tf", "versions.tf")
ARN = re.compile(r"arn:aws[a-z-]*:")
ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
UNSTEADY = {"timestamp", "plantimestamp", "uuid", "bcrypt"}


@dataclass(frozen=True)
class Block:
    """One block: `kind` and labels (`resource`, `aws_s3_bucket`, `state`), and the syntax tree of its body."""

    kind: str
    labels: tuple[str, ...]
    body: Tree[Token]

    @property
    def name(self) -> str:
        return ".".join(self.labels)

    def has(self, attribute: str) -> bool:
        return any(_named(one) == attribute for one in self.body.children if isinstance(one, Tree))


@cache
def blocks(path: Path) -> tuple[Block, ...]:
    """The top level of a file. Its syntax tree is read, since python-hcl2's plain values fail on `{for ... => 1}`."""
    (body,) = hcl2.parses_to_tree(path.read_text()).children
    found = (one for one in body.children if isinstance(one, Tree) and one.data == "block")
    return tuple(_block(one) for one in found)


def _block(tree: Tree[Token]) -> Block:
    labels = tuple(
        _words(one) for one in tree.children if isinstance(one, Tree) and one.data in ("identifier", "string")
    )
    (body,) = (one for one in tree.children if isinstance(one, Tree) and one.data == "body")
    return Block(labels[0], labels[1:], body)


def _words(tree: Tree[Token]) -> str:
    return "".join(tree.scan_values(lambda _: True)).strip('"')


def _named(tree: Tree[Token]) -> str:
    """The name of an attribute or of a called function, else nothing."""
    first = tree.children[0] if tree.children else None
    named = tree.data in ("attribute", "function_call") and isinstance(first, Tree)
    return _words(first) if named and isinstance(first, Tree) else ""


def breaks(module: Path) -> list[str]:
    """`file: what is wrong`, one for each broken rule; a good module has none."""
    files = sorted(module.glob("*.tf"))
    return [
        *_missing(module, files),
        *(f"{path.name}: {what}" for path in files for what in _in_file(path)),
        *(f"{path.name}: {what}" for path in module.glob("tests/*.tftest.hcl") for what in _too_long(path)),
    ]


def _missing(module: Path, files: list[Path]) -> Iterator[str]:
    names = {path.name for path in files}
    yield from (f"{name}: there is none" for name in STANDARD if name not in names)
    if not names - set(STANDARD):
        yield "main.tf: there is none, nor any other file with a subject"
    if not list(module.glob("tests/*.tftest.hcl")):
        yield "tests: there are none"
    first = [one.name for one in blocks(module / "variables.tf")][:1] if "variables.tf" in names else ["context"]
    if first != ["context"] and module.name != COMPOSING:
        yield "variables.tf: the first variable is not context"


def _in_file(path: Path) -> Iterator[str]:
    yield from _too_long(path)
    for block in blocks(path):
        yield from _in_block(block)


def _in_block(block: Block) -> Iterator[str]:
    demanded = {"variable": ("type", "description"), "output": ("description",)}.get(block.kind, ())
    yield from (f"{block.kind} {block.name} has no {part}" for part in demanded if not block.has(part))
    if block.kind == "data":
        yield f"data.{block.name}: a plan needs no account, so there are no data sources"
    if block.kind == "provider":
        yield f"provider {block.name}: whoever calls the module configures it (and default_tags are not used)"
    if block.kind != "variable":  # validations and descriptions give examples
        yield from _in_values(block.body)


def _too_long(path: Path) -> Iterator[str]:
    lines = len(path.read_text().splitlines())
    if lines > LIMIT:
        yield f"{lines} lines, {LIMIT} are allowed"


def _in_values(tree: Tree[Token]) -> Iterator[str]:
    """What is wrong in the literals and calls below, comments and descriptions apart."""
    name = _named(tree)
    if tree.data == "new_line_or_comment" or (tree.data == "attribute" and name == "description"):
        return
    if tree.data == "function_call" and name in UNSTEADY:
        yield f"{name}(): a plan is the same each time"
    for one in tree.children:
        if isinstance(one, Tree):
            yield from _in_values(one)
        elif ARN.search(one):
            yield f"a literal ARN: {one[:80]} (take it from module.names, or write arn:${{partition}}:)"
        elif ACCOUNT.search(one):
            yield f"a literal account: {one[:80]}"
