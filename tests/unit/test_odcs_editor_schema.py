"""The schema for editors: committed fresh, true about good contracts, quick to tell a slip in our own keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema_rs import Draft201909Validator

from tideline.adapters.odcs import editor_schema
from tideline.adapters.odcs.source import parse
from tideline.adapters.odcs.telling import VENDOR
from tideline.cli.contract.schema import command

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "contracts" / "odcs-tideline.schema.json"
GOOD = (ROOT / "tests" / "corpus" / "good" / "orders.odcs.yaml").read_text()
VALIDATOR = Draft201909Validator(json.loads(editor_schema()))


def valid(text: str) -> bool:
    return VALIDATOR.is_valid(parse(text.encode(), "x").data)


def test_the_committed_schema_is_the_one_that_is_generated(tmp_path: Path) -> None:
    """`tideline contract schema --output contracts/odcs-tideline.schema.json` mends it."""
    assert COMMITTED.read_text() == editor_schema()
    done = CliRunner().invoke(command, ["--output", str(tmp_path / "x.json")], catch_exceptions=False)
    assert done.exit_code == 0 and (tmp_path / "x.json").read_text() == editor_schema()
    assert CliRunner().invoke(command, []).output == editor_schema()


def test_good_contracts_are_good_in_the_editor_too() -> None:
    paths = [*(ROOT / "contracts").rglob("*.odcs.yaml"), *(ROOT / "tests" / "corpus" / "good").glob("*.odcs.yaml")]
    assert len(paths) >= 3
    for path in paths:
        assert valid(path.read_text()), path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("property: renamedFrom", "property: renamedFro"),
        ("value: omit,", "value: hash,"),
        ("property: pii, value: true", "property: pii, value: maybe"),
        ("newFields: evolve", "newFields: keep"),
        ("changedFields: fail", "changedFields: evolve"),
        ("value: full,", "value: ful,"),
        ("partitions: 2", "partitons: 2"),
        ("grain: day", "grain: week"),
        ("kind: sum", "kind: summ"),
        ("batchOnly: true", "batch_only: true"),
        ("horizon: P7DT12H", "horizons: P7D"),
        ("value: table,", "value: tables,"),
        ("property: latency", "property: latenci"),
        ("unit: percent", "unit: per cent"),
        ("logicalType: map", "logicalType: vector"),
        ("value: [retail.sales]", "value: [retail]"),
        ("v3.2.0", "v3.0.2"),
        ("purpose: ", "purpos: "),
        ("validValues: ", "validValuess: "),
        ("property: latency", "propertyy: latency"),
        ("vendor: tideline", "vendor: tidline"),
        (", vendor: tideline", ""),
        ("logicalType: string\n", "semanticType: column\n"),
        ("logicalType: string\n", "logicalType: string\n        semanticType: measure\n"),
    ],
)
def test_a_slip_in_our_keys_is_marked_while_it_is_typed(old: str, new: str) -> None:
    assert old in GOOD and valid(GOOD) and not valid(GOOD.replace(old, new, 1))


def test_properties_of_other_vendors_stay_free() -> None:
    assert valid(GOOD.replace("vendor: another, value: weekly", "vendor: another, value: [[1]]"))


def test_a_parameter_of_a_family_may_stand_for_a_number_or_a_truth_value() -> None:
    """What lint reads is not marked; another text in its place is."""
    family = (ROOT / "tests" / "corpus" / "good" / "shops.odcs.yaml").read_text()
    field = '- {{name: till, logicalType: integer, required: "{0}", logicalTypeOptions: {{maximum: "{1}"}}}}'
    marker = "    customProperties:\n"
    given = [
        ("${family.must}", "${family.most}", True),
        ("maybe", "${family.most}", False),
        ("${family.must}", "9", False),
    ]
    for must, most, good in given:
        assert valid(family.replace(marker, f"      {field.format(must, most)}\n{marker}", 1)) is good, (must, most)


def test_every_property_of_ours_has_a_description_and_a_snippet() -> None:
    schema = json.loads(editor_schema())
    for name in ("Contract", "Event", "Field", "Check"):
        part = schema["$defs"][f"Tideline{name}Property"]
        named = part["then"]["properties"]["property"]
        assert [snippet["label"] for snippet in part["defaultSnippets"]] == named["enum"]
        assert all(
            snippet["description"] and snippet["body"]["vendor"] == VENDOR for snippet in part["defaultSnippets"]
        )
        assert all(f"{key}: " in named["description"] for key in named["enum"])


def test_the_schema_knows_every_property_that_the_reader_knows() -> None:
    from tideline.adapters.odcs import checks, promises, properties, reading

    schema = json.loads(editor_schema())
    for name, keys in (
        ("Contract", promises.OUR_KEYS), ("Event", reading.EVENT_KEYS),
        ("Field", properties.OUR_KEYS), ("Check", checks.OUR_KEYS),
    ):  # fmt: skip
        assert set(schema["$defs"][f"Tideline{name}Property"]["then"]["properties"]["property"]["enum"]) == set(keys)
