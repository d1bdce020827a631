"""Exports: the JSON Schema agrees with the decoder, round trips lose nothing that the format can say."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.unit.sales import SALES
from tideline import exporting
from tideline import settings as installation
from tideline.adapters.json_events import EventDecoder, Rejection
from tideline.cli.contract import command
from tideline.importing import avro as avro_import
from tideline.importing import json_schema as schema_import
from tideline.index import compile_index, store_index
from tideline.model.contract import Contract, Drift, DriftAction
from tideline.model.errors import Fatal
from tideline.model.field import EventField, FieldType
from tideline.rendering import exact_json


def part(name: str, kind: str, **said: Any) -> EventField:
    return EventField(name=name, type=FieldType(kind), description=f"{name} of the order", **said)


LINE = part("item", "object", required=True, fields=(
    part("sku", "string", required=True, min_length=2, max_length=8, pattern="[A-Z]+"),
    part("price", "decimal", precision=6, scale=2, minimum=Decimal(0)),
))  # fmt: skip
ORDERS = SALES.model_copy(
    update={
        "rules": (), "derived": (), "views": (), "gates": (), "retired": ("gone",), "event_time": "at",
        "fields": (
            part("event_id", "string", required=True, max_length=20),
            part("at", "timestamp", required=True),
            part("local", "timestamp", timezone="UTC"),
            part("day", "date"),
            part("amount", "decimal", precision=12, scale=3, required=True),
            part("whole", "decimal", precision=4, scale=0),
            part("tiny", "decimal", precision=3, scale=3),
            part("count", "integer", bits=32),
            part("big", "integer", minimum=Decimal(-5)),
            part("paid", "boolean"),
            part("status", "string", enum=("new", "paid")),
            part("lines", "array", items=LINE, max_items=2),
            part("labels", "map", values=part("value", "string", max_length=4), max_items=2),
            part("city", "string", renamed_from="town", max_length=9),
        ),
    }
)  # fmt: skip

_NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.decimals(-100_000, 100_000, places=4, allow_nan=False).map(lambda number: f"{number:f}"),
    st.sampled_from(
        ["-0", "0.100", "999", "999.0", "0.999", "9999", "999999999.999", "1000000000", "1.0005", "-0.001"]
    ),
)
_MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)).map(datetime.isoformat)  # noqa: DTZ001 - texts
_TEXTS = st.one_of(
    st.text(max_size=10),
    st.sampled_from(["new", "paid", "AB", "Ab", "ABCDEFGHI", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29"]),
    st.sampled_from(
        ["2024-01-01T00:00:00", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+24:00", "0000-01-01T00:00:00Z"]
    ),
    st.builds("{}{}".format, _MOMENTS, st.sampled_from(["Z", "", "+01:00", "-23:59", "z", "+0100"])),
    st.builds("2024-01-01T00:00:00.{}Z".format, st.from_regex(r"[0-9]{1,10}", fullmatch=True)),
)
_SCALARS = st.one_of(
    st.none().map(lambda _: "null"), st.sampled_from(["true", "false"]), _NUMBERS, _TEXTS.map(json.dumps)
)  # fmt: skip
_NAMES = st.sampled_from(["sku", "price", "a", "b", "c"])


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.dictionaries(_NAMES, inner, max_size=3)
    objects = members.map(lambda found: "{" + ",".join(f'"{name}":{value}' for name, value in found.items()) + "}")
    return objects | st.lists(inner, max_size=3).map(lambda found: f"[{','.join(found)}]")


_VALUES = st.recursive(_SCALARS, _containers, max_leaves=6)
_MEMBERS = st.sampled_from([*(field.name for field in ORDERS.fields), "town", "gone", "unknown"])


@cache
def validator(drift: DriftAction) -> Draft202012Validator:
    text = exporting.own(orders(drift), "jsonschema")
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text, parse_float=Decimal))


@cache
def decoder(drift: DriftAction) -> EventDecoder:
    return EventDecoder(orders(drift))


def orders(drift: DriftAction) -> Contract:
    return ORDERS.model_copy(update={"drift": Drift(new_fields=drift)})


def agree(members: dict[str, str], drift: DriftAction = DriftAction.QUARANTINE) -> bool:
    """Whether decoder and schema say the same of an event; returns what they say."""
    text = "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"
    document = json.loads(text, parse_float=Decimal)
    key = document.get("event_id")
    row = decoder(drift).decode(key.encode() if isinstance(key, str) else b"", text.encode())
    said = validator(drift).is_valid(document)
    assert said is not isinstance(row, Rejection), (text, row)
    return said


WHOLE = {"event_id": '"e1"', "at": '"2024-01-01T00:00:00Z"', "amount": "1.5"}


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(_MEMBERS, _VALUES, max_size=4))
def test_schema_and_decoder_agree_on_every_event(changes: dict[str, str]) -> None:
    """Any member, present, absent, null, of another type, nested, at its limits."""
    agree({**WHOLE, **changes})


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ORDERS.fields), _TEXTS.map(json.dumps) | _NUMBERS)
def test_schema_and_decoder_agree_on_each_scalar(field: EventField, value: str) -> None:
    """Aimed at one field, so that limits are met often."""
    agree({**WHOLE, field.name: value})


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"at": '"2024-02-30T00:00:00Z"'}, False),
        ({"at": '"2024-02-29T00:00:00.123456000Z"'}, True),
        ({"at": '"2024-02-29T00:00:00.1234567Z"'}, False),
        ({"amount": '"1.50"'}, True),
        ({"amount": "1.0005"}, False),
        ({"tiny": "0.999"}, True),
        ({"tiny": "1"}, False),
        ({"town": '"Ulm"'}, True),
        ({"town": '"Ulm"', "city": '"Ulm"'}, False),
        ({"gone": "[1]"}, True),
        ({"labels": '{"a":"b","c":null,"d":"e"}'}, False),
        ({"lines": '[{"sku":"AB"},{"sku":"AB","price":0}]'}, True),
        ({"lines": '[{"sku":"AB","price":-1}]'}, False),
        ({"lines": "[null]"}, False),
    ],
)
def test_schema_and_decoder_agree_on_the_known_corners(changes: dict[str, str], valid: bool) -> None:
    """So that the property above cannot hold by refusing everything."""
    assert agree({**WHOLE, **changes}) is valid


def test_an_evolving_contract_allows_unknown_members() -> None:
    """drift: newFields: evolve."""
    assert agree({**WHOLE, "unknown": "1"}, DriftAction.EVOLVE) is True


def shape(field: EventField | Any) -> tuple[Any, ...]:
    inner = getattr(field, "inner", None)
    parts = inner if isinstance(inner, tuple) else [*field.fields, *([inner] if inner else [])]
    kind = "number" if field.type is FieldType.DECIMAL else str(getattr(field.type, "value", field.type))
    return field.name, kind, field.required, tuple(shape(part)[1:] for part in parts)


def test_a_json_schema_imported_again_has_the_same_fields() -> None:
    """Names, types, digits, limits, required; only a local time is a text to JSON Schema."""
    schema = json.loads(exporting.own(ORDERS, "jsonschema"), parse_float=Decimal)
    draft = schema_import.draft_of(schema, "s")
    again = {found.name: found for found in draft.fields}
    for field in ORDERS.fields:
        if field.name != "local":
            assert shape(again[field.name])[:3] == shape(field)[:3]
    decimals = {found.name: found.decimal for found in draft.fields if found.decimal}
    assert decimals == {"amount": (12, 3), "whole": (4, 0), "tiny": (3, 3)}
    assert again["lines"].inner.fields[1].decimal == (6, 2)  # no minimum said more than 0
    assert again["lines"].inner.fields[1].options == {"minimum": 0, "maximum": Decimal("9999.99")}
    assert again["count"].options == {"format": "i32"} and again["amount"].options == {}
    assert again["big"].options == {"minimum": -5, "maximum": 2**63 - 1}


@pytest.mark.parametrize("pattern", ["^.*$", "^[a-z]+$", "", "^\\w$", "[0-9]."])
def test_a_number_or_any_text_is_open(pattern: str) -> None:
    """Only a text of digits is the same number to the decoder."""
    either = {"anyOf": [{"type": "number", "multipleOf": 0.1}, {"type": "string", "pattern": pattern}]}
    draft = schema_import.draft_of({"type": "object", "properties": {"a": either}}, "s")
    assert "logicalType" in draft.fields[0].open


def test_an_avro_schema_imported_again_is_the_same() -> None:
    """Names, types, decimals, enums, nesting, required."""
    draft = avro_import.draft_of(json.loads(exporting.own(ORDERS, "avro")), "s")
    assert [shape(found) for found in draft.fields] == [shape(field) for field in ORDERS.fields]
    decimals = {found.name: found.decimal for found in draft.fields if found.decimal}
    assert decimals == {"amount": (12, 3), "whole": (4, 0), "tiny": (3, 3)}
    assert [found.enum for found in draft.fields if found.enum] == [["new", "paid"]]


def test_json_is_the_compiled_contract() -> None:
    """It gives the same contract back."""
    document = json.loads(exporting.own(SALES, "json"))
    assert (document.pop("id"), document.pop("hash")) == (SALES.id, SALES.hash)
    assert Contract.model_validate_json(json.dumps(document)) == SALES


def test_sql_creates_the_events_table() -> None:
    """Spark DDL with every column."""
    text = exporting.own(ORDERS, "sql")
    assert text.startswith("CREATE TABLE retail.sales (") and "`amount` decimal(12,3)" in text
    assert "array<struct<" in text and "map<string,string>" in text


def test_exact_json_keeps_digits() -> None:
    """No float in between."""
    assert exact_json.dumps({"a": [Decimal("0.10"), 10**30], "b": {}}) == (
        '{\n  "a": [0.10, 1000000000000000000000000000000],\n  "b": {}\n}\n'
    )


FAKE = """#!{python}
import pathlib, sys
assert sys.argv[1] == "export" and "--no-inline-references" in sys.argv, sys.argv
if sys.argv[2] == "rdf":
    sys.exit("boom: not today")
pathlib.Path(sys.argv[sys.argv.index("--output") + 1]).write_text(f"made {{sys.argv[2]}}")
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own, beside a Python without datacontract-cli."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    return tmp_path


SOURCE = Path(__file__).parents[2] / "contracts" / "retail" / "sales.odcs.yaml"


def test_a_missing_datacontract_cli_is_one_line_with_what_to_install(elsewhere: Path) -> None:
    """Optional means: told, not required."""
    with pytest.raises(Fatal, match="TL-EXP-001") as error:
        exporting.foreign(SALES, SOURCE, "html")
    assert exporting.PACKAGE in error.value.fix


def test_datacontract_cli_is_called_on_a_copy_and_fetches_nothing(elsewhere: Path) -> None:
    """The seam: its command, one file in, one file out."""
    program = elsewhere / "datacontract"
    program.write_text(FAKE.format(python=os.path.realpath(sys.base_prefix + "/bin/python3")))
    program.chmod(0o755)
    assert exporting.foreign(SALES, SOURCE, "html") == "made html"
    with pytest.raises(Fatal, match=r"TL-EXP-003.*boom: not today"):
        exporting.foreign(SALES, SOURCE, "rdf")
    with pytest.raises(Fatal, match=r"TL-EXP-004.*the file of retail\.sales is not there"):
        exporting.foreign(SALES, elsewhere / "gone.odcs.yaml", "html")


def test_a_family_is_nothing_for_datacontract_cli() -> None:
    """Its members have no file of their own."""
    with pytest.raises(Fatal, match="TL-EXP-002"):
        exporting.foreign(SALES.model_copy(update={"family": "sales"}), SOURCE, "html")


def test_times_are_what_the_test_says_they_are() -> None:
    """The corners of the calendar that the patterns spell out are those of Python's calendar."""
    day, days = datetime(1999, 1, 1, tzinfo=UTC), set[str]()
    while day.year < 2005:
        days.add(f"{day:%m-%d}" if day.year != 2000 else f"leap {day:%m-%d}")
        day += timedelta(days=1)
    check = validator(DriftAction.QUARANTINE)
    for month in range(1, 13):
        for number in range(1, 32):
            text = f"{month:02}-{number:02}"
            for year, known in ((1999, text in days - {"02-29"}), (2000, f"leap {text}" in days)):
                event = {"event_id": "e", "at": f"{year}-{text}T00:00:00Z", "amount": 1}
                assert check.is_valid(event) is known, event


@pytest.mark.parametrize("words", [("export", "retail.sales", "--output", "-"), ("show", "retail.sales")])
def test_a_file_that_was_changed_since_it_was_compiled_is_told(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown is the compiled contract; where only the index is, there is nothing to compare it with."""
    contracts = tmp_path / "contracts"
    shutil.copytree(SOURCE.parent, contracts / "retail")
    store_index(tmp_path / "out" / "index.json", compile_index(contracts))
    monkeypatch.chdir(tmp_path)
    own = installation.Settings(home=tmp_path, contracts=contracts, index=tmp_path / "out" / "index.json")
    monkeypatch.setattr(installation, "settings", lambda: own)
    path = contracts / "retail" / "sales.odcs.yaml"

    def told() -> bool:
        done = CliRunner().invoke(command, list(words), standalone_mode=False)
        assert done.exception is None and "retail" in done.stdout
        return "changed since it was compiled" in done.stderr

    assert not told()
    path.write_text(path.read_text().replace("Units.", "Pieces."))
    assert told()
    path.unlink()
    assert not told() and not Path("-").exists()
