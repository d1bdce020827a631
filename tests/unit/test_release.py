"""The Release as a value: what is written is what is read, and a broken document is loud."""

import pytest

from tideline.model.errors import DataError
from tideline.model.position import Coverage, StreamId
from tideline.model.release import Check, Release, ReleasedView, release_name, release_number

RELEASE = Release(
    number=7,
    contract="retail.sales",
    contract_version="1.0.0",
    contract_hash="abc",
    run_key="manual__1",
    published="2026-11-21T00:00:00Z",
    coverage=Coverage(StreamId("retail.sales.v1", "id-1"), {0: 120, 1: 80}),
    bronze_version=12,
    silver_version=9,
    quarantine_version=None,
    increments={1: 9, 0: 4711},
    views={"sales": ReleasedView("gold/sales", 4)},
    counts={"in": 200, "good": 199},
    checks=(Check("conservation", True, "200 in"),),
)


def test_a_release_survives_its_json_form():
    assert Release.from_json(RELEASE.as_json()) == RELEASE


def test_the_json_form_has_text_keys_for_partitions_and_plain_values():
    document = RELEASE.as_json()
    assert document["increments"] == {"0": 4711, "1": 9}
    assert document["views"] == {"sales": {"path": "gold/sales", "version": 4}}


@pytest.mark.parametrize("name", ["number", "coverage", "silver_version", "views"])
def test_a_document_that_lacks_a_member_is_refused_by_name(name):
    document = RELEASE.as_json()
    del document[name]
    with pytest.raises(DataError, match=f"TL-REL-001.*{name}"):
        Release.from_json(document)


def test_names_sort_as_numbers():
    names = [release_name("retail.sales", number) for number in (2, 10, 100)]
    assert names == sorted(names)
    assert [release_number(name) for name in names] == [2, 10, 100]
