"""What an environment uploads: the code of this tree, packed for each place that runs it, under a version of its own.

    <out>/manifest.json             version, commit, and every file with its hashes: modules/artifacts reads it
    <out>/<version>/airflow/        dags, plugins.zip (with every wheel that it needs), requirements.txt
    <out>/<version>/jobs/           scripts, spark_jobs.zip, packages.zip, contracts.zip, dbt_project.zip, jars
    <out>/<version>/functions/      functions.zip

The version is the hash of all files' hashes, so the same tree has the same version and the same keys in S3.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tideline.contract_files import PATTERN
from tideline.environments.archives import Files, files, tree, write_zip
from tideline.environments.packages import ARCHITECTURES, Packages, constraints
from tideline.listing import read_listing
from tideline.model.errors import Fatal

AIRFLOW_ARCHITECTURE = "x86_64"  # managed Airflow has no other
PLUGINS = "/usr/local/airflow/plugins"

# What the functions import; the runtime brings boto3.
FUNCTIONS = ("pydantic", "pydantic-settings", "msgspec", "tzdata", "confluent-kafka")
# What jobs import beside Tideline's own needs; the EMR release brings Spark and Delta.
JOBS = (
    *("boto3", "confluent-kafka", "crc32c", "dbt-core", "dbt-spark", "deltalake"),
    *("kafka-python", "lz4", "msgspec", "pandas", "polars", "pyarrow"),
)
PACKED = ("src", "plugins", "dags", "dbt_project", "spark_jobs", "speed_layer", "serving_layer")
PINS = ("pyproject.toml", "requirements.txt")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the code is: a checkout, contracts and their index, the dbt project, the jars that Spark lacks on AWS."""

    repository: Path
    contracts: Path
    dbt_project: Path
    index: Path
    jars: Sequence[Path]


def package(sources: Sources, packages: Packages, out: Path, architecture: str) -> dict[str, Any]:
    """Write the version of this tree below `out`, then the manifest that names it; gives the manifest.

    1. all files into a scratch folder;  2. their hashes, and the version from them;  3. the folder gets its name;
    4. the manifest, which alone says that the version is whole.
    Raises StaleIndex without an index, Fatal for a missing jar or a file that looks like a secret, Retriable when
    packages cannot be fetched.
    """
    read_listing(sources.index)
    absent = [jar.name for jar in sources.jars if not jar.is_file()]
    if absent:
        raise Fatal("TL-PKG-003", f"jars are missing: {', '.join(absent)}", fix="run: make setup")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".packing-", dir=out) as scratch:
        made = Path(scratch) / "files"
        _pack(sources, packages, made, Path(scratch), architecture)  # 1
        packed = {name: _facts(path) for name, path in files(made).items()}  # 2
        version = hashlib.sha256(json.dumps([(name, packed[name]["sha256"]) for name in sorted(packed)]).encode())
        target = out / version.hexdigest()
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)  # 3
    commit, dirty = standing(sources.repository)
    manifest = {
        "version": version.hexdigest(),
        "commit": commit,
        "dirty": dirty,
        "architecture": architecture,
        "files": dict(sorted(packed.items())),
    }
    draft = out / ".manifest.json"
    draft.write_text(json.dumps(manifest, indent=1) + "\n")
    draft.replace(out / "manifest.json")  # 4
    return manifest


def standing(repository: Path) -> tuple[str, bool]:
    """The commit of the tree, and whether something that is packed differs from it; without git: no commit, dirty."""
    head = _git(repository, "rev-parse", "HEAD")
    changed = _git(repository, "status", "--porcelain", "--", *PACKED, *PINS)
    return (head or "").strip(), head is None or bool(changed)


def _git(repository: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(("git", "-C", str(repository), *words), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def _pack(sources: Sources, packages: Packages, made: Path, scratch: Path, architecture: str) -> None:
    assert architecture in ARCHITECTURES, architecture
    core = _core(sources.repository)
    own = packages.own(scratch / "own")
    source = tree(sources.repository / "src" / "tideline", "tideline/")
    contracts = tree(sources.index.parent)
    _pack_airflow(
        sources, packages.wheels(core, AIRFLOW_ARCHITECTURE, scratch / "wheels") | {own.name: own}, made / "airflow"
    )
    jobs = tree(sources.repository / "spark_jobs")
    _copy(made / "jobs", {name: path for name, path in jobs.items() if _starts(path)})
    _copy(made / "jobs" / "jars", {path.name: path for path in sources.jars})
    needed = packages.unpacked((*core, *JOBS), architecture, scratch / "jobs")
    write_zip(made / "jobs" / "spark_jobs.zip", {f"spark_jobs/{name}": path for name, path in jobs.items()})
    write_zip(made / "jobs" / "packages.zip", {**needed, **source})
    write_zip(made / "jobs" / "contracts.zip", contracts)
    write_zip(made / "jobs" / "dbt_project.zip", tree(sources.dbt_project))
    needed = packages.unpacked(FUNCTIONS, architecture, scratch / "functions")
    shown = {f"contracts/{name}": path for name, path in contracts.items()}
    write_zip(made / "functions" / "functions.zip", {**needed, **source, **shown})


def _pack_airflow(sources: Sources, wheels: dict[str, Path], folder: Path) -> None:
    """DAG files, and the contracts that their index is compared with; in the plugins every wheel that is needed."""
    read = {name: path for name, path in tree(sources.contracts, "_contracts/").items() if path.match(PATTERN)}
    _copy(folder / "dags", tree(sources.repository / "dags") | read)
    allowed = constraints((sources.repository / "requirements.txt").read_text())
    plugins: Files = {
        **{name: path for name, path in tree(sources.repository / "plugins").items() if "/" not in name},
        **wheels,
        **tree(sources.dbt_project / "models" / "marts", "dbt_project/models/marts/"),
        "constraints.txt": allowed.encode(),
    }
    write_zip(folder / "plugins.zip", plugins)
    lines = ["--no-index", f"--find-links {PLUGINS}", f"--constraint {PLUGINS}/constraints.txt"]
    (folder / "requirements.txt").write_text("\n".join([*lines, *map(_pinned, sorted(wheels))]) + "\n")


def _pinned(wheel: str) -> str:
    name, version = wheel.split("-")[:2]
    return f"{name}=={version}"


def _core(repository: Path) -> tuple[str, ...]:
    """What every part of Tideline needs, as pyproject.toml says it."""
    return tuple(tomllib.loads((repository / "pyproject.toml").read_text())["project"]["dependencies"])


def _starts(script: Path) -> bool:
    return script.suffix == ".py" and '__name__ == "__main__"' in script.read_text()


def _copy(folder: Path, files: dict[str, Path]) -> None:
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)


def _facts(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    digest = hashlib.sha256(content)
    encoded = base64.b64encode(digest.digest()).decode()
    return {"sha256": digest.hexdigest(), "sha256_base64": encoded, "bytes": len(content)}
