"""Contract -> Spark SQL text: column lists, DDL and predicates, so that no column is written twice by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tideline.model.contract import Contract, EventField, FieldType
from tideline.model.position import Partition, Position, Range

LAYERS = ("bronze", "silver", "quarantine")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table: Spark SQL type, and what it means for a reader of the catalog."""

    name: str
    type: str
    description: str
    required: bool = False

    @property
    def ddl(self) -> str:
        """For CREATE TABLE: name, type, constraint and comment."""
        constraint = " NOT NULL" if self.required else ""
        return f"{quoted(self.name)} {self.type}{constraint} COMMENT {literal(self.description)}"


_PLACE = (
    TableColumn("partition", "int", "Partition of the event topic.", required=True),
    TableColumn("position", "bigint", "Offset of the record in its partition.", required=True),
    TableColumn("log_time", "timestamp", "When the broker appended the record (UTC).", required=True),
)
_RAW = (
    TableColumn("key", "binary", "Message key as it came."),
    TableColumn("value", "binary", "Message as it came."),
)
_HASH = TableColumn("payload_hash", "binary", "128-bit BLAKE2b of the raw message.")
_BRONZE = (
    TableColumn("topic_identity", "string", "Incarnation of the topic.", required=True),
    *_PLACE,
    _RAW[0],
    TableColumn("headers", "array<struct<key:string,value:binary>>", "Message headers as they came."),
    _RAW[1],
    TableColumn("ingest_time", "timestamp", "When the run that took the record chose its cut (UTC)."),
    TableColumn("contract_hash", "string", "Contract in force when the record was taken."),
    TableColumn("run_key", "string", "Run that took the record."),
)
_QUARANTINE = (
    *_PLACE,
    *_RAW,
    TableColumn("reason", "string", "Why the record does not count: a stable word, never a value.", required=True),
    TableColumn("contract_hash", "string", "Contract that refused it."),
    TableColumn("contract_version", "string", "Version of that contract."),
    TableColumn("run_key", "string", "Run that refused it."),
    TableColumn("status", "string", "open, or replayed when the record counts by now.", required=True),
)
_BATCH = TableColumn("batch", "bigint", "Batch of the silver table that wrote the row.", required=True)


def table_name(layer: str, contract: Contract) -> str:
    """The table in the metastore: `silver.retail_sales`."""
    return f"{layer}.{contract.domain}_{contract.product}"


def columns(layer: str, contract: Contract) -> tuple[TableColumn, ...]:
    """The columns of a layer's table, in order."""
    if layer == "bronze":
        return _BRONZE
    if layer == "quarantine":
        return _QUARANTINE
    return (*event_columns(contract), *_PLACE, _HASH, _BATCH)


def event_columns(contract: Contract) -> tuple[TableColumn, ...]:
    """The contract's fields and derived columns: what the decoder returns, in its order."""
    fields = tuple(TableColumn(field.name, spark_type(field), field.description) for field in contract.fields)
    return fields + tuple(TableColumn(d.name, "boolean", d.description) for d in contract.derived)


def decoded_columns(contract: Contract) -> tuple[TableColumn, ...]:
    """A bronze record after decoding: place, raw bytes, hash, the event's columns, the reason of a refusal, drift."""
    reason = TableColumn("reason", "string", "Null when the record is a valid event.")
    drift = TableColumn("drift", "string", "JSON list of [path, kind] of what the contract does not know; else null.")
    return (*_PLACE, *_RAW, _HASH, *event_columns(contract), reason, drift)


def schema(listed: Sequence[TableColumn]) -> str:
    """The column list as a DDL string, as DataFrame methods take it."""
    return ", ".join(f"{quoted(column.name)} {column.type}" for column in listed)


def spark_type(field: EventField) -> str:
    """The exact type; what is inside a nested one is nullable, since of a null object every member is null."""
    if field.type is FieldType.OBJECT:
        return f"struct<{','.join(f'{quoted(inner.name)}:{spark_type(inner)}' for inner in field.fields)}>"
    if field.items is not None:
        return f"array<{spark_type(field.items)}>"
    if field.values is not None:
        return f"map<string,{spark_type(field.values)}>"
    if field.type is FieldType.DECIMAL:
        return f"decimal({field.precision},{field.scale})"
    if field.type is FieldType.INTEGER:
        return "bigint" if field.bits == 64 else "int"
    return field.type.value


def comparable(field: EventField, text: str, depth: int = 0) -> str:
    """The value of the expression `text` in a form that Spark compares: maps, which it does not, as sorted entries."""
    if not _holds_a_map(field):
        return text
    name = f"v{depth}"
    if field.values is not None:
        value = comparable(field.values, f"element_at({text}, {name})", depth + 1)
        return f"transform(array_sort(map_keys({text})), {name} -> named_struct('key', {name}, 'value', {value}))"
    if field.items is not None:
        return f"transform({text}, {name} -> {comparable(field.items, name, depth + 1)})"
    members = ", ".join(
        f"{literal(inner.name)}, {comparable(inner, f'{text}.{quoted(inner.name)}', depth)}" for inner in field.fields
    )
    return f"(case when {text} is not null then named_struct({members}) end)"


def _holds_a_map(field: EventField) -> bool:
    return field.values is not None or any(_holds_a_map(inner) for inner in field.inner)


def create_schemas() -> tuple[str, ...]:
    return tuple(f"CREATE SCHEMA IF NOT EXISTS {layer}" for layer in LAYERS)


def create_table(layer: str, contract: Contract, location: str) -> str:
    """DDL for a new table."""
    listed = ",\n  ".join(column.ddl for column in columns(layer, contract))
    return (
        f"CREATE TABLE IF NOT EXISTS {table_name(layer, contract)} (\n  {listed}\n) USING DELTA\n"
        f"COMMENT {literal(contract.description)}\nLOCATION {literal(location)}"
    )


def register_table(layer: str, contract: Contract, location: str) -> str:
    """DDL that makes an existing table known to a metastore; its columns come from its own log."""
    return f"CREATE TABLE IF NOT EXISTS {table_name(layer, contract)} USING DELTA LOCATION {literal(location)}"


def in_ranges(ranges: Mapping[Partition, Range]) -> str:
    """The predicate for records inside half-open ranges; false when there are none."""
    parts = [
        f"(partition = {p} AND position >= {r.start} AND position < {r.end})" for p, r in sorted(ranges.items()) if r
    ]
    return " OR ".join(parts) or "false"


def before(ends: Mapping[Partition, Position]) -> str:
    """The predicate for records before the given positions."""
    return in_ranges({partition: Range(0, end) for partition, end in ends.items()})


def in_days(contract: Contract, days: tuple[date, date]) -> str:
    """The predicate for events of the half-open range of UTC days, on the event time column."""
    column = quoted(contract.event_time)
    first, end = (f"TIMESTAMP '{day.isoformat()} 00:00:00 UTC'" for day in days)
    return f"{column} >= {first} AND {column} < {end}"


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text as a Spark SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
