"""What a DAG run asks for, and what Airflow does with the answer of a stage."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tideline_airflow.request import NothingToDo, arguments, request, run_key
from tideline_airflow.verdict import verdict

from tideline.model import errors
from tideline.planning import Kind, Request

MIDNIGHTS = datetime(2011, 1, 4, tzinfo=UTC), datetime(2011, 1, 5, tzinfo=UTC)


def test_a_backfill_run_restates_the_days_of_its_interval() -> None:
    assert request("backfill", MIDNIGHTS, {}) == Request(Kind.RESTATE, (date(2011, 1, 4), date(2011, 1, 5)))


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "asset_triggered", "operator_triggered"])
def test_every_other_run_takes_what_is_new(run_type: str) -> None:
    assert request(run_type, MIDNIGHTS, {}) == Request(Kind.INCREMENTAL)
    assert request(run_type, (None, None), {}) == Request(Kind.INCREMENTAL)


def test_a_manual_run_restates_the_days_that_its_conf_names() -> None:
    asked = request("manual", (None, None), {"restate": ["2011-01-04", "2011-01-06"]})
    assert asked.days == (date(2011, 1, 4), date(2011, 1, 6))


@pytest.mark.parametrize(
    "conf", ["2011-01-04", ["2011-01-04"], ["2011-01-06", "2011-01-04"], ["a", "b"], [1, 2], None, ["2011-01-04"] * 2]
)
def test_a_conf_that_cannot_be_read_says_what_it_should_be(conf: Any) -> None:
    with pytest.raises(ValueError, match="restate"):
        request("manual", (None, None), {"restate": conf})


@given(
    hours=st.sampled_from([1, 2, 3, 6, 7, 12, 24, 36, 168]),
    offset=st.integers(0, 23),
    count=st.integers(1, 60),
)
def test_the_intervals_of_any_schedule_restate_each_day_exactly_once(hours: int, offset: int, count: int) -> None:
    start = datetime(2011, 1, 1, offset, tzinfo=UTC)
    step, days = timedelta(hours=hours), []
    for i in range(count):
        try:
            asked = request("backfill", (start + i * step, start + (i + 1) * step), {})
        except NothingToDo:
            continue
        assert asked.days is not None
        days += [asked.days[0] + timedelta(n) for n in range((asked.days[1] - asked.days[0]).days)]
    assert days == [start.date() + timedelta(n) for n in range(((start + count * step).date() - start.date()).days)]


def test_the_run_key_is_safe_as_a_file_name_and_the_same_for_a_retry() -> None:
    assert run_key("backfill__2011-01-04T00:00:00+00:00") == "backfill__2011-01-04T00_00_00_00_00"
    assert run_key("../../etc/passwd x") == ".._.._etc_passwd_x"


def test_days_reach_the_command_only_when_a_run_restates() -> None:
    words = ("run", "retail.sales", "refine", "--run-key", "k")
    assert arguments("retail.sales", "refine", "k", Request()) == words
    days = Request(Kind.RESTATE, (date(2011, 1, 4), date(2011, 1, 6)))
    assert arguments("retail.sales", "refine", "k", days) == (*words, "--restate", "2011-01-04", "2011-01-06")


@pytest.mark.parametrize("kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)])
def test_retries_follow_the_error_tree(kind: type[errors.TidelineError]) -> None:
    if kind.exit_code not in (0, 1):
        assert verdict(kind.exit_code).retry is kind.retry


@pytest.mark.parametrize("code", [1, 137, -9, -15])
def test_a_stage_that_was_killed_or_hit_a_bug_is_tried_again(code: int) -> None:
    assert verdict(code).retry


def test_every_advice_says_what_to_do() -> None:
    told = {code: verdict(code).advice for code in (2, 4, 65, 66, 75, 76)}
    assert len(set(told.values())) == 6
    assert "tideline compile" in told[4] and "must not be cleared" in told[76] and "tideline offsets" in told[66]
