"""`tideline env package`: the same tree gives the same bytes, and nothing gets in that has no business there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tideline.environments import packages
from tideline.environments.archives import write_zip
from tideline.environments.package import FUNCTIONS, Sources, package, standing
from tideline.index import check_fresh, load_contract
from tideline.model.errors import Fatal, StaleIndex
from tideline.settings import REPOSITORY

LOCK = """\
# a comment
alpha==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via beta
beta==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:{a}
beta==3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:{b}
""".format(a="a" * 64, b="b" * 64)


class Shelf:
    """Packages without a network: each is one file that says its name."""

    def unpacked(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        folder.mkdir(parents=True)
        for name in names:
            (folder / f"{name.split('>')[0]}.py").write_text(f"for {architecture}")
        return packages.importable(folder)

    def wheels(self, names: Sequence[str], architecture: str, folder: Path) -> dict[str, Path]:
        folder.mkdir(parents=True)
        made = folder / f"alpha-1.0-cp312-cp312-manylinux_2_28_{architecture}.whl"
        made.write_text(" ".join(names))
        return {made.name: made}

    def own(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        made = folder / "tideline-0.1.0-py3-none-any.whl"
        made.write_text("ours")
        return made


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A small tree with everything that is packed, and much that must not be."""
    root = tmp_path / "tree"
    for place in ("contracts", "dags/_generated", "plugins/tideline_airflow", "spark_jobs", "dbt_project"):
        shutil.copytree(
            REPOSITORY / place, root / place, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    for path, text in {
        "pyproject.toml": '[project]\ndependencies = ["alpha>=1"]\n',
        "requirements.txt": LOCK,
        "plugins/tideline_plugin.py": "",
        "plugins/.airflowignore": "tideline_airflow/**",
        "dags/contracts.py": "",
        "src/tideline/functions/push.py": "",
        "src/tideline/__pycache__/x.cpython-312.pyc": "made",
        ".tideline/lake/secret.json": "data",
        "dbt_project/target/manifest.json": "made",
        "jars/kafka.jar": "jar",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    index, jars = root / "dags/_generated/index.json", [root / "jars/kafka.jar"]
    return Sources(root, root / "contracts", root / "dbt_project", index, jars)


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_tree_gives_the_same_bytes(sources: Sources, tmp_path: Path) -> None:
    """Other times and another folder change nothing."""
    first = package(sources, Shelf(), tmp_path / "one", "arm64")
    for path in sources.repository.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    second = package(sources, Shelf(), tmp_path / "two", "arm64")
    assert first == second
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")


def test_a_change_changes_the_version_and_only_the_files_that_hold_it(sources: Sources, tmp_path: Path) -> None:
    """A job that is edited is another version; Airflow's plugins are the same bytes as before."""
    before = package(sources, Shelf(), tmp_path / "out", "arm64")
    job = sources.repository / "spark_jobs" / "ingest.py"
    job.write_text(job.read_text() + "\n# changed\n")
    after = package(sources, Shelf(), tmp_path / "out", "arm64")
    changed = {name for name in after["files"] if after["files"][name] != before["files"][name]}
    assert changed == {"jobs/ingest.py", "jobs/spark_jobs.zip"}
    assert after["version"] != before["version"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "manifest.json",
        before["version"],
        after["version"],
    }


def test_the_manifest_says_what_is_there(sources: Sources, tmp_path: Path) -> None:
    """Every file below the version is in it with size and both spellings of its hash, and nothing else is."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == told
    there = _bytes(tmp_path / "out" / told["version"])
    assert {
        name: (facts["sha256"], facts["sha256_base64"], facts["bytes"]) for name, facts in told["files"].items()
    } == {
        name: (
            hashlib.sha256(content).hexdigest(),
            base64.b64encode(hashlib.sha256(content).digest()).decode(),
            len(content),
        )
        for name, content in there.items()
    }
    assert {name.split("/")[0] for name in there} == {"airflow", "functions", "jobs"}


def test_nothing_that_a_run_made_gets_in(sources: Sources, tmp_path: Path) -> None:
    """No bytecode, no data of the running platform, nothing that dbt compiled."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    folder = tmp_path / "out" / told["version"]
    inside = [name for archive in folder.rglob("*.zip") for name in _names(archive)] + list(told["files"])
    assert [name for name in inside if "pyc" in name or ".tideline" in name or "target" in name] == []


@pytest.mark.parametrize("name", [".env", ".env.prod", "server.pem", "private.key", "id_rsa", "credentials.json"])
def test_what_looks_like_a_secret_stops_it(sources: Sources, tmp_path: Path, name: str) -> None:
    """One such file in what is packed, and nothing is written."""
    (sources.dbt_project / name).write_text("secret")
    with pytest.raises(Fatal, match="TL-PKG-004"):
        package(sources, Shelf(), tmp_path / "out", "arm64")
    assert list((tmp_path / "out").iterdir()) == []


def test_without_an_index_it_says_what_to_run(sources: Sources, tmp_path: Path) -> None:
    """A checkout that was never compiled has nothing to pack."""
    sources.index.unlink()
    with pytest.raises(StaleIndex, match="tideline compile"):
        package(sources, Shelf(), tmp_path / "out", "arm64")


def test_without_a_jar_it_says_what_to_run(sources: Sources, tmp_path: Path) -> None:
    """Jobs without the Kafka reader would fail on AWS, not here."""
    sources.jars[0].unlink()
    with pytest.raises(Fatal, match=r"TL-PKG-003.*kafka\.jar.*make setup"):
        package(sources, Shelf(), tmp_path / "out", "arm64")


def test_airflow_asks_no_registry(sources: Sources, tmp_path: Path) -> None:
    """Each wheel in the plugins is pinned in the requirements, which look nowhere else and keep to the lock."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    folder = tmp_path / "out" / told["version"] / "airflow"
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert lines[0] == "--no-index"
    assert lines[3:] == ["alpha==1.0", "tideline==0.1.0"]
    inside = _names(folder / "plugins.zip")
    assert {"alpha-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", "tideline-0.1.0-py3-none-any.whl"} <= set(inside)
    assert {"tideline_plugin.py", ".airflowignore", "dbt_project/models/marts/fct_sales.yml"} <= set(inside)
    with zipfile.ZipFile(folder / "plugins.zip") as opened:
        allowed = opened.read("constraints.txt").decode().splitlines()
    assert allowed == [
        "alpha==1.0",
        "beta==2.0 ; python_full_version < '3.12'",
        "beta==3.0 ; python_full_version >= '3.12'",
    ]


def test_the_index_travels_with_what_it_was_compiled_from(sources: Sources, tmp_path: Path) -> None:
    """A stage on AWS checks its index as on a laptop, and finds it fresh; of contracts only their files go along."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    dags = tmp_path / "out" / told["version"] / "airflow" / "dags"
    check_fresh(dags / "_generated" / "index.json", dags / "_contracts")
    assert {path.name for path in (dags / "_contracts").rglob("*") if path.is_file()} == {"sales.odcs.yaml"}


def test_functions_carry_their_contracts(sources: Sources, tmp_path: Path) -> None:
    """The zip holds handlers, packages for the asked processor, and an index that loads from where it lies."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    with zipfile.ZipFile(tmp_path / "out" / told["version"] / "functions" / "functions.zip") as opened:
        opened.extractall(tmp_path / "task")
    assert load_contract(tmp_path / "task" / "contracts" / "index.json", "retail.sales").id == "retail.sales"
    assert (tmp_path / "task" / "tideline" / "functions" / "push.py").is_file()
    assert [(tmp_path / "task" / f"{name}.py").read_text() for name in FUNCTIONS] == ["for arm64"] * len(FUNCTIONS)


def test_scripts_that_start_lie_beside_the_packages(sources: Sources, tmp_path: Path) -> None:
    """A job is started by the path of its script; what scripts share is in the zip only."""
    told = package(sources, Shelf(), tmp_path / "out", "arm64")
    scripts = {name for name in told["files"] if name.startswith("jobs/") and name.endswith(".py")}
    assert scripts == {f"jobs/{name}.py" for name in ("evolve", "ingest", "refine", "restate", "stage")}
    archive = tmp_path / "out" / told["version"] / "jobs" / "spark_jobs.zip"
    assert {"spark_jobs/__init__.py", "spark_jobs/job.py", "spark_jobs/transforms/decode.py"} <= set(_names(archive))


def test_a_tree_that_differs_from_its_commit_is_dirty(tmp_path: Path) -> None:
    """The manifest names the commit, and says when what is packed is not in it; a note beside it does not count."""
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("a")
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "."), (*identity, "commit", "-q", "-m", "first")):
        subprocess.run(("git", "-C", str(root), *words), check=True)
    (root / "note.txt").write_text("beside")
    commit, dirty = standing(root)
    assert (len(commit), dirty) == (40, False)
    (root / "src" / "a.py").write_text("b")
    assert standing(root) == (commit, True)


def test_without_git_there_is_no_commit(tmp_path: Path) -> None:
    """Nobody knows what such a tree is, so it is dirty."""
    assert standing(tmp_path) == ("", True)


def test_a_pin_gets_all_hashes_of_the_lock(tmp_path: Path) -> None:
    """What is installed is one of the files that were locked, for whichever processor."""
    lock = tmp_path / "requirements.txt"
    lock.write_text(LOCK)
    told = packages.with_hashes(["alpha==1.0", "beta==3.0"], lock)
    assert told.splitlines() == [
        f"alpha==1.0 --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}",
        f"beta==3.0 --hash=sha256:{'b' * 64}",
    ]


def test_a_package_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    """Another version, or a package that nobody locked, never gets into an environment."""
    lock = tmp_path / "requirements.txt"
    lock.write_text(LOCK)
    with pytest.raises(Fatal, match=r"TL-PKG-002 .*alpha==1\.1"):
        packages.with_hashes(["alpha==1.1"], lock)


def test_every_line_of_the_real_lock_is_read() -> None:
    """All packages of requirements.txt with at least one hash each, and what functions and Tideline itself need."""
    text = (REPOSITORY / "requirements.txt").read_text()
    read = packages.read_lock(text)
    assert len(read) == sum("==" in line and not line.startswith(("#", " ")) for line in text.splitlines())
    assert all(read.values())
    names = {pin.split("==")[0] for pin in read}
    assert {name.lower() for name in FUNCTIONS} <= names


def test_what_an_installer_notes_for_itself_is_left_out(tmp_path: Path) -> None:
    """RECORD, REQUESTED and scripts differ from machine to machine; metadata that programs read stays."""
    for name in (
        "bin/tool",
        "a/__init__.py",
        "a-1.dist-info/RECORD",
        "a-1.dist-info/METADATA",
        ".lock",
        "a/cacert.pem",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert set(packages.importable(tmp_path)) == {"a/__init__.py", "a-1.dist-info/METADATA", "a/cacert.pem"}


def test_our_own_wheel_is_the_same_each_time(tmp_path: Path) -> None:
    """Built twice from this checkout, byte for byte."""
    build = packages.LockedPackages(REPOSITORY)
    assert build.own(tmp_path / "one").read_bytes() == build.own(tmp_path / "two").read_bytes()


def test_a_zip_says_nothing_about_who_made_it_and_when(tmp_path: Path) -> None:
    """Sorted names, one fixed time, one mode."""
    write_zip(tmp_path / "a.zip", {"b": b"2", "a": b"1"})
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        told = [(one.filename, one.date_time, one.external_attr >> 16) for one in opened.infolist()]
    assert told == [("a", (1980, 1, 1, 0, 0, 0), 0o100644), ("b", (1980, 1, 1, 0, 0, 0), 0o100644)]
