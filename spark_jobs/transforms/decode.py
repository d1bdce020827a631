"""Bronze rows -> typed events or refusals, by the very decoder that the speed layer runs (ADR 0002)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from tideline.model.contract import Contract, FieldType
from tideline.rendering import spark as rendering

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

Batches = Iterable["pa.RecordBatch"]
INPUT = ("partition", "position", "log_time", "key", "value")


def decoded(bronze: DataFrame, contract: Contract) -> DataFrame:
    """One row per record: `rendering.decoded_columns`; a valid event has no reason, a refused one no values."""
    schema = rendering.schema(rendering.decoded_columns(contract))
    return bronze.select(*INPUT).mapInArrow(decoder_of(contract), schema)


def decoder_of(contract: Contract) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """The function that Spark's Python workers run; it carries the contract as plain JSON."""
    document = contract.model_dump(mode="json")

    def decode_batches(batches: Batches) -> Iterator[pa.RecordBatch]:
        from tideline.adapters.json_events import EventDecoder

        own = Contract.model_validate(document)
        decoder = EventDecoder(own)
        for batch in batches:
            yield _decode_batch(own, decoder, batch)

    return decode_batches


def _decode_batch(contract: Contract, decoder: Any, batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    from tideline.adapters.json_events import Rejection, payload_hash

    keys, values = batch.column("key").to_pylist(), batch.column("value").to_pylist()
    results = [decoder.decode(key, value) for key, value in zip(keys, values, strict=True)]
    reasons = [result.reason if isinstance(result, Rejection) else None for result in results]
    none = (None,) * len(decoder.columns)
    rows = [none if isinstance(result, Rejection) else result for result in results]
    by_name = dict(zip(decoder.columns, zip(*rows, strict=True) if rows else [()] * len(none), strict=True))
    events = {
        column.name: _array(contract, column.name, by_name[column.name]) for column in rendering.event_columns(contract)
    }
    hashes = [None if value is None else payload_hash(value) for value in values]
    return pa.RecordBatch.from_pydict(
        {
            **{name: batch.column(name) for name in INPUT},
            "payload_hash": pa.array(hashes, pa.binary()),
            **events,
            "reason": pa.array(reasons, pa.string()),
        }
    )


def _array(contract: Contract, name: str, values: Iterable[Any]) -> pa.Array:
    """Arrow values of one column: decimals come scaled to integers, timestamps as microseconds UTC, dates as text."""
    import pyarrow as pa

    from tideline.model.measure import unscale

    field = contract.by_name.get(name)
    if field is None or field.type is FieldType.BOOLEAN:
        return pa.array(values, pa.bool_())
    if field.type is FieldType.DECIMAL:
        exact = [None if value is None else unscale(value, field.scale) for value in values]
        return pa.array(exact, pa.decimal128(field.precision, field.scale))
    if field.type is FieldType.DATE:
        return pa.array([None if value is None else date.fromisoformat(value) for value in values], pa.date32())
    types = {
        FieldType.STRING: pa.string(),
        FieldType.INTEGER: pa.int64(),
        FieldType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    }
    return pa.array(values, types[field.type])
