"""The golden expectations and the reference semantics say the same, so that neither drifts alone."""

from __future__ import annotations

import pytest

from tests.golden.cases import Case, cases, contract
from tests.golden.regenerate import expectation


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_reference_gives_what_the_case_expects(case: Case) -> None:
    assert expectation(contract(case.product), list(case.records)) == case.expect


def test_there_is_a_case_for_every_kind_of_trouble() -> None:
    names = {case.name for case in cases("retail_sales")}
    wanted = "plain duplicates conflict late broken dst nulls_and_empty cancellation big_numbers gaps texts"
    assert names >= set(wanted.split())
    names = {case.name for case in cases("shop_orders")}
    assert names >= {"plain", "optional", "nested_broken", "limits", "renamed_and_retired", "repeats"}
