"""Starts a Spark job script as its own process, as Airflow, an EMR step or a person would: by path and arguments."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tideline.settings import REPOSITORY, Settings

_ERROR = "TL-"


def submit(script: str, arguments: Sequence[str], settings: Settings, tell: Callable[[str], None]) -> int:
    """The exit code of `spark_jobs/SCRIPT.py`. Its output passes through; of its error stream only its own `TL-` line
    is told, the rest is kept in `logs/spark-job-SCRIPT.log`. A job that a signal ended counts as 128 + signal.
    """
    log = settings.logs / f"spark-job-{script}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(REPOSITORY / "spark_jobs" / f"{script}.py"), *arguments]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, errors="replace", env=environment(settings), cwd=REPOSITORY
    ) as child:
        assert child.stderr is not None
        told = _sort(child.stderr, log, tell)
        code = child.wait()
    if code < 0:
        tell(f"TL-SPK-006 {script} was ended by signal {-code}. Fix: run the stage again with the same run key")
        return 128 - code
    if code and not told:
        tell(f"TL-SPK-007 {script} ended with exit code {code}; what it said is in {log}")
    return code


def environment(settings: Settings) -> Mapping[str, str]:
    """What the script sees: the same settings, and where the Spark server is unless that is decided already."""
    remote = os.environ.get("SPARK_REMOTE") or settings.spark_remote
    quiet = {"PYTHONWARNINGS": "ignore", "GRPC_VERBOSITY": "NONE", "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **settings.as_environment(), **quiet, "SPARK_REMOTE": remote}


def _sort(lines: Iterable[str], log: Path, tell: Callable[[str], None]) -> bool:
    told = False
    with log.open("a") as kept:
        for line in lines:
            if line.startswith(_ERROR):
                told = True
                tell(line.rstrip("\n"))
            else:
                kept.write(line)
    return told
