"""Inputs that were made to break readers: (name, bytes). None of them is a contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

GOOD = (Path(__file__).parent / "good" / "orders.odcs.yaml").read_bytes()
MEGABYTE = 1_000_000
HEAD = b"apiVersion: v3.2.0\nkind: DataContract\nid: a.b\nversion: 1.0.0\n"


def cases() -> list[tuple[str, bytes]]:
    return [*_encodings(), *_bombs(), *_deep(), *_large(), *_values(), *_broken(), *_misplaced()]


def _encodings() -> Iterator[tuple[str, bytes]]:
    text = GOOD.decode()
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037"):
        encoded = text.replace("One event", "One évent \u2028").encode(name, errors="replace")
        yield f"encoding {name}", encoded
    yield "encoding latin-1", text.replace("One event", "Un événement").encode("latin-1")
    yield "encoding cp1252", text.replace("One event", "“One” event").encode("cp1252")
    yield "byte order mark twice", b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD
    yield "byte order mark inside", GOOD.replace(b"One event", b"\xef\xbb\xbfOne event", 1)
    yield "overlong", GOOD.replace(b"One event", b"\xc0\xafOne", 1)
    yield "surrogates", GOOD.replace(b"One event", b"\xed\xa0\x80One", 1)
    yield "cut in a character", GOOD[:200] + "é".encode()[:1]
    for code in (0x00, 0x01, 0x08, 0x0B, 0x1B, 0x7F, 0x80, 0x9F):
        yield f"control {code:02x}", GOOD.replace(b"One event", f"One {chr(code)}".encode(), 1)
    for escape in (rb"\0", rb"\x01", rb"\ud800", rb"\uffff", rb"\U00110000", rb"\UFFFFFFFF", rb"\q", rb"\x"):
        yield f"escape {escape!r}", GOOD.replace(b"One event per order.", b'"One ' + escape + b'"', 1)
    yield "nothing but NUL", b"\0" * 10_000


def _bombs() -> Iterator[tuple[str, bytes]]:
    lines = [b"a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]".encode() for n in range(1, 60)]
    yield "billion laughs", b"\n".join(lines)
    yield "alias to itself", b"a: &a [*a]\n"
    yield "alias to nothing", b"a: *b\n"
    yield "anchor on a scalar", GOOD.replace(b"name: orders", b"name: &n orders", 1)
    yield "merge key", b"a: {b: 1}\n<<: {c: 2}\n"
    yield "merge of an alias", b"a: &a {b: 1}\nc:\n  <<: *a\n"
    for tag in (
        b"!!python/object/apply:os.system [id]",
        b"!!binary aGk=",
        b"!!set {a}",
        b"! x",
        b"!<tag:x> y",
        b"!!int '7'",
    ):
        yield f"tag {tag!r}", HEAD + b"name: " + tag + b"\n"
    yield "tag directive", b"%TAG ! tag:example.com,2026:\n---\n!x {}\n"
    yield "many anchors", b"".join(f"k{n}: &a{n} v\n".encode() for n in range(20_000))


def _deep() -> Iterator[tuple[str, bytes]]:
    for depth in (25, 10_000, 400_000):
        yield f"brackets {depth}", b"a: " + b"[" * depth
        yield f"closed brackets {depth}", b"a: " + b"[" * depth + b"]" * depth
        yield f"braces {depth}", b"a: " + b"{a: " * (depth // 2)
        yield f"dashes {depth}", b"- " * depth
        yield f"question marks {depth}", b"? " * depth
    yield "indentation 1000", b"\n".join(b" " * n + b"a:" for n in range(1_000))
    yield "parentheses in an expression", GOOD.replace(b"total >= 0", b"(" * 900 + b"total >= 0" + b")" * 900, 1)
    yield "nots in an expression", GOOD.replace(b"total >= 0", b"not " * 400 + b"total >= 0", 1)
    yield "minus signs in an expression", GOOD.replace(b"total >= 0", b"total >= " + b"- " * 900 + b"1", 1)
    pattern = b"'[A-Z]{4}[0-9]{2}'"
    yield "parentheses in a pattern", GOOD.replace(pattern, b"'" + b"(" * 5_000 + b")" * 5_000 + b"'", 1)
    yield "a slow pattern", GOOD.replace(pattern, b"'(a|a)*(a|a)*(a|a)*b'", 1)


def _large() -> Iterator[tuple[str, bytes]]:
    yield "10 MB", b"# x\n" * 2_500_000
    yield "10 MB of one line", b"a" * 10_000_000
    yield "1 MB of items", b"[" + b"a," * (MEGABYTE // 2 - 2) + b"]"
    yield "1 MB of lines", b"- a\n" * (MEGABYTE // 4)
    yield "1 MB of keys", b"".join(f"k{n}: v\n".encode() for n in range(80_000))
    yield "1 MB in a key", b"a" * (MEGABYTE - 10) + b": b"
    yield "1 MB in a text", b"a: '" + b"x" * (MEGABYTE - 10) + b"'"
    yield "1 MB of digits", b"a: " + b"9" * (MEGABYTE - 10)
    yield "1 MB of spaces", b" " * (MEGABYTE - 10)
    yield "1 MB of tabs", b"\t" * (MEGABYTE - 10)
    yield "1 MB of quotes", b"'" * (MEGABYTE - 11)
    yield "1 MB of colons", b":" * (MEGABYTE - 10)
    yield "1 MB of commas", b"[" + b"," * (MEGABYTE - 10)
    yield "1 MB of percent signs", b"%a\n" * (MEGABYTE // 3)
    fields = b"".join(f"      - {{name: f{n}, logicalType: strng, description: x}}\n".encode() for n in range(4_000))
    yield "4000 fields of a wrong type", HEAD + b"schema:\n  - name: b\n    properties:\n" + fields
    zone = "logicalTypeOptions: {{timezone: false, defaultTimezone: Europ/{n}}}"
    field = f"      - {{{{name: f{{n}}, logicalType: timestamp, {zone}}}}}\n"
    fields = b"".join(field.format(n=n).encode() for n in range(2_500))
    yield "2500 unknown zones", HEAD + b"schema:\n  - name: b\n    properties:\n" + fields
    rules = b"".join(
        f"      - {{name: r{n}, type: custom, engine: tideline, implementation: colum{n} > 0}}\n".encode()
        for n in range(1_200)
    )
    columns = b"".join(
        f"      - {{name: column_{n}, logicalType: integer, description: x}}\n".encode() for n in range(2_000)
    )
    yield (
        "2000 fields, 1200 rules about none of them",
        GOOD.replace(
            b"    quality:\n      - id: rule_one", columns + b"    quality:\n" + rules + b"      - id: rule_one", 1
        ),
    )
    unknown = b"".join(f"unknown_key_number_{n}: 1\n".encode() for n in range(15_000))
    yield "15000 unknown keys", GOOD + unknown
    repeated = b"".join(b"      - {name: order_id, logicalType: string, description: x}\n" for _ in range(4_000))
    yield (
        "4000 times the same field",
        GOOD.replace(b"    quality:\n      - id: rule_one", repeated + b"    quality:\n      - id: rule_one", 1),
    )
    members = b", ".join(f"m{n}: {{}}".encode() for n in range(15_000))
    yield (
        "15000 members",
        GOOD + b"  - {property: family, vendor: tideline, value: {name: x, members: {" + members + b"}}}\n",
    )


def _values() -> Iterator[tuple[str, bytes]]:
    words = b".inf -.inf .nan 0o7 0b1 1_000 1:30 ~ '' [] {} true 2026-11-21 -0 0.0 0.5 1e99 -1".split()
    numbers = (b"9" * 5_000, b"-" + b"9" * 5_000, b"1e999999999", b"1e-999999999", b"0x" + b"f" * 5_000, b"9" * 60)
    places = (b"partitions: 2", b"maxEventBytes: 4096", b"version: 2.1.0", b"id: shop.orders", b"retention, value: 2")
    for at, value in enumerate((*words, *numbers)):
        for old in places:
            key, _, _ = old.rpartition(b" ")
            yield f"{key.decode()} value {at}", GOOD.replace(old, key + b" " + value, 1)
        yield f"purpose value {at}", GOOD.replace(b"purpose: One event per order.", b"purposes: " + value, 1)


def _broken() -> Iterator[tuple[str, bytes]]:
    yield from {
        "empty": b"",
        "a comment": b"# only this\n",
        "a dash": b"-",
        "a colon": b":",
        "a question mark": b"?",
        "a text": b"text",
        "a number": b"7",
        "a list": b"- a\n- b\n",
        "null": b"~",
        "two documents": b"a: 1\n---\nb: 2\n",
        "an end": b"...",
        "two ends": b"a: 1\n...\n...\nb: 2",
        "a directive": b"%YAML 9.9\n---\na: 1\n",
        "two directives": b"%YAML 1.2\n%YAML 1.2\n---\na: 1\n",
        "repeated key": b"a: 1\na: 2\n",
        "repeated in braces": b"{a: 1, a: 2}",
        "repeated null": b"? \n: 1\n? \n: 2\n",
        "a list as key": b"? [a]\n: b\n",
        "a map as key": b"? {a: b}\n: c\n",
        "open quote": b"a: 'b\n",
        "open double quote": b'a: "b\n',
        "open bracket": b"a: [b\n",
        "open brace": b"a: {b\n",
        "wrong bracket": b"a: [b}\n",
        "tab": b"a:\n\tb: 1\n",
        "tab after dash": b"-\t- a\n\t- b\n",
        "at sign": b"a: @b\n",
        "backtick": b"a: `b`\n",
        "percent": b"a: %b\n",
        "colon in a text": b"a: b: c\n",
        "indented wrongly": b"a:\n    b: 1\n  c: 2\n",
        "block without text": b"a: |99\n",
        "block header": b"a: |x\n  b\n",
        "only a BOM": b"\xef\xbb\xbf",
        "carriage returns": b"a: 1\rb: 2\r",
        "a schema that is a number": HEAD + b"schema: 5\n",
        "a schema of numbers": HEAD + b"schema: [5]\n",
        "null everywhere": b"apiVersion:\nkind:\nid:\nversion:\nschema:\n",
        "an empty map": b"{}",
        "an empty list": b"[]",
        "json": b'{"apiVersion": "v3.2.0"}',
        "html": b"<html></html>",
        "python": b"import os\n",
        "a key of spaces": b"'  ': 1\n",
        "a very long key in braces": b"{" + b"k" * 2_000 + b": 1}",
    }.items()
    for at in range(0, len(GOOD) - 300, len(GOOD) // 25):
        yield f"cut at {at}", GOOD[:at] + b"\n  - {[" + GOOD[at : at + 40]


def _misplaced() -> Iterator[tuple[str, bytes]]:
    """Each part of a good contract as another kind of value."""
    import re

    lines = GOOD.splitlines(keepends=True)
    keys = [n for n, line in enumerate(lines) if re.match(rb"^ *(- )?[a-zA-Z]+:", line)]
    for at in keys[:: max(1, len(keys) // 40)]:
        key = lines[at].split(b":")[0]
        if key.strip() in (b"description", b"- name", b"status", b"tags", b"dimension", b"severity", b"id"):
            continue
        for value in (b" [[[1]]]\n", b" {a: {b: {c: 1}}}\n"):
            yield (
                f"line {at + 1} as {value.decode().strip()}",
                b"".join([*lines[:at], key + b":" + value, *lines[at + 1 :]]),
            )
