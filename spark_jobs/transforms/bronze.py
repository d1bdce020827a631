"""Kafka records -> bronze rows: everything as it came, plus where it stood and who took it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tideline.batch.cut import Cut
    from tideline.model.contract import Contract


def to_bronze(records: DataFrame, contract: Contract, cut: Cut) -> DataFrame:
    """Columns of the bronze table from those of Spark's Kafka source (with headers)."""
    listed = records.select(
        F.lit(cut.to.stream.identity).alias("topic_identity"),
        "partition",
        F.col("offset").alias("position"),
        F.col("timestamp").alias("log_time"),
        "key",
        "headers",
        "value",
        F.to_timestamp(F.lit(cut.ingest_time)).alias("ingest_time"),
        F.lit(contract.hash).alias("contract_hash"),
        F.lit(cut.run_key).alias("run_key"),
    )
    return listed.select(*(column.name for column in rendering.columns("bronze", contract)))
