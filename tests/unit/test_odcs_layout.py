"""`tideline contract fmt`: one layout, every comment kept, nothing that is read from a file changed."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import hostile, yaml_test_suite
from tideline.adapters.odcs.finding import Refused
from tideline.adapters.odcs.layout import ORDERS, lay_out
from tideline.adapters.odcs.source import parse
from tideline.adapters.odcs.standard import property_names, schema
from tideline.cli.contract.fmt import command
from tideline.settings import settings as platform

ROOT = Path(__file__).parents[2]
SALES = (ROOT / "contracts" / "retail" / "sales.odcs.yaml").read_text()
DISORDERED = """\
# about the file
version: 1.0.0   # of the contract
# about the id
# in two lines
id: a.b
kind: DataContract

apiVersion: v3.2.0
schema:
# the event
- properties:
  - description: |
        A text
          # that is no comment
    # about the name
    name: x
    logicalType: number   # exact
    physicalType: "decimal(10,2)"
    logicalTypeOptions: {minimum: 0.10, maximum: 1_0}
    # quality:
    #   - {metric: rowCount}
  name: b
description: {purpose: 'x', limitations: [ {a: 1} ]}
customProperties:
- value: {b: 1, a: 2}
  property: z
# the end
"""


def laid(text: str) -> str:
    return lay_out(text.encode(), "x.odcs.yaml")


def comments(text: str) -> list[str]:
    return sorted(re.findall(r"# ?(?:about|in two|of the|the e|exact|quality|  -)[^\n]*", text))


def test_keys_are_in_order_and_comments_with_what_they_speak_about() -> None:
    text = laid(DISORDERED)
    lines = text.splitlines()
    keys = [line.split(":")[0] for line in lines if re.match("[a-z]", line)]
    assert keys == ["apiVersion", "kind", "id", "version", "description", "schema", "customProperties"]
    assert lines[lines.index("id: a.b") - 2 : lines.index("id: a.b")] == ["# about the id", "# in two lines"]
    assert lines[lines.index("      - name: x") - 1].strip() == "# about the name"
    assert "          A text\n            # that is no comment\n" in text and "logicalType: number # exact" in text
    assert lines.index("        # quality:") > lines.index("        logicalTypeOptions: {minimum: 0.10, maximum: 1_0}")
    assert comments(text) == comments(DISORDERED)


def test_what_is_written_stays_as_it_is_written() -> None:
    """Digits, quotes, lists in brackets and the values of custom properties are nobody's business but the author's."""
    text = laid(DISORDERED)
    for kept in ("minimum: 0.10", "maximum: 1_0", '"decimal(10,2)"', "purpose: 'x'", "{b: 1, a: 2}", "[{a: 1}]"):
        assert kept in text
    assert parse(text.encode(), "x").data == parse(DISORDERED.encode(), "x").data


def test_the_contracts_of_the_repository_are_in_the_layout() -> None:
    for path in (*(ROOT / "contracts").rglob("*.odcs.yaml"), *(ROOT / "tests" / "corpus" / "good").glob("*.odcs.yaml")):
        assert lay_out(path.read_bytes(), path.name) == path.read_text(), path


def test_every_key_of_the_standard_has_its_place() -> None:
    known = schema()
    for key, part in (
        ("", known), ("schema", known["$defs"]["SchemaObject"]), ("properties", known["$defs"]["SchemaProperty"]),
        ("quality", known["$defs"]["DataQuality"] | {"allOf": [known["$defs"]["DataQuality"]]}),
        ("customProperties", known["$defs"]["CustomProperty"]),
    ):  # fmt: skip
        assert property_names(part) <= set(ORDERS[key]), (key, property_names(part) - set(ORDERS[key]))


def _shuffled(text: str, chance: random.Random) -> str:
    """The contract with its keys in any order and a comment above and behind some lines, written by another writer."""

    def mixed(value: object) -> object:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {key: mixed(value[key]) for key in keys}
        return [mixed(item) for item in value] if isinstance(value, list) else value

    data = mixed(yaml.load(text, Loader=yaml.BaseLoader))
    style = {"indent": chance.choice((2, 3, 4, 6)), "default_flow_style": chance.choice((False, None))}
    lines = yaml.dump(data, sort_keys=False, width=100_000, **style).splitlines()
    for at in sorted(chance.sample(range(len(lines)), 12), reverse=True):
        if chance.random() < 0.5:
            indent = len(lines[at]) - len(lines[at].lstrip())
            lines.insert(at, " " * chance.choice((0, indent, indent + 2)) + f"# note {at}")
        else:
            lines[at] += f"  # behind {at}"
    return "\n".join(lines) + chance.choice(("", "\n", "\n\n# last\n"))


@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_any_order_is_laid_out_to_the_same_meaning_with_every_comment_once(seed: int) -> None:
    text = _shuffled(SALES, random.Random(seed))
    done = laid(text)
    assert parse(done.encode(), "x").data == parse(text.encode(), "x").data
    assert sorted(re.findall("# (?:note|behind|last)[^\n]*", done)) == sorted(
        re.findall("# (?:note|behind|last)[^\n]*", text)
    )
    assert laid(done) == done
    assert [line.split(":")[0] for line in done.splitlines() if re.match("[a-z]", line)][:2] == ["apiVersion", "kind"]


def test_a_file_is_laid_out_without_change_or_refused() -> None:
    """Whatever YAML it is: the meaning is the same and doing it twice is doing it once, or the file stays."""
    texts = [raw for _, raw in hostile.cases() if len(raw) < 2_000]
    try:
        texts += [case.text.encode(errors="surrogatepass") for case in yaml_test_suite.cases(platform().cache / "test")]
    except yaml_test_suite.Unavailable:
        assert texts  # the own corpus is enough where nothing can be fetched
    done = 0
    for raw in texts:
        try:
            text = lay_out(raw, "x")
        except Refused as refused:
            assert refused.finding.code in ("TL-CON-001", "TL-CON-002", "TL-CON-050")
            continue
        done += 1
        assert parse(text.encode(), "x").data == parse(raw, "x").data and lay_out(text.encode(), "x") == text
    assert done > 60


def fmt(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.odcs.yaml").write_text(SALES)
    (tmp_path / "bad.odcs.yaml").write_text(DISORDERED)
    (tmp_path / "bad.odcs.yaml").chmod(0o640)
    return tmp_path


def test_check_writes_nothing_and_fails(folder: Path) -> None:
    done = fmt(folder, "--check")
    assert done.return_value == 4 and "bad.odcs.yaml: not in the layout" in done.output and "good" not in done.output
    assert (folder / "bad.odcs.yaml").read_text() == DISORDERED


def test_files_are_replaced_whole_and_keep_their_mode(folder: Path) -> None:
    assert fmt(folder).return_value == 0
    assert (folder / "bad.odcs.yaml").read_text() == laid(DISORDERED)
    assert (folder / "bad.odcs.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in folder.iterdir()) == ["bad.odcs.yaml", "good.odcs.yaml"]
    assert fmt(folder, "--check").return_value == 0


def test_a_file_that_is_no_yaml_stays_and_is_told(folder: Path) -> None:
    (folder / "bad.odcs.yaml").write_text("a: [")
    done = fmt(folder)
    assert done.return_value == 4 and "TL-CON-001" in done.output and (folder / "bad.odcs.yaml").read_text() == "a: ["
