"""Rows of a Delta table that was evolved: column mapping and type widening, which delta-rs opens but does not read.

Each data file is read by the physical names of the pinned schema, also inside objects, arrays and maps. A column that a
file lacks is null, a narrower type is widened exactly; a cast that would lose anything is an error (pyarrow's own).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tideline.model.errors import DataError

if TYPE_CHECKING:
    from deltalake import DeltaTable

_KNOWN = frozenset({"columnMapping", "typeWidening", "typeWidening-preview", "timestampNtz"})
_WIDENED = frozenset({"typeWidening", "typeWidening-preview"})
_MODE, _PHYSICAL = "delta.columnMapping.mode", "delta.columnMapping.physicalName"
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_TYPES = {
    "string": pa.string(), "binary": pa.binary(), "boolean": pa.bool_(), "byte": pa.int8(), "short": pa.int16(),
    "integer": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"), "timestamp_ntz": pa.timestamp("us"),
}  # fmt: skip
Type = str | Mapping[str, Any]  # as the table's log says it


def is_evolved(table: DeltaTable) -> bool:
    """Whether the table has a feature that delta-rs cannot read."""
    features = set(table.protocol().reader_features or ())
    return table.metadata().configuration.get(_MODE, "none") != "none" or bool(features & _WIDENED)


def read(table: DeltaTable, opened: Callable[[str], Any], columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of the opened version; raises DataError TL-TAB-002 for what this reader does not know.

    `opened` makes of a data file's URI what pyarrow reads: a path, or an open file.
    """
    _refuse_unknown(table)
    fields = {str(field["name"]): field for field in schema(table)["fields"]}
    wanted = [fields[name] for name in (fields if columns is None else columns)]
    parts = [_file(opened(uri), wanted) for uri in table.file_uris()]
    return pa.concat_tables(parts) if parts else pa.schema([_arrow_field(field) for field in wanted]).empty_table()


def schema(table: DeltaTable) -> dict[str, Any]:
    """The schema as the table's log says it."""
    said: dict[str, Any] = json.loads(table.schema().to_json())
    return said


def physical(field: Mapping[str, Any]) -> str:
    """The name of a field inside data files and their statistics."""
    return str(field["metadata"].get(_PHYSICAL, field["name"]))


def _refuse_unknown(table: DeltaTable) -> None:
    strange = sorted(set(table.protocol().reader_features or ()) - _KNOWN)
    mode = table.metadata().configuration.get(_MODE, "none")
    strange += [f"columnMapping by {mode}"] if mode not in ("none", "name") else []
    strange += ["partition columns"] if table.metadata().partition_columns else []
    if strange:
        raise DataError(
            "TL-TAB-002",
            f"the table uses what only Spark can read: {', '.join(strange)}",
            where=f"table {table.table_uri}",
            fix="write the table again without it (Spark: REORG TABLE ... APPLY (PURGE), ALTER TABLE ... DROP FEATURE)",
        )


def _file(source: Any, fields: Sequence[Mapping[str, Any]]) -> pa.Table:
    file = pq.ParquetFile(source, coerce_int96_timestamp_unit="us")
    try:
        present = set(file.schema_arrow.names)
        held = file.read([name for field in fields if (name := physical(field)) in present])
        rows = file.metadata.num_rows
    finally:
        file.close()
    arrays = []
    for field in fields:
        name = physical(field)
        found = held.column(name).combine_chunks() if name in present else None
        arrays.append(_nothing(field["type"], rows) if found is None else _conformed(found, field["type"]))
    return pa.Table.from_arrays(arrays, schema=pa.schema([_arrow_field(field) for field in fields]))


def _nothing(kind: Type, rows: int) -> pa.Array:
    return pa.nulls(rows, _arrow_type(kind))


def _conformed(array: pa.Array, kind: Type) -> pa.Array:
    """Values of a file as the pinned schema has them."""
    if isinstance(kind, str):
        return array.cast(_arrow_type(kind))
    mask = array.is_null()
    if kind["type"] == "struct":
        held = {array.type.field(at).name: array.field(at) for at in range(array.type.num_fields)}
        inner = [
            _conformed(held[name], field["type"])
            if (name := physical(field)) in held
            else _nothing(field["type"], len(array))
            for field in kind["fields"]
        ]
        return pa.StructArray.from_arrays(inner, fields=[_arrow_field(f) for f in kind["fields"]], mask=mask)
    if kind["type"] == "array":
        values = _conformed(array.values, kind["elementType"])
        return pa.ListArray.from_arrays(array.offsets, values, type=_arrow_type(kind), mask=mask)
    keys, values = _conformed(array.keys, kind["keyType"]), _conformed(array.items, kind["valueType"])
    return pa.MapArray.from_arrays(array.offsets, keys, values, type=_arrow_type(kind), mask=mask)


def _arrow_field(field: Mapping[str, Any]) -> pa.Field:
    return pa.field(field["name"], _arrow_type(field["type"]))


def _arrow_type(kind: Type) -> pa.DataType:
    if isinstance(kind, str):
        digits = _DECIMAL.fullmatch(kind)
        return pa.decimal128(int(digits[1]), int(digits[2])) if digits else _TYPES[kind]
    if kind["type"] == "struct":
        return pa.struct([_arrow_field(field) for field in kind["fields"]])
    if kind["type"] == "array":
        return pa.list_(pa.field("element", _arrow_type(kind["elementType"])))
    return pa.map_(_arrow_type(kind["keyType"]), _arrow_type(kind["valueType"]))
