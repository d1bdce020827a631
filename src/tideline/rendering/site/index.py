"""The front page, the pages of domains, and who is related to whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tideline.model.contract import Contract
from tideline.rendering.site import words
from tideline.rendering.site.html import Html, badge, document, element

_ALL_ON_FRONT = 60


@dataclass(frozen=True, slots=True)
class Relations:
    """`known` ids have a page; `consumers` of an id; `families` by (source file, family)."""

    known: frozenset[str]
    consumers: dict[str, list[str]]
    families: dict[tuple[str, str], list[str]]


def relations(listed: Sequence[Contract]) -> Relations:
    """Read backwards what the contracts say of each other."""
    consumers, families = defaultdict[str, list[str]](list), defaultdict[tuple[str, str], list[str]](list)
    for contract in listed:
        for id_ in contract.consumes:
            consumers[id_].append(contract.id)
        if contract.family is not None:
            families[(contract.source or "", contract.family)].append(contract.id)
    return Relations(frozenset(contract.id for contract in listed), dict(consumers), dict(families))


def front(listed: Sequence[Contract]) -> str:
    """Search, the domains, and all contracts while they are few."""
    domains = Counter(contract.domain for contract in listed)
    owners = len({contract.owner for contract in listed})
    counted = (
        f"{len(listed):,} contract{'s' if len(listed) != 1 else ''} of {owners:,} owner{'s' if owners != 1 else ''}"
    )
    field = element(
        "input", type="search", id="q", name="q", autocomplete="off", spellcheck="false", aria_describedby="hint",
        placeholder="revenue, customer_id, pii …",
    )  # fmt: skip
    hint = "Names, owners, tags, fields and descriptions. Press / to come here."
    form = element(
        "form", element("label", "Search contracts", for_="q"), field, element("p", hint, id="hint", class_="soft"),
        role="search",
    )  # fmt: skip
    cards = [
        element("li", element("a", name, href=f"domains/{name}.html"), element("span", f"{count:,}", class_="soft"))
        for name, count in sorted(domains.items())
    ]
    main = [
        element("h1", "Data contracts"),
        element(
            "p", f"{counted}: what each data product promises, who answers for it and how to ask it.", class_="lead"
        ),
        form,
        element("p", id="status", role="status"),
        element("ul", id="results", class_="list"),
        element("noscript", element("p", "Search needs JavaScript; the lists below do not.")),
        element("div", element("h2", "Domains"), element("ul", cards, class_="domains"), id="browse"),
    ]
    if len(listed) <= _ALL_ON_FRONT:
        main.append(element("div", element("h2", "All contracts"), listing(listed, ""), id="all"))
    return document("Data contracts", "", main, searches=True)


def domain(name: str, listed: Sequence[Contract]) -> str:
    """Every contract of one domain."""
    counted = f"{len(listed):,} contract{'s' if len(listed) != 1 else ''}"
    main = [
        element("h1", name),
        element("p", counted, class_="lead"),
        element("h2", "Contracts"),
        listing(listed, "../"),
    ]
    trail = element("a", "all domains", href="../index.html")
    return document(name, "../", main, trail=trail)


def listing(listed: Sequence[Contract], root: str) -> Html:
    """Links with what tells contracts apart."""
    items = []
    for contract in listed:
        personal = badge("personal data", "pii") if words.personal(contract) else None
        link = element("a", contract.id, href=f"{root}contracts/{contract.domain}/{contract.product}.html")
        tags = [badge(contract.tier, f"tier-{contract.tier}"), personal]
        about = element("p", contract.description)
        items.append(element("li", element("h3", link), tags, about, element("p", contract.owner, class_="soft")))
    return element("ul", items, class_="list")
