"""Checks a cron line of five fields as Airflow reads it, so that a wrong one is told before a DAG is made of it."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()), ("hour", 0, 23, ()), ("day of the month", 1, 31, ()), ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)  # fmt: skip
_ITEM = re.compile(r"(?P<first>\*|[0-9]{1,2}|[a-z]{3})(?:-(?P<last>[0-9]{1,2}|[a-z]{3}))?(?:/(?P<step>[0-9]{1,2}))?")
_LONGEST_MONTH = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def fault(line: str) -> str:
    """What is wrong with a cron line, or nothing."""
    fields = line.split()
    if len(line) > 200 or len(fields) != 5:
        return f"a cron line has 5 fields, this has {len(fields)}"
    found: list[set[int]] = []
    for text, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        values = set[int]()
        for item in text.lower().split(","):
            told = _item(item, low, high, words)
            if isinstance(told, str):
                return f"{name} {item[:20]!r} {told}"
            values |= told
        found.append(values)
    days, months = found[2:4]
    never = fields[4] == "*" and min(days) > max(_LONGEST_MONTH.get(month, 31) for month in months)
    return "this day never comes" if never else ""


def _item(item: str, low: int, high: int, words: tuple[str, ...]) -> set[int] | str:
    match = _ITEM.fullmatch(item)
    if match is None:
        return "is no number, range or step"
    if match["first"] == "*":
        if match["last"]:
            return "is no range"
        first, last = low, high
    else:
        ends = [_number(text, low, words) for text in (match["first"], match["last"] or match["first"])]
        if any(end is None or not low <= end <= high for end in ends):
            return f"is not within {low} and {high}"
        first, last = ends[0] or 0, ends[1] or 0
        if match["step"] and not match["last"]:
            return f"steps from a single value; write {match['first']}-{high}/{match['step']}"
    if first > last:
        return "ends before it begins"
    step = int(match["step"] or 1)
    return set(range(first, last + 1, step)) if 0 < step <= high else f"has a step that is not within 1 and {high}"


def _number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return words.index(text) + low if text in words else None
