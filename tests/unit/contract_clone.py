"""A git repository with contracts and a dbt project, changed and compared as people do it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tideline.changes import breaking
from tideline.changes.dbt_graph import DbtGraph
from tideline.changes.versions import consuming, pair_up
from tideline.changes.waivers import read_waivers
from tideline.cli import main
from tideline.settings import settings

REPOSITORY = Path(__file__).parents[2]
FILE = "contracts/retail/sales.odcs.yaml"
TODAY = date(2026, 6, 1)
NARROW = ("decimal(12,3)", "decimal(10,3)")
CONSUMER = """
  - {property: consumes, vendor: tideline, value: [retail.sales]}
"""


class Clone:
    """A git repository with the retail contract and the dbt project, and a second contract that consumes the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(REPOSITORY / "contracts" / "retail", root / "contracts" / "retail")
        models = REPOSITORY / "dbt_project" / "models"
        for path in [*models.rglob("*.sql"), *models.rglob("*.yml")]:
            if "retail" in path.parts or "_generated" not in path.parts:
                copy = root / "dbt_project" / path.relative_to(REPOSITORY / "dbt_project")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
        text = self.text().replace("retail.sales", "shop.orders").replace("name: sales\n", "name: orders\n", 1)
        text = text.replace("domain: retail", "domain: shop").replace("name: retail-data", "name: shop-team")
        text = text.replace("sales_by", "orders_by").rstrip() + CONSUMER
        self.write(text, "contracts/shop/orders.odcs.yaml")
        self.git("init", "-q", "-b", "main")
        self.commit()

    def text(self, name: str = FILE) -> str:
        return (self.root / name).read_text()

    def write(self, text: str, name: str = FILE) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def edit(self, *swaps: tuple[str, str], name: str = FILE) -> None:
        text = self.text(name)
        for was, now in swaps:
            assert was in text, was
            text = text.replace(was, now, 1)
        self.write(text, name)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "change")

    def git(self, *words: str) -> str:
        done = subprocess.run(("git", *words), cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout

    def report(self, against: str = "main", waivers: str = "", *paths: str) -> breaking.Report:
        contracts = self.root / "contracts"
        if waivers:
            self.write(waivers, "contracts/waivers.yaml")
        pairs = pair_up([self.root / path for path in paths] or [contracts], against)
        listed = read_waivers(contracts / "waivers.yaml") if waivers else ()
        graph = DbtGraph(self.root / "dbt_project")
        return breaking.decide(pairs, listed, TODAY, graph, consuming(contracts, pairs))

    def told(self, against: str = "main") -> list[tuple[str, str, str]]:
        """(severity, code, path) of everything."""
        verdicts = self.report(against).verdicts
        return [(told.severity.value, told.code, told.path) for verdict in verdicts for told in verdict.told]


def command(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`tideline` in the clone: exit code, output, errors. The settings are to be forgotten afterwards."""
    monkeypatch.setenv("TIDELINE_CONTRACTS", str(clone.root / "contracts"))
    monkeypatch.setenv("TIDELINE_DBT_PROJECT", str(clone.root / "dbt_project"))
    monkeypatch.setenv("TIDELINE_HOME", str(clone.root.parent / "home"))
    monkeypatch.setenv("TIDELINE_INDEX", str(clone.root.parent / "home" / "index.json"))
    monkeypatch.chdir(clone.root)
    settings.cache_clear()

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(words)
        out = capsys.readouterr()
        return int(stopped.value.code or 0), out.out, out.err

    return run
