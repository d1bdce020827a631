"""HTML built of elements: whatever is not an element already is text and gets escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

_VOID = frozenset({"meta", "link", "input", "br"})
_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src 'self' file:; base-uri 'none'; "
    "form-action 'none'"
)


class Html(str):
    """A text that is HTML already; only this module makes them."""

    __slots__ = ()


Content: TypeAlias = "str | Iterable[Content] | None"


def element(tag: str, *content: Content, **attributes: str | bool | None) -> Html:
    """`element("a", "text", href="x", class_="y")`: None and False are left out, `_` is `-` but at the end."""
    said = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    inner = "".join(text(part) for part in content)
    return Html(f"<{tag}{said}>" if tag in _VOID else f"<{tag}{said}>{inner}</{tag}>")


def text(content: Content) -> Html:
    """One piece, or several after each other, as HTML."""
    if content is None:
        return Html("")
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return Html(escape(content))
    return Html("".join(text(part) for part in content))


def document(title: str, root: str, main: Content, *, trail: Content = None, searches: bool = False) -> str:
    """A whole page; `root` leads from it to the site's folder, `trail` stands above the content."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} · Tideline contracts"),
        element("link", rel="icon", href=f"{root}assets/icon.svg"),
        element("link", rel="stylesheet", href=f"{root}assets/site.css"),
        element("script", src=f"{root}assets/site.js", defer=True) if searches else None,
        element("script", src=f"{root}search/names.js", defer=True) if searches else None,
    )
    home = element("a", "Data contracts", href=f"{root}index.html", class_="home")
    banner = element("header", home, element("nav", trail, aria_label="Where you are") if trail else None)
    foot = element("footer", element("p", "Written by tideline contract docs from the compiled contracts."))
    skip = element("a", "Skip to the content", href="#content", class_="skip")
    body = element("body", skip, banner, element("main", main, id="content", tabindex="-1"), foot)
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def badge(words: str, kind: str = "") -> Html:
    return element("span", words, class_=f"badge {kind}".strip())


def facts(pairs: Iterable[tuple[str, Content]]) -> Html:
    """A list of names and values; what has no value is left out."""
    rows = [element("div", element("dt", name), element("dd", value)) for name, value in pairs if value]
    return element("dl", rows, class_="facts")


def section(name: str, title: str, *content: Content) -> Html:
    return element(
        "section", element("h2", title, id=f"{name}-title"), *content, id=name, aria_labelledby=f"{name}-title"
    )
