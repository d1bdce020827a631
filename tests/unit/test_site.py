"""The site of the contracts: whole, escaped, searchable, written only where it changed."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sales import SALES
from tideline.model.contract import Contract
from tideline.model.errors import Fatal
from tideline.model.field import EventField, FieldType, Masking
from tideline.model.quality import Comparison, Gate, Metric, Unit
from tideline.rendering.site import pages, search, words
from tideline.rendering.site.html import element
from tideline.site import MANIFEST, publish

EVIL = """</p><script>alert("x")</script><img src=x onerror='alert(1)'>&amp; " onload="y"""
PAGE = "contracts/shop/orders.html"


class Parsed(HTMLParser):
    """Elements, ids, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def part(name: str, kind: FieldType, **said: object) -> EventField:
    return EventField.model_validate({"name": name, "type": kind, "description": f"{EVIL} {name}", **said})


ITEM = part("item", FieldType.OBJECT, fields=(part("sku", FieldType.STRING, required=True),))
ORDERS = SALES.model_copy(
    update={
        "domain": "shop", "product": "orders", "owner": "shop-data", "description": f"Orders. {EVIL}", "tags": (EVIL,),
        "consumes": ("retail.sales", "far.away"), "family": "orders", "source": "shop/orders.odcs.yaml",
        "deadline": timedelta(hours=2),
        "fields": (
            *SALES.fields, part("lines", FieldType.ARRAY, items=ITEM),
            part("status", FieldType.STRING, enum=("a", EVIL)),
            part("labels", FieldType.MAP, values=part("value", FieldType.STRING)),
            part("mail", FieldType.STRING, pii=True, masking=Masking.OMIT, classification="restricted"),
        ),
        "gates": (
            Gate(name="few_nulls", metric=Metric.NULL_VALUES, columns=("country",), comparison=Comparison.LESS_THAN,
                 limits=(1,), unit=Unit.PERCENT, description=EVIL),
        ),
    }
)  # fmt: skip
SISTER = ORDERS.model_copy(update={"product": "orders_north", "views": ()})
CONTRACTS = {contract.id: contract for contract in (SALES, ORDERS, SISTER)}


def site(contracts: dict[str, Contract] | None = None) -> dict[str, str]:
    return dict(pages(CONTRACTS if contracts is None else contracts))


def test_nothing_that_a_contract_says_becomes_markup() -> None:
    """A script in a description, a tag, an enum or a gate stays text; the only scripts are ours."""
    for name, text in site().items():
        if name.endswith(".html"):
            page = Parsed(text)
            assert all(
                (tag.get("src") or "").endswith(("assets/site.js", "search/names.js")) for tag in page.all("script")
            )
            assert page.all("img") == [] and not any("on" in key[:2] for _, tags in page.tags for key in tags)
            assert all("style" not in tags for _, tags in page.tags) and page.all("style") == []
        elif name.startswith("search/"):
            assert "<" not in text
    assert '<script>alert("x")</script>' in Parsed(site()[PAGE]).words


@given(st.text(), st.text())
def test_every_text_and_attribute_is_escaped(content: str, value: str) -> None:
    """By construction: what is not an element is text."""
    page = Parsed(element("p", content.replace("\r", ""), title=value))
    assert [tag for tag, _ in page.tags] == ["p"] and set(page.all("p")[0]) == {"title"}


def test_each_page_forbids_what_it_does_not_need() -> None:
    """Content-Security-Policy: nothing inline, nothing from elsewhere."""
    for name, text in site().items():
        if name.endswith(".html"):
            policy = next(tag["content"] for tag in Parsed(text).all("meta") if tag.get("http-equiv"))
            assert policy is not None and policy.startswith("default-src 'none'") and "unsafe" not in policy
            assert "http://" not in text and "https://" not in text


def test_every_link_of_the_site_leads_somewhere() -> None:
    """Pages, anchors, assets, from any depth."""
    made = site()
    for name, text in made.items():
        if not name.endswith(".html"):
            continue
        page = Parsed(text)
        ids = {tags["id"] for _, tags in page.tags if "id" in tags}
        targets = [tags.get("href") or tags.get("src") for _, tags in page.tags if "href" in tags or "src" in tags]
        for target in filter(None, targets):
            if target.startswith("#"):
                assert target[1:] in ids, (name, target)
            else:
                path = (Path("/") / Path(name).parent / target).resolve().relative_to("/")
                assert path.as_posix() in made, (name, target)


@pytest.mark.parametrize(
    "said",
    [
        "shop-data", "10 years", "within 2 hours", "decimal(12,3)", "list of object", "sku", "each value", "PII",
        "restricted", "omit", "unit_price >= 0", "null values of country < 1 %", "sum(quantity * unit_price)",
        "UTC day of the invoice.",
        "GET /v1/shop/sales_by_country_and_day", "bronze.shop_orders", "silver.shop_orders", "retail.sales", "far.away",
        "shop.orders_north", "is_cancellation", "tideline query shop.sales_by_country_and_day", "version 1.0.0",
    ],
)  # fmt: skip
def test_a_page_says_all_that_a_contract_promises(said: str) -> None:
    """Promise, owner, fields as a tree, rules, gates, views, lineage, family, how to ask."""
    assert said in Parsed(site()[PAGE]).words


def test_consumers_are_told_on_the_page_of_what_they_need() -> None:
    """Lineage goes both ways."""
    page = Parsed(site()["contracts/retail/sales.html"])
    assert "../../contracts/shop/orders.html" in [tag.get("href") for tag in page.all("a")]


def test_headings_never_skip_a_level_and_fields_of_forms_have_labels() -> None:
    """What screen readers go by."""
    for name, text in site().items():
        if name.endswith(".html"):
            page = Parsed(text)
            levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
            assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels)), (name, levels)
            labels = {tag.get("for") for tag in page.all("label")}
            assert {tag.get("id") for tag in page.all("input")} <= labels
            assert page.all("html")[0]["lang"] == "en" and len(page.all("main")) == 1


def test_many_contracts_are_listed_by_domain_only() -> None:
    """The front page stays small, however many there are."""
    many = {f"shop.c{n}": SALES.model_copy(update={"domain": "shop", "product": f"c{n}"}) for n in range(61)}
    made = site(many)
    assert "shop.c7" not in made["index.html"] and "shop.c7" in made["domains/shop.html"]


def found(files: dict[str, str], word: str) -> tuple[list[str], list[str]]:
    """What the search finds for a whole word, as site.js reads it: (in names, elsewhere)."""

    def unpack(gaps: list[int]) -> list[str]:
        at, ids = 0, []
        for gap in gaps:
            at += gap
            ids.append(names[at][0])
        return ids

    names = json.loads(files["search/names.js"].removeprefix("tidelineSearch.names(").removesuffix(");\n"))
    text = files[f"search/{search.shard(word)}.js"]
    words_of = json.loads("[" + text.removeprefix("tidelineSearch.words(").removesuffix(");\n") + "]")[1]
    strong, weak = words_of[word]
    return unpack(strong), unpack(weak)


def test_the_search_index_knows_names_owners_fields_and_descriptions() -> None:
    """Names weigh more than what is only mentioned."""
    files = site()
    assert found(files, "orders") == (["shop.orders", "shop.orders_north"], [])
    assert found(files, "wholesaler") == ([], ["retail.sales"])
    assert found(files, "sku") == ([], ["shop.orders", "shop.orders_north"])
    assert found(files, "pii") == ([], ["retail.sales", "shop.orders", "shop.orders_north"])
    assert list(search.tokens(["Café_Größe 7a x"])) == ["cafe", "große", "7a"]
    assert search.shard("große") == "gr" and search.shard("ярд") == "other"


def test_only_what_changed_is_written_and_only_our_own_is_removed(tmp_path: Path) -> None:
    """A second run writes nothing; a contract that is gone takes its pages along; files of others stay."""
    first = publish(CONTRACTS, tmp_path / "site")
    assert first["written"] > 10 and publish(CONTRACTS, tmp_path / "site")["written"] == 0
    (tmp_path / "site" / "mine.txt").write_text("mine")
    third = publish({SALES.id: SALES}, tmp_path / "site")
    assert third["removed"] > 0 and not (tmp_path / "site" / PAGE).exists()
    assert (tmp_path / "site" / "mine.txt").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written among files that are not ours, nothing outside is removed."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("a")
    with pytest.raises(Fatal, match="TL-DOC-001"):
        publish(CONTRACTS, tmp_path / "other")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / MANIFEST).write_text('["../other/a.txt"]')
    publish({SALES.id: SALES}, tmp_path / "site")
    assert (tmp_path / "other" / "a.txt").exists()
    (tmp_path / "site" / MANIFEST).write_text("{")
    with pytest.raises(Fatal, match="TL-DOC-001"):
        publish(CONTRACTS, tmp_path / "site")


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=60), "1 minute"), (timedelta(seconds=90), "90 seconds"), (timedelta(days=7), "7 days"),
        (timedelta(days=3650), "10 years"), (timedelta(hours=36), "36 hours"), (None, ""),
    ],
)  # fmt: skip
def test_lengths_of_time_are_said_exactly(length: timedelta | None, said: str) -> None:
    """The greatest unit without a rest."""
    assert words.span(length) == said
