"""Judged records -> rows of the silver and quarantine tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from tideline.model.contract import Contract


def to_silver(judged: DataFrame, contract: Contract, batch: int) -> DataFrame:
    """The events that count, as the columns of the silver table."""
    listed = judged.where("verdict = 'good'").withColumn("batch", F.lit(batch).cast("bigint"))
    return listed.select(*(column.name for column in rendering.columns("silver", contract)))


def to_quarantine(judged: DataFrame, contract: Contract, run_key: str) -> DataFrame:
    """The records that were refused, raw, with their reason."""
    return _quarantine_rows(judged.where("verdict = 'quarantined'"), contract, run_key, "open")


def replayed(judged: DataFrame, contract: Contract, run_key: str) -> DataFrame:
    """Records that count now, as quarantine rows that say so: only their place and status matter."""
    counted = judged.where("verdict = 'good'").withColumn("reason", F.lit("counted"))
    return _quarantine_rows(counted, contract, run_key, "replayed")


def _quarantine_rows(rows: DataFrame, contract: Contract, run_key: str, status: str) -> DataFrame:
    listed = rows.withColumns(
        {
            "contract_hash": F.lit(contract.hash),
            "contract_version": F.lit(contract.version),
            "run_key": F.lit(run_key),
            "status": F.lit(status),
        }
    )
    return listed.select(*(column.name for column in rendering.columns("quarantine", contract)))
