"""The peers of the engine's benchmark, in environments of their own: dag-factory and datacontract-cli."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A package with the pins that decide its speed."""

    name: str
    pins: str


PARSE = Path(__file__).with_name("engine_parse.py")
DAG_FACTORY = Peer("dag-factory", "dag-factory==1.1.0 apache-airflow==3.3.1")
DATACONTRACT = Peer("datacontract-cli", "datacontract-cli==1.2.8")
LOADER = """\
from pathlib import Path
from dagfactory import load_yaml_dags

dag = "airflow"
load_yaml_dags(globals_dict=globals(), dags_folder=str(Path(__file__).parent))
"""
LINT = """
import json, logging, sys, time
from datacontract.data_contract import DataContract
logging.disable(logging.CRITICAL)
paths = sys.argv[1:]
DataContract(data_contract_file=paths[0]).lint()
begun = time.process_time()
results = [str(DataContract(data_contract_file=path).lint().result) for path in paths]
print(json.dumps({"s": (time.process_time() - begun) / len(paths), "results": sorted(set(results))}))
"""


def environment_of(peer: Peer, cache: Path) -> Path:
    """The interpreter of a peer; its environment is made at the first run and kept as long as the pins are the same."""
    place = cache / peer.pins.replace(" ", "_").replace("==", "-")
    python, mark = place / "bin" / "python", place / ".complete"
    if not mark.exists():
        print(f"making an environment for {peer.pins} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.pins.split()]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        mark.touch()
    return python


def parse_once(python: str, folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    """One parse cycle of a folder by an interpreter: CPU seconds, see engine_parse.py."""
    done = subprocess.run([python, str(PARSE), str(folder)], env=variables, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"parsing {folder} failed: {done.stderr[-800:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def parse_as_peer(python: Path, folder: Path, count: int) -> dict[str, Any]:
    """CPU seconds for which dag-factory builds and Airflow serializes `count` DAGs of six tasks, a YAML each."""
    folder.mkdir(parents=True)
    (folder / "load.py").write_text(LOADER)
    for number in range(count):
        (folder / f"p{number:05d}.yml").write_text(_yaml(number))
    variables = {
        **{
            name: value for name, value in os.environ.items() if not name.startswith(("TIDELINE_", "AIRFLOW", "PYTHON"))
        },
        "AIRFLOW_HOME": str(folder.parent / "airflow-of-peer"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
        "PYTHONWARNINGS": "ignore",
    }
    found = min((parse_once(str(python), folder, variables) for _ in range(2)), key=lambda f: f["cpu_s"])
    assert found["dags"] == count, found
    return found


def lint_as_peer(python: Path, files: list[Path], place: Path) -> dict[str, Any]:
    """Seconds per file of datacontract-cli's lint: CPU in process, clock as a command. It has to accept the files."""
    words = [str(python), "-W", "ignore", "-c", LINT, *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=place)
    if done.returncode:
        raise SystemExit(f"datacontract-cli failed: {done.stderr[-800:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    seconds = []
    for path in files[:3]:
        begun = time.monotonic()
        subprocess.run([str(python.with_name("datacontract")), "lint", str(path)], capture_output=True, cwd=place)
        seconds.append(time.monotonic() - begun)
    return {"in_process_s": found["s"], "results": found["results"], "command_s": statistics.median(seconds)}


def _yaml(number: int) -> str:
    """What Tideline's DAG of one contract says, in dag-factory's words: six tasks in a chain."""
    stages = ("cut", "ingest", "refine", "model", "audit", "publish")
    tasks = ""
    for at, stage in enumerate(stages):
        after = f"        dependencies: [{stages[at - 1]}]\n" if at else ""
        tasks += (
            f"      - task_id: {stage}\n        operator: airflow.providers.standard.operators.bash.BashOperator\n"
            f"        bash_command: tideline run d.p{number:05d} {stage}\n        retries: 3\n        pool: spark\n"
            f"        doc_md: the stage {stage}\n{after}"
        )
    listed = tasks.replace("      - ", "    - ").replace("        ", "      ")
    return (
        f"p{number:05d}:\n  default_args:\n    owner: team-{number % 5}\n    start_date: 2010-12-01\n"
        f"  description: Events of product {number}.\n  schedule: '0 0 * * *'\n  catchup: false\n  max_active_runs: 1\n"
        f"  tags: [bench, team-{number % 5}]\n  tasks:\n{listed}"
    )
