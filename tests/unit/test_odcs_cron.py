"""The schedule of a contract: what Airflow could not run is told before a DAG is made of it."""

from __future__ import annotations

import pytest

from tideline.adapters.odcs.cron import fault


@pytest.mark.parametrize(
    "line",
    [
        "0 0 * * *",
        "*/15 * * * *",
        "0 6-18/2 * * mon-fri",
        "30 2 1,15 * *",
        "0 0 29 2 *",
        "0 0 * JAN,jul 0",
        "5 4 * * 7",
        "0 0 31 1-12 *",
        "0 0 30 2 mon",
        "0  0\t* * *",
    ],
)
def test_a_line_that_airflow_runs_is_accepted(line: str) -> None:
    assert fault(line) == ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "has 0"),
        ("* * * *", "5 fields"),
        ("0 0 * * * *", "has 6"),
        ("@daily", "has 1"),
        ("60 0 * * *", "minute '60'"),
        ("0 24 * * *", "within 0 and 23"),
        ("0 0 0 * *", "within 1 and 31"),
        ("0 0 * 13 *", "within 1 and 12"),
        ("0 0 * * 8", "within 0 and 7"),
        ("0 0 * * mun", "within 0 and 7"),
        ("5/2 * * * *", "write 5-59/2"),
        ("*/0 * * * *", "a step"),
        ("*/60 * * * *", "a step"),
        ("9-3 * * * *", "ends before"),
        ("1,,2 * * * *", "no number"),
        ("-1 * * * *", "no number"),
        ("1.5 * * * *", "no number"),
        ("* * L * *", "no number"),
        ("*-5 * * * *", "no range"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 0 * * ²", "no number"),
        ("0 " * 200, "5 fields"),
    ],
)
def test_a_line_that_it_would_not_run_is_told(line: str, says: str) -> None:
    assert says in fault(line)
