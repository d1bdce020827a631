"""What dbt's results file becomes: models, tests, and for a failure Spark's name of it without the values it quotes."""

import json
from pathlib import Path

import pytest

from tideline.batch.dbt import Node, Places, failure
from tideline.settings import Settings

QUOTING = (
    "Runtime Error in model a\n  org.apache.hive.service.cli.HiveSQLException: Error running query: "
    "[CAST_INVALID_INPUT] The value 'ann@example.org' of the type \"STRING\" cannot be cast. [OTHER] SQLSTATE: 22018"
)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (QUOTING, "a (CAST_INVALID_INPUT)"),
        ("[DELTA_X.WITH_2] no", "a (DELTA_X.WITH_2)"),
        ("[lower] or [Mixed]", "a"),
        (None, "a"),
    ],
)
def test_a_failure_names_what_spark_calls_it_and_quotes_no_value(
    tmp_path: Path, message: str | None, named: str
) -> None:
    places = Places.of("x", Settings(home=tmp_path))
    found = {"unique_id": "model.tideline.a", "status": "error", "execution_time": 0.12, "message": message}
    places.results.write_text(json.dumps({"results": [found]}))
    error = failure(places.nodes(), "exit code 1", "its log")
    assert str(error) == f"TL-DBT-002 its log: dbt could not run {named}"


def test_a_data_test_is_named_as_it_was_written(tmp_path: Path) -> None:
    """dbt adds a hash to the name of a test; who looks for it in the project does not know that."""
    places = Places.of("x", Settings(home=tmp_path))
    found = {"unique_id": "test.tideline.a_has_rows.1f2e", "status": "fail", "execution_time": 1, "message": None}
    places.results.write_text(json.dumps({"results": [found]}))
    assert places.nodes() == [Node("test", "a_has_rows", "fail", 1.0)]
    assert "TL-DBT-003 its log: data tests failed: a_has_rows" in str(failure(places.nodes(), "exit code 1", "its log"))
