"""What tables of others look like: Delta by delta-rs, Parquet by pyarrow, SQLite by the standard library, and any other
database by SQLAlchemy where it is installed.

All of them give one shape, that of a Delta schema: `{"type": "struct", "fields": [{"name", "type", "nullable",
"metadata"}]}`, where a type is a word (`string`, `decimal(10,2)`) or again a mapping. `metadata` may hold `comment`,
`primary`, `unique`, `enum` and `texts` (some values, to see whether they look personal).
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tideline.model.errors import Fatal

_SEEN_ROWS = 1_000
_SQLITE = "sqlite:///"


def delta_schema(place: str) -> dict[str, Any]:
    """The schema of the newest version of a Delta table."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        schema: dict[str, Any] = json.loads(DeltaTable(place).schema().to_json(), object_hook=_delta_words)
    except (DeltaError, OSError, ValueError) as error:
        raise _unreadable(place, error, "name the folder that holds _delta_log") from None
    return schema


def _delta_words(part: dict[str, Any]) -> dict[str, Any]:
    """In Delta an `integer` has 32 bits; elsewhere the word says nothing of its size."""
    return {key: "int32" if key.lower().endswith("type") and word == "integer" else word for key, word in part.items()}


def parquet_schema(path: Path) -> dict[str, Any]:
    """The schema of a Parquet file, with some texts of each string column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            batch = next(file.iter_batches(_SEEN_ROWS), None)
            seen = {} if batch is None else {name: batch.column(at) for at, name in enumerate(batch.schema.names)}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(str(path), error, "give a whole Parquet file") from None
    fields = [_arrow_field(field) for field in schema]
    for field in fields:
        if field["type"] == "string" and field["name"] in seen:
            texts = (value for value in seen[field["name"]].to_pylist() if isinstance(value, str))
            field["metadata"]["texts"] = list(texts)
    return {"type": "struct", "fields": fields}


def _arrow_field(field: Any) -> dict[str, Any]:
    comment = (field.metadata or {}).get(b"comment", b"").decode(errors="replace")
    return {
        "name": field.name, "type": _arrow_type(field.type), "nullable": field.nullable,
        "metadata": {"comment": comment} if comment else {},
    }  # fmt: skip


def _arrow_type(kind: Any) -> Any:
    import pyarrow.types as pt

    if pt.is_dictionary(kind):
        return _arrow_type(kind.value_type)
    if pt.is_struct(kind):
        fields = [_arrow_field(kind.field(at)) for at in range(kind.num_fields)]
        return {"type": "struct", "fields": fields}
    if pt.is_list(kind) or pt.is_large_list(kind):
        return {
            "type": "array", "elementType": _arrow_type(kind.value_type), "containsNull": kind.value_field.nullable
        }  # fmt: skip
    if pt.is_map(kind):
        return {"type": "map", "keyType": _arrow_type(kind.key_type), "valueType": _arrow_type(kind.item_type)}
    if pt.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    if pt.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    words = {"large_string": "string", "string_view": "string", "bool": "boolean", "date32[day]": "date"}
    words |= {"date64[ms]": "date", "halffloat": "float", "uint8": "int16", "uint16": "int32", "uint32": "int64"}
    return words.get(str(kind), str(kind))


def database_schema(url: str, table: str) -> dict[str, Any]:
    """The schema of a table; `table` may name its schema: `sales.orders`."""
    if url.startswith(_SQLITE):
        return _sqlite_schema(Path(url.removeprefix(_SQLITE)), table)
    try:
        import sqlalchemy
    except ImportError:
        fix = "install sqlalchemy and the database's driver into .venv (Airflow brings sqlalchemy along)"
        raise Fatal("TL-IMP-005", "databases other than SQLite need SQLAlchemy", fix=fix) from None
    schema, _, name = table.rpartition(".")
    try:
        engine = sqlalchemy.create_engine(url)
        try:
            return _inspected(sqlalchemy.inspect(engine), name, schema or None)
        finally:
            engine.dispose()
    except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
        # the text of a driver's error may hold the password of the URL
        raise _unreadable(
            f"table {table}", type(error).__name__, "check the URL, the driver and the table's name"
        ) from None


def _inspected(inspector: Any, name: str, schema: str | None) -> dict[str, Any]:
    primary = inspector.get_pk_constraint(name, schema)["constrained_columns"]
    unique = [found["column_names"] for found in inspector.get_unique_constraints(name, schema)]
    fields = []
    for column in inspector.get_columns(name, schema):
        metadata = {
            "comment": column.get("comment"), "primary": primary == [column["name"]],
            "unique": [column["name"]] in unique, "enum": list(getattr(column["type"], "enums", ()) or ()),
        }  # fmt: skip
        fields.append(
            {"name": column["name"], "type": _sql_type(column["type"]), "nullable": column["nullable"],
             "metadata": {key: value for key, value in metadata.items() if value}}
        )  # fmt: skip
    return {"type": "struct", "fields": fields}


def _sql_type(kind: Any) -> str:
    import sqlalchemy

    if isinstance(kind, sqlalchemy.Enum):
        return "string"
    if isinstance(kind, sqlalchemy.DateTime):
        return "timestamptz" if kind.timezone else "timestamp_ntz"
    return str(kind).split(" COLLATE ")[0].lower()


def _sqlite_schema(path: Path, table: str) -> dict[str, Any]:
    """Read-only; table names are bound, never put into SQL."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            columns = database.execute(
                'select name, type, "notnull", pk from pragma_table_info(?)', (table,)
            ).fetchall()
            tables = [
                row[0] for row in database.execute("select name from sqlite_master where type in ('table', 'view')")
            ]
            unique = database.execute(
                "select max(i.name) from pragma_index_list(?) l, pragma_index_info(l.name) i "
                'where l."unique" group by l.name having count(*) = 1', (table,)
            ).fetchall()  # fmt: skip
    except sqlite3.Error as error:
        raise _unreadable(str(path), error, "give a SQLite database") from None
    if not columns:
        raise _unreadable(
            str(path), f"there is no table {table!r}", f"take one of {', '.join(sorted(tables)[:30]) or 'none'}"
        )
    keys = sum(bool(column[3]) for column in columns)
    fields = []
    for name, kind, filled, key in columns:
        metadata = {"primary": bool(key) and keys == 1, "unique": (name,) in unique}
        kind = "timestamp_ntz" if kind.lower() in ("timestamp", "datetime") else kind.lower()
        fields.append({"name": name, "type": kind or "any", "nullable": not filled and not key, "metadata": metadata})
    return {"type": "struct", "fields": fields}


def _unreadable(where: str, error: object, fix: str) -> Fatal:
    return Fatal("TL-IMP-001", f"it cannot be read ({str(error).splitlines()[0][:160]})", where=where, fix=fix)
