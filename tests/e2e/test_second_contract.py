"""A second, different data product arrives as one file: compiled, scheduled, refined, modelled, served, described.

The file describes a family of three tables with nested JSON, an array, an enum, a map and optional fields. Expected
figures are computed here, from the events as they were made, without any code of the product.
"""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.living import positions, wait_for
from tests.platform import fresh_settings, java_or_skip
from tideline.cli import main
from tideline.local.airflow_api import FINISHED, AirflowApi
from tideline.local.airflow_home import password_file
from tideline.local.probes import ask
from tideline.settings import REPOSITORY, Settings
from tideline.wiring import event_log

pytestmark = [pytest.mark.e2e, pytest.mark.spark, pytest.mark.kafka, pytest.mark.airflow, pytest.mark.timeout(900)]
pytest.importorskip("airflow", reason="Airflow is not installed here (the speed and serving groups have none)")

GIVEN = Path(__file__).parent / "given" / "orders.odcs.yaml"
MEMBERS = ("leeds", "lyon", "lublin")
CITIES = ("Leeds", "York", "Lyon", "Łódź", "O'Fallon")
CHANNELS = ("web", "app", "counter")
REFUSED = {  # what breaks which promise -> the reason in quarantine
    "wrong_enum": "not_in_enum:channel",
    "no_items": "rule:has_items",
    "nested_type": "wrong_type:items[].pieces",
    "below_minimum": "out_of_range:items[].pieces",
}


def order(number: int, mishap: str = "") -> dict[str, Any]:
    """One order as its shop writes it; decimals are text, as money should be."""
    items: list[dict[str, Any]] = [
        {"sku": f"A{number % 7}", "pieces": 1 + line, "price": f"{number % 90}.{line}5"}
        for line in range(1 + number % 3)
    ]
    made: dict[str, Any] = {
        "order_id": f"order-{number:05}{mishap}",
        "ordered_at": f"2024-03-{1 + number % 28:02}T{number % 24:02}:15:00"
        if number % 24 > 3
        else "2024-03-05T12:00:00",
        "channel": CHANNELS[number % 3],
        "shipping": {"city": CITIES[number % 5], "express": None if number % 4 else True},
        "items": items,
        "total": f"{number}.{number % 100:02}",
    }
    if number % 2:
        made["attributes"] = {"partner": "north", "campaign": f"c{number % 5}"} if number % 6 == 1 else {}
    if number % 5 == 0:
        made["coupon"] = "SPRING"
    if mishap == "wrong_enum":
        made["channel"] = "fax"
    elif mishap == "no_items":
        made["items"] = []
    elif mishap == "nested_type":
        items[0]["pieces"] = "three"
    elif mishap == "below_minimum":
        items[0]["pieces"] = 0
    return made


def expected(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the view, by city and channel, in the order in which the API gives them."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in orders:
        groups[one["shipping"]["city"], one["channel"]].append(one)
    return [
        {
            "city": city,
            "channel": channel,
            "orders": len(found),
            "revenue": f"{sum(Decimal(one['total']) for one in found):.2f}",
            "lines": sum(len(one["items"]) for one in found),
            "partner_orders": sum("partner" in one.get("attributes", {}) for one in found),
        }
        for (city, channel), found in sorted(groups.items())
    ]


class Shop:
    """A home whose contracts folder holds the repository's contracts and the new file; driven as a user drives it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        shutil.copytree(REPOSITORY / "contracts", home / "contracts")
        shutil.copytree(
            REPOSITORY / "dbt_project", home / "dbt_project", ignore=shutil.ignore_patterns("target", "logs")
        )
        self.settings: Settings = fresh_settings(home).model_copy(
            update={
                "contracts": home / "contracts",
                "index": home / "generated" / "index.json",
                "dbt_project": home / "dbt_project",
            }
        )
        self.good: dict[str, list[dict[str, Any]]] = {member: [] for member in MEMBERS}
        self.sent: dict[str, int] = dict.fromkeys(MEMBERS, 0)

    def tideline(self, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
        """A command in this process, with the environment of this home."""
        from tideline.settings import settings

        for name, value in self.settings.as_environment().items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        try:
            main(words)
        except SystemExit as end:
            return int(end.code or 0)
        finally:
            settings.cache_clear()
        raise AssertionError("main always exits")

    def send(self, member: str, orders: list[dict[str, Any]]) -> None:
        writer = event_log(self.settings).writer(client_id="shop")
        for one in orders:
            value = json.dumps(one, ensure_ascii=False).encode()
            writer.send(f"shop.orders.{member}.v1", one["order_id"].encode(), value)
        assert writer.flush(30) == 0
        self.sent[member] += len(orders)

    def answer(self, member: str, query: str = "limit=1000") -> dict[str, Any]:
        return ask(f"{self.settings.serving_url}/v1/shop/orders_{member}_by_city?{query}")

    def caught_up(self, member: str) -> bool:
        return positions(self.answer(member)["meta"]["coverage"]["merged"]) == {0: self.sent[member]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("shop")
    made = Shop(home)
    java_or_skip(made.settings)
    with pytest.MonkeyPatch.context() as patch:
        (home / "contracts" / "shop").mkdir()
        shutil.copy(GIVEN, home / "contracts" / "shop" / "orders.odcs.yaml")  # the only thing that a user adds
        assert made.tideline(patch, "contract", "lint") == 0
        assert made.tideline(patch, "compile") == 0
        assert made.tideline(patch, "up") == 0
        try:
            yield made
        finally:
            made.tideline(patch, "down")


def test_one_file_makes_three_products_in_airflow_gold_api_and_docs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Live figures, then the DAG's release, then both merged: each exactly what was sent; broken orders are told."""
    for at, member in enumerate(MEMBERS):
        orders = [order(number) for number in range(at, 120 + at)]
        shop.good[member] += orders
        broken = [order(900 + n, mishap) for n, mishap in enumerate(REFUSED)]
        shop.send(member, [*orders[:60], *broken, *orders[60:], orders[7]])  # the last one is a repeat
    for member in MEMBERS:
        wait_for(lambda member=member: shop.caught_up(member), 60, f"orders_{member} are served live")
        assert shop.answer(member)["data"] == expected(shop.good[member])

    airflow = AirflowApi(shop.settings.airflow_url, password_file(shop.settings))
    for member in MEMBERS:
        dag = f"shop.orders_{member}"
        wait_for(lambda dag=dag: airflow.has_dag(dag), 60, f"Airflow lists {dag}")
        airflow.unpause(dag)  # the scheduler makes the run of the last interval
    for member in MEMBERS:
        wait_for(lambda member=member: finished(airflow, f"shop.orders_{member}"), 400, f"the run of {member} ended")
        states = [run["state"] for run in airflow.runs(f"shop.orders_{member}")]
        assert states == ["success"], (member, airflow.tasks(f"shop.orders_{member}", newest(airflow, member)))

    for at, member in enumerate(MEMBERS):
        more = [order(number) for number in range(200 + at, 240 + at)]
        shop.good[member] += more
        shop.send(member, more)
        wait_for(lambda member=member: shop.caught_up(member), 60, f"orders_{member} are served merged")
        merged = shop.answer(member)
        assert merged["meta"]["release"] == 1 and merged["meta"]["complete"]
        assert merged["data"] == expected(shop.good[member])
        gold = shop.answer(member, "consistency=batch&limit=1000")
        assert gold["data"] == expected(shop.good[member][:120])
        assert gold["meta"]["parts"]["batch_rows"] > 0
    assert quarantined(shop) == sorted(REFUSED.values())

    assert shop.tideline(monkeypatch, "contract", "docs", "--output", str(tmp_path / "site")) == 0
    pages = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html"))
    assert all(f"shop.orders_{member}" in pages for member in MEMBERS)
    described = ask(f"{shop.settings.serving_url}/openapi.json")
    assert f"/v1/shop/orders_{MEMBERS[1]}_by_city" in described["paths"]


def finished(airflow: AirflowApi, dag: str) -> bool:
    runs = airflow.runs(dag)
    return bool(runs) and runs[0]["state"] in FINISHED


def newest(airflow: AirflowApi, member: str) -> str:
    return str(airflow.runs(f"shop.orders_{member}")[-1]["dag_run_id"])


def quarantined(shop: Shop) -> list[str]:
    from deltalake import DeltaTable

    place = shop.settings.lake.folder / "quarantine" / "shop" / "orders_leeds"
    table = DeltaTable(str(place)).to_pyarrow_table(columns=["reason"])
    return sorted(table["reason"].to_pylist())
