"""Patterns of strings: the subset of regular expressions that no text can make slow, and texts that match one.

    pattern := ["^"] branches ["$"] ; branches := branch {"|" branch} ; branch := {piece}
    piece := char [quantifier] | "(" ["?:"] branches ")" ; char := CHARACTER | "." | CLASS | ESCAPE
    quantifier := "?" | "*" | "+" | "{m}" | "{m,}" | "{m,n}"

A pattern is matched as a whole, by Python's re with ASCII classes. Groups are never repeated, there are no
back-references and no look-around, at most two quantifiers are without an upper end, and the number of ways in which a
text can be divided among the quantifiers is bounded, so that the work per text is too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_letters, digits, printable

MAX_PATTERN = 256  # characters of a pattern
MAX_TEXT = 256  # characters of a text that a pattern is tried on
MAX_ENDLESS = 2
MAX_WAYS = 1_000_000
_QUANTIFIER = re.compile(r"[?*+]|\{(\d{1,3})(,(\d{1,3})?)?\}", re.ASCII)
_CLASSES = {"d": digits, "w": ascii_letters + digits + "_", "s": " \t"}
_PRINTED = printable[:-5]
_SPECIAL = frozenset(".^$*+?{}[]\\|()")


class PatternError(ValueError):
    """Says what of a pattern is outside of the subset, and where."""


@dataclass(frozen=True, slots=True)
class Characters:
    """A run of characters, each one of `some` (those of the allowed ones that are easy to print)."""

    some: str
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Group:
    branches: tuple[tuple[Piece, ...], ...]


Piece = Characters | Group


@lru_cache(maxsize=1_024)
def parse(text: str) -> Group:
    """The structure of a pattern; raises PatternError when it is outside of the subset."""
    if not 1 <= len(text) <= MAX_PATTERN:
        raise PatternError(f"a pattern has 1 to {MAX_PATTERN} characters, this one has {len(text)}")
    start, end = int(text.startswith("^")), len(text)
    if text.endswith("$") and (len(text) - len(text[:-1].rstrip("\\"))) % 2:
        end -= 1
    parser = _Parser(text[:end], start)
    whole = parser.branches()
    if parser.at < end:
        raise PatternError(f"unexpected {text[parser.at]!r} at character {parser.at + 1}")
    try:
        re.compile(text, re.ASCII)
    except re.error as error:
        raise PatternError(f"{error}") from None
    if _endless(whole) > MAX_ENDLESS:
        raise PatternError(f"at most {MAX_ENDLESS} quantifiers may be without an upper end")
    if _ways(whole) > MAX_WAYS:
        raise PatternError(f"a text could be divided among its quantifiers in more than {MAX_WAYS:,} ways")
    return whole


def example(text: str, number: int, least: int, most: int) -> str | None:
    """A text of `least` to `most` characters that matches, others for other numbers; None when none is found."""
    whole, compiled = parse(text), re.compile(text, re.ASCII)
    for longer in range(max(least, 1) + 1):
        made = "".join(_made(whole, _Source(number), longer))
        if least <= len(made) <= most and compiled.fullmatch(made):
            return made
    return None


class _Parser:
    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at

    def branches(self) -> Group:
        found = [self._branch()]
        while self._take("|"):
            found.append(self._branch())
        return Group(tuple(found))

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self, token: str) -> bool:
        taken = self.text.startswith(token, self.at)
        self.at += len(token) if taken else 0
        return taken

    def _wrong(self, what: str) -> PatternError:
        return PatternError(f"{what} at character {self.at + 1}")

    def _branch(self) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        while self._peek() not in ("", "|", ")"):
            if self._take("("):
                if not self._take("?:") and self._peek() == "?":
                    raise self._wrong("look-around, named groups and flags are not allowed: '(?'")
                pieces.append(self.branches())
                if not self._take(")"):
                    raise self._wrong("a group is not closed")
                if _QUANTIFIER.match(self.text, self.at):
                    raise self._wrong("a group may not be repeated")
            else:
                some = self._characters()
                pieces.append(Characters(some, *self._quantifier()))
        return tuple(pieces)

    def _quantifier(self) -> tuple[int, int | None]:
        match = _QUANTIFIER.match(self.text, self.at)
        if match is None:
            return 1, 1
        self.at = match.end()
        if self._peek() in ("?", "+", "*"):
            raise self._wrong("lazy and possessive quantifiers are not allowed")
        if match[1] is None:
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[match[0]]
        least = int(match[1])
        most = least if match[2] is None else None if match[3] is None else int(match[3])
        if least > MAX_TEXT or (most is not None and not least <= most <= MAX_TEXT):
            raise self._wrong(f"a quantifier counts up to {MAX_TEXT}, the smaller number first")
        return least, most

    def _characters(self) -> str:
        if self._take("["):
            return self._class()
        if self._take("\\"):
            return self._escaped()
        if self._take("."):
            return ascii_letters
        character = self._peek()
        if character in _SPECIAL:
            raise self._wrong(f"{character!r} has to be escaped here")
        self.at += 1
        return character

    def _escaped(self) -> str:
        """The characters that an escape stands for; the backslash is taken."""
        character = self._peek()
        self.at += 1
        if character.lower() in _CLASSES:
            inside = _CLASSES[character.lower()]
            return inside if character.islower() else "".join(c for c in _PRINTED if c not in inside)
        if not character or character.isalnum() or not character.isascii():
            self.at -= 1
            raise self._wrong("an escape is one of \\d \\w \\s \\D \\W \\S or stands before punctuation")
        return character

    def _class(self) -> str:
        negated, found = self._take("^"), ""
        first = self.at
        while self._peek() != "]" or self.at == first:
            if self._peek() in ("", "[", "]"):
                raise self._wrong("a class is empty, not closed, or holds a bracket that is not escaped")
            low = self._escaped() if self._take("\\") else self._one()
            if len(low) == 1 and self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._escaped() if self._take("\\") else self._one()
                if len(high) != 1 or high < low:
                    raise self._wrong("a range in a class goes from a character to a later one")
                low = "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 127) + 1)))
            found += low
        self.at += 1
        return "".join(c for c in _PRINTED if c not in found) if negated else found

    def _one(self) -> str:
        self.at += 1
        return self.text[self.at - 1]


def _pieces(group: Group) -> Iterator[Characters]:
    for branch in group.branches:
        for piece in branch:
            if isinstance(piece, Group):
                yield from _pieces(piece)
            else:
                yield piece


def _endless(group: Group) -> int:
    return sum(piece.most is None for piece in _pieces(group))


def _ways(group: Group) -> int:
    total = 0
    for branch in group.branches:
        ways = 1
        for piece in branch:
            if isinstance(piece, Group):
                ways *= _ways(piece)
            else:
                ways *= (MAX_TEXT if piece.most is None else piece.most) - piece.least + 1
        total += ways
    return total


class _Source:
    """Digits of a number, taken as choices."""

    def __init__(self, number: int) -> None:
        self._rest = number

    def choose(self, choices: int) -> int:
        self._rest, taken = divmod(self._rest, choices)
        return taken


def _made(group: Group, source: _Source, longer: int) -> Iterator[str]:
    """Characters of a match; each quantifier takes up to `longer` more than it needs."""
    for piece in group.branches[source.choose(len(group.branches))]:
        if isinstance(piece, Group):
            yield from _made(piece, source, longer)
            continue
        times = piece.least + longer if piece.most is None else min(piece.least + longer, piece.most)
        for _ in range(times):
            yield piece.some[source.choose(len(piece.some))] if piece.some else ""


__all__ = ["MAX_PATTERN", "MAX_TEXT", "PatternError", "example", "parse"]
