"""HyperLogLog sketches in the bytes that Spark's `hll_sketch_agg` and `hll_union_agg` write and read.

A sketch that was filled in one go estimates with a history-dependent counter, one that came out of a union from its
registers alone. States kept here always take the second way, with the history removed: then the bytes and the estimate
of a union depend on the set of values only, not on the order or grouping of merges.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from datasketches import hll_sketch, hll_union, tgt_hll_type

LG_K = 12
_FLAGS, _MODE = 5, 7
_OUT_OF_ORDER = 16
_LIST, _SET = 0, 1
_COUPONS_AT = {_LIST: 8, _SET: 12}
_HISTORY = slice(8, 16)  # the accumulator of the history-dependent estimator, in HLL mode


class HllSketches:
    """Sketches with 2**12 registers (standard error 1.6 %); an empty text counts nothing, as in Spark."""

    def of(self, value: str | int) -> bytes:
        return self.of_many((value,))

    def of_many(self, values: Iterable[str | int]) -> bytes:
        """The state of many values at once: the same bytes as the union of their states."""
        sketch = hll_sketch(LG_K, tgt_hll_type.HLL_8)
        for value in values:
            sketch.update(value)
        return _canonical(sketch)

    def union(self, left: bytes, right: bytes) -> bytes:
        return self.union_all((left, right))

    def union_all(self, states: Iterable[bytes]) -> bytes:
        """The union of any number of states, also of ones that Spark wrote."""
        union = hll_union(LG_K)
        for state in states:
            union.update(hll_sketch.deserialize(state))
        return _canonical(union.get_result(tgt_hll_type.HLL_8))

    def estimate(self, state: bytes) -> int:
        """The number of different values, rounded as Spark's `hll_sketch_estimate` rounds."""
        canonical = self.union_all((state,))
        estimate: float = hll_sketch.deserialize(canonical).get_estimate()
        return math.floor(estimate + 0.5)


def _canonical(sketch: hll_sketch) -> bytes:
    """Compact bytes that are equal for equal sets: coupons sorted, registers without the history of their filling."""
    state = bytearray(sketch.serialize_compact())
    mode = state[_MODE] & 3
    if mode in _COUPONS_AT:
        state[_FLAGS] &= ~_OUT_OF_ORDER & 0xFF
        start = _COUPONS_AT[mode]
        coupons = sorted(state[at : at + 4] for at in range(start, len(state), 4))
        state[start:] = b"".join(coupons)
    else:
        state[_FLAGS] |= _OUT_OF_ORDER
        state[_HISTORY] = bytes(8)
    return bytes(state)
