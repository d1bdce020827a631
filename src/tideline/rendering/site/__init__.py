"""Contracts -> a small static site: an index with search, one page per domain and contract; works from the disk too.

Every text of a contract passes through `html.element`, which escapes it, and no page holds a script or a style of its
own, so a strict Content-Security-Policy (each page carries one) has nothing to forbid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources

from tideline.model.contract import Contract
from tideline.rendering.site import index, search
from tideline.rendering.site.contract import page

ASSETS = ("site.css", "site.js", "icon.svg")


def pages(contracts: Mapping[str, Contract]) -> Iterator[tuple[str, str]]:
    """Path and text of every file of the site, one after the other, so that thousands never lie in memory at once."""
    listed = [contract for _, contract in sorted(contracts.items())]
    for name in ASSETS:
        asset = resources.files("tideline.rendering.site") / "assets" / name
        yield f"assets/{name}", asset.read_text(encoding="utf-8")
    yield "index.html", index.front(listed)
    for domain in sorted({contract.domain for contract in listed}):
        yield f"domains/{domain}.html", index.domain(domain, [one for one in listed if one.domain == domain])
    relations = index.relations(listed)
    for contract in listed:
        yield f"contracts/{contract.domain}/{contract.product}.html", page(contract, relations)
    yield from search.files(listed)
