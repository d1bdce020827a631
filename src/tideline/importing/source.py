"""Tells what kind of source a location is and reads it into a draft."""

from __future__ import annotations

import json
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from tideline.importing import avro, json_schema, samples, short_form, tables
from tideline.importing.deciding import snake_case
from tideline.importing.draft import MAX_BYTES, Draft, too_big, unreadable
from tideline.model.errors import Fatal


class Kind(StrEnum):
    """What can be imported."""

    SHORT = "short"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    JSON_SCHEMA = "jsonschema"
    AVRO = "avro"
    DELTA = "delta"
    DATABASE = "database"


_SUFFIXES = {
    ".yaml": Kind.SHORT, ".yml": Kind.SHORT, ".csv": Kind.CSV, ".tsv": Kind.CSV, ".jsonl": Kind.JSON,
    ".ndjson": Kind.JSON,
    ".parquet": Kind.PARQUET, ".avsc": Kind.AVRO, ".db": Kind.DATABASE,
    ".sqlite": Kind.DATABASE, ".sqlite3": Kind.DATABASE,
}  # fmt: skip


def kind_of(location: str) -> Kind:
    """By its form, its suffix, or for .json by what is in it; raises Fatal (TL-IMP-006) when nothing tells."""
    if "://" in location:
        return Kind.DATABASE
    path = Path(location)
    if path.is_dir():
        if (path / "_delta_log").is_dir():
            return Kind.DELTA
        raise Fatal(
            "TL-IMP-006", "the folder is no Delta table", where=location, fix="name a folder with _delta_log, or a file"
        )
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    if path.suffix.lower() == ".json":
        return _kind_of_json(path)
    allowed = ", ".join(kind.value for kind in Kind)
    raise Fatal("TL-IMP-006", "the name does not tell what this is", where=location, fix=f"say it: --from {allowed}")


def _kind_of_json(path: Path) -> Kind:
    if path.stat().st_size > MAX_BYTES:
        return Kind.JSON
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return Kind.JSON
    if not isinstance(document, dict):
        return Kind.JSON
    if document.get("type") == "record" and "fields" in document:
        return Kind.AVRO
    is_schema = "$schema" in document or isinstance(document.get("properties"), dict) or "$ref" in document
    return Kind.JSON_SCHEMA if is_schema else Kind.JSON


def read(location: str, kind: Kind, table: str = "", *, enums: bool = True) -> Draft:
    """The draft of a source; `table` names the table of a database. Raises TidelineError."""
    if kind is Kind.DATABASE:
        return _database(location, table)
    path = Path(location)
    draft = _file(path, kind, enums=enums)
    draft.name = draft.name or snake_case(path.name.partition(".")[0])
    return draft


def _file(path: Path, kind: Kind, *, enums: bool) -> Draft:
    from tideline.adapters import table_schemas

    if kind is Kind.DELTA:
        return tables.draft_of(table_schemas.delta_schema(str(path)), path.name)
    if not path.is_file():
        raise unreadable(str(path), "there is no such file", "name a file, a Delta table's folder or a database's URL")
    if kind is Kind.SHORT:
        return short_form.read(path)
    if kind in (Kind.JSON_SCHEMA, Kind.AVRO):
        reader = avro.draft_of if kind is Kind.AVRO else json_schema.draft_of
        return reader(_document(path), path.name)
    if path.stat().st_size > samples.MAX_SAMPLE_BYTES:
        raise too_big(
            str(path), f"it has more than {samples.MAX_SAMPLE_BYTES} bytes", "a sample needs some thousand rows"
        )
    if kind is Kind.PARQUET:
        return tables.draft_of(table_schemas.parquet_schema(path), path.name)
    if kind is Kind.CSV:
        return samples.draft_of(samples.csv_rows(path), path.name, texts_only=True, enums=enums)
    return samples.draft_of(samples.json_rows(path), path.name, texts_only=False, enums=enums)


def _database(location: str, table: str) -> Draft:
    from tideline.adapters.table_schemas import database_schema

    if not table:
        raise Fatal(
            "TL-IMP-006", "a database has many tables", fix="name one: --table orders, or --table schema.orders"
        )
    url = location if "://" in location else f"sqlite:///{location}"
    draft = tables.draft_of(database_schema(url, table), f"table {table} ({url.partition('://')[0]})")
    draft.name = snake_case(table.rpartition(".")[2])
    return draft


def _document(path: Path) -> Any:
    """A JSON document with exact numbers and no repeated keys."""
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        raise too_big(str(path), f"it has more than {MAX_BYTES} bytes", "a schema is smaller; import a part of it")
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_pairs)
    except RecursionError:
        raise unreadable(str(path), "it is nested too deeply", "flatten it") from None
    except ValueError as error:
        raise unreadable(str(path), f"it is no JSON ({str(error)[:120]})", "give a JSON document") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in one object twice")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
