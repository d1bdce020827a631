"""Contract -> Spark SQL text."""

from __future__ import annotations

from datetime import date

import pytest

from tests.fakes.contract_index import small_contract
from tests.golden.cases import contract
from tideline.model.position import Range
from tideline.rendering import spark

CONTRACT = small_contract(
    derived=[{"name": "big", "expression": "quantity > 9", "description": "It's big."}],
    fields=[
        {"name": "event_id", "type": "string", "required": True, "description": "Identity."},
        {"name": "at", "type": "timestamp", "required": True, "description": "When."},
        {"name": "country", "type": "string", "description": "Where."},
        {"name": "quantity", "type": "integer", "description": "How many."},
        {"name": "price", "type": "decimal", "precision": 12, "scale": 3, "description": "Each."},
        {"name": "due", "type": "date", "description": "By."},
        {"name": "paid", "type": "boolean", "description": "Yet?"},
    ],
)


def test_silver_has_the_contracts_columns_then_the_place() -> None:
    """Types are exact, derived columns follow the fields, the technical columns come last."""
    assert spark.schema(spark.columns("silver", CONTRACT)) == (
        "`event_id` string, `at` timestamp, `country` string, `quantity` bigint, `price` decimal(12,3), `due` date, "
        "`paid` boolean, `big` boolean, `partition` int, `position` bigint, `log_time` timestamp, "
        "`payload_hash` binary, `batch` bigint"
    )
    assert tuple(column.name for column in spark.event_columns(CONTRACT)) == CONTRACT.columns


@pytest.mark.parametrize("layer", spark.LAYERS)
def test_a_table_is_created_with_every_column_described(layer: str) -> None:
    """The DDL names the table, all columns with a comment, and the place."""
    ddl = spark.create_table(layer, CONTRACT, "/lake/x")
    assert ddl.startswith(f"CREATE TABLE IF NOT EXISTS {layer}.retail_sales (")
    assert all(column.ddl in ddl for column in spark.columns(layer, CONTRACT))
    assert ddl.endswith("LOCATION '/lake/x'")


def test_texts_cannot_leave_their_quotes() -> None:
    """Quotes and backslashes of a description or a path stay inside the literal, backticks inside the name."""
    assert spark.literal("It's \\ big") == "'It\\'s \\\\ big'"
    assert spark.quoted("a`b") == "`a``b`"
    assert "COMMENT 'It\\'s big.'" in spark.create_table("silver", CONTRACT, "/x")


def test_ranges_are_half_open_and_empty_ones_match_nothing() -> None:
    """`[start, end)` per partition; no range at all is false, not everything."""
    assert spark.in_ranges({1: Range(5, 9), 0: Range(3, 3)}) == "(partition = 1 AND position >= 5 AND position < 9)"
    assert spark.in_ranges({}) == "false"
    assert spark.before({0: 0, 2: 4}) == "(partition = 2 AND position >= 0 AND position < 4)"


def test_days_are_utc_and_half_open() -> None:
    """The predicate is on the event time column, from midnight UTC to midnight UTC."""
    assert spark.in_days(CONTRACT, (date(2026, 1, 2), date(2026, 1, 4))) == (
        "`at` >= TIMESTAMP '2026-01-02 00:00:00 UTC' AND `at` < TIMESTAMP '2026-01-04 00:00:00 UTC'"
    )


def test_nested_fields_have_exact_types_and_drift_is_told() -> None:
    """Structs, arrays and maps of exact leaves, 32-bit integers as int; decoded rows end with reason and drift."""
    orders = contract("shop_orders")
    types = {column.name: column.type for column in spark.event_columns(orders)}
    assert types["priority"] == "int" and types["fees"] == "map<string,decimal(8,2)>"
    assert types["items"] == ("array<struct<`sku`:string,`quantity`:int,`price`:decimal(12,4),`notes`:array<string>>>")
    assert types["shipping"].startswith(
        "struct<`country`:string,`city`:string,`recipient`:string,`cost`:decimal(10,3),"
    )
    assert [column.name for column in spark.decoded_columns(orders)][-2:] == ["reason", "drift"]


def test_only_what_holds_a_map_is_written_anew_to_be_compared() -> None:
    orders = contract("shop_orders").by_name
    assert spark.comparable(orders["items"], "`items`") == "`items`"
    assert spark.comparable(orders["fees"], "`fees`") == (
        "transform(array_sort(map_keys(`fees`)), v0 -> named_struct('key', v0, 'value', element_at(`fees`, v0)))"
    )
