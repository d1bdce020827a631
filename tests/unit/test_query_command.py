"""What `tideline query` shows of an answer."""

from __future__ import annotations

import pytest

from tideline.cli.query import _print

META = {
    "consistency": "merged",
    "release": None,
    "as_of": "2011-03-21T10:00:00Z",
    "lacks": [],
    "problems": [],
    "gaps": [],
}
ROW = {
    "country": "Channel Islands [old]", "day": "2011-03-21", "revenue": "123456789.120", "quantity": 1651, "lines": 157,
    "highest_unit_price": "12.280", "average_line": "786349.102675", "customers": None,
}  # fmt: skip


def test_no_figure_is_cut_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a figure is a wrong one: the line may be long, a value is whole, and text is no markup."""
    monkeypatch.setenv("COLUMNS", "40")
    _print({"data": [ROW, ROW | {"revenue": "-1.5"}], "meta": META})
    head, _, first, second, *_ = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert head.split() == list(ROW)
    assert first.split() == ["Channel", "Islands", "[old]", *(str(v) for v in list(ROW.values())[1:-1]), "-"]
    assert first.index("123456789.120") + len("123456789.120") == second.index("-1.5") + len("-1.5")


def test_without_a_release_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _print({"data": [], "meta": META})
    assert capsys.readouterr().out == "0 rows, merged, no release yet, as of 2011-03-21T10:00:00Z\n"
