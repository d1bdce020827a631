"""Patterns: the safe subset is told from the rest, its work is bounded, and examples match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tideline.model.pattern import MAX_TEXT, PatternError, example, parse


@pytest.mark.parametrize(
    "text",
    ["^[A-Z]{3}[0-9]+$", r"[a-z]+@[a-z]+\.com", "(a|b)c?", "[^x-z]{2}", r"\d{4}-\d\d", r"[\w.-]+", r"a\$", "é*",
     "SKU-(?:[A-Z]|[0-9])[0-9]{2,4}", r"[\]a]", "|a", ".{0,256}"],
)  # fmt: skip
def test_an_allowed_pattern_has_examples_that_match(text: str) -> None:
    """Also long ones, and different numbers give different texts where there is a choice."""
    parse(text)
    for number in (0, 1, 77, 12_345):
        found = example(text, number, 0, MAX_TEXT)
        assert found is not None and re.fullmatch(text, found, re.ASCII)
    if text == "^[A-Z]{3}[0-9]+$":
        assert len({example(text, number, 6, 10) for number in range(50)}) == 50
        assert all(6 <= len(example(text, number, 6, 10) or "") <= 10 for number in range(50))
        assert example(text, 1, 1, 3) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(a+)+", "a group may not be repeated"), ("(a|b){2}", "a group may not be repeated"),
        ("(?=a)", "look-around"), ("(?P<x>a)", "look-around"), ("(?i)a", "look-around"), (r"(a)\1", "an escape is"),
        ("a+?", "lazy"), ("a++", "lazy"), ("a*a*a*", "at most 2 quantifiers"), ("(a", "not closed"),
        ("a)", "unexpected"),
        ("[", "a class"), ("[]", "a class"), ("[a", "a class"), ("[[:alpha:]]", "a class"), ("[z-a]", "range"),
        ("*a", "escaped"), ("{", "escaped"), ("a{,3}", "escaped"), ("^a$|b$", "escaped"), ("a{300}", "counts up to"),
        ("a?" * 30, "more than 1,000,000 ways"), ("(a|a)" * 30, "more than 1,000,000 ways"), ("", "1 to 256"),
        ("a" * 257, "1 to 256"), ("\\", "an escape is"), (r"\bx", "an escape is"), (r"\u0041", "an escape is"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(PatternError, match=re.escape(why)):
        parse(text)


_PIECES = st.sampled_from(
    [
        "a",
        "b",
        "[ab]",
        "[^a]",
        ".",
        r"\d",
        r"\.",
        "(",
        "(?:",
        ")",
        "|",
        "*",
        "+",
        "?",
        "{2}",
        "{1,3}",
        "{2,}",
        "^",
        "$",
        "-",
    ]
)


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.one_of(st.lists(_PIECES, max_size=14).map("".join), st.text(max_size=20)), st.text("ab.1", max_size=40))
def test_any_text_is_a_pattern_or_a_readable_error(pattern: str, text: str) -> None:
    """Whatever is allowed compiles, matches its own examples, and is tried on a text without harm."""
    try:
        parse(pattern)
    except PatternError as error:
        assert str(error)
        return
    made = example(pattern, len(text), 0, MAX_TEXT)
    assert made is None or re.fullmatch(pattern, made, re.ASCII)
    re.compile(pattern, re.ASCII).fullmatch(text * 6)
