"""What the audit takes out of nested columns of silver is what an expression means over a decoded row."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from tideline.batch.places import flattened
from tideline.model import expression
from tideline.model.compiled import Kind, ValueType

TYPES = {
    "attributes": ValueType(Kind.MAP),
    "items": ValueType(Kind.ARRAY),
    "shipping": ValueType(Kind.OBJECT),
    "shipping.city": ValueType(Kind.TEXT),
}
SILVER = pa.table(
    {
        "attributes": pa.array(
            [[("partner", "north"), ("campaign", "c1")], None, []], pa.map_(pa.string(), pa.string())
        ),
        "items": pa.array([[1, 2], [], None], pa.list_(pa.int64())),
        "shipping": pa.array([{"city": "Leeds"}, None, {"city": None}], pa.struct([("city", pa.string())])),
    }
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("attributes['partner']", ["north", None, None]),
        ("size(attributes)", [2, None, 0]),
        ("size(items)", [2, 0, None]),
        ("shipping.city", ["Leeds", None, None]),
        ("shipping", [True, None, True]),
    ],
)
def test_a_place_in_a_nested_column_becomes_a_flat_one(text: str, values: list[object]) -> None:
    """As pyarrow reads them from Delta: maps, lists and structs, with nulls at every level."""
    node, taken = flattened(expression.parse(text), TYPES)
    assert isinstance(node, expression.Column)
    frame = pl.DataFrame(pl.from_arrow(SILVER)).select(**taken)
    assert frame[node.name].to_list() == values
