"""What `--against` compares with: revisions, folders, links, submodules; what could find nothing is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.contract_clone import FILE, NARROW, REPOSITORY, Clone, command
from tideline.changes.git import Repository
from tideline.changes.versions import contracts_at, pair_up
from tideline.model.errors import Fatal
from tideline.settings import settings


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture
def tideline(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    yield command(clone, monkeypatch, capsys)
    settings.cache_clear()


def test_git_is_asked_clearly_or_not_at_all(clone: Clone, tideline: Any, tmp_path: Path) -> None:
    """Unknown revision, no repository, a shallow clone: each says what to do."""
    code, _, error = tideline("contract", "breaking", "--against", "no-such-branch")
    assert code == 2 and "TL-GIT-003" in error and "git fetch" in error
    with pytest.raises(Fatal, match="TL-GIT-002"):
        Repository(tmp_path)
    clone.edit(("1.0.0", "1.0.1"), ("One event per invoice line", "An event per invoice line"))
    clone.commit()
    shallow = tmp_path / "shallow"
    subprocess.run(("git", "clone", "-q", "--depth", "1", f"file://{clone.root}", str(shallow)), check=True)
    (shallow / FILE).write_text((shallow / FILE).read_text().replace(*NARROW))
    with pytest.raises(Fatal, match="fetch-depth: 0"):
        pair_up([shallow / "contracts"], "HEAD")
    code, _, error = tideline("contract", "breaking", "--against", "main", "contracts/no-such-file.odcs.yaml")
    assert code == 2 and "TL-CHG-006" in error


def test_without_git_a_folder_will_do(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.edit(NARROW)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Fatal, match="TL-GIT-001"):
        clone.report()
    assert ("error", "TL-CHG-022", "fields.unit_price") in clone.told(against=str(REPOSITORY / "contracts" / "retail"))


def test_a_name_that_is_a_folder_and_a_branch_is_not_guessed(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(clone.root / "contracts", clone.root / "v" / "1")
    clone.git("branch", "v/1")
    monkeypatch.chdir(clone.root)
    with pytest.raises(Fatal, match=r"say \./v/1 or heads/v/1"):
        clone.report("v/1")
    assert clone.told("./v/1") == [] and clone.told("heads/v/1") == []


@pytest.mark.parametrize("against", ["", " ", ".", "contracts", "./contracts/retail", "empty"])
def test_a_comparison_that_could_find_nothing_is_refused(clone: Clone, tideline: Any, against: str) -> None:
    """An empty variable of a shell, the contracts themselves, a folder without any: a break would pass them all."""
    (clone.root / "empty").mkdir()
    clone.edit(("maxLength: 64", "maxLength: 6"))
    for words in (("contract", "breaking"), ("plan",), ("apply", "--yes")):
        code, _, error = tideline(*words, "--against", against)
        assert code == 2 and "TL-CHG-008" in error, words


def test_a_contract_that_moved_with_its_folder_is_compared(clone: Clone) -> None:
    """A break does not hide behind a move out of what is looked at, nor a contract that cannot be read."""
    clone.edit(("maxLength: 64", "maxLength: 6"))
    (clone.root / "contracts").rename(clone.root / "products")
    pairs = pair_up([clone.root / "products"], "main")
    assert {id_: [one.version for one in pair.earlier] for id_, pair in pairs.pairs.items()} == {
        "retail.sales": ["1.0.0"]
    }
    assert contracts_at("main", [clone.root / "products"]).keys() == {"retail.sales", "shop.orders"}
    clone.git("checkout", "main", "--", "contracts")
    assert pair_up([clone.root / "products"], "main").pairs["retail.sales"].earlier == ()  # a copy is a new one


def test_a_contract_behind_a_link_of_its_folder_is_compared(clone: Clone) -> None:
    """The folder moved, and a link stands where it was: the same contracts, by another way."""
    clone.edit(("maxLength: 64", "maxLength: 6"))
    (clone.root / "contracts").rename(clone.root / "products")
    (clone.root / "contracts").symlink_to("products")
    assert ("error", "TL-CHG-028", "fields.event_id") in clone.told()
    assert contracts_at("main", [clone.root / "contracts"]).keys() == {"retail.sales", "shop.orders"}
    clone.commit()
    clone.edit(("maxLength: 6}", "maxLength: 5}"))
    assert ("error", "TL-CHG-028", "fields.event_id") in clone.told("HEAD")


def test_a_revision_of_the_repository_around_a_submodule_is_not_mistaken(clone: Clone, tmp_path: Path) -> None:
    """`main` of the submodule is where its break was committed: nothing would be found."""
    around = tmp_path / "around"
    around.mkdir()
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always")

    def git(*words: str) -> str:
        done = subprocess.run(("git", *identity, *words), cwd=around, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    git("submodule", "add", "-q", f"file://{clone.root}", "shared")
    git("commit", "-q", "-m", "contracts")
    inner = around / "shared"
    (inner / FILE).write_text((inner / FILE).read_text().replace("maxLength: 64", "maxLength: 6"))
    git("-C", "shared", "commit", "-q", "-a", "-m", "break")
    with pytest.raises(Fatal, match=r"TL-GIT-003.* around the submodule shared") as refused:
        pair_up([inner / "contracts"], "main")
    meant = git("rev-parse", "main:shared")
    assert f"$(git -C {around} rev-parse main:shared)" in refused.value.fix
    assert pair_up([inner / "contracts"], meant).pairs["retail.sales"].earlier


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_somebody_else_is_told_with_what_git_asks_for(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container the files belong to another user: a clone would not help."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for path in (clone.root, clone.root / ".git"):
        os.chown(path, 12_345, 12_345)
    with pytest.raises(Fatal, match="dubious ownership") as refused:
        Repository(clone.root)
    assert refused.value.fix.endswith(f"git config --global --add safe.directory {clone.root}")


def test_a_contract_that_is_a_link_is_compared_with_what_it_led_to(clone: Clone) -> None:
    text = clone.text()
    (clone.root / FILE).rename(clone.root / "sales.yaml")
    (clone.root / FILE).symlink_to("../link.yaml")
    (clone.root / "contracts" / "link.yaml").symlink_to("../sales.yaml")
    (clone.root / "contracts" / "loop.odcs.yaml").symlink_to("loop.odcs.yaml")
    clone.commit()
    clone.write(text.replace("maxLength: 64", "maxLength: 6"), "sales.yaml")
    report = clone.report()
    assert {"TL-CHG-028", "TL-CHG-002"} == {one.code for verdict in report.verdicts for one in verdict.told}
    assert any("loop.odcs.yaml" in line for line in report.refused)
