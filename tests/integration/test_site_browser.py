"""The site of the contracts in a real browser, opened from the disk: search, keyboard, phone, harmless descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_serving_browser import CHROMIUM, Page, until
from tests.unit.test_site import CONTRACTS
from tideline.site import publish

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium"),
]
FOUND = "[...document.querySelectorAll('#results h2')].map(found => found.textContent).join()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    publish(CONTRACTS, tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    made = Page(tmp_path / "browser")
    yield made
    made.close()


def show(page: Page, url: str, width: int = 1200) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    page.call("Page.navigate", url=url)
    until(lambda: page.ask("document.readyState === 'complete' && location.href") == url, url)


def asked(page: Page, text: str, found: str) -> None:
    page.ask(f"(q => {{ q.value = {text!r}; q.dispatchEvent(new Event('input')) }})(document.getElementById('q'))")
    until(lambda: page.ask(FOUND) == found and page.ask("document.getElementById('status').textContent"), found)


def test_the_search_finds_by_the_beginning_of_words_without_a_server(site: Path, page: Page) -> None:
    """file://, no network, no fetch; names before mentions, all words must be there."""
    show(page, (site / "index.html").as_uri())
    until(lambda: page.ask("document.body.dataset.state") == "ready", "the names")
    asked(page, "wholes", "retail.sales")
    asked(page, "orders nor", "shop.orders_north")
    asked(page, "Sku", "shop.orders,shop.orders_north")
    asked(page, "nothinglikethis", "")
    assert "Nothing found in 3" in page.ask("document.getElementById('status').textContent")
    asked(page, "wholes", "retail.sales")
    page.picture("site-search.png")
    page.ask("document.querySelector('#results a').click()")
    until(lambda: page.ask("document.querySelector('h1')?.textContent") == "retail.sales", "the contract's page")
    show(page, (site / "index.html").as_uri() + "#q=sku")
    until(lambda: page.ask(FOUND) == "shop.orders,shop.orders_north", "a search by its address")
    assert page.errors == []


def test_a_slash_leads_to_the_search_field(site: Path, page: Page) -> None:
    """Keyboard first."""
    show(page, (site / "index.html").as_uri())
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key="/", text="/" if kind == "keyDown" else "")
    until(lambda: page.ask("document.activeElement.id") == "q", "the focus")
    assert page.ask("document.getElementById('q').value") == ""


@pytest.mark.parametrize("path", ["index.html", "domains/shop.html", "contracts/shop/orders.html"])
def test_pages_fit_a_phone_and_descriptions_are_harmless(path: str, site: Path, page: Page) -> None:
    """No sideways scrolling; a script in a description never runs; style sheets arrive under the page's policy."""
    page.call("Page.enable")
    page.call(
        "Page.addScriptToEvaluateOnNewDocument", source="window.alarmed = 0; window.alert = () => window.alarmed++"
    )
    show(page, (site / path).as_uri(), width=360)
    assert page.ask("document.documentElement.scrollWidth") <= 360
    assert page.ask("window.alarmed") == 0 and page.ask("document.querySelectorAll('img').length") == 0
    assert page.ask("getComputedStyle(document.querySelector('h1')).letterSpacing") != "normal"
    assert page.errors == []
    page.picture(f"site-phone-{Path(path).stem}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_in_light_and_dark(scheme: str, site: Path, page: Page) -> None:
    """Contrast of text on its ground is at least 4.5 to 1, badges too."""
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    show(page, (site / "contracts/shop/orders.html").as_uri())
    least = page.ask(
        """(() => {
          const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
          const ground = (node) => {
            for (; node; node = node.parentElement) {
              const found = rgb(getComputedStyle(node).backgroundColor);
              if (found.length < 4 || found[3] > 0) return found;
            }
            return [255, 255, 255];
          };
          const light = (c) => c.slice(0, 3).map(v => v / 255)
            .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
          const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
          return Math.min(...[...document.querySelectorAll('p, a, code, .badge, dt, dd, th, td, h1, h2, h3')]
            .map(node => ratio(light(rgb(getComputedStyle(node).color)), light(ground(node)))));
        })()"""
    )
    assert least >= 4.5
    page.picture(f"site-{scheme}.png")
