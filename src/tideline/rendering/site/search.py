"""The search index: a list of contracts, and words in small files of which a page loads only those it needs.

A word is found by its beginning, so words are kept by their first two letters: `search/am.js` knows `amount`. What a
word leads to is two lists of contract numbers (in names, owners and tags; in fields and descriptions), each number as
its distance to the one before it. The files are scripts, because pages on a disk cannot fetch anything else.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tideline.model.contract import Contract
from tideline.rendering.site import words

_WORD = re.compile(r"[^\W_]{2,40}")
_PLAIN = re.compile(r"[a-z0-9]{2}")
_SHOWN = 140


def files(listed: Sequence[Contract]) -> Iterator[tuple[str, str]]:
    """`search/names.js` and one file for each beginning of words."""
    names = [
        [c.id, c.owner, c.tier, c.description[:_SHOWN], sum(1 for _ in words.everything(c.fields)), words.personal(c)]
        for c in listed
    ]
    yield "search/names.js", _call("names", names)
    shards: dict[str, dict[str, tuple[list[int], list[int]]]] = defaultdict(lambda: defaultdict(lambda: ([], [])))
    for number, contract in enumerate(listed):
        strong = set(tokens(_strong(contract)))
        for word in strong:
            shards[shard(word)][word][0].append(number)
        for word in set(tokens(_weak(contract))) - strong:
            shards[shard(word)][word][1].append(number)
    for name, found in sorted(shards.items()):
        content = {word: [_gaps(strong), _gaps(weak)] for word, (strong, weak) in sorted(found.items())}
        yield f"search/{name}.js", _call("words", name, content)


def tokens(texts: Iterable[str]) -> Iterator[str]:
    """Words of two letters or more, in lower case and without accents."""
    for text in texts:
        plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
        yield from _WORD.findall(plain)


def shard(word: str) -> str:
    """The file that knows a word; the same rule stands in site.js."""
    return word[:2] if _PLAIN.match(word) else "other"


def _strong(contract: Contract) -> Iterator[str]:
    yield from (contract.id, contract.owner, contract.tier, *contract.tags, *(view.name for view in contract.views))


def _weak(contract: Contract) -> Iterator[str]:
    yield contract.description
    for field in words.everything(contract.fields):
        yield from (field.name, field.description, field.type.value, "pii" if field.pii else "")
    for view in contract.views:
        yield view.description
        yield from (measure.name for measure in view.measures)


def _gaps(numbers: list[int]) -> list[int]:
    return [number - before for before, number in zip([0, *numbers], numbers, strict=False)]


def _call(name: str, *arguments: object) -> str:
    """A script that hands data over; `<` never stands in it, so it could even be put into a page."""
    said = ",".join(json.dumps(argument, separators=(",", ":")).replace("<", "\\u003c") for argument in arguments)
    return f"tidelineSearch.{name}({said});\n"
