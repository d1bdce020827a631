"""The engine over thousands of contracts, and two peers in the same run: CPU of DAG parsing and of linting.

Run: make bench-engine [ARGS="--contracts 5000 --sample 200 --json"], or python bench/engine.py. It prints lint and
compile of all contracts (cold, then with one file changed), the CPU of a parse cycle grouped and as one DAG per
contract, the start of a task, and the ratios to dag-factory (one YAML per DAG) and datacontract-cli (lint). The peers
work on a sample and are compared per DAG and per file. Their packages stand in environments of their own
(`TIDELINE_CACHE`/bench), made once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from engine_contracts import write_contracts
from engine_peers import DAG_FACTORY, DATACONTRACT, environment_of, lint_as_peer, parse_as_peer, parse_once

from tideline.settings import REPOSITORY, settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--contracts", type=int, default=5_000)
    parser.add_argument("--sample", type=int, default=200, help="DAGs and files that the peers work on")
    parser.add_argument("--no-peers", action="store_true", help="measure Tideline only")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tideline-bench-") as scratch:
        found = measure(Path(scratch), asked.contracts)
        if not asked.no_peers:
            found |= compare(Path(scratch), asked.sample, found)
    print(json.dumps(found, indent=1) if asked.json else told(found))


def measure(place: Path, count: int) -> dict[str, Any]:
    """Tideline alone; seconds of the clock for commands, of CPU for parsing."""
    files = write_contracts(place / "contracts", count)
    variables = surroundings(place)
    lint, cold = (command(variables, *words) for words in (("contract", "lint"), ("compile",)))
    changed = files[len(files) // 2]
    changed.write_text(changed.read_text().replace("When it happened.", "When it took place."))
    one = command(variables, "compile")
    unchanged = command(variables, "compile")
    grouped = parse({**variables, "TIDELINE_DAGS": "grouped"})
    alone = parse({**variables, "TIDELINE_DAGS": "contract"})
    id_ = f"d000.p{count - 1 if count < 100 else 50:05d}"
    task = parse({**variables, "_AIRFLOW_PARSING_CONTEXT_DAG_ID": id_})
    return {
        "contracts": count, "files": len(files), "cpus": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0],
        "lint_s": lint, "compile_cold_s": cold, "lint_and_compile_s": lint + cold, "one_changed_s": one,
        "unchanged_s": unchanged, "grouped": grouped, "per_contract": alone, "task_start": task,
    }  # fmt: skip


def compare(place: Path, sample: int, ours: dict[str, Any]) -> dict[str, Any]:
    """The peers on a sample, Tideline on the same one, and the ratios; all of this run."""
    cache = settings().cache / "bench"
    files = sorted((place / "contracts").rglob("p*.odcs.yaml"))[:sample]
    variables = surroundings(place)
    factory = parse_as_peer(environment_of(DAG_FACTORY, cache), place / "dag-factory", sample)
    peer = lint_as_peer(environment_of(DATACONTRACT, cache), files, place)
    own_file = lint_in_process(files)
    own_command = statistics.median(command(variables, "contract", "lint", str(path)) for path in files[:3])
    cycle = {name: ours[name]["cpu_s"] / ours["contracts"] for name in ("grouped", "per_contract")}
    per_dag = factory["cpu_s"] / sample
    return {
        "dag_factory": {**factory, "version": DAG_FACTORY.pins, "ms_per_dag": 1000 * per_dag},
        "datacontract_cli": {**peer, "version": DATACONTRACT.pins},
        "lint_ms_per_file": {"in_process": 1000 * own_file, "command": 1000 * own_command},
        "ratios": {
            "parse, grouped, to dag-factory": per_dag / cycle["grouped"],
            "parse, one DAG per contract, to dag-factory": per_dag / cycle["per_contract"],
            "lint in process, to datacontract-cli": peer["in_process_s"] / own_file,
            "lint as a command, to datacontract-cli": peer["command_s"] / own_command,
            "lint of all, per file, to datacontract-cli's command": peer["command_s"]
            / (ours["lint_s"] / ours["files"]),
        },
    }


def surroundings(place: Path) -> dict[str, str]:
    """A home of its own below `place`; Airflow's too."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TIDELINE_", "AIRFLOW"))},
        "TIDELINE_HOME": str(place / "home"),
        "TIDELINE_CONTRACTS": str(place / "contracts"),
        "TIDELINE_INDEX": str(place / "out" / "index.json"),
        "TIDELINE_DBT_PROJECT": str(place / "dbt_project"),
        "AIRFLOW_HOME": str(place / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "PYTHONWARNINGS": "ignore",
    }


def command(variables: dict[str, str], *words: str) -> float:
    """Seconds of one `tideline` command, with its start."""
    begun = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tideline")), *words], env=variables, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(
            f"tideline {' '.join(words)} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return time.monotonic() - begun


def parse(variables: dict[str, str]) -> dict[str, Any]:
    """CPU seconds of building and serializing all DAGs in a fresh process, beside its imports; best of two."""
    return min((parse_once(sys.executable, REPOSITORY / "dags", variables) for _ in range(2)), key=lambda f: f["cpu_s"])


def lint_in_process(files: list[Path]) -> float:
    """CPU seconds per file, after the imports."""
    from tideline.adapters.odcs import examine

    examine(files[0])
    begun = time.process_time()
    findings = [finding for path in files for finding in examine(path)[1]]
    assert not findings, findings[:3]
    return (time.process_time() - begun) / len(files)


def told(found: dict[str, Any]) -> str:
    """The figures for a person, each with its target."""
    rows = [
        ("lint, s", found["lint_s"], ""),
        ("compile, cold, s", found["compile_cold_s"], f"both {found['lint_and_compile_s']:.1f}, target 60"),
        ("compile, one file changed, s", found["one_changed_s"], "target 5"),
        ("compile, nothing changed, s", found["unchanged_s"], ""),
        ("parse cycle, grouped, CPU s", found["grouped"]["cpu_s"], f"{found['grouped']['dags']:,} DAGs, target 1"),
        (
            "parse cycle, one each, CPU s",
            found["per_contract"]["cpu_s"],
            f"{found['per_contract']['dags']:,} DAGs, target 30",
        ),
        ("parse as a task starts, CPU s", found["task_start"]["cpu_s"], f"{found['task_start']['dags']} DAG"),
        ("imports of Airflow, CPU s", found["grouped"]["imports_s"], "not counted above"),
    ]
    if "ratios" in found:
        factory, peer, own = found["dag_factory"], found["datacontract_cli"], found["lint_ms_per_file"]
        rows += [
            (
                "dag-factory, CPU ms per DAG",
                factory["ms_per_dag"],
                f"{factory['dags']} YAML files; {factory['version']}",
            ),
            ("datacontract-cli, CPU ms/file", 1000 * peer["in_process_s"], f"in process; {peer['version']}"),
            ("  as a command, s", peer["command_s"], "one file"),
            ("tideline lint, CPU ms per file", own["in_process"], "in process"),
            ("  as a command, s", own["command"] / 1000, "one file"),
            *((name, ratio, "times") for name, ratio in found["ratios"].items()),
        ]
    where = f"{found['cpus']} CPUs, load {found['load']:.1f}"
    head = f"{found['contracts']:,} contracts of 30 columns in {found['files']:,} files, {where}"
    return "\n".join([head, *(f"  {name:<54}{value:10.3f}  {words}" for name, value, words in rows)])


if __name__ == "__main__":
    main()
