"""Types inferred from values: narrowest, exact, and never guessed in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tideline.model import personal
from tideline.model.field import EventField, FieldType, Masking
from tideline.model.inference import Inferred, Ways, infer
from tideline.model.samples import Samples, parse

PLAIN = Ways()


def inferred(*values: str, name: str = "found", ways: Ways = PLAIN) -> Inferred:
    """What JSON texts are inferred to be."""
    samples = Samples()
    for value in values:
        samples.see(parse(value))
    return infer(name, samples, ways)


def typed(*values: str, **more: Any) -> EventField:
    found = inferred(*values, **more)
    assert found.whole, found.remarks
    assert found.field is not None
    return found.field


def said(*values: str, **more: Any) -> str:
    """The one remark about values that no type reads."""
    found = inferred(*values, **more)
    assert not found.whole
    return " / ".join(remark.text for remark in found.remarks if not remark.decided)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "false"], {"type": "boolean"}),
        (["1", "-2147483648", "-0"], {"type": "integer", "bits": 32}),
        (["2147483648"], {"type": "integer", "bits": 64}),
        (["-9223372036854775808"], {"type": "integer", "bits": 64}),
        (["9223372036854775808"], {"type": "decimal", "precision": 38, "scale": 0}),
        (["1", "2.50"], {"type": "decimal", "precision": 9, "scale": 2}),
        (["0.1", "1234567890"], {"type": "decimal", "precision": 18, "scale": 1}),
        (["0.05"], {"type": "decimal", "precision": 9, "scale": 2}),
        (["1e2"], {"type": "decimal", "precision": 9, "scale": 0}),
        (["25e-3", "0e999999999"], {"type": "decimal", "precision": 9, "scale": 3}),
        (["1.5", '"2.25"'], {"type": "decimal", "precision": 9, "scale": 2}),
        (["7", '"8"'], {"type": "decimal", "precision": 9, "scale": 0}),
        (['"2026-01-02T10:00:00Z"', '"2026-01-02T10:00:00.25+01:00"'], {"type": "timestamp", "timezone": None}),
        (['"2026-01-02T10:00:00"'], {"type": "timestamp", "timezone": "UTC"}),
        (['"2026-01-02"'], {"type": "date"}),
        (['"2026-01-02"', '"2026-02-30"'], {"type": "string", "max_length": 64}),
        (['"2026-01-02"', '"2026-01-02T10:00:00Z"'], {"type": "string"}),
        (['"2026-01-02T10:00:00Z"', '"2026-01-02T10:00:00"'], {"type": "string"}),
        (['"2026-01-02T10:00:00.1234567Z"'], {"type": "string"}),
        (['"12"', '"13"'], {"type": "string"}),
        (['""'], {"type": "string"}),
        ([json.dumps("x" * 65)], {"type": "string", "max_length": 128}),
    ],
)
def test_the_narrowest_type_that_reads_every_value(values: list[str], expected: dict[str, Any]) -> None:
    found = typed(*values)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["true", "1"], "different kinds: a boolean in 1, a number in 1"),
        (['"a"', "1"], "a number in 1, a text in 1"),
        (["{}", '"a"'], "different kinds"),
        (["null"], "no value but null"),
        (["[]", "[]"], "only empty arrays"),
        (["{}"], "only empty objects"),
        (["1" * 39], "39 digits before"),
        (["1e400"], "400 digits before|401 digits before"),
        (["0." + "1" * 19], "19 after the point"),
        (["[" * 9 + "1" + "]" * 9], "levels"),
        (['{"firstName": 1, "last": true}'], "1 of its members have names that no field can have"),
    ],
)
def test_what_no_type_reads_is_said_and_not_guessed(values: list[str], reason: str) -> None:
    text = said(*values)
    assert any(words in text for words in reason.split("|")), text


def test_null_and_absence_make_a_field_optional() -> None:
    """Only what every event carried is required; of less than all events nothing is."""
    assert typed("1", "2").required
    assert not typed("1", "null").required
    assert not typed("1", ways=Ways(required=False)).required
    samples = Samples()
    samples.see(parse("1"))
    found = infer("found", samples, of=2).field
    assert found is not None and not found.required


def test_few_texts_in_many_rows_are_an_enum() -> None:
    """Not of a handful of rows, not of personal texts, not when it is not asked for."""
    many = ['"card"', '"cash"'] * 25
    assert typed(*many).enum == ("card", "cash")
    assert typed(*many[:48]).enum == ()
    assert typed(*many, ways=Ways(enums=False)).enum == ()
    assert typed(*['"ann@example.org"'] * 50).enum == ()
    assert typed(*[json.dumps(f"v{n % 13}") for n in range(1000)]).enum == ()


def test_objects_arrays_and_maps_are_inferred_through_and_through() -> None:
    found = typed('{"city": "Ulm", "lines": [{"sku": "a", "n": 1}, {"sku": "b"}]}', '{"city": "Bonn", "lines": []}')
    city, lines = found.fields
    assert (found.type, city.required, lines.type, lines.required) == (FieldType.OBJECT, True, FieldType.ARRAY, True)
    assert lines.items is not None
    assert [(field.name, field.type, field.required) for field in lines.items.fields] == [
        ("sku", FieldType.STRING, True),
        ("n", FieldType.INTEGER, False),
    ]


def test_members_whose_names_are_data_are_a_map() -> None:
    """Names that no field can have, or many of which each object has few; the remark names none of them."""
    by_key = inferred('{"A-1": 1}', '{"B-2": 2.5}')
    sparse = inferred(*(json.dumps({f"k{n}": n, f"k{n + 1}": n}) for n in range(40)))
    crowded = inferred(json.dumps({f"k{n}": n for n in range(200)}))
    for found in (by_key, sparse, crowded):
        assert found.whole and found.field is not None and found.field.type is FieldType.MAP
        assert [remark.text for remark in found.remarks] == ["the names of its members look like data, so it is a map"]
    assert by_key.field is not None and by_key.field.values is not None
    assert by_key.field.values.type is FieldType.DECIMAL


def test_a_member_without_a_type_is_left_out_and_said() -> None:
    found = inferred('{"a": 1, "b": null}')
    assert not found.whole
    assert found.field is not None
    assert [field.name for field in found.field.fields] == ["a"]
    assert [(remark.path, remark.decided) for remark in found.remarks] == [("found.b", False)]


def test_many_items_and_members_keep_room() -> None:
    assert typed(json.dumps(list(range(1_500)))).max_items == 2_048
    assert "100000 fit" in said(json.dumps([1] * 100_001))


def test_texts_of_a_table_are_read_for_what_they_say() -> None:
    """In CSV everything is text: all `12` are integers, one `x` makes all of them texts, leading zeros stay."""

    def column(*cells: str) -> EventField:
        return typed(*map(json.dumps, cells), ways=Ways(texts_only=True))

    assert column("12", "-3").type is FieldType.INTEGER
    assert (column("12", "3.50").type, column("12", "3.50").scale) == (FieldType.DECIMAL, 2)
    assert column("true", "false").type is FieldType.BOOLEAN
    assert column("012", "3").type is FieldType.STRING
    assert column("12", "x").type is FieldType.STRING
    assert column("2026-01-02").type is FieldType.DATE


def test_what_looks_personal_is_protected_and_said() -> None:
    """By its name or by its values, inside of objects too; the object around it is protected with it."""
    for values, name in (
        (['"x"'], "contact_email"), (['"ann@example.org"'], "reply_to"), (['"+44 20 7946 0000"'], "line"),
        (['"Ann"'], "first_name"), (["17"], "phone"), (['{"street": "High St"}'], "shipping"),
    ):  # fmt: skip
        found = inferred(*values, name=name)
        assert found.field is not None
        assert (found.field.pii, found.field.masking) == (True, Masking.SILVER_ONLY)
        assert found.field.classification == "confidential"
        assert any("confirm" in remark.text for remark in found.remarks)
    for name in ("product_name", "quantity", "mailing", "streetlight"):
        assert personal.by_name(name) is None
    assert personal.by_name("customerName") == personal.by_name("name") == "a name"
    assert personal.by_text("2011-01-04") is None
    assert personal.by_text("a@" * 100_000) is None


def test_no_remark_holds_a_value() -> None:
    secret = "s3cr3t"
    for value in (
        f'{{"{secret} x": 1, "b": true}}',
        f'["{secret}", 1]',
        f'"{secret}@example.org"',
        f'[{{"{secret}!":1}}]',
    ):
        assert all(secret not in remark.text + remark.path for remark in inferred(value).remarks)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", b"\xff", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_floats_are_refused() -> None:
    """A float has lost its digits already, so it cannot be judged."""
    with pytest.raises(TypeError):
        Samples().see(1.5)
