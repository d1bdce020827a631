"""How values are written in events: exact readers for decimals, timestamps and dates, the same for batch and speed.

Every reader either gives the exact value or raises one of Refused: NotWritten (the text has another form), OutOfRange
(the form is right, the value does not fit) and so on. Work is bounded by the length of the text, whatever exponent or
year it names.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

INT64 = range(-(2**63), 2**63)
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:(Z)|([+-])([0-9]{2}):([0-9]{2}))?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive on purpose: both sides of the subtraction are UTC clock readings
_MICROSECOND = timedelta(microseconds=1)


class Refused(ValueError):
    """A value that its field does not allow; `reason` is the stable word of docs/formats.md."""

    reason = "wrong_type"


class NotWritten(Refused):
    """The text does not have the form of the type."""


class OutOfRange(Refused):
    """The value is well written and does not fit the type, its limits or its length."""

    reason = "out_of_range"


class NonexistentLocalTime(Refused):
    """The clock of the zone never showed this time: it was skipped when summer time began."""

    reason = "nonexistent_local_time"


class OtherPattern(Refused):
    """The text does not match the field's pattern as a whole."""

    reason = "pattern"


class NotInEnum(Refused):
    """The text is none of the values that the field lists."""

    reason = "not_in_enum"


def decimal(text: str, precision: int, scale: int) -> int:
    """A decimal, written as JSON writes numbers, as the exact integer `value * 10**scale`; nothing is rounded."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotWritten
    sign, whole, fraction, exponent = match.groups()
    digits = (whole + (fraction or "")).lstrip("0")
    if not digits:
        return 0
    significant = digits.rstrip("0")
    shift = scale - len(fraction or "") + len(digits) - len(significant) + _exponent(exponent)
    if shift < 0 or len(significant) + shift > precision:
        raise OutOfRange
    return int(sign + significant + "0" * shift)


def _exponent(text: str | None) -> int:
    """The exponent, cut to a size that no decimal here can have, because Python refuses to read thousands of digits."""
    if text is None:
        return 0
    negative, digits = text.startswith("-"), text.lstrip("+-").lstrip("0")
    size = int(digits or "0") if len(digits) < 9 else 10**9
    return -size if negative else size


def extent(text: str) -> tuple[int, int]:
    """How many digits a number, written as JSON writes numbers, has before and after the point; zeros at its end count
    as written, unless it has an exponent or more than 18 digits after the point. Raises NotWritten."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise NotWritten
    _, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    if exponent is not None or len(fraction) > 18:
        fraction = fraction.rstrip("0")
    digits = (whole + fraction).strip("0") if exponent is not None else (whole + fraction).lstrip("0")
    if not digits:
        return 0, len(fraction) if exponent is None else 0
    shift = _exponent(exponent)
    leading = len(whole + fraction) - len((whole + fraction).lstrip("0"))
    before = len(whole) - leading + shift
    return max(0, before), max(0, len(digits) - before)


def integer(text: str) -> int:
    """A signed 64-bit integer, written without fraction and exponent."""
    if re.fullmatch(r"-?(0|[1-9][0-9]*)", text) is None:
        raise NotWritten
    if len(text) > 20 or int(text) not in INT64:
        raise OutOfRange
    return int(text)


def timestamp(text: str, zone: ZoneInfo | None) -> int:
    """Microseconds since the epoch in UTC of `2011-01-04T10:00:00[.ffffff]`.

    With a zone the text carries no offset and is that zone's clock: a time that the clock skipped does not exist, of a
    time that it showed twice the first is meant. Without a zone the text ends with Z or an offset such as +01:00.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None or (zone is None) == (match[3] is None and match[4] is None):
        raise NotWritten
    try:
        clock = datetime.fromisoformat(match[1])
        utc = clock - _offset(match) if zone is None else _to_utc(clock, zone)
    except NonexistentLocalTime:
        raise
    except (ValueError, OverflowError):
        raise OutOfRange from None
    return (utc - _EPOCH) // _MICROSECOND + _microseconds(match[2])


def _offset(match: re.Match[str]) -> timedelta:
    if match[3]:
        return timedelta()
    hours, minutes = int(match[5]), int(match[6])
    if hours > 23 or minutes > 59:
        raise OutOfRange
    size = timedelta(hours=hours, minutes=minutes)
    return -size if match[4] == "-" else size


def _to_utc(clock: datetime, zone: ZoneInfo) -> datetime:
    utc = clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) != clock:
        raise NonexistentLocalTime
    return utc.replace(tzinfo=None)


def _microseconds(fraction: str | None) -> int:
    if fraction is None:
        return 0
    nanoseconds = int(fraction.ljust(9, "0"))
    if nanoseconds % 1000:
        raise OutOfRange
    return nanoseconds // 1000


def day(text: str) -> str:
    """A calendar day as its ISO text `2011-01-04`."""
    if _DATE.fullmatch(text) is None:
        raise NotWritten
    try:
        date.fromisoformat(text)
    except ValueError:
        raise OutOfRange from None
    return text
