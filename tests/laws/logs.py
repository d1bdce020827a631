"""Random logs for the laws: several partitions, gaps, late events, repeats, conflicts, rejected events."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.fakes.contract_index import small_contract
from tideline.model.contract import Contract
from tideline.model.reference import Judged

HORIZON_MS = 10_000
_MEASURES = ("count", "sum", "min", "max", "avg", "approx_distinct", "latest")


def every_kind() -> Contract:
    """A contract whose one view has a measure of every kind."""
    described = {"description": "For the laws."}
    expressions = {"approx_distinct": "customer", "count": None}
    measures = [
        {"name": f"m_{kind}", "kind": kind, "expression": expressions.get(kind, "amount * quantity"), **described}
        for kind in _MEASURES
    ]
    return small_contract(
        fields=[
            {"name": "event_id", "type": "string", "required": True, **described},
            {"name": "at", "type": "timestamp", "required": True, **described},
            {"name": "country", "type": "string", **described},
            {"name": "quantity", "type": "integer", **described},
            {"name": "amount", "type": "decimal", "precision": 12, "scale": 2, **described},
            {"name": "customer", "type": "string", **described},
        ],
        deduplication={"key": "event_id", "horizon": "PT10S"},
        views=[
            {
                "name": "by_country_and_day",
                "dimensions": [
                    {"name": "country", "column": "country", **described},
                    {"name": "day", "column": "at", "grain": "day", **described},
                ],
                "measures": measures,
                **described,
            }
        ],
    )


CONTRACT = every_kind()
VIEW = CONTRACT.views[0]

_rows = st.tuples(
    st.integers(0, 3),  # which payload stands under the id: another one is a conflict
    st.integers(0, 3 * 86_400).map(lambda seconds: seconds * 1_000_000),  # event time: late as often as not
    st.sampled_from([None, "", "France", "Spain"]),
    st.one_of(st.none(), st.integers(-5, 5), st.just(2**62)),
    st.one_of(st.none(), st.integers(-999, 999), st.just(10**12 - 1)),
    st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d"])),
)


@st.composite
def _partition(draw: Any, partition: int) -> list[Judged]:
    position, log_time, events = draw(st.integers(0, 3)), 1_000_000, []
    for _ in range(draw(st.integers(0, 14))):
        position += draw(st.sampled_from([0, 0, 0, 1, 5]))
        log_time += draw(st.sampled_from([0, 1, 1_000, 4_000, HORIZON_MS, HORIZON_MS + 1]))
        if draw(st.integers(0, 5)) == 0:
            events.append(Judged(partition, position, log_time, b"x", None, "malformed_json"))
        else:
            id_, (variant, *rest) = draw(st.sampled_from(["i", "j", "k", "l"])), draw(_rows)
            digest = bytes([variant // 2])
            events.append(Judged(partition, position, log_time, digest, (f"{partition}{id_}", *rest)))
        position += 1
    return events


@st.composite
def logs(draw: Any) -> dict[int, list[Judged]]:
    """Partition -> records in position order."""
    return {partition: draw(_partition(partition)) for partition in range(draw(st.integers(1, 3)))}


def end(records: list[Judged]) -> int:
    return records[-1].position + 1 if records else 0


def everything(log: dict[int, list[Judged]]) -> list[Judged]:
    return [record for records in log.values() for record in records]
