"""Bronze rows -> typed events or refusals, by the very decoder that the speed layer runs (ADR 0002)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tideline.model.contract import Contract
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
    results, drift = [], []
    for key, value in zip(keys, values, strict=True):
        results.append(decoder.decode(key, value))
        drift.append(json.dumps([list(pair) for pair in decoder.noticed]) if decoder.noticed else None)
    reasons = [result.reason if isinstance(result, Rejection) else None for result in results]
    none = (None,) * len(decoder.columns)
    rows = [none if isinstance(result, Rejection) else result for result in results]
    hashes = [None if value is None else payload_hash(value) for value in values]
    return pa.RecordBatch.from_pydict(
        {
            **{name: batch.column(name) for name in INPUT},
            "payload_hash": pa.array(hashes, pa.binary()),
            **dict(zip(decoder.columns, _arrays(contract, rows), strict=True)),
            "reason": pa.array(reasons, pa.string()),
            "drift": pa.array(drift, pa.string()),
        }
    )


def _arrays(contract: Contract, rows: Sequence[tuple[Any, ...]]) -> list[pa.Array]:
    """The event's columns as Arrow: fields, then derived columns."""
    import pyarrow as pa

    from tideline.adapters.json_events.arrow import arrow_array

    columns = list(zip(*rows, strict=True)) if rows else [()] * len(contract.columns)
    width = len(contract.fields)
    arrays = [arrow_array(field, cells) for field, cells in zip(contract.fields, columns[:width], strict=True)]
    return arrays + [pa.array(cells, pa.bool_()) for cells in columns[width:]]
