"""Cells of decoded rows as Arrow: decimal128, timestamp[us, UTC], date32, and structs, lists and maps of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tideline.model.contract import Contract
from tideline.model.field import EventField, FieldType
from tideline.model.measure import unscale


def arrow_schema(contract: Contract) -> Any:
    """The pyarrow schema of silver's event columns."""
    import pyarrow as pa

    columns = [pa.field(field.name, arrow_type(field), nullable=not field.required) for field in contract.fields]
    return pa.schema(columns + [pa.field(column.name, pa.bool_()) for column in contract.derived])


def arrow_type(field: EventField) -> Any:
    """What is inside a nested type is nullable: of a null object every member is."""
    import pyarrow as pa

    if field.items is not None:
        return pa.list_(arrow_type(field.items))
    if field.values is not None:
        return pa.map_(pa.string(), arrow_type(field.values))
    return {
        FieldType.OBJECT: lambda: pa.struct([(inner.name, arrow_type(inner)) for inner in field.fields]),
        FieldType.STRING: pa.string,
        FieldType.INTEGER: pa.int64 if field.bits == 64 else pa.int32,
        FieldType.BOOLEAN: pa.bool_,
        FieldType.DATE: pa.date32,
        FieldType.TIMESTAMP: lambda: pa.timestamp("us", tz="UTC"),
        FieldType.DECIMAL: lambda: pa.decimal128(field.precision, field.scale),
    }[field.type]()


def arrow_array(field: EventField, cells: Sequence[Any]) -> Any:
    """One column of cells; built column by column inside nested ones too, so that every leaf is exact."""
    import pyarrow as pa

    if field.type is FieldType.OBJECT:
        return _structs(field, cells)
    if field.items is not None or field.values is not None:
        return _lists(field, cells)
    if field.type is FieldType.DECIMAL:
        cells = [None if cell is None else unscale(cell, field.scale) for cell in cells]
    elif field.type is FieldType.DATE:
        cells = [None if cell is None else date.fromisoformat(cell) for cell in cells]
    return pa.array(cells, arrow_type(field))


def _structs(field: EventField, cells: Sequence[Any]) -> Any:
    import pyarrow as pa

    nothing = (None,) * len(field.fields)
    columns = list(zip(*(nothing if cell is None else cell for cell in cells), strict=True)) or [()] * len(nothing)
    arrays = [arrow_array(inner, column) for inner, column in zip(field.fields, columns, strict=True)]
    nulls = pa.array([cell is None for cell in cells], pa.bool_())
    fields = [pa.field(inner.name, array.type) for inner, array in zip(field.fields, arrays, strict=True)]
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=nulls)


def _lists(field: EventField, cells: Sequence[Any]) -> Any:
    import pyarrow as pa

    ends: list[int | None] = []
    at = 0
    for cell in cells:  # a null start marks a null list
        ends.append(None if cell is None else at)
        at += 0 if cell is None else len(cell)
    offsets = pa.array([*ends, at], pa.int32())
    if field.values is not None:
        keys = pa.array([key for cell in cells if cell is not None for key in cell], pa.string())
        held = arrow_array(field.values, [value for cell in cells if cell is not None for value in cell.values()])
        return pa.MapArray.from_arrays(offsets, keys, held)
    assert field.items is not None
    return pa.ListArray.from_arrays(
        offsets, arrow_array(field.items, [v for cell in cells if cell is not None for v in cell])
    )
