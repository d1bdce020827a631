"""Fills a draft with what the person said on the command line, and with the few things that have only one answer."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from zoneinfo import available_timezones

from tideline.importing.draft import MAX_FIELDS, NESTED, Draft, FieldDraft, too_big
from tideline.model import personal
from tideline.model.errors import Fatal

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,200}")
_AMOUNT = re.compile(r"(\d{1,9}) ?(s|m|h|d|y|seconds?|minutes?|hours?|days?|years?)")


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line said; empty texts say nothing. `rename` turns names of the source into snake_case."""

    domain: str = ""
    name: str = ""
    owner: str = ""
    purpose: str = ""
    retention: str = ""
    key: str = ""
    event_time: str = ""
    topic: str = ""
    timezone: str = ""
    rename: bool = False


def settle(draft: Draft, said: Said) -> None:
    """Complete the draft in place; raises Fatal (TL-IMP-004) when what was said does not fit the source."""
    count = sum(1 for _ in draft.walk())
    if count > MAX_FIELDS:
        raise too_big(
            draft.source, f"it has {count} fields", f"a contract has at most {MAX_FIELDS}; import a part of it"
        )
    _identity(draft, said)
    if said.timezone and said.timezone not in available_timezones():
        raise _misfit(f"--timezone {said.timezone!r} is no zone", "name one such as Europe/London or UTC")
    for field in draft.walk():
        _name(field, said)
        if said.timezone and "defaultTimezone" in field.open:
            del field.open["defaultTimezone"]
            field.options |= {"timezone": False, "defaultTimezone": said.timezone}
    _twice(draft)
    suspect(draft)
    _key(draft, said)
    _event_time(draft, said)


def _identity(draft: Draft, said: Said) -> None:
    for option, value in (("--domain", said.domain), ("--name", said.name)):
        if value and not NAME.fullmatch(value):
            raise _misfit(f"{option} {value!r} is no name", "use lower-case letters, digits and _, a letter first")
    if said.topic and not _TOPIC.fullmatch(said.topic):
        raise _misfit(f"--topic {said.topic!r} is no topic", "use letters, digits, '.', '_' and '-', at most 200")
    for part in ("domain", "name", "owner", "purpose", "topic"):
        if value := getattr(said, part):
            setattr(draft, part, value)
    if said.retention:
        draft.sla = [entry for entry in draft.sla if entry["property"] != "retention"]
        draft.sla.append({"property": "retention", **duration(said.retention, "--retention")})


def duration(text: str, where: str) -> dict[str, object]:
    """`10y` or `15 minutes` as value and unit of the standard."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise _misfit(f"{where} {text!r} is no length of time", "write a whole number and s, m, h, d or y, such as 90d")
    return {"value": int(match[1]), "unit": match[2][0]}


def _name(field: FieldDraft, said: Said) -> None:
    if NAME.fullmatch(field.name):
        return
    better = snake_case(field.name)
    if said.rename and better:
        field.name = better
    else:
        field.open["name"] = f"events carry this name; a contract takes names such as {better or 'field_1'} (--rename)"


def snake_case(name: str) -> str:
    """The nearest name that a contract takes, or nothing when the name has no letter of a to z."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_0123456789")[:63].rstrip("_")


def _twice(draft: Draft) -> None:
    """Two names of the source may have become one."""
    seen: set[str] = set()
    for field in draft.fields:
        if field.name in seen:
            field.open["name"] = f"another field is called {field.name} too"
        seen.add(field.name)


def _key(draft: Draft, said: Said) -> None:
    if said.key:
        field = _named(draft, said.key, "--key")
        if field.type != "string":
            raise _misfit(
                f"--key {said.key} is of type {field.type or 'unknown'}", "the key is a text: choose a string field"
            )
        field.required, draft.key = True, field.name
        return
    candidates = [field for field in draft.fields if field.primary] or [field for field in draft.fields if field.unique]
    if draft.key or len(candidates) != 1:
        return
    if candidates[0].type == "string":
        draft.key = candidates[0].name
        candidates[0].required = True
        draft.notes.append(f"{draft.key} is taken as the deduplication key: the source calls it the key, or unique")


def _event_time(draft: Draft, said: Said) -> None:
    if said.event_time:
        field = _named(draft, said.event_time, "--event-time")
        if field.type != "timestamp":
            raise _misfit(
                f"--event-time {said.event_time} is of type {field.type or 'unknown'}", "choose a timestamp field"
            )
        field.required, draft.event_time = True, field.name
        return
    candidates = [field for field in draft.fields if field.type == "timestamp" and field.required]
    if not draft.event_time and len(candidates) == 1:
        draft.event_time = candidates[0].name
        draft.notes.append(f"{draft.event_time} is taken as the event time: it is the only required timestamp")


def _named(draft: Draft, name: str, option: str) -> FieldDraft:
    found = next((field for field in draft.fields if field.name == name and "name" not in field.open), None)
    if found is None:
        names = [field.name for field in draft.fields if field.type not in NESTED]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"fields are {', '.join(names[:30])}"
        raise _misfit(f"{option} {name!r} is no field of the source", hint)
    return found


def _misfit(what: str, fix: str) -> Fatal:
    return Fatal("TL-IMP-004", what, fix=fix)


def suspect(draft: Draft) -> None:
    """Mark what looks personal by its name, in every depth; it only asks, it never clears a field."""
    for field in draft.walk():
        what = personal.by_name(field.name)
        if what and not field.pii and field.personal is None and field.type not in (*NESTED, "boolean"):
            field.personal = what
