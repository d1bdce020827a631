"""The stage that builds gold: dbt makes the views from one pinned silver version, and every commit says which.

The protocol, in numbered steps:
 1. pin silver at the newest commit that Tideline wrote; its Coverage and batch go into the commit of each view;
 2. gold that was built from that version and tested is not built again;
 3. build whole unless silver is large, every view stands at its released version, under the same contract, and only
    refine batches came since: then only the groups that newer batches touch are computed again;
 4. dbt runs views, data tests and the model of the gates in one invocation; a failure leaves no model document, so
    audit refuses the run;
 5. the model document `runs/CONTRACT/RUN_KEY/model.json` names the versions that passed and what the gates measured.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tideline.batch.commits import StageCommit
from tideline.batch.dbt import Node, run_dbt
from tideline.batch.gates import found_for
from tideline.batch.gates import table_path as gates_path
from tideline.batch.release import live_release
from tideline.model.contract import Contract
from tideline.model.errors import DataError
from tideline.model.release import Release
from tideline.ports import Documents, Tables
from tideline.settings import Settings

WHOLE_BELOW = 500_000  # rows of silver: up to here one pass is no dearer than finding, joining and merging groups
VIEWS, GATES = ("view",), ("quality",)  # tags of the generated models
Runner = Callable[[Sequence[str], Mapping[str, Any], str, Settings], list[Node]]


@dataclass(frozen=True, slots=True)
class Pinned:
    """Silver as this run reads it."""

    version: int
    commit: StageCommit


@dataclass(frozen=True, slots=True)
class Run:
    """Which run builds from which silver; batches above `released_batch` are what it adds to the live release."""

    key: str
    silver: Pinned
    released_batch: int = 0


@dataclass(frozen=True, slots=True)
class Build:
    """How gold is made: whole, or only groups touched by batches above `built_batch`; `why` is for the log."""

    whole: bool
    built_batch: int
    why: str


@dataclass(frozen=True, slots=True)
class Gold:
    """Where a run's gold is built and written down."""

    documents: Documents
    tables: Tables
    settings: Settings
    tell: Callable[[str], None]
    run: Runner = run_dbt


def table_path(layer: str, contract: Contract) -> str:
    return f"{layer}/{contract.domain}/{contract.product}"


def view_path(view: str) -> str:
    return f"gold/{view}"


def model_name(contract_id: str, run_key: str) -> str:
    return f"runs/{contract_id}/{run_key}/model.json"


def pin_silver(contract: Contract, tables: Tables) -> Pinned | None:
    """The newest silver commit that Tideline wrote; None when nothing was refined yet."""
    found = tables.last_commit(table_path("silver", contract))
    commit = StageCommit.read(found)
    return None if found is None or commit is None else Pinned(found.version, commit)


def build_views(contract: Contract, run_key: str, gold: Gold) -> dict[str, int]:
    """Build the views of a run and return their versions; empty when there is no silver yet.

    Raises Retriable, DataError (a data test failed) or Fatal; a repetition after success builds nothing.
    """
    silver = pin_silver(contract, gold.tables)  # 1
    if silver is None:
        gold.tell("model: silver is empty, nothing to build")
        return {}
    live = live_release(gold.documents, contract.id)
    document = gold.documents.get(model_name(contract.id, run_key))
    if document is not None and document["silver_version"] == silver.version:  # 2
        gold.tell(f"model: run {run_key} built silver version {silver.version} before")
        return {name: int(version) for name, version in document["views"].items()}
    run = Run(run_key, silver, released_batch(contract, live, gold.tables))
    if (known := _released(contract, silver, live, gold.tables)) is None:
        build = choose_build(contract, silver, live, gold.tables)  # 3
        gold.tell(f"model: silver version {silver.version}, {build.why}")
        _run(contract, run, build, VIEWS + GATES, gold)  # 4
        known = _built(contract, silver, gold.tables)
    else:
        gold.tell(f"model: the live release was built from silver version {silver.version}: nothing is new")
    said = {"silver_version": silver.version, "views": known, "gates": _measured(contract, run, gold)}
    gold.documents.put_new(model_name(contract.id, run_key), said)  # 5
    return known


def choose_build(contract: Contract, silver: Pinned, live: Release | None, tables: Tables) -> Build:
    """Whole or in part: a pure decision over the commits of silver and gold."""
    if live is None:
        return Build(True, 0, "whole: there is no release yet")
    if live.counts.get("good", 0) < WHOLE_BELOW:
        return Build(True, 0, f"whole: silver has fewer than {WHOLE_BELOW} rows, so that is the cheaper way")
    built: list[int] = []
    for view in contract.views:
        found = tables.last_commit(view_path(view.name))
        commit = StageCommit.read(found)
        released = live.views.get(view.name)
        if found is None or commit is None or released is None or released.version != found.version:
            return Build(True, 0, f"whole: {view.name} does not stand at its released version")
        if commit.contract_hash != contract.hash:
            return Build(True, 0, "whole: the contract changed")
        if not _only_refined(contract, commit.source_version, silver, tables):
            return Build(True, 0, "whole: silver was restated")
        built.append(commit.batch)
    batch = min(built, default=0)
    return Build(False, batch, f"groups touched by batches above {batch}")


def _only_refined(contract: Contract, since: int | None, silver: Pinned, tables: Tables) -> bool:
    """True when the log of silver shows only refine batches from `since` up to the pinned version."""
    if since is None or since > silver.version:
        return False
    commits = tables.commits(table_path("silver", contract), since)
    stages = [StageCommit.read(found) for found in commits if found.version <= silver.version]
    return all(commit is not None and commit.stage == "refine" for commit in stages)


def _released(contract: Contract, silver: Pinned, live: Release | None, tables: Tables) -> dict[str, int] | None:
    """The live views, when they are what this run would build again."""
    if live is None or live.contract_hash != contract.hash or live.silver_version != silver.version:
        return None
    for view in contract.views:
        found = tables.last_commit(view_path(view.name))
        if found is None or view.name not in live.views or live.views[view.name].version != found.version:
            return None
    return {name: view.version for name, view in live.views.items()}


def released_batch(contract: Contract, live: Release | None, tables: Tables) -> int:
    """The newest batch of silver that the live release holds; 0 without one, or when its commit is no longer kept."""
    if live is None:
        return 0
    path = table_path("silver", contract)
    batches = [
        StageCommit.read(c) for c in tables.commits(path, live.silver_version - 1) if c.version == live.silver_version
    ]
    return max((commit.batch for commit in batches if commit is not None), default=0)


def _facts(contract: Contract, run: Run, build: Build, settings: Settings) -> dict[str, Any]:
    silver = run.silver
    said = StageCommit(
        stage="model",
        run_key=run.key,
        contract=contract.id,
        contract_hash=contract.hash,
        batch=silver.commit.batch,
        coverage=silver.commit.coverage,
        source_version=silver.version,
    )
    return {
        "lake": lake_facts(settings),
        "silver": {contract.id: silver.version},
        "built_batch": {contract.id: build.built_batch},
        "released_batch": {contract.id: run.released_batch},
        "commit": said.as_metadata(),
    }


def lake_facts(settings: Settings) -> dict[str, str]:
    """Where dbt finds silver and writes gold."""
    return {zone: settings.lake.place(zone) for zone in ("silver", "gold")}


def _run(contract: Contract, run: Run, build: Build, tags: Sequence[str], gold: Gold) -> None:
    chosen = [f"tag:{tag},tag:{contract.id}" for tag in tags]
    words = ["build", "--select", *chosen, *(["--full-refresh"] if build.whole else [])]
    facts = _facts(contract, run, build, gold.settings)
    _tell(gold.run(words, facts, f"{contract.id}/views", gold.settings), gold.tell)


def _measured(contract: Contract, run: Run, gold: Gold) -> list[dict[str, Any]]:
    """What the gates measured on the pinned silver; measured now when they were added or changed since it was built."""
    found = found_for(contract, run.silver.version, gold.tables)
    if found is None:
        gold.tell("model: the gates are measured again")
        _run(contract, run, Build(False, 0, ""), GATES, gold)
        found = found_for(contract, run.silver.version, gold.tables)
    if found is None:
        raise DataError(
            "TL-GOLD-003",
            f"dbt reported success, but the gates of {contract.id} are not measured for this silver version",
            where=f"table {gates_path(contract)}",
            fix="tideline compile, then run the stage again; if it stays, look into the dbt log",
        )
    return [one.as_json() for one in found]


def _tell(nodes: Sequence[Node], tell: Callable[[str], None]) -> None:
    for node in nodes:
        if node.kind == "model":
            tell(f"model: {node.name} {node.status} in {node.seconds} s")
    passed = [node for node in nodes if node.status == "pass"]
    tell(f"model: {len(passed)} data tests passed in {sum(node.seconds for node in passed):.1f} s")


def _built(contract: Contract, silver: Pinned, tables: Tables) -> dict[str, int]:
    versions: dict[str, int] = {}
    for view in contract.views:
        found = tables.last_commit(view_path(view.name))
        commit = StageCommit.read(found)
        if found is None or commit is None or commit.source_version != silver.version:
            raise DataError(
                "TL-GOLD-001",
                f"dbt reported success, but {view.name} has no commit for silver version {silver.version}",
                where=f"table {view_path(view.name)}",
                fix="run the stage again; if it stays, look into the dbt log",
            )
        versions[view.name] = found.version
    return versions


def build_marts(contract: Contract, run_key: str, gold: Gold) -> None:
    """Build the star schema and KPI mart of a contract from the silver version that is released."""
    live = live_release(gold.documents, contract.id)
    if live is None:
        gold.tell("marts: there is no release yet, nothing to build")
        return
    commits = {c.version: c for c in gold.tables.commits(table_path("silver", contract), live.silver_version - 1)}
    commit = StageCommit.read(commits.get(live.silver_version))
    if commit is None:
        raise DataError("TL-GOLD-002", f"silver version {live.silver_version} is not in its log", where=contract.id)
    silver = Pinned(live.silver_version, commit)
    fact = StageCommit.read(gold.tables.last_commit(view_path(f"fct_{contract.product}")))
    if fact is not None and fact.source_version == silver.version and fact.contract_hash == contract.hash:
        gold.tell(f"marts: built from silver version {silver.version} before")
        return
    same = fact is not None and fact.contract_hash == contract.hash
    part = same and _only_refined(contract, fact.source_version if fact else None, silver, gold.tables)
    build = Build(not part, fact.batch if fact and part else 0, "")
    words = ["build", "--select", f"tag:marts,tag:{contract.id}", "--exclude-resource-type", "unit_test"]
    words += [] if part else ["--full-refresh"]
    facts = _facts(contract, Run(run_key, silver), build, gold.settings)
    _tell(gold.run(words, facts, f"{contract.id}/marts", gold.settings), gold.tell)


def build_docs(gold: Gold) -> str:
    """dbt's documentation as one file that needs no network: `HOME/dbt_docs/index.html`; returns its path."""
    gold.run(["docs", "generate", "--static"], {"lake": lake_facts(gold.settings)}, "docs", gold.settings)
    place = gold.settings.home / "dbt_docs"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(gold.settings.home / "dbt" / "docs" / "static_index.html", place / "index.html")
    return str(place / "index.html")
