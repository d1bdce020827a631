"""Editing a contract's text in places: everything else keeps every byte."""

from __future__ import annotations

import difflib

import pytest
from ruamel.yaml import YAML

from tideline.adapters.odcs.editing import Editing

BLOCK = """\
# a head
version: 1.0.0   # kept
schema:
  - name: sales
    properties:
      - name: a   # first
        logicalType: string

      # about b
      - name: b
        logicalType: integer
        description: >
          folded
          text
    # behind the fields
    quality: []
flow: {properties: [{name: a}, {name: b, options: {x: 1}}], none: []}
"""


def added(before: str, after: str) -> list[str]:
    """The lines that the edit put in; nothing else may differ."""
    delta = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    assert not [line for line in delta if line.startswith("- ")]
    return [line[2:] for line in delta if line.startswith("+ ")]


def test_an_item_is_added_in_the_layout_of_its_list() -> None:
    """Behind the last item, with its indentation, before comments that belong to what follows."""
    editing = Editing(BLOCK)
    editing.append(("schema", 0, "properties"), ["name: c", "logicalType: date"], "{}")
    assert added(BLOCK, editing.text) == ["      - name: c", "        logicalType: date"]
    assert [field["name"] for field in YAML(typ="safe").load(editing.text)["schema"][0]["properties"]] == [
        "a",
        "b",
        "c",
    ]
    editing.append(("schema", 0, "properties"), ["name: d"], "{}")
    assert editing.text.index("name: c") < editing.text.index("name: d") < editing.text.index("# behind the fields")


def test_lists_in_brackets_take_items_in_brackets() -> None:
    editing = Editing(BLOCK)
    editing.append(("flow", "properties"), ["name: c"], "{name: c}")
    editing.append(("flow", "none"), ["name: d"], "{name: d}")
    editing.append(("schema", 0, "quality"), ["name: q"], "{name: q}")
    assert "flow: {properties: [{name: a}, {name: b, options: {x: 1}}, {name: c}], none: [{name: d}]}" in editing.text
    assert "quality: [{name: q}]" in editing.text


def test_values_are_replaced_and_keys_added_in_both_layouts() -> None:
    editing = Editing(BLOCK)
    editing.replace(("version",), "1.1.0")
    editing.replace(("schema", 0, "properties", 1, "logicalType"), "number")
    editing.add_key(("schema", 0, "properties", 1), "physicalType", "decimal(9,2)")
    editing.add_key(("flow", "properties", 1, "options"), "y", "2")
    assert "version: 1.1.0   # kept\n" in editing.text
    assert "options: {x: 1, y: 2}" in editing.text
    found = YAML(typ="safe").load(editing.text)["schema"][0]["properties"][1]
    assert found == {
        "name": "b", "physicalType": "decimal(9,2)", "logicalType": "number", "description": "folded text\n",
    }  # fmt: skip


def test_a_remark_stands_above_its_node() -> None:
    editing = Editing(BLOCK)
    editing.remark(("schema", 0, "properties", 1), ["one", "two"])
    assert added(BLOCK, editing.text) == ["      # one", "      # two"]
    assert "# two\n      - name: b" in editing.text


@pytest.mark.parametrize("text", [BLOCK.replace("\n", "\r\n"), BLOCK.rstrip("\n"), BLOCK.replace("head", "Grüße 🚀")])
def test_line_ends_and_other_alphabets_stay(text: str) -> None:
    editing = Editing(text)
    editing.append(("schema", 0, "properties"), ["name: c", "logicalType: date"], "{}")
    editing.replace(("version",), "2.0.0")
    assert ("\r" in text) == ("\n" not in editing.text.replace("\r\n", ""))
    assert YAML(typ="safe").load(editing.text)["schema"][0]["properties"][2] == {"name": "c", "logicalType": "date"}
    assert editing.text.endswith(text[-10:])


def test_what_is_not_there_is_no_place() -> None:
    editing = Editing(BLOCK)
    assert not editing.has(("schema", 1))
    assert not editing.has(("version", "x"))
    with pytest.raises(KeyError):
        editing.replace(("nothing",), "1")
