"""Gates: what can be measured, what is refused before anything runs, and the one judge of what was found."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sales import SALES
from tideline.model.consistency import problems
from tideline.model.contract import Contract, Dimension, Measure, View
from tideline.model.field import Masking
from tideline.model.gates import columns_of, definition, measured
from tideline.model.measure import MeasureKind
from tideline.model.quality import Comparison, Gate, Unit, meets, outcomes

COUNTRY = SALES.views[0].name


def gate(**said: Any) -> Gate:
    return Gate.model_validate({"name": "g", "metric": "rowCount", "comparison": "mustBe", "limits": ("0",)} | said)


def told(*gates: Gate, **others: Any) -> list[str]:
    """What is found in the sales contract when it has these gates."""
    contract = SALES.model_copy(update={"gates": gates, **others})
    for name in ("by_name", "paths", "types", "places", "scales"):
        contract.__dict__.pop(name, None)
    return [problem.text for problem in problems(contract)]


@pytest.mark.parametrize(
    "said",
    [
        {"metric": "rowCount", "comparison": "mustBeGreaterThan"},
        {"metric": "rowCount", "table": COUNTRY, "comparison": "mustBeBetween", "limits": ("1", "9")},
        {"metric": "nullValues", "columns": ("customer_id",), "unit": "percent", "limits": ("2.5",)},
        {"metric": "missingValues", "columns": ("customer_id",), "missing_values": ("", "n/a"), "action": "warn"},
        {"metric": "invalidValues", "columns": ("country",), "valid_values": ("France", "EIRE")},
        {"metric": "invalidValues", "columns": ("quantity",), "valid_values": ("1", "-2")},
        {"metric": "invalidValues", "columns": ("stock_code",), "pattern": "^[0-9]{5}[A-Z]?"},
        {"metric": "duplicateValues", "columns": ("invoice_no", "stock_code"), "unit": "percent"},
        {"metric": "duplicateValues", "table": COUNTRY, "columns": ("country", "day")},
        {"metric": "breaches", "expression": "is_cancellation = starts_with(invoice_no, 'C') or quantity > 0"},
        {"metric": "breaches", "expression": "lines >= 1 and revenue > 0 - 100", "table": COUNTRY},
        {"metric": "sql", "query": "select max(quantity) from ${table} where batch > 1", "run_only": True},
        {
            "metric": "sql",
            "query": "select sum(revenue) from ${table} t where t.day > date '2011-01-01'",
            "table": COUNTRY,
        },
    ],
)
def test_what_can_be_measured_is_a_gate(said):
    assert told(gate(**said)) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"table": "sales_by_moon"}, "no view 'sales_by_moon'"),
        ({"action": "quarantine"}, "quarantines no event"),
        ({"table": COUNTRY, "run_only": True}, "does not know which run"),
        ({"columns": ("country",)}, "takes no columns"),
        ({"unit": "percent"}, "no percentage"),
        ({"comparison": "mustBeBetween"}, "two limits"),
        ({"comparison": "mustBeBetween", "limits": ("2", "1")}, "smaller limit first"),
        ({"limits": ("1", "2")}, "one limit"),
        ({"metric": "nullValues"}, "needs a column"),
        ({"metric": "nullValues", "columns": ("colour",)}, "no column 'colour'"),
        ({"metric": "nullValues", "columns": ("event_id",), "table": COUNTRY}, "no column 'event_id'"),
        ({"metric": "invalidValues", "columns": ("country",)}, "needs validValues or a pattern"),
        ({"metric": "missingValues", "columns": ("country",)}, "needs the values"),
        ({"metric": "invalidValues", "columns": ("quantity",), "valid_values": ("one",)}, "no value of 'quantity'"),
        ({"metric": "invalidValues", "columns": ("invoice_ts",), "valid_values": ("2011",)}, "fits a timestamp"),
        ({"metric": "invalidValues", "columns": ("quantity",), "pattern": "^1"}, "a pattern is for texts"),
        ({"metric": "invalidValues", "columns": ("country",), "pattern": "(a+)+"}, "may not be repeated"),
        (
            {
                "metric": "invalidValues",
                "columns": ("invoice_no",),
                "pattern": "a",
                "valid_values": ("b",),
                "table": COUNTRY,
            },
            "no column",
        ),
        ({"metric": "breaches", "expression": "quantity + 1"}, "no condition"),
        ({"metric": "breaches", "expression": "quantity > 'x'"}, "compares"),
        ({"metric": "breaches", "expression": "revenue > 0"}, "no column 'revenue'"),
        ({"metric": "sql", "query": "select count(*) from other"}, "not by 'other'"),
        (
            {"metric": "sql", "query": "select count(*) from ${table} where event_id = 'x'", "table": COUNTRY},
            "no column",
        ),
        ({"name": "unit_price_not_negative"}, "defined twice"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_reason(said, words):
    found = told(gate(**said))
    assert found and words in " / ".join(found)


def test_two_gates_of_one_name_are_refused():
    assert told(gate(), gate()) == ["quality rule 'g' is defined twice"]


def test_that_the_key_is_unique_is_proved_without_a_gate():
    """The metric over all of silver would even be wrong: an id may count again behind the horizon."""
    own = gate(metric="duplicateValues", columns=("event_id",))
    stricter = gate(name="other", metric="duplicateValues", columns=("invoice_no",))
    contract = SALES.model_copy(update={"gates": (own, stricter)})
    assert measured(contract) == (stricter,)


def test_the_definition_follows_what_is_measured_and_nothing_else():
    first = gate(metric="nullValues", columns=("country",))
    assert definition(first) == definition(
        gate(metric="nullValues", columns=("country",), limits=("9",), action="warn")
    )
    assert definition(first) != definition(gate(metric="nullValues", columns=("stock_code",)))


def test_columns_of_a_view_are_what_people_read():
    assert {"country", "day", "revenue", "lines"} <= set(columns_of(SALES, COUNTRY))
    assert "revenue__sum" not in columns_of(SALES, COUNTRY)


@pytest.mark.parametrize(
    ("comparison", "limits", "holding", "breaking"),
    [
        ("mustBe", ("0",), (0,), (1, -1)),
        ("mustNotBe", ("0",), (1, -1), (0,)),
        ("mustBeGreaterThan", ("1",), (2, "1.0001"), (1, 0)),
        ("mustBeGreaterOrEqualTo", ("1",), (1, 2), (0, "0.9999")),
        ("mustBeLessThan", ("1",), (0, "0.9999"), (1, 2)),
        ("mustBeLessOrEqualTo", ("1",), (1, 0), ("1.0001", 2)),
        ("mustBeBetween", ("1", "3"), (1, 2, 3), (0, 4)),
        ("mustNotBeBetween", ("1", "3"), (0, 4), (1, 2, 3)),
    ],
)
def test_the_judge_knows_every_comparison(comparison, limits, holding, breaking):
    judge = gate(comparison=comparison, limits=limits)
    assert [judge.holds(Decimal(number)) for number in holding] == [True] * len(holding)
    assert [judge.holds(Decimal(number)) for number in breaking] == [False] * len(breaking)


def test_a_percentage_is_exact_and_zero_of_no_rows():
    third = gate(
        metric="nullValues", columns=("country",), unit="percent", comparison="mustBeLessThan", limits=("33.34",)
    )
    assert third.holds(third.number(Decimal(1), 3))
    assert not third.holds(third.number(Decimal(3_334), 10_000))
    edge = gate(unit="percent", limits=("0.1",), comparison="mustBeLessOrEqualTo")
    assert edge.holds(edge.number(Decimal(10**30), 10**33))
    assert not edge.holds(edge.number(Decimal(10**30 + 1), 10**33))
    assert edge.number(Decimal(0), 0) == 0


def _masked(column: str) -> tuple[Any, ...]:
    return tuple(
        field.model_copy(update={"masking": Masking.OMIT}) if field.name == column else field for field in SALES.fields
    )


def test_what_is_omitted_is_in_no_view_and_in_no_query():
    found = " / ".join(told(fields=_masked("customer_id")))
    assert "'customer_id' is masked with omit, so gold cannot count" in found
    query = gate(metric="sql", query="select count(*) from ${table} where description is null")
    assert "no query sees it" in " / ".join(told(query, fields=_masked("description")))
    assert told(gate(metric="nullValues", columns=("description",)), fields=_masked("description")) == []


@pytest.mark.parametrize("column", ["event_id", "invoice_ts"])
def test_gold_needs_the_key_and_the_event_time(column):
    assert f"{column!r} is masked with omit, but gold needs" in " / ".join(told(fields=_masked(column)))


def distinct(*, batch_only: bool, name: str = "buyers") -> Contract:
    view = View(
        name=name, description="d", batch_only=batch_only,
        dimensions=(Dimension(name="country", column="country", description="d"),),
        measures=(Measure(name="buyers", kind=MeasureKind.DISTINCT, expression="customer_id", description="d"),),
    )  # fmt: skip
    return SALES.model_copy(update={"views": (*SALES.views, view)})


def test_an_exact_distinct_count_is_for_batch_only_views():
    assert problems(distinct(batch_only=True)) == []
    (problem,) = problems(distinct(batch_only=False))
    assert "distinct does not merge: declare batchOnly" in problem.text
    assert problem.path == ("views", 2, "measures", 0, "kind")


def test_names_of_other_generated_models_are_taken():
    (problem,) = problems(distinct(batch_only=True, name="quality_retail_sales"))
    assert "take another" in problem.text


@settings(max_examples=100, deadline=None)
@given(
    comparison=st.sampled_from(Comparison),
    limits=st.lists(st.decimals(-3, 103, places=1), min_size=2, max_size=2).map(sorted),
    unit=st.sampled_from(Unit),
)
def test_what_a_gate_can_say_is_what_it_says_of_some_number(comparison, limits, unit):
    """Against every whole number, or every twentieth of a percent, that could make a difference."""
    limits = limits if comparison in (Comparison.BETWEEN, Comparison.NOT_BETWEEN) else limits[:1]
    numbers = range(110) if unit is Unit.ROWS else [Fraction(step, 20) for step in range(2001)]
    assert outcomes(comparison, limits, unit) == {meets(Fraction(number), comparison, limits) for number in numbers}
