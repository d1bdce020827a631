"""No source makes an import crash: whatever it holds, there is a file or an error that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tideline.adapters.odcs import examine
from tideline.importing.deciding import Said, settle
from tideline.importing.source import Kind, read
from tideline.importing.writing import write
from tideline.model.errors import TidelineError

WORDS = st.sampled_from(
    [
        "string", "decimal(10,2)", "array<string>", "struct<a:int>", "map<string,int>", "timestamp", "float", "object",
        "array", "map", "null", "record", "enum", "number", "integer", "date-time", "#/$defs/a", "#", "a", "b", "on",
        "1e3", "not_null", "unique", "pii", "min_value(0)", "range(1, 2)", "allowed_values('a')", "row_count > 0",
        "a > 0", "null_percentage(a) < 0.5", "a between 1 and 2", "x: y # z", "15m", "99.9%", "Ann O'Neil",
    ]
)  # fmt: skip
SHORT = [
    "dataset", "owner", "sla", "schema", "quality", "name", "type", "tests", "fields", "items", "pii", "enum", "min",
    "max", "pattern", "description", "version", "tags", "key", "required", "check", "column", "timezone", "freshness",
]  # fmt: skip
SCHEMA = [
    "$schema", "type", "properties", "items", "enum", "required", "$ref", "$defs", "anyOf", "format", "minimum", "a",
    "maximum", "multipleOf", "maxLength", "pattern", "additionalProperties", "const", "description", "b",
]  # fmt: skip
AVRO = ["type", "name", "fields", "items", "values", "symbols", "logicalType", "precision", "scale", "doc", "namespace"]


def documents(keys: list[str]) -> st.SearchStrategy[Any]:
    scalars = (
        st.none()
        | st.booleans()
        | st.integers(-(10**20), 10**20)
        | st.floats(allow_nan=False)
        | WORDS
        | st.text(max_size=5)
    )
    inside = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=4),
        max_leaves=20,
    )
    return st.dictionaries(st.sampled_from(keys), inside, max_size=6)


def survives(path: Path, kind: Kind) -> None:
    try:
        draft = read(str(path), kind)
        settle(draft, Said(domain="shop", timezone="UTC"))
        written = write(draft)
    except TidelineError as error:
        assert error.code.startswith("TL-IMP-") and error.what
        return
    made = path.with_suffix(".odcs.yaml")
    made.write_text(written.text, encoding="utf-8", errors="surrogatepass")
    contract, found = examine(made)
    assert found or contract is not None
    assert not (written.open and not found), written.text


ANYTHING = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FIELD = {"name": "a", "type": "string"}


@ANYTHING
@given(documents(SHORT), st.lists(documents(SHORT), max_size=3))
def test_any_short_form(tmp_path: Path, top: dict[str, Any], fields: list[Any]) -> None:
    """Also one that is right at the top, so that fields and checks are reached."""
    (tmp_path / "a.yaml").write_text(json.dumps({"dataset": "a", **top, "schema": [FIELD, *fields]}))
    survives(tmp_path / "a.yaml", Kind.SHORT)
    (tmp_path / "a.yaml").write_text(json.dumps({"dataset": "a", "schema": [FIELD], "quality": [*top.values()]}))
    survives(tmp_path / "a.yaml", Kind.SHORT)
    tests = {**FIELD, "type": "decimal(9,2)", "tests": [*top.values()]}
    (tmp_path / "a.yaml").write_text(json.dumps({"dataset": "a", "schema": [FIELD | {"name": "b"}, tests]}))
    survives(tmp_path / "a.yaml", Kind.SHORT)


@ANYTHING
@given(documents(SCHEMA), documents(SCHEMA))
def test_any_json_schema(tmp_path: Path, top: dict[str, Any], member: dict[str, Any]) -> None:
    """Wrong types at every place of the schema."""
    document = {"properties": {"a": member, "b": top}, "$defs": {"a": top}}
    for said in (top, document):
        (tmp_path / "a.json").write_text(json.dumps(said))
        survives(tmp_path / "a.json", Kind.JSON_SCHEMA)


@ANYTHING
@given(documents(AVRO), documents(AVRO))
def test_any_avro_schema(tmp_path: Path, top: dict[str, Any], member: dict[str, Any]) -> None:
    """Wrong types at every place of the schema."""
    fields = [{"name": "a", "type": member}, {"name": "b", "type": top.get("type")}]
    for said in (top, {"type": "record", "name": "a", "fields": fields}):
        (tmp_path / "a.avsc").write_text(json.dumps(said))
        survives(tmp_path / "a.avsc", Kind.AVRO)


@ANYTHING
@given(st.lists(documents(SHORT), max_size=4))
def test_any_sample_of_json(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    """Members of any kind, mixed."""
    (tmp_path / "a.json").write_text(json.dumps(rows))
    survives(tmp_path / "a.json", Kind.JSON)


@pytest.mark.parametrize("kind", [Kind.SHORT, Kind.CSV, Kind.JSON, Kind.JSON_SCHEMA, Kind.AVRO, Kind.PARQUET])
@ANYTHING
@given(content=st.binary(max_size=80) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes(tmp_path: Path, kind: Kind, content: bytes) -> None:
    """Nothing, noise, another encoding."""
    (tmp_path / "a.bin").write_bytes(content)
    survives(tmp_path / "a.bin", kind)
