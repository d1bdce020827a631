"""Estimates as a person reads them: a table on the terminal, tables for docs/costs.md. Rounding happens here only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tideline.environments.cost.estimate import Estimate, Row
from tideline.model.errors import Fatal

BEGIN, END = "<!-- tideline cost estimate: begin -->", "<!-- tideline cost estimate: end -->"
LIST_PRICE = "List prices: without tax, discount, savings plan or free tier, and without support."
Changed = Mapping[str, Sequence[Estimate | None]]  # by what is changed, in the order of the sizes
_HEAD = ("what", "quantity", "unit", "unit price", "a month", "at the limits", "formula")
_RIGHT = (1, 3, 4, 5)


def terminal(one: Estimate) -> str:
    """All rows by part, aligned."""
    lines = [_title(one), LIST_PRICE, ""]
    shown = [_cells(row) for row in one.rows]
    widths = [max(len(cells[i]) for cells in (_HEAD, *shown)) for i in range(len(_HEAD))]
    for part, (typical, most) in one.parts().items():
        lines.append(f"{part}: {_money(typical)} a month, {_money(most)} at the limits")
        rows = [cells for cells, row in zip(shown, one.rows, strict=True) if row.use.part == part]
        lines += ["  " + _aligned(cells, widths) for cells in (_HEAD, *rows)]
        lines.append("")
    lines.append(f"total: {_money(one.total)} {one.prices.currency} a month, {_money(one.most)} at the limits")
    return "\n".join(lines) + "\n"


def markdown(as_they_are: Sequence[Estimate], by_size: Sequence[Estimate], changed: Changed) -> str:
    """The generated part of docs/costs.md: environments as they are, one environment in every size, all rows."""
    prices = as_they_are[0].prices
    head = (
        f"Prices of `{prices.region}` in {prices.currency} as of {prices.as_of}, a month of 730 hours. {LIST_PRICE} "
        "Amounts are rounded where they are printed only, so that a column may differ from its sum by a few units."
    )
    largest = by_size[0].environment
    return "\n".join(
        [
            head,
            "\n### The environments as they are",
            _by_part(as_they_are, [f"{one.environment} ({one.size})" for one in as_they_are]),
            f"### {largest} by size",
            _by_part(by_size, [f"{largest} ({one.size})" for one in by_size]),
            "### The three largest rows",
            _largest(as_they_are, by_size),
            f"### What one change does to {largest}, a month",
            _by_change(by_size, changed),
            "### Every row",
            *(_details(one) for one in as_they_are),
        ]
    )


def put(page: str, text: str, where: str) -> str:
    """The page with the text between its two marks. Raises Fatal where they are not."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise Fatal("TL-COST-008", "the page has no place for tables", where=where, fix=f"write {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def as_facts(one: Estimate) -> dict[str, object]:
    """For --json: money as exact text."""
    return {
        "environment": one.environment,
        "size": one.size,
        "region": one.prices.region,
        "prices": one.prices.as_of.isoformat(),
        "currency": one.prices.currency,
        "total": f"{one.total:f}",
        "at_the_limits": f"{one.most:f}",
        "parts": {part: {"cost": f"{a:f}", "at_the_limits": f"{b:f}"} for part, (a, b) in one.parts().items()},
        "rows": [
            {
                "part": row.use.part,
                "what": row.use.what,
                "service": row.use.service,
                "usage": row.use.usage,
                "quantity": f"{row.use.quantity:.6f}",
                "unit": row.use.unit,
                "price": row.price.shown,
                "checked": f"{row.price.checked.on}: {row.price.checked.how}",
                "cost": f"{row.cost:f}",
                "at_the_limits": f"{row.most:f}",
                "formula": row.use.how,
            }
            for row in one.rows
        ],
    }


def _title(one: Estimate) -> str:
    prices = one.prices
    return f"{one.environment}, size {one.size}, {prices.region}, prices of {prices.as_of} in {prices.currency}"


def _cells(row: Row) -> tuple[str, ...]:
    most = "" if row.most == row.cost else _money(row.most)
    use = row.use
    return (use.what, _quantity(use.quantity), use.unit, row.price.shown, _money(row.cost), most, use.how)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    said = (text.rjust(widths[i]) if i in _RIGHT else text.ljust(widths[i]) for i, text in enumerate(cells))
    return "  ".join(said).rstrip()


def _by_part(estimates: Sequence[Estimate], names: Sequence[str]) -> str:
    fullest_first = sorted(estimates, key=lambda one: -len(one.parts()))
    parts = list(dict.fromkeys(part for one in fullest_first for part in one.parts()))
    none = (Decimal(0), Decimal(0))
    rows = [(part, *(_round(one.parts().get(part, none)[0]) for one in estimates)) for part in parts]
    total = ("**a month**", *(f"**{_round(one.total)}**" for one in estimates))
    most = ("at the limits of autoscaling", *(_round(one.most) for one in estimates))
    return _table(("", *names), [*rows, total, most], right=range(1, len(names) + 1))


def _largest(*groups: Sequence[Estimate]) -> str:
    rows = {}
    for one in (one for group in groups for one in group):
        top = sorted(one.rows, key=lambda row: row.cost, reverse=True)[:3]
        said = (f"{row.use.part}: {row.use.what} {_round(row.cost)} ({row.cost / one.total:.0%})" for row in top)
        rows[one.environment, one.size] = (f"{one.environment} ({one.size})", *said)
    return _table(("", "first", "second", "third"), list(rows.values()))


def _by_change(by_size: Sequence[Estimate], changed: Changed) -> str:
    rows = [
        (words, *(_difference(now, then) for now, then in zip(by_size, others, strict=True)))
        for words, others in changed.items()
    ]
    return _table(("", *(one.size for one in by_size)), rows, right=range(1, len(by_size) + 1))


def _difference(now: Estimate, then: Estimate | None) -> str:
    return "does not fit" if then is None else f"{then.total - now.total:+,.0f}"


def _details(one: Estimate) -> str:
    rows: list[tuple[str, ...]] = []
    for part, (typical, most) in one.parts().items():
        rows.append((f"**{part}**", "", "", "", f"**{_money(typical)}**", f"**{_money(most)}**", ""))
        rows += [_cells(row) for row in one.rows if row.use.part == part]
    said = f"{one.environment}, size {one.size}: {_money(one.total)} {one.prices.currency}"
    return f"<details><summary>{said}</summary>\n\n{_table(_HEAD, rows, right=_RIGHT)}\n</details>\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    rule = ["--:" if i in right else "---" for i in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)) + "\n"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _round(amount: Decimal) -> str:
    return f"{amount:,.0f}"


def _quantity(quantity: Decimal) -> str:
    return (
        f"{quantity:,.2f}".removesuffix("0").removesuffix(".0") if quantity >= 1 or not quantity else f"{quantity:.4f}"
    )
