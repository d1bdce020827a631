"""A contract evolves under load and is rolled back: columns change, every answer is right, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.living import CONTRACT, Living, wait_for
from tests.platform import fresh_settings, java_or_skip
from tideline.local.journal import PlannedEvent
from tideline.local.ledger import Ledger, Verdicts
from tideline.local.probes import Probes, ask
from tideline.model.errors import Retriable
from tideline.settings import REPOSITORY

pytestmark = [pytest.mark.e2e, pytest.mark.spark, pytest.mark.kafka, pytest.mark.timeout(600)]
CHANGED = 80  # events of the new shape: fewer than the quarantine breaker stops, since the way back refuses them
REPLACED = {
    "version: 1.0.0": "version: 1.1.0",
    "physicalType: decimal(12,3)": "physicalType: decimal(14,4)",
    "      - name: description\n        logicalType: string\n": (
        "      - name: channel\n        logicalType: string\n        description: Where the line was sold.\n"
        "      - name: product_name\n        logicalType: string\n"
    ),
    "        description: Free-text name of the product at the time of sale.\n": (
        "        description: Free-text name of the product at the time of sale.\n"
        "        customProperties:\n          - {property: renamedFrom, value: description, vendor: tideline}\n"
    ),
}


class Ledgers:
    """One independent ledger per version of the contract; an answer is judged by the version that it names.

    A contract that changes starts the answers anew, so a client's memory of positions ends there.
    """

    def __init__(self, files: Mapping[str, Path], journal: Path, log: Path) -> None:
        self._of = {version: Ledger(REPOSITORY, file, journal, log) for version, file in files.items()}
        self._seen: dict[str, list[str]] = {}

    @property
    def verdicts(self) -> Verdicts:
        made = Verdicts()
        for ledger in self._of.values():
            made.compared += ledger.verdicts.compared
            made.violations.update(ledger.verdicts.violations)
            made.first = made.first or ledger.verdicts.first
        return made

    def compared(self, version: str) -> int:
        return self._of[version].verdicts.compared

    def compare(self, answer: Mapping[str, Any]) -> None:
        version = answer["body"]["meta"]["contract"]["version"]
        seen = self._seen.setdefault(answer["client"], [])
        if not seen or seen[-1] != version:
            seen.append(version)
        self._of[version].compare({**answer, "client": f"{answer['client']}-{len(seen)}"})

    def close(self) -> None:
        for ledger in self._of.values():
            ledger.close()


class Evolving(Living):
    """A platform whose contracts, index and dbt project are its own, so that the contract can be changed."""

    def __init__(self, home: Path) -> None:
        own = {"contracts": home / "contracts", "index": home / "compiled" / "index.json", "dbt_project": home / "dbt"}
        super().__init__(home, seed=40, settings=fresh_settings(home).model_copy(update=own))
        shutil.copytree(REPOSITORY / "dbt_project", own["dbt_project"])
        own["index"].parent.mkdir(parents=True)
        self.old = CONTRACT.read_text()
        self.new = self.old
        for text, other in REPLACED.items():
            assert self.new.count(text) == 1, text
            self.new = self.new.replace(text, other)
        self.files = {"1.0.0": CONTRACT, "1.1.0": home / "new.odcs.yaml"}
        self.files["1.1.0"].write_text(self.new)

    def up(self, *services: str) -> None:
        self.write(self.old)
        self.tideline("apply", "--yes")
        super().up(*services)
        self.ledger.close()
        self.ledgers = Ledgers(self.files, self.journal, self.settings.logs / "ledger.log")
        self.clients = [Probes(self.urls(), self.ledgers, self.feed.known, 0.2, client=f"client-{n}") for n in range(2)]  # type: ignore[arg-type]

    def write(self, contract: str) -> None:
        place = self.settings.contracts / "retail" / "sales.odcs.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(contract)

    def down(self) -> None:
        self.ledgers.close()
        super().down()

    def plan(self) -> dict[str, Any]:
        (one,) = json.loads(self.tideline("plan", "--format", "json").stdout)["contracts"]
        return one

    def follow(self, version: str) -> None:
        """Services go on under the new contract; serving is started again, speed sees the index itself."""
        self.kill("serving")

        def follows() -> bool:
            try:
                return bool(
                    self.answer("sales_by_country_and_day", "limit=1")["meta"]["contract"]["version"] == version
                )
            except Retriable:
                return False

        wait_for(follows, 90, f"serving answers under {version}")

    def released(self, number: int) -> None:
        """Serving has adopted this release, and what it answers then is right too."""
        view = self.contract.views[0].name
        wait_for(lambda: self.answer(view, "limit=1")["meta"]["release"] == number, 60, f"release {number} is served")
        self.settled()

    def settled(self, limit_s: float = 120) -> None:
        known = dict(self.feed.known())
        for view in self.contract.views:
            wait_for(lambda name=view.name: self.merged(name) == known, limit_s, f"{view.name} has seen {known}")
        for url in self.urls():
            body = ask(url)
            assert body["meta"]["complete"], body["meta"]
            self.ledgers.compare({"url": url, "body": body, "client": "settled"})


@pytest.fixture
def evolving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evolving]:
    platform = Evolving(tmp_path_factory.mktemp("evolution"))
    java_or_skip(platform.settings)
    platform.up("kafka", "spark", "speed", "serving")
    yield platform
    platform.down()


def new_shape(number: int) -> PlannedEvent:
    """An event that only the new contract accepts: another member, the new name, one digit more in the price."""
    event = {
        "event_id": f"new-{number:04}", "invoice_no": "N1", "stock_code": "20001", "quantity": 1 + number % 3,
        "invoice_ts": "2011-03-22T10:00:00", "unit_price": f"1.{number:04}", "country": "France",
        "product_name": "LANTERN", "channel": "web",
    }  # fmt: skip
    return PlannedEvent("sale", str(event["event_id"]), json.dumps(event).encode())


def test_the_sales_table_evolves_under_load_and_back(evolving: Evolving) -> None:
    """An added field, a wider price and a new name, while events flow and clients ask; then the way back."""
    for client in evolving.clients:
        client.start()
    try:
        evolving.feed.trickle(100)
        evolving.run_batch("before")

        evolving.write(evolving.new)
        planned = evolving.plan()
        assert planned["breaking"] == []
        columns = {item["name"]: item["action"] for item in planned["items"] if item["kind"] == "column"}
        table = "silver.retail_sales"
        assert columns == {
            f"{table}.description": "change", f"{table}.unit_price": "change", f"{table}.channel": "create",
        }  # fmt: skip
        assert planned["rebuild"]["days"] is None, "the views are built again; silver is not"
        evolving.tideline("apply", "--yes")
        evolving.follow("1.1.0")
        evolving.feed.rest()
        evolving.feed.send(new_shape(number) for number in range(CHANGED))
        evolving.feed.trickle(100)
        evolving.run_batch("after")
        evolving.feed.rest()
        evolving.settled()
        evolving.released(2)

        evolving.write(evolving.old)
        days = evolving.plan()["rebuild"]["days"]
        evolving.tideline("apply", "--yes")
        evolving.follow("1.0.0")
        evolving.tideline("run", evolving.contract.id, "--run-key", "back", "--restate", *days)
        evolving.settled()
        evolving.released(3)
    finally:
        for client in evolving.clients:
            client.stop()
    verdicts = evolving.ledgers.verdicts
    assert verdicts.clean, f"{verdicts.violations}: {verdicts.first}"
    assert min(evolving.ledgers.compared(version) for version in evolving.files) > 20
    evolving.tideline("offsets", evolving.contract.id, "--verify")
