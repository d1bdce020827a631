"""The checks of the short form (`min_value(0)`, `row_count > 0`) -> fields and quality entries of the standard.

A check that is not understood is written as it stands with a decision beside it: lint refuses it, nothing is dropped.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tideline.importing.draft import Draft, FieldDraft
from tideline.model import expression

_CALL = re.compile(r"([A-Za-z_][A-Za-z0-9_ ]*?)\s*\((.*)\)", re.DOTALL)
_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_TABLE = re.compile(
    r"([A-Za-z_]+)(?:\s*\(\s*(\*|[A-Za-z_][\w, ]*)?\s*\))?\s*"
    rf"(?:(>=|<=|==|!=|<>|=|>|<)\s*({_NUMBER})\s*(%)?|between\s+({_NUMBER})\s*(%)?\s*and\s+({_NUMBER})\s*(%)?)",
    re.IGNORECASE,
)
_IS = re.compile(r"([a-z]\w*)\s+(?:is|are|must be|should be)\s+(unique|not null|non-null|required)", re.IGNORECASE)
_ITEM = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,'"\[\]]+?))\s*(?:,|$)""")
_OPERATORS = {
    ">": "mustBeGreaterThan", ">=": "mustBeGreaterOrEqualTo", "<": "mustBeLessThan", "<=": "mustBeLessOrEqualTo",
    "=": "mustBe", "==": "mustBe", "!=": "mustNotBe", "<>": "mustNotBe",
}  # fmt: skip
_COUNTS = {
    "row_count": "rowCount", "rowcount": "rowCount", "count": "rowCount", "null_count": "nullValues",
    "missing_count": "missingValues", "duplicate_count": "duplicateValues", "duplicates": "duplicateValues",
}  # fmt: skip
_PERCENTS = {
    "null_percentage": "nullValues", "null_percent": "nullValues", "null_pct": "nullValues",
    "missing_percentage": "missingValues", "missing_percent": "missingValues",
    "duplicate_percentage": "duplicateValues", "duplicate_percent": "duplicateValues",
}  # fmt: skip
_RATIOS = {
    "null_ratio": "nullValues", "null_rate": "nullValues", "null_fraction": "nullValues",
    "missing_ratio": "missingValues", "missing_rate": "missingValues",
    "duplicate_ratio": "duplicateValues", "duplicate_rate": "duplicateValues",
}  # fmt: skip
_DIMENSIONS = {
    "rowCount": "coverage", "nullValues": "completeness", "missingValues": "completeness",
    "duplicateValues": "uniqueness",
}  # fmt: skip
_WORDS = {
    "not_null": "not_null", "notnull": "not_null", "non_null": "not_null", "required": "not_null",
    "not null": "not_null",
    "unique": "unique", "primary_key": "primary_key", "pk": "primary_key", "pii": "pii", "personal": "pii",
    "min_value": "min", "min": "min", "minimum": "min", "gte": "min", "max_value": "max", "max": "max",
    "maximum": "max", "lte": "max", "range": "range", "between": "range", "min_length": "min_length",
    "max_length": "max_length",
    "length": "length", "positive": "positive", "non_negative": "non_negative", "not_negative": "non_negative",
    "pattern": "pattern", "regex": "pattern", "matches": "pattern", "allowed_values": "enum", "accepted_values": "enum",
    "one_of": "enum", "enum": "enum", "in": "enum", "nullable": "nullable", "optional": "nullable",
}  # fmt: skip
KNOWN = (
    "not_null, unique, primary_key, pii, min_value(n), max_value(n), range(a, b), positive, non_negative, "
    "min_length(n), max_length(n), pattern('...'), allowed_values('a', 'b')"
)


class Misread(ValueError):
    """The check is known and its arguments make no sense."""


def field_check(draft: Draft, field: FieldDraft, check: Any) -> None:
    """Apply one check of a field: a text, or `{name: argument}`."""
    shown = str(check).strip()
    try:
        if isinstance(check, dict) and len(check) == 1:
            name, argument = next(iter(check.items()))
            texts = [] if argument is True else list(map(str, argument if isinstance(argument, list) else [argument]))
            shown = f"{name}({', '.join(texts)})"
        else:
            match = _CALL.fullmatch(shown)
            name, texts = (match[1], listed(match[2])) if match else (shown, [])
        word = _WORDS.get(str(name).strip().lower())
        if word is None:
            raise Misread(_near(shown, str(name)))
        _FIELD_CHECKS[word](draft, field, texts)
    except Misread as why:
        leave_open(draft, f"{field.name}: {shown}", str(why))


def table_check(draft: Draft, text: str) -> None:
    """Apply one check of the table: a count or a percentage with a limit, or a condition that every row keeps."""
    text = text.strip()
    names = {field.name: field for field in draft.fields}
    if match := _IS.fullmatch(text):
        if match[1] in names:
            return field_check(draft, names[match[1]], "unique" if match[2].lower() == "unique" else "not_null")
    elif match := _TABLE.fullmatch(text):
        word = match[1].lower()
        if word in _COUNTS or word in _PERCENTS or word in _RATIOS:
            return _gate(draft, text, match)
    if not _of_a_field(draft, text, names):
        _condition(draft, text)
    return None


def _of_a_field(draft: Draft, text: str, names: dict[str, FieldDraft]) -> bool:
    """`min_value(amount, 0)`: a field's check written as one of the table."""
    call = _CALL.fullmatch(text)
    if call is None or call[1].strip().lower() not in _WORDS:
        return False
    try:
        arguments = listed(call[2])
    except Misread:
        return False
    if not arguments or arguments[0] not in names:
        return False
    rest = ", ".join(json_text(argument) for argument in arguments[1:])
    field_check(draft, names[arguments[0]], f"{call[1]}({rest})" if rest else call[1])
    return True


def json_text(text: str) -> str:
    """An argument as text between quotes, to be read again by `listed`."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def listed(text: str) -> list[str]:
    """`'a', "b, c", 3` or `['a', 'b']` -> the texts."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].strip()
    items, at = [], 0
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None or match.end() == at:
            raise Misread(f"the arguments {text[:60]!r} cannot be read: write them as 'a', 'b' or 1, 2")
        quoted = match[1] if match[1] is not None else match[2]
        items.append(match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
    return items


def leave_open(draft: Draft, text: str, why: str) -> None:
    """Write a check that nobody can run where lint stumbles over it."""
    name = f"undecided_{sum('open' in check for check in draft.quality) + 1}"
    draft.quality.append(
        {"name": name, "type": "custom", "engine": "tideline", "implementation": f"? {text}", "open": why}
    )


def _gate(draft: Draft, text: str, match: re.Match[str]) -> None:
    word, columns = match[1].lower(), [part.strip() for part in (match[2] or "").split(",") if part.strip(" *")]
    metric = _COUNTS.get(word) or _PERCENTS.get(word) or _RATIOS[word]
    unknown = [column for column in columns if column not in {field.name for field in draft.fields}]
    if unknown:
        return leave_open(draft, text, f"there is no field {unknown[0]!r}")
    if (metric == "rowCount") is bool(columns):
        return leave_open(draft, text, f"{word} takes {'no field' if columns else 'a field in brackets'}")
    numbers = [Decimal(number) for number in (match[4], match[6], match[8]) if number]
    signs = [
        bool(sign) for number, sign in ((match[4], match[5]), (match[6], match[7]), (match[8], match[9])) if number
    ]
    percent = word not in _COUNTS or all(signs)
    if any(signs) and word in _COUNTS:
        return leave_open(draft, text, f"{word} is a number of rows, not a percentage")
    if word in _RATIOS and not all(signs):
        numbers = [number * 100 for number in numbers]
    elif word in _PERCENTS and not all(signs) and any(0 < number < 1 for number in numbers):
        numbers_shown = " and ".join(map(str, numbers))
        draft.notes.append(
            f"{text!r} is read as {numbers_shown} percent, the stricter reading; if a fraction was meant, write it as "
            f"{' and '.join(_plain(number * 100) for number in numbers)}"
        )
    operator = _OPERATORS[match[3]] if match[3] else "mustBeBetween"
    limits: Any = [_number(number) for number in numbers]
    entry: dict[str, Any] = {
        "name": _check_name([*columns, _snake(metric)], draft),
        "type": "library",
        "metric": metric,
    }
    if columns:
        entry["arguments"] = {"properties": columns}
    entry |= {operator: limits if operator == "mustBeBetween" else limits[0], "unit": "percent" if percent else "rows"}
    draft.quality.append(entry | {"dimension": _DIMENSIONS[metric], "description": text})
    return None


def _condition(draft: Draft, text: str) -> None:
    try:
        columns = expression.columns(expression.parse(text.replace("==", "=")))
    except expression.ExpressionError:
        return leave_open(draft, text, _near(text, re.split(r"\W", text)[0], table=True))
    unknown = sorted(columns - {field.name for field in draft.fields})
    if unknown:
        return leave_open(draft, text, f"there is no field {unknown[0]!r}")
    name = _check_name([*sorted(columns)[:2], "holds"], draft)
    rule(draft, name, text.replace("==", "="))
    return None


def rule(draft: Draft, name: str, condition: str) -> None:
    """A condition of every event: what breaks it is quarantined."""
    draft.quality.append(
        {"name": name, "type": "custom", "engine": "tideline", "implementation": condition, "dimension": "conformity"}
    )


def _near(text: str, name: str, *, table: bool = False) -> str:
    words = [*_WORDS, *_COUNTS, *_PERCENTS, *_RATIOS] if table else list(_WORDS)
    near = difflib.get_close_matches(name.lower(), words, n=1)
    hint = (
        f"did you mean {near[0]}?"
        if near
        else f"known: {KNOWN}"
        if not table
        else "known: row_count, null_percentage(f)"
    )
    return f"the check {text[:80]!r} is not known; {hint}"


def _check_name(parts: list[str], draft: Draft) -> str:
    name = "_".join(parts)[:55].rstrip("_")
    taken = {check.get("name") for check in draft.quality}
    return next(tried for at in range(1, 10_000) if (tried := name if at == 1 else f"{name}_{at}") not in taken)


def _snake(metric: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", metric).lower()


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _number(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else Decimal(_plain(number))


def _one(texts: list[str]) -> Decimal:
    try:
        (text,) = texts
        number = Decimal(text.strip())
    except (ValueError, InvalidOperation):
        raise Misread("it takes one number") from None
    if not number.is_finite() or abs(number.adjusted()) > 40:
        raise Misread("it takes one number of at most 38 digits")
    return number


def _size(texts: list[str]) -> int:
    number = _one(texts)
    if number != number.to_integral_value() or number < 0:
        raise Misread("it takes a whole number")
    return int(number)


def _limit(key: str) -> Callable[[Draft, FieldDraft, list[str]], None]:
    def apply(_draft: Draft, field: FieldDraft, texts: list[str]) -> None:
        if field.type not in ("integer", "number"):
            raise Misread(f"{key} is for integers and decimals, {field.name} is {field.type or 'unknown'}")
        number, before = _number(_one(texts)), field.options.get(key)
        tighter = max if key == "minimum" else min
        field.options[key] = number if before is None else tighter(number, before)

    return apply


def _range(draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    if len(texts) != 2:
        raise Misread("it takes two numbers")
    _limit("minimum")(draft, field, texts[:1])
    _limit("maximum")(draft, field, texts[1:])


def _length(*keys: str) -> Callable[[Draft, FieldDraft, list[str]], None]:
    def apply(_draft: Draft, field: FieldDraft, texts: list[str]) -> None:
        if field.type != "string":
            raise Misread(f"a length is of texts, {field.name} is {field.type or 'unknown'}")
        field.options |= dict.fromkeys(keys, _size(texts))

    return apply


def _pattern(_draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    if field.type != "string" or len(texts) != 1:
        raise Misread("a pattern is one text and of a text field")
    field.options["pattern"] = texts[0]
    field.options.setdefault("maxLength", 256)


def _enum(_draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    if field.type != "string" or not texts:
        raise Misread("allowed values are of text fields, and there is at least one")
    field.enum = list(dict.fromkeys(texts))


def _flag(**changes: Any) -> Callable[[Draft, FieldDraft, list[str]], None]:
    def apply(_draft: Draft, field: FieldDraft, texts: list[str]) -> None:
        if texts and texts not in ([""], ["True"], ["true"]):
            raise Misread("it takes no argument")
        for name, value in changes.items():
            setattr(field, name, value)

    return apply


def _unique(draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    _flag(unique=True)(draft, field, texts)
    duplicates = {"type": "library", "metric": "duplicateValues", "arguments": {"properties": [field.name]}}
    name = _check_name([field.name, "unique"], draft)
    draft.quality.append({"name": name, **duplicates, "mustBe": 0, "unit": "rows", "dimension": "uniqueness"})


def _positive(draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    _flag()(draft, field, texts)
    if field.type not in ("integer", "number"):
        raise Misread(f"only numbers are positive, {field.name} is {field.type or 'unknown'}")
    rule(draft, _check_name([field.name, "positive"], draft), f"{field.name} > 0")


def _non_negative(draft: Draft, field: FieldDraft, texts: list[str]) -> None:
    _flag()(draft, field, texts)
    _limit("minimum")(draft, field, ["0"])


_FIELD_CHECKS: dict[str, Callable[[Draft, FieldDraft, list[str]], None]] = {
    "not_null": _flag(required=True), "nullable": _flag(required=False), "unique": _unique,
    "primary_key": _flag(primary=True, required=True), "pii": _flag(pii=True), "min": _limit("minimum"),
    "max": _limit("maximum"), "range": _range, "min_length": _length("minLength"), "max_length": _length("maxLength"),
    "length": _length("minLength", "maxLength"), "positive": _positive, "non_negative": _non_negative,
    "pattern": _pattern, "enum": _enum,
}  # fmt: skip
