"""Draft -> the text of an ODCS v3.2.0 file in the layout of contracts/; what is open is `null` with `# DECIDE: why`.

`null` is what the standard refuses in all these places, so a file with open decisions cannot pass lint by accident.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tideline.importing.draft import Draft, FieldDraft

_PLAIN = re.compile(r"[A-Za-z_(][A-Za-z0-9 _.()/%+*<>=!;'-]*")
_PLAIN_LINE = re.compile(r"[A-Za-z_(](?:[A-Za-z0-9 _.()/%+*<>=!;',?&$-]|:(?! )(?=.))*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}
_NUMBER_LIKE = re.compile(r"[-+.]?[0-9_.]+([eE][-+]?[0-9]+)?|\.(nan|inf)", re.IGNORECASE)
PERSONAL = "it looks like {0}: confidential or restricted? If it is not personal, take pii and masking away"


@dataclass(frozen=True, slots=True)
class Open:
    """A decision that only a person can take, and the line where it waits."""

    line: int
    what: str


@dataclass(slots=True)
class Written:
    """The text and what is open in it."""

    lines: list[str] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def put(self, indent: int, text: str, why: str = "", *, of: str = "") -> None:
        """One line; `why` makes it a decision, `of` is what it is called in the list of decisions."""
        if why:
            why = comment(" ".join(why.split()))
            self.open.append(Open(len(self.lines) + 1, f"{comment(of) or text.lstrip('- ').partition(':')[0]}: {why}"))
        self.lines.append(" " * indent + text + (f"  # DECIDE: {why}" if why else ""))

    def key(self, indent: int, key: str, value: str, why: str, *, of: str = "") -> None:
        """`key: value`, or null with the decision when the value is not known."""
        self.put(indent, f"{key}: {plain(value) if value else 'null'}", "" if value else why, of=of)


def write(draft: Draft) -> Written:
    """The whole file."""
    page = Written()
    _head(page, draft)
    _promises(page, draft)
    page.put(0, "schema:")
    page.key(2, "- name", draft.name, "the event needs the product's name too")
    page.put(4, "logicalType: object")
    topic = draft.topic or (f"{draft.domain}.{draft.name}.v1" if draft.domain and draft.name else "")
    page.put(4, f"physicalName: {topic}" if topic else "physicalName: null  # domain.name.v1, once both are decided")
    if draft.purpose:
        page.put(4, f"description: {plain(draft.purpose)}")
    if draft.key:
        page.put(4, f"dataGranularityDescription: One row per {draft.key}.")
    page.put(4, "properties:")
    for part in draft.fields:
        _field(page, 6, part, draft)
    _quality(page, draft)
    _event_properties(page, draft)
    page.put(0, "customProperties:")
    page.put(2, "- {property: schedule, vendor: tideline, value: 0 0 * * *}")
    page.put(2, "- {property: tier, vendor: tideline, value: silver}")
    return page


def scalar(value: Any) -> str:
    """A value as YAML, quoted when it could be read as something else, also inside braces."""
    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    return _quoted(value, _PLAIN) if isinstance(value, str) else str(value)  # of a Decimal exactly its digits


def plain(text: str) -> str:
    """A text that has its line to itself: commas need no quotes there."""
    return _quoted(text, _PLAIN_LINE)


def _quoted(text: str, bare: re.Pattern[str]) -> str:
    ambiguous = text.lower() in _WORDS or _NUMBER_LIKE.fullmatch(text) or text != text.strip() or " #" in text
    return text if bare.fullmatch(text) and not ambiguous else '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    """A letter of a text in double quotes; what is not printable stands as its number."""
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: Any) -> str:
    """Mappings and lists in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def _head(page: Written, draft: Draft) -> None:
    page.put(0, f"# Imported from {comment(draft.source)}; docs/contract.md explains each key.")
    page.put(0, "apiVersion: v3.2.0")
    page.put(0, "kind: DataContract")
    whole = f"{draft.domain}.{draft.name}" if draft.domain and draft.name else ""
    page.put(0, f"id: {whole or 'null'}" + ("" if whole else "  # domain.name, once both are decided"))
    page.key(0, "name", draft.name, "what is the data product called? (--name)")
    page.put(0, f"version: {draft.version}")
    page.put(0, "status: active")
    page.key(0, "domain", draft.domain, "which domain does it belong to? (--domain)")
    if draft.tags:
        page.put(0, f"tags: {flow(draft.tags)}")
    page.put(0, "description:")
    page.key(2, "purpose", draft.purpose, "one sentence: what is the data for? (--purpose)")
    page.put(0, "team:")
    page.key(2, "name", draft.owner, "which team owns it and answers its alarms? (--owner)")


def _promises(page: Written, draft: Draft) -> None:
    page.put(0, "slaProperties:")
    known = {entry["property"] for entry in draft.sla}
    for entry in draft.sla:
        why = entry.get("open", "")
        said = {key: value for key, value in entry.items() if key != "open"}
        page.put(2, f"- {flow(said)}", why, of=entry["property"])
    if "retention" not in known:
        why = "how long is the data kept? a whole number and s, m, h, d or y (--retention 400d)"
        page.put(2, "- {property: retention, value: null, unit: d}", why, of="retention")


def _field(page: Written, indent: int, part: FieldDraft, draft: Draft, *, inside: str = "") -> None:
    """A property; `inside` is the list or map it is the item or value of, which has neither name nor description."""
    if not inside:
        page.put(indent, f"- name: {scalar(part.name)}", part.open.get("name", ""), of=part.name)
        indent += 2
    page.key(indent, "logicalType", part.type, part.open.get("logicalType", "which type?"), of=part.name)
    if part.type == "number":
        digits = f"decimal({part.decimal[0]},{part.decimal[1]})" if part.decimal else ""
        page.key(indent, "physicalType", digits, part.open.get("physicalType", "how many digits?"), of=part.name)
    _options(page, indent, part)
    if part.required and inside != "items":
        page.put(indent, "required: true")
    if not inside and part.name == draft.key and part in draft.fields:
        page.put(indent, "primaryKey: true")
        page.put(indent, "primaryKeyPosition: 1")
    _classification(page, indent, part)
    if not inside:
        page.key(indent, "description", part.description, "describe it in one sentence", of=part.name)
    if part.enum:
        page.put(indent, f"enum: {flow([{'value': value} for value in part.enum])}")
    if part.pii or part.personal:
        page.put(indent, "customProperties:")
        page.put(indent + 2, "- {property: pii, value: true, vendor: tideline}")
        page.put(indent + 2, f"- {{property: masking, value: {part.masking or 'silver-only'}, vendor: tideline}}")
    _parts(page, indent, part, draft)


def _options(page: Written, indent: int, part: FieldDraft) -> None:
    options = dict(part.options)
    if "defaultTimezone" in part.open:
        options |= {"timezone": False, "defaultTimezone": None}
    if options:
        page.put(indent, f"logicalTypeOptions: {flow(options)}", part.open.get("defaultTimezone", ""), of=part.name)


def _classification(page: Written, indent: int, part: FieldDraft) -> None:
    if part.pii or not part.personal:
        if part.classification or part.pii:
            page.key(indent, "classification", part.classification, "how is it classified?", of=part.name)
    else:
        page.put(indent, "classification: null", PERSONAL.format(part.personal), of=part.name)


def _parts(page: Written, indent: int, part: FieldDraft, draft: Draft) -> None:
    if part.type == "object":
        why = "" if part.fields else "which members?"
        page.put(indent, "properties:" if part.fields else "properties: null", why, of=part.name)
        for member in part.fields:
            _field(page, indent + 2, member, draft)
    if part.type not in ("array", "map"):
        return
    inner = part.inner or FieldDraft("item", open={"logicalType": "of what type are they?"})
    if part.type == "map":
        page.put(indent, "map:")
        page.put(indent + 2, "key: {logicalType: string}")
        page.put(indent + 2, "value:")
        indent += 2
    else:
        page.put(indent, "items:")
    _field(page, indent + 2, inner, draft, inside=part.type)


def _quality(page: Written, draft: Draft) -> None:
    checks = list(draft.quality)
    if draft.key and not any(check.get("metric") == "duplicateValues" and draft.key in str(check) for check in checks):
        checks.insert(0, {
            "name": f"{draft.key}_unique"[:63], "type": "library", "metric": "duplicateValues",
            "arguments": {"properties": [draft.key]}, "mustBe": 0, "unit": "rows", "dimension": "uniqueness",
        })  # fmt: skip
    if checks:
        page.put(4, "quality:")
    for check in checks:
        _check(page, 6, check)


def _check(page: Written, indent: int, check: dict[str, Any]) -> None:
    lead = "- "
    for key, value in check.items():
        if key == "open":
            continue
        why = check.get("open", "") if key in ("implementation", "metric") else ""
        shown = plain(value) if isinstance(value, str) else flow(value)
        page.put(indent, f"{lead}{key}: {shown}", why, of=check.get("name", ""))
        lead = "  "


def _event_properties(page: Written, draft: Draft) -> None:
    page.put(4, "customProperties:")
    page.put(6, "- property: stream")
    page.put(8, "vendor: tideline")
    page.put(8, "value: {partitions: 4}")
    page.put(6, "- property: eventTime")
    page.put(8, "vendor: tideline")
    page.key(
        8, "value", draft.event_time, "which required timestamp says when it happened? (--event-time)", of="eventTime"
    )
    page.put(6, "- property: deduplication")
    page.put(8, "vendor: tideline")
    why = "" if draft.key else "which required text field is the same for repeats of an event? (--key)"
    page.put(8, f"value: {flow({'key': draft.key or None, 'horizon': 'P7D'})}", why, of="deduplication")


def comment(text: str) -> str:
    """A text that can stand in a YAML comment: one line, printable."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]
