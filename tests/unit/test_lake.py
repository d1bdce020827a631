"""One path, two worlds: a folder of this machine, or the bucket of the path's zone."""

from pathlib import Path

import pytest

from tideline.model.errors import Fatal
from tideline.model.lake import Lake
from tideline.rendering import environment
from tideline.settings import Settings, settings

BUCKETS = "s3://tideline-dev-{zone}-111122223333"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("silver/retail/sales", "s3://tideline-dev-silver-111122223333/retail/sales"),
        ("gold", "s3://tideline-dev-gold-111122223333"),
        ("_tideline", "s3://tideline-dev-documents-111122223333"),
        ("_tideline/releases/x", "s3://tideline-dev-documents-111122223333/releases/x"),
    ],
)
def test_a_zone_is_a_bucket_and_the_rest_is_the_key(path: str, place: str):
    assert Lake(BUCKETS).place(path) == place


def test_buckets_are_the_places_that_terraform_is_told_of():
    """What IAM permits and what a process asks for are the same key."""
    for prefix in ("bronze/retail/sales/", "_tideline/runs/retail.sales/"):
        zone, _, key = environment.place(prefix).partition("/")
        assert Lake(BUCKETS).place(prefix) == f"s3://tideline-dev-{zone}-111122223333/{key}"


def test_a_folder_keeps_its_paths():
    assert Lake("/x/lake").place("silver/retail/sales") == "/x/lake/silver/retail/sales"
    assert Lake("/x/lake").folder == Path("/x/lake")


def test_a_lake_in_one_bucket_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch):
    """Zones have keys, policies and life times of their own, so a bucket for all is a mistake."""
    monkeypatch.setenv("TIDELINE_REMOTE_LAKE", "s3://everything")
    settings.cache_clear()
    with pytest.raises(Fatal, match="TIDELINE_REMOTE_LAKE") as caught:
        settings()
    settings.cache_clear()
    assert "{zone}" in str(caught.value)


def test_children_are_told_where_the_lake_and_kafka_are():
    given = Settings(remote_lake=BUCKETS, kafka="b-1.example:9098", kafka_iam_region="eu-central-1")
    told = given.as_environment()
    assert told["TIDELINE_REMOTE_LAKE"] == BUCKETS and told["TIDELINE_KAFKA_IAM_REGION"] == "eu-central-1"
    assert given.kafka_bootstrap == told["TIDELINE_KAFKA"] == "b-1.example:9098"
