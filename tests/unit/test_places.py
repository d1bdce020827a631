"""Nested columns of silver read flat: every expression gives what the decoder's rows give."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from tests.golden.cases import cases, contract
from tideline.adapters.json_events import EventDecoder, arrow_schema
from tideline.adapters.json_events.arrow import arrow_array
from tideline.batch import places
from tideline.model import expression
from tideline.model.measure import unscale

ORDERS = contract("shop_orders")
TEXTS = [rule.expression for rule in ORDERS.rules] + [column.expression for column in ORDERS.derived]
TEXTS += [measure.expression for view in ORDERS.views for measure in view.measures if measure.expression]
TEXTS += ["shipping is null", "attributes is not null", "size(fees)", "attributes['x'] = ''", "shipping.city"]


def test_flat_rows_give_what_nested_ones_give() -> None:
    """Members of null objects, keys that are missing, empty arrays; exact decimals."""
    decoder = EventDecoder(ORDERS)
    records = [record for case in cases("shop_orders") for record in case.records]
    rows = [row for row in (decoder.decode(r.key, r.value) for r in records) if isinstance(row, tuple)]
    width = len(ORDERS.fields)
    columns = list(zip(*rows, strict=True))
    arrays = [arrow_array(field, cells) for field, cells in zip(ORDERS.fields, columns[:width], strict=True)]
    arrays += [pa.array(cells, pa.bool_()) for cells in columns[width:]]
    frame = pl.from_arrow(pa.Table.from_arrays(arrays, schema=arrow_schema(ORDERS)))
    assert isinstance(frame, pl.DataFrame) and frame.height == len(rows) > 20
    for text in TEXTS:
        compiled, (flat, taken) = ORDERS.compile(text), places.flattened(expression.parse(text), ORDERS.types)
        read = frame.select(value.alias(name) for name, value in taken.items())
        for row, values in zip(rows, read.iter_rows(named=True), strict=True):
            wanted, found = compiled.of(row), expression.evaluate(flat, values)
            if compiled.type.scale and wanted is not None:
                wanted = unscale(wanted, compiled.type.scale)
            assert found == wanted and (found is None) is (wanted is None), (text, row)
