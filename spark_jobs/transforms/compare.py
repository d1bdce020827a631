"""What a restate would change: fresh verdicts against silver and quarantine, record by record and value by value."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tideline.model.contract import Contract

CHANGED, MOVED, LOST = "changed", "moved", "lost"
_PLACE = ["partition", "position"]


def differences(
    judged: DataFrame, silver: DataFrame, quarantine: DataFrame, contract: Contract, days: tuple[date, date]
) -> DataFrame:
    """(partition, position, was, verdict, kind) of the records of these days whose verdict or values differ.

    `was` is the old verdict: good if silver has the record, else quarantined if quarantine ever had it, else
    deduplicated. `kind` is changed; moved when the record is on these days only before or only after; lost when bronze
    has it no more.
    """
    judged = _as_held(judged, silver, contract)
    fresh = _content(judged.withColumn("fresh", F.lit(True)), contract, days, "new", "fresh", "verdict")
    old = _content(silver, contract, days, "old").withColumn("held", F.lit(True))
    refused = quarantine.select(*_PLACE).distinct().withColumn("refused", F.lit(True))
    joined = fresh.join(old, _PLACE, "full_outer").join(refused, _PLACE, "left")
    good, held = F.col("verdict").eqNullSafe("good"), F.coalesce("held", F.lit(False))
    new_in = good & F.coalesce("new_in", F.lit(False))
    old_in = held & F.coalesce("old_in", F.lit(False))
    kind = (
        F.when(old_in & F.col("fresh").isNull(), F.lit(LOST))
        .when(good & held & (new_in != old_in), F.lit(MOVED))
        .when((new_in | old_in) & ~(good & held & F.col("new").eqNullSafe(F.col("old"))), F.lit(CHANGED))
    )
    was = (
        F.when(held, F.lit("good"))
        .when(F.coalesce("refused", F.lit(False)), F.lit("quarantined"))
        .otherwise(F.lit("deduplicated"))
    )
    found = joined.select(*_PLACE, was.alias("was"), "verdict", kind.alias("kind"))
    return found.where("kind IS NOT NULL")


def _as_held(judged: DataFrame, silver: DataFrame, contract: Contract) -> DataFrame:
    """The fresh rows with the types of silver, which may have been widened by a later contract; no value changes."""
    from pyspark.sql.types import StructField, StructType

    held = {field.name: field.dataType for field in silver.schema}
    events = {column.name for column in rendering.event_columns(contract)}
    fields = [
        StructField(f.name, held.get(f.name, f.dataType) if f.name in events else f.dataType, f.nullable)
        for f in judged.schema
    ]
    wanted = StructType(fields)
    return judged if wanted == judged.schema else judged.to(wanted)


def _content(rows: DataFrame, contract: Contract, days: tuple[date, date], name: str, *kept: str) -> DataFrame:
    """Each record's place, all its values as one column `name`, and whether it is on these days (`name`_in)."""
    columns = [c for c in rendering.columns("silver", contract) if c.name not in (*_PLACE, "batch")]
    values = [F.expr(_comparable(contract, c, c.name in rows.columns)).alias(c.name) for c in columns]
    on_days = F.expr(rendering.in_days(contract, days))
    return rows.select(
        *_PLACE,
        *kept,
        F.struct(*values).alias(name),
        on_days.alias(f"{name}_in"),
    )


def _comparable(contract: Contract, column: rendering.TableColumn, present: bool) -> str:
    """The column, or null of its type where a table does not have it, in a form that Spark compares."""
    text = rendering.quoted(column.name) if present else f"cast(null as {column.type})"
    field = contract.by_name.get(column.name)
    return text if field is None else rendering.comparable(field, text)
