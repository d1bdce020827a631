"""A browser gets pages, also of what is not there yet; whoever asks for JSON gets the problem document."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving_layer.app import make_app
from tests.fakes.serving_world import SKETCHES
from tests.unit.test_serving_api import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def client() -> Client:
    return Client()


def test_dbts_page_before_it_is_built_says_what_builds_it(client: Client) -> None:
    said = client.get("/dbt/", headers=BROWSER)
    assert (said.status_code, said.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>" in said.text and "Not built yet" in said.text and "TL-API-018" in said.text
    for step in ("shop.sales.marts", "tideline run shop.sales marts --run-key first", "tideline contract docs"):
        assert step in said.text
    assert said.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert (said.headers["cache-control"], said.headers["vary"]) == ("no-store", "Accept")


@pytest.mark.parametrize("accepted", ["*/*", "application/json", "application/problem+json"])
def test_a_program_gets_the_problem_document(client: Client, accepted: str) -> None:
    said = client.get("/dbt/", headers={"Accept": accepted})
    assert (said.status_code, said.headers["content-type"]) == (404, "application/problem+json")
    assert said.json()["code"] == "TL-API-018"


def test_dbts_page_is_served_once_it_is_there(client: Client, tmp_path: Path) -> None:
    client.app = make_app([client.follower], SKETCHES, dbt_docs=tmp_path / "index.html")
    assert client.get("/dbt/", headers=BROWSER).status_code == 404
    (tmp_path / "index.html").write_text("<p>gold</p>")
    said = client.get("/dbt/", headers=BROWSER)
    assert (said.status_code, said.text) == (200, "<p>gold</p>")
    assert "'unsafe-inline'" in said.headers["content-security-policy"]


def test_without_one_contract_the_steps_name_none(client: Client) -> None:
    client.app = make_app([], SKETCHES)
    said = client.get("/dbt/", headers=BROWSER).text
    assert "there is none yet" in said and "tideline run CONTRACT marts" in said


def test_an_address_without_anything_is_a_page_for_a_person_and_a_document_under_v1(client: Client) -> None:
    page = client.get("/<b>nowhere", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No such address" in page.text and 'href="/docs"' in page.text and "<b>" not in page.text
    for url, accepted in (("/nowhere", "*/*"), ("/v1/nowhere", BROWSER["Accept"]), ("/v1/shop/no", BROWSER["Accept"])):
        assert client.get(url, headers={"Accept": accepted}).headers["content-type"] == "application/problem+json"
