"""Exact readers against the standard library as an independent judge."""

# ruff: noqa: DTZ001 - readings of a local clock are naive on purpose
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.model import lexical

LAWS = settings(derandomize=True, deadline=None, max_examples=300)
_written = st.from_regex(r"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@LAWS
@given(_written, st.integers(1, 38), st.integers(0, 12))
def test_a_decimal_is_what_decimal_says_or_does_not_fit(text: str, precision: int, scale: int) -> None:
    with localcontext(prec=2_000):
        scaled = Decimal(text).scaleb(scale)
        fits = scaled == scaled.to_integral_value() and abs(scaled) < 10**precision
    if fits:
        assert lexical.decimal(text, precision, scale) == int(scaled)
    else:
        with pytest.raises(lexical.OutOfRange):
            lexical.decimal(text, precision, scale)


@LAWS
@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2037, 12, 31)),
    st.sampled_from(["Europe/London", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_every_instant_of_a_zone_is_found_again_or_is_the_second_of_two(moment: datetime, name: str) -> None:
    """From UTC to the zone's clock and back: the same instant, or the earlier one that showed the same clock."""
    zone, utc = ZoneInfo(name), moment.replace(tzinfo=UTC)
    local = utc.astimezone(zone)
    back = lexical.timestamp(local.replace(tzinfo=None).isoformat(), zone)
    expected = (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert back == expected if local.fold == 0 else back < expected


@LAWS
@given(st.datetimes(datetime(2011, 3, 27, 0, 0), datetime(2011, 3, 27, 3, 0)))
def test_the_hour_that_the_clock_skipped_does_not_exist(clock: datetime) -> None:
    skipped = datetime(2011, 3, 27, 1) <= clock < datetime(2011, 3, 27, 2)
    if skipped:
        with pytest.raises(lexical.NonexistentLocalTime):
            lexical.timestamp(clock.isoformat(), ZoneInfo("Europe/London"))
    else:
        assert lexical.timestamp(clock.isoformat(), ZoneInfo("Europe/London"))


def test_an_offset_is_honoured_and_needed_without_a_zone() -> None:
    assert lexical.timestamp("2011-01-01T01:30:00+01:30", None) == lexical.timestamp("2011-01-01T00:00:00Z", None)
    with pytest.raises(lexical.NotWritten):
        lexical.timestamp("2011-01-01T00:00:00", None)
    with pytest.raises(lexical.OutOfRange):
        lexical.timestamp("2011-01-01T00:00:00+24:00", None)
    with pytest.raises(lexical.OutOfRange):
        lexical.timestamp("0001-01-01T00:00:00+01:00", None)


@LAWS
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        lambda: lexical.decimal(text, 12, 3), lambda: lexical.integer(text), lambda: lexical.day(text),
        lambda: lexical.timestamp(text, None),
    ):  # fmt: skip
        try:
            read()
        except (lexical.NotWritten, lexical.OutOfRange):
            continue


def test_a_day_is_a_day_of_the_calendar() -> None:
    assert lexical.day("2012-02-29") == "2012-02-29"
    for text in ("2011-02-29", "0000-01-01"):
        with pytest.raises(lexical.OutOfRange):
            lexical.day(text)
    for text in ("20110101", "2011-1-1", "2011-W01-1"):
        with pytest.raises(lexical.NotWritten):
            lexical.day(text)
