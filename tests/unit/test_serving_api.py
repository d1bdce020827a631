"""The HTTP interface promises typed, bounded, exact answers, and a problem document for every mistake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving_layer.app import Clocks, make_app
from serving_layer.follower import Follower
from serving_layer.releases import Releases
from tests.fakes.serving_world import PARTITIONS, SKETCHES, World, presented

PATH = "/v1/shop/by_country"


class Client:
    """Asks the ASGI application in this thread; `time` is the cursors' clock."""

    def __init__(self, world: World | None = None) -> None:
        self.world, self.time = world or World(7), 0.0
        self.world.begin()
        self.world.arrive(60)
        self.world.tick_all()
        releases = Releases(self.world.contract, self.world.documents, self.world.tables)
        self.follower = Follower(self.world.contract, self.world.log, releases, SKETCHES, lambda: 0.0)
        self.follower.watch_once()
        self.app = make_app([self.follower], SKETCHES, Clocks(seconds=lambda: self.time))

    def step(self, times: int = 2) -> None:
        for _ in range(times):
            self.follower.watch_once()
            self.follower.step()

    def get(self, url: str, method: str = "GET", **rest: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, url, **rest)

        return asyncio.run(ask())

    @property
    def view(self) -> Any:
        return self.world.contract.views[0]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client()
    made.step()
    made.world.publish({p: len(rows) for p, rows in made.world.events.items()})
    made.world.arrive(30)
    made.world.tick_all()
    made.step()
    yield made


def expected(client: Client, body: dict[str, Any], keep: Any = lambda group: True) -> list[dict[str, Any]]:
    vector = {int(p): n for p, n in body["meta"]["coverage"][body["meta"]["consistency"]].items()}
    names = [dimension.name for dimension in client.view.dimensions]
    rows = [(g, s) for g, s in client.world.truth(client.view, vector).items() if keep(g)]
    rows.sort(key=lambda row: [(value is not None, value or "") for value in row[0]])
    return [dict(zip(names, g, strict=True)) | presented(client.world.contract, client.view, s) for g, s in rows]


@pytest.mark.parametrize(
    ("query", "keep"),
    [
        ("", lambda g: True),
        ("consistency=batch", lambda g: True),
        ("country=France", lambda g: g[0] == "France"),
        ("country.ne=France", lambda g: g[0] not in ("France", None)),
        ("country.in=France,Spain&day.gt=2011-01-01", lambda g: g[0] is not None and g[1] > "2011-01-01"),
        ("day.gte=2011-01-02&day.lte=2011-01-02", lambda g: g[1] == "2011-01-02"),
        ("day.lt=2011-01-02", lambda g: g[1] < "2011-01-02"),
        ("country.eq=Nowhere", lambda g: False),
    ],
)
def test_filters_give_exactly_the_rows_of_the_truth_in_stable_order(client, query, keep):
    body = client.get(f"{PATH}?{query}").json()
    assert body["data"] == expected(client, body, keep)
    assert body["meta"]["complete"] and body["meta"]["lacks"] == [] and body["meta"]["release"] == 1


def test_a_roll_up_merges_states_and_not_presented_values(client):
    whole = client.get(PATH).json()["data"]
    total = client.get(f"{PATH}?dimensions=").json()["data"]
    lines = sum(row["lines"] for row in whole)
    revenue = sum((Decimal(row["revenue"]) for row in whole), Decimal(0))
    assert [(row["lines"], row["revenue"]) for row in total] == [(lines, str(revenue))]
    assert total[0]["customers"] == 3 and set(total[0]) & {"country", "day"} == set()
    assert total[0]["average"] == str((revenue / lines).quantize(Decimal("1e-6"), "ROUND_HALF_UP"))
    assert [row["country"] for row in client.get(f"{PATH}?dimensions=country").json()["data"]] == [
        None,
        "France",
        "Spain",
    ]


def test_integer_boolean_and_hour_filters_are_typed(client):
    rows = client.get("/v1/shop/by_shelf?shelf.in=0,2&gift=true&hour.lt=2011-01-02T00:00:00Z").json()["data"]
    assert rows and all(r["shelf"] in (0, 2) and r["gift"] is True and r["hour"] < "2011-01-02" for r in rows)


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/nowhere", 404, "TL-API-001"),
        ("/v1/nowhere/by_country", 404, "TL-API-002"),
        ("/v1/shop/nothing", 404, "TL-API-003"),
        (f"{PATH}?customer=a", 400, "TL-API-004"),
        (f"{PATH}?day.like=2", 400, "TL-API-005"),
        ("/v1/shop/by_shelf?gift.lt=true", 400, "TL-API-005"),
        (f"{PATH}?day=2011-02-30", 400, "TL-API-006"),
        ("/v1/shop/by_shelf?shelf=1.5", 400, "TL-API-006"),
        ("/v1/shop/by_shelf?hour=2011-01-01T10:30:00Z", 400, "TL-API-006"),
        (f"{PATH}?country=%ff", 400, "TL-API-006"),
        (f"{PATH}?dimensions=planet", 400, "TL-API-007"),
        (f"{PATH}?consistency=maybe", 400, "TL-API-008"),
        (f"{PATH}?limit=0", 400, "TL-API-009"),
        (f"{PATH}?limit=10001", 400, "TL-API-009"),
        (f"{PATH}?cursor=abc", 400, "TL-API-010"),
        (f"{PATH}?country={'x' * 9000}", 414, "TL-API-012"),
        (f"{PATH}?{'&'.join(f'a{n}=1' for n in range(33))}", 400, "TL-API-013"),
        (f"{PATH}?country.in={','.join('ab' for _ in range(101))}", 400, "TL-API-013"),
        (f"{PATH}?country=a&country=b", 400, "TL-API-014"),
    ],
)
def test_each_mistake_has_its_problem_document(client, url, status, code):
    reply = client.get(url)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.headers["content-type"] == "application/problem+json"
    assert set(reply.json()) == {"type", "title", "status", "detail", "code", "allowed"}


def test_an_unknown_name_is_answered_with_what_is_allowed(client):
    assert client.get("/v1/shop/nothing").json()["allowed"] == ["by_country", "by_shelf"]
    assert client.get(f"{PATH}?x=1").json()["allowed"][:2] == ["country", "day"]


def test_other_methods_and_bodies_are_refused(client):
    reply = client.get(PATH, method="POST", json={})
    assert (reply.status_code, reply.json()["code"], reply.headers["allow"]) == (405, "TL-API-015", "GET")
    assert client.get(PATH, content=b"x" * 10).json()["code"] == "TL-API-016"


def test_an_internal_error_tells_no_details(client, monkeypatch):
    monkeypatch.setattr("serving_layer.app.compute", lambda *_: 1 / 0)
    reply = client.get(PATH)
    assert (reply.status_code, reply.json()["code"]) == (500, "TL-API-500") and "division" not in reply.text


def test_an_unchanged_answer_is_304_and_a_changed_one_is_not():
    client = Client()
    client.step()
    tag = client.get(PATH).headers["etag"]
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(f"{PATH}?country=France").headers["etag"] != tag
    client.world.arrive(1)
    client.world.tick_all()
    client.step()
    assert client.get(PATH, headers={"If-None-Match": tag}).status_code == 200


def test_pages_of_a_cursor_are_of_one_snapshot_and_expire():
    client = Client()
    client.step()
    whole = client.get(PATH).json()
    first = client.get(f"{PATH}?limit=2").json()
    client.world.arrive(20)
    client.world.tick_all()
    client.step()
    rows, cursor = first["data"], first["meta"]["next_cursor"]
    begin = cursor
    while cursor:
        page = client.get(f"{PATH}?limit=2&cursor={cursor}").json()
        assert page["meta"]["coverage"] == first["meta"]["coverage"]
        rows, cursor = rows + page["data"], page["meta"]["next_cursor"]
    assert rows == whole["data"]
    assert client.get(f"{PATH}?country=France&cursor={begin}").json()["code"] == "TL-API-010"
    assert client.get(f"/v1/shop/by_shelf?cursor={begin}").json()["code"] == "TL-API-010"
    changed = ("B" if begin[0] == "A" else "A") + begin[1:]
    assert client.get(f"{PATH}?cursor={changed}").json()["code"] == "TL-API-010"
    client.time = 10_000.0
    gone = client.get(f"{PATH}?cursor={begin}")
    assert (gone.status_code, gone.json()["code"]) == (410, "TL-API-011")


def test_it_is_ready_only_after_releases_and_increments_were_read_to_the_end():
    client = Client()
    client.follower.facts.releases_read = False
    assert client.get(PATH).status_code == 503
    client.follower.watch_once()
    assert client.get("/readyz").status_code == 503 and client.get("/healthz").status_code == 200
    client.step()
    assert client.get("/readyz").status_code == 200


def test_health_names_what_a_restart_would_not_mend_and_stays_healthy():
    """Answers that a forced rollback left behind: 200, degraded, with the problem; answer and metric tell the same."""
    client = Client()
    client.step()
    assert client.get("/healthz").json() == {"status": "ok"}
    first = {p: len(rows) for p, rows in client.world.events.items()}
    client.world.publish(first)
    client.world.arrive(10)
    client.world.tick_all()
    client.step()
    client.world.publish(first | {0: first[0] - 2}, rollback_of=1)
    client.step()
    client.world.rebase(0, first[0] - 1, "lost")
    client.world.arrive(10)
    client.world.tick_all()
    client.step()
    health = client.get("/healthz")
    assert health.status_code == 200 and health.json()["status"] == "degraded"
    [problem] = health.json()["problems"]["shop.sales"]
    assert problem.startswith("TL-SRV-018") and "Fix: tideline run shop.sales" in problem
    assert client.get(PATH).json()["meta"]["problems"][0]["code"] == "TL-SRV-018"
    assert 'tideline_serving_standing_still{contract="shop.sales"} 1.0' in client.get("/metrics").text
    assert client.get("/readyz").status_code == 200


def test_status_metrics_and_openapi_tell_the_same_story(client):
    said = client.get("/v1/status").json()["contracts"]["shop.sales"]
    ends = {str(p): len(client.world.events[p]) for p in range(PARTITIONS)}
    assert said["coverage"]["merged"] == ends == said["log_end"] and said["lag"] == 0
    metrics = client.get("/metrics").text
    assert 'tideline_serving_complete{contract="shop.sales",view="by_country"} 1.0' in metrics
    assert 'tideline_serving_increments_total{contract="shop.sales",verdict="hole"} 0.0' in metrics
    assert 'tideline_serving_release_number{contract="shop.sales"} 1.0' in metrics
    operation = client.get("/openapi.json").json()["paths"][PATH]["get"]
    assert {"country", "country.in", "day.gte", "cursor"} <= {p["name"] for p in operation["parameters"]}


def test_every_answer_has_security_headers_and_no_personal_field(client):
    for url in (PATH, "/", "/docs", "/nowhere", "/static/live.js"):
        headers = client.get(url).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
    assert "customer" not in client.get(PATH).json()["data"][0]


_NAMES = ["country", "day", "shelf", "gift", "hour", "limit", "cursor", "dimensions", "consistency", "x", ""]
_OPS = ["", ".eq", ".in", ".lt", ".ne", ".", ".x"]
_VALUES = st.one_of(
    st.sampled_from(["France", "2011-01-01", "2", "true", "batch", "9" * 40, "country"]), st.text(max_size=30)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    view=st.sampled_from(["by_country", "by_shelf", "x"]),
    pairs=st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_OPS), _VALUES), max_size=5),
)
def test_no_query_at_all_gives_an_internal_error(client, view, pairs):
    try:
        reply = client.get(f"/v1/shop/{view}", params=[(name + op, value) for name, op, value in pairs])
    except UnicodeEncodeError:
        return
    assert reply.status_code in (200, 400, 404, 410)
    assert reply.status_code == 200 or reply.json()["code"].startswith("TL-API-")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=80))
def test_no_raw_bytes_give_an_internal_error(client, raw):
    async def ask() -> int:
        status = []

        async def send(message: Any) -> None:
            status.append(message.get("status"))

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope = {"type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode(), "query_string": raw}
        scope |= {"headers": [], "http_version": "1.1", "scheme": "http", "server": ("t", 80), "root_path": ""}
        await client.app(scope, receive, send)
        return int(status[0])

    assert asyncio.run(ask()) in (200, 400, 410)
