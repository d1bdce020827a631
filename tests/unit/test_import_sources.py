"""Tables, samples and schemas as sources: types are exact, values stay where they are, limits hold."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from tideline.adapters.odcs import examine
from tideline.adapters.table_schemas import database_schema
from tideline.importing import samples, tables
from tideline.importing.deciding import Said, settle
from tideline.importing.draft import Draft, FieldDraft
from tideline.importing.json_schema import NEWEST
from tideline.importing.source import Kind, kind_of, read
from tideline.importing.writing import write
from tideline.model.errors import Fatal, TidelineError

NESTED = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("amount", pa.decimal128(12, 3)),
        pa.field("small", pa.int32()),
        pa.field("day", pa.date32()),
        pa.field("lines", pa.list_(pa.struct([("sku", pa.string()), ("price", pa.decimal128(10, 2))]))),
        pa.field("labels", pa.map_(pa.string(), pa.string())),
    ]
)
ROWS = pa.table([[] for _ in NESTED], schema=NESTED)


def field(draft: Draft, name: str) -> FieldDraft:
    return next(found for found in draft.fields if found.name == name)


def nested_types(draft: Draft) -> dict[str, Any]:
    lines, labels = field(draft, "lines"), field(draft, "labels").inner
    assert lines.inner is not None and labels is not None
    return {
        "id": (field(draft, "id").type, field(draft, "id").required),
        "at": (field(draft, "at").type, field(draft, "at").open),
        "amount": field(draft, "amount").decimal,
        "small": field(draft, "small").options,
        "day": field(draft, "day").type,
        "lines": (lines.type, [(part.name, part.type, part.decimal) for part in lines.inner.fields]),
        "labels": (field(draft, "labels").type, labels.type),
    }


EXPECTED = {
    "id": ("string", True),
    "at": ("timestamp", {}),
    "amount": (12, 3),
    "small": {"format": "i32"},
    "day": "date",
    "lines": ("array", [("sku", "string", None), ("price", "number", (10, 2))]),
    "labels": ("map", "string"),
}


def test_a_delta_table_gives_its_types_and_comments(tmp_path: Path) -> None:
    """Nested types, exact decimals, required columns."""
    commented = NESTED.set(1, NESTED.field(1).with_metadata({"comment": "When it was sold."}))
    write_deltalake(str(tmp_path / "t"), ROWS.cast(commented))
    assert kind_of(str(tmp_path / "t")) is Kind.DELTA
    draft = read(str(tmp_path / "t"), Kind.DELTA)
    assert nested_types(draft) == EXPECTED and field(draft, "at").description == "When it was sold."


def test_a_parquet_file_gives_its_types_and_its_values_only_ask(tmp_path: Path) -> None:
    """An e-mail address among the values makes the column suspect; the address itself goes nowhere."""
    row = {"id": "someone@example.org", "at": None, "amount": Decimal("1.5"), "lines": [], "labels": []}
    table = pa.Table.from_pylist([{**row, "at": 0}], schema=NESTED)
    pq.write_table(table, tmp_path / "t.parquet")
    draft = read(str(tmp_path / "t.parquet"), Kind.PARQUET)
    assert nested_types(draft) == EXPECTED and field(draft, "id").personal == "an e-mail address"
    settle(draft, Said())
    assert "someone" not in write(draft).text


def test_a_float_column_is_open(tmp_path: Path) -> None:
    """Nobody guesses digits."""
    pq.write_table(pa.table({"price": [1.5]}), tmp_path / "t.parquet")
    assert "not exact" in field(read(str(tmp_path / "t.parquet"), Kind.PARQUET), "price").open["physicalType"]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "create table orders (id varchar(36) primary key, total decimal(10, 2) not null, "
            "placed timestamp not null, note text, weight real, code text unique)"
        )
    connection.close()
    return path


def of_orders(draft: Draft) -> None:
    assert (field(draft, "id").primary, field(draft, "id").options) == (True, {"maxLength": 36})
    assert (field(draft, "total").decimal, field(draft, "total").required) == ((10, 2), True)
    assert "defaultTimezone" in field(draft, "placed").open and "physicalType" in field(draft, "weight").open
    assert field(draft, "code").unique and not field(draft, "note").unique


def test_a_sqlite_table_is_read_without_being_written(database: Path) -> None:
    """By the standard library, read-only."""
    draft = read(str(database), Kind.DATABASE, "orders")
    of_orders(draft)
    assert draft.name == "orders" and read(f"sqlite:///{database}", Kind.DATABASE, "orders").fields == draft.fields


def test_another_database_is_read_through_sqlalchemy(database: Path) -> None:
    """The path of PostgreSQL and others, here with SQLAlchemy's own SQLite dialect."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy comes with Airflow")
    of_orders(tables.draft_of(database_schema(f"sqlite+pysqlite:///{database}", "orders"), "orders"))


def test_a_password_in_a_url_is_never_shown() -> None:
    """Neither in the message nor in the source that the file names."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy comes with Airflow")
    with pytest.raises(TidelineError) as error:
        read("nonsense://me:secret@nowhere/db", Kind.DATABASE, "orders")
    assert "secret" not in str(error.value)


def test_a_database_table_becomes_a_contract_when_all_is_said(database: Path, tmp_path: Path) -> None:
    """Descriptions are the only thing left open, and lint refuses exactly their lines."""
    draft = read(str(database), Kind.DATABASE, "orders")
    said = Said(domain="shop", owner="o", purpose="Orders.", retention="1y", timezone="UTC")
    draft.fields = [part for part in draft.fields if part.name != "weight"]
    settle(draft, said)
    written = write(draft)
    assert (draft.key, draft.event_time) == ("id", "placed")
    made = tmp_path / "made.odcs.yaml"
    made.write_text(written.text)
    assert {finding.line for finding in examine(made)[1]} == {decision.line for decision in written.open}
    assert {decision.what.partition(": ")[2] for decision in written.open} == {"describe it in one sentence"}


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("a.csv", b"", "TL-IMP-001", "no header"),
        ("a.csv", b"a,a\n1,2\n", "TL-IMP-001", "stands in the header twice"),
        ("a.csv", b"a,b\n1\n", "TL-IMP-001", "line 2 has 1 values, the header 2"),
        ("a.csv", b'a,b\n"1,2\n', "TL-IMP-001", "it is no CSV"),
        ("a.csv", b"a\n\xe4\n", "TL-IMP-001", "iconv -f latin1"),
        ("a.csv", "a\nb\n".encode("utf-16"), "TL-IMP-001", "iconv -f utf-16"),
        ("a.csv", b"a,b\n", "TL-IMP-003", "the sample is empty"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "TL-IMP-001", "line 2 is no object"),
        ("a.jsonl", b'{"a": NaN}\n', "TL-IMP-001", "line 1: it is no JSON"),
        ("a.jsonl", b'{"a": "\xff"}\n', "TL-IMP-001", "it is not UTF-8"),
        ("a.json", b'[{"a": 1}, 2]', "TL-IMP-001", "item 1 is no object"),
        ("a.json", b"[" * 100_000, "TL-IMP-001", "it is no JSON"),
        ("a.avsc", b'{"type": "enum"}', "TL-IMP-003", "an event is a record"),
        ("a.avsc", b'{"a": 1, "a": 2}', "TL-IMP-001", "a key stands in one object twice"),
        ("a.avsc", b"[" * 100_000, "TL-IMP-001", "nested too deeply"),
        ("a.avsc", b" " * 1_000_001, "TL-IMP-002", "more than 1000000 bytes"),
        ("a.parquet", b"PAR1", "TL-IMP-001", "it cannot be read"),
        ("a.db", b"no database at all", "TL-IMP-001", "it cannot be read"),
        ("a.xlsx", b"", "TL-IMP-006", "--from short, csv"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(
    name: str, content: bytes, code: str, says: str, tmp_path: Path
) -> None:
    """No input makes it crash."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TidelineError) as error:
        read(str(path), kind_of(str(path)), "t")
    assert error.value.code == code and says in str(error.value) and error.value.fix


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "b.json", "a.csv"])
def test_a_file_of_windows_is_read(name: str, tmp_path: Path) -> None:
    """A mark in front and two characters at the end of each line are no part of any name or value."""
    rows = {
        "a.jsonl": '{"a": "x"}\r\n{"a": "y"}\r\n',
        "a.json": '{"a": "x"}\r\n{"a": "y"}',
        "b.json": '[\r\n{"a": "x"}]',
    }
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + rows.get(name, "a\r\nx\r\n").encode())
    draft = read(str(path), kind_of(str(path)), "")
    assert [(field.name, field.type) for field in draft.fields] == [("a", "string")]


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    """The two usual slips."""
    with pytest.raises(TidelineError, match="TL-IMP-006"):
        kind_of(str(tmp_path))
    with pytest.raises(TidelineError, match="there is no such file"):
        read(str(tmp_path / "a.csv"), Kind.CSV)
    with pytest.raises(TidelineError, match="--table"):
        read(str(tmp_path / "a.db"), Kind.DATABASE)


def avro(*fields: Any) -> str:
    return json.dumps({"type": "record", "name": "Event", "fields": list(fields)})


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.avsc", avro({"name": "next", "type": ["null", "Event"]}), "contains itself"),
        ("a.avsc", avro({"type": "string"}), "has no name"),
        ("a.json", '{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}', "refers to itself"),
        ("a.json", '{"$schema": "x", "properties": {"a": {"$ref": "http://x/y"}}}', "leaves the file"),
        ("a.json", '{"$schema": "x", "properties": {"a": {"$ref": "#/$defs/b"}}}', "leads nowhere"),
        ("a.json", '{"$schema": "x", "type": "string"}', "names no properties"),
        (
            "a.json",
            '{"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"b": {"$ref": "#/$defs/a"}}}}}',
            "recursive",
        ),
        ("a.json", '{"$schema": "x", "allOf": [{"$ref": "#"}]}', "refers to itself"),
    ],
)
def test_a_schema_that_no_contract_can_say_is_refused(name: str, text: str, says: str, tmp_path: Path) -> None:
    """Recursion and references beyond the file."""
    (tmp_path / name).write_text(text)
    with pytest.raises(TidelineError, match=says) as error:
        read(str(tmp_path / name), kind_of(str(tmp_path / name)))
    assert error.value.code == "TL-IMP-003"


BASE = {"type": "object", "properties": {"id": {"type": "string"}, "at": {"type": "string"}}, "required": ["id"]}


def schema_of(tmp_path: Path, **said: Any) -> Draft:
    (tmp_path / "s.json").write_text(json.dumps({"$schema": NEWEST, "$defs": {"base": BASE}, **said}))
    return read(str(tmp_path / "s.json"), Kind.JSON_SCHEMA)


@pytest.mark.parametrize(
    "said",
    [
        {"allOf": [{"$ref": "#/$defs/base"}], "properties": {"at": {"format": "date-time"}, "n": {"type": "integer"}}},
        {"$ref": "#/$defs/base", "properties": {"at": {"format": "date-time"}, "n": {"type": "integer"}}},
        {"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"n": {"type": "integer"}}},
                   {"properties": {"at": {"format": "date-time"}}}]},
    ],
)  # fmt: skip
def test_members_that_a_schema_inherits_are_members(said: dict[str, Any], tmp_path: Path) -> None:
    """`allOf`, and what stands beside a `$ref`: each part holds, so no field may be lost without a word."""
    draft = schema_of(tmp_path, **said)
    assert {field.name: (field.type, field.required) for field in draft.fields} == {
        "id": ("string", True), "at": ("timestamp", False), "n": ("integer", False),
    }  # fmt: skip
    assert not draft.quality


def test_what_a_schema_says_of_the_whole_event_is_left_open(tmp_path: Path) -> None:
    """Conditions between fields, required names without a field, and parts that disagree."""
    draft = schema_of(
        tmp_path,
        allOf=[{"properties": {"n": {"type": "integer", "minimum": 1}}}, {"properties": {"n": {"minimum": 5}}}],
        dependentRequired={"n": ["m"]}, minProperties=2, required=["n", "elsewhere"], additionalProperties=True,
    )  # fmt: skip
    said = [check["implementation"] for check in draft.quality]
    assert said == ["? n: allOf", "? the event: dependentRequired, minProperties, required elsewhere"]
    assert all("open" in check for check in draft.quality)
    assert draft.notes == ["the event: members that are not named are refused, the schema allowed them"]


def test_a_schema_whose_parts_double_is_refused_in_bounded_time(tmp_path: Path) -> None:
    """Fifteen definitions that each name the next one twice: twice as many parts with each."""
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(15)}
    with pytest.raises(Fatal, match=r"TL-IMP-002.* parts"):
        schema_of(tmp_path, **{"$defs": {**doubling, "d15": BASE}, "$ref": "#/$defs/d0"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["1,50", "2", "1.234,5"], "numbers with a decimal comma"),
        (["$1.50", "$ 2,000.00"], "amounts with their sign"),
        (["5%", "7 %"], "amounts with their sign"),
        (["31.12.2024", "1/2/24"], "dates that are not written as 2024-12-31"),
        (["2024/12/31 10:00", "2024/12/30 11:00"], "dates that are not written as 2024-12-31"),
        (["TRUE", "FALSE"], "truth values"),
        (["yes", "no"], "truth values"),
        (["1,50", "about 2"], ""),
        (["2024-12-31", "soon"], ""),
        (["true", "false"], ""),
        (["1.2.3", "2.0.1"], ""),
        (["x" * 1_000, "yes"], ""),
    ],
)
def test_texts_that_people_read_otherwise_are_told(values: list[str], says: str, tmp_path: Path) -> None:
    """A price with a comma becomes a text, which is right for such events and seldom what was meant."""
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"v": value}) + "\n" for value in values), encoding="utf-8")
    draft = read(str(tmp_path / "a.jsonl"), Kind.JSON)
    told = [note for note in draft.notes if note.startswith("v: its values look like")]
    assert (len(told) == 1 and says in told[0] and values[0] not in told[0]) if says else not told


def test_kinds_of_json_are_told_apart(tmp_path: Path) -> None:
    """A .json may be data, a JSON Schema or an Avro schema."""
    given = {"d": '[{"a": 1}]', "s": '{"properties": {}}', "a": avro(), "o": '{"a": 1}\n{"a": 2}\n'}
    for name, text in given.items():
        (tmp_path / f"{name}.json").write_text(text)
    kinds = {name: kind_of(str(tmp_path / f"{name}.json")) for name in given}
    assert kinds == {"d": Kind.JSON, "s": Kind.JSON_SCHEMA, "a": Kind.AVRO, "o": Kind.JSON}


def test_values_of_a_sample_stay_out_of_the_contract(tmp_path: Path) -> None:
    """Only an enum of a plain field is a value, and --no-enums leaves even that out."""
    rows = [{"id": f"secret-{n}", "mail": f"p{n % 2}@example.org", "state": "ab"[n % 2] * 3} for n in range(60)]
    draft = samples.draft_of(iter(rows), "s", texts_only=False)
    settle(draft, Said())
    text = write(draft).text
    assert "secret" not in text and "example.org" not in text and field(draft, "state").enum == ["aaa", "bbb"]
    without = samples.draft_of(iter(rows), "s", texts_only=False, enums=False)
    assert field(without, "state").enum == []


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("DE89 3704 0044 0532 0130 00", "a bank account"),
        ("DE89370400440532013000", "a bank account"),
        ("DE88370400440532013000", None),
        ("ORDR12345678", None),
        ("ann@example.org", "an e-mail address"),
        ("+49 30 1234567", "a phone number"),
    ],
)
def test_values_that_look_personal_ask(value: str, what: str | None) -> None:
    """One of them in a sample is enough; an account number has to check."""
    draft = samples.draft_of(iter([{"code": value}, {"code": "x"}]), "s", texts_only=True)
    assert draft.fields[0].personal == what


def test_the_rows_read_of_a_sample_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample of any length takes bounded time."""
    monkeypatch.setattr(samples, "MAX_ROWS", 3)
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 10)
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n' * 10)
    (tmp_path / "a.json").write_text("[" + ",".join(['{"a": 1}'] * 10) + "]")
    assert len(list(samples.csv_rows(tmp_path / "a.csv"))) == 3
    assert len(list(samples.json_rows(tmp_path / "a.jsonl"))) == len(list(samples.json_rows(tmp_path / "a.json"))) == 3


def test_too_many_columns_and_fields_are_refused() -> None:
    """2,000 are the limit, flat or nested."""
    with pytest.raises(TidelineError, match="TL-IMP-002"):
        samples.draft_of(iter([{f"c{n}": 1 for n in range(1999)}, {"x": 1, "y": 2}]), "s", texts_only=False)
    draft = Draft("s", fields=[FieldDraft("a", "object", fields=[FieldDraft(f"f{n}") for n in range(2000)])])
    with pytest.raises(TidelineError, match="TL-IMP-002"):
        settle(draft, Said())
