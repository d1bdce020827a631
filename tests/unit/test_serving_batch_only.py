"""A batch-only view beside followed ones: answered from gold alone, never rolled up wrongly, delaying nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.serving_world import PARTITIONS, World, shop
from tests.unit.test_serving_api import Client
from tideline.adapters.increments import Rebase
from tideline.model.contract import Contract

PATH = "/v1/shop/buyers"


def with_buyers() -> Contract:
    """The shop with a view of exact distinct counts and one of sums, both of gold alone."""
    said = shop().model_dump(mode="json")
    by_country = said["views"][0]
    lines = next(measure for measure in by_country["measures"] if measure["name"] == "lines")
    buyers = {"name": "buyers", "kind": "distinct", "expression": "customer", "description": "Different customers."}
    for name, measures in (("buyers", [buyers, lines]), ("nightly", [lines])):
        view = {"name": name, "description": name, "batch_only": True, "measures": measures}
        said["views"].append(by_country | view)
    return Contract.model_validate(said)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client(World(7, with_buyers()))
    made.step()
    made.world.publish({p: len(rows) for p, rows in made.world.events.items()})
    made.world.arrive(30)
    made.world.tick_all()
    made.step()
    yield made


def truth(client: Client, meta: dict[str, Any]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    vector = {int(p): position for p, position in meta["coverage"]["batch"].items()}
    return client.world.truth(client.world.contract.view("buyers"), vector)


def test_it_answers_what_the_release_covers_and_says_so(client):
    """More events came since: followed views have them, this one does not, and its meta is true all the same."""
    body = client.get(PATH).json()
    assert {(r["country"], r["day"]): (r["buyers"], r["lines"]) for r in body["data"]} == truth(client, body["meta"])
    meta = body["meta"]
    assert (meta["consistency"], meta["complete"], meta["parts"]["speed_rows"]) == ("batch", True, 0)
    assert meta["coverage"]["merged"] == meta["coverage"]["batch"]
    followed = client.get("/v1/shop/by_country").json()["meta"]
    assert followed["consistency"] == "merged" and followed["coverage"]["merged"] != followed["coverage"]["batch"]
    assert client.get(f"{PATH}?consistency=batch").json()["data"] == body["data"]


def test_filters_and_the_order_of_dimensions_are_free(client):
    rows = client.get(f"{PATH}?dimensions=day,country&country=France").json()["data"]
    whole = client.get(f"{PATH}?country=France").json()["data"]
    assert sorted(map(str, ({**row} for row in whole))) == sorted(
        str({name: row[name] for name in ("country", "day", "buyers", "lines")}) for row in rows
    )


@pytest.mark.parametrize("dimensions", ["country", "day", ""])
def test_a_roll_up_of_distinct_counts_is_refused_with_the_reason(client, dimensions):
    answer = client.get(f"{PATH}?dimensions={dimensions}")
    assert (answer.status_code, answer.json()["code"]) == (400, "TL-API-007")
    assert "buyers counts different values" in answer.json()["detail"]
    assert answer.json()["allowed"] == ["country,day"]


def test_a_batch_only_view_of_sums_is_rolled_up(client):
    body = client.get("/v1/shop/nightly?dimensions=").json()
    assert body["data"] == [{"lines": 60}]


def test_a_speed_part_cannot_be_asked_for(client):
    answer = client.get(f"{PATH}?consistency=merged")
    assert (answer.status_code, answer.json()["code"], answer.json()["allowed"]) == (400, "TL-API-008", ["batch"])
    assert "gold alone" in answer.json()["detail"]


def test_it_delays_neither_readiness_nor_the_reach_of_the_contract(client):
    status = client.get("/v1/status").json()["contracts"]["shop.sales"]
    ends = {str(p): len(rows) for p, rows in client.world.events.items()}
    assert status["ready"] and status["complete"] and status["lag"] == 0
    assert status["coverage"]["merged"] == ends
    assert status["coverage"]["batch"] != ends


def test_what_a_speed_layer_says_about_it_is_not_its_business(client):
    """An older speed layer that still folds the view is counted as unknown and changes no answer."""
    before = client.get(PATH).json()["data"]
    for partition in range(PARTITIONS):
        client.world.send(partition, Rebase(client.world.generation[partition], {"buyers": 0}, "start"))
    client.step()
    assert client.get(PATH).json()["data"] == before
    assert client.follower.state.verdicts["unknown_view"] >= PARTITIONS


def test_the_documentation_and_the_page_know(client):
    document = client.get("/openapi.json").json()
    named = {p["name"]: p for p in document["paths"][PATH]["get"]["parameters"]}
    assert named["consistency"]["schema"]["enum"] == ["batch"]
    assert "All of: country, day" in named["dimensions"]["description"]
    (contract,) = client.get("/v1/views").json()["contracts"]
    told = {view["name"]: (view["consistency"], view["rolls_up"]) for view in contract["views"]}
    assert told["buyers"] == (["batch"], False) and told["nightly"] == (["batch"], True)
    assert told["by_country"] == (["merged", "batch"], True)
