"""What job runs pay before they work: `python -m tests.localaws.driver_starts JOBS`, a table of the folder's job runs.

JOBS is what `--jobs` named; for tests/integration/test_chain_on_aws.py it is BASETEMP/on-aws0/jobs. Seconds since
spark-submit began: until Spark is there, until its first job, until the last word was said. A stage without Spark has
only the last. On AWS the wait for a worker comes before all of them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EVENTS = "events"  # Spark's event logs, in the folder of a job run
_LINE = re.compile(r"\s*([0-9.]+) s  (\w+): ")
_FIRST = {"SparkListenerApplicationStart": "Timestamp", "SparkListenerJobStart": "Submission Time"}


@dataclass(frozen=True)
class Start:
    """One job run; what did not happen is None."""

    began: float
    stage: str
    session: float | None
    job: float | None
    end: float

    def row(self) -> str:
        times = "".join(f"{'-' if one is None else f'{one:.1f}':>10}" for one in (self.session, self.job, self.end))
        return f"{self.stage:10}{times}"


def starts(jobs: Path) -> Iterator[Start]:
    """Of every job run that has said something and ended, in the order of their start."""
    found = [_start(pid.parent) for pid in jobs.glob("*/pid")]
    yield from sorted((one for one in found if one is not None), key=lambda one: one.began)


def _start(place: Path) -> Start | None:
    said = _LINE.match((place / "stdout").read_text())
    if said is None:
        return None
    began = (place / "pid").stat().st_mtime
    moments: dict[str, float] = {}
    for log in (place / EVENTS).glob("*"):
        for event in map(json.loads, log.read_text().splitlines()):
            word = event["Event"]
            if word in _FIRST:
                moments.setdefault(word, event[_FIRST[word]] / 1000 - began)
    session, job = (moments.get(word) for word in _FIRST)
    ended = max((place / stream).stat().st_mtime for stream in ("stdout", "stderr"))
    return Start(began, said[2], session, job, ended - began)


def main(jobs: Path) -> None:
    sys.stdout.write(f"{'stage':10}{'session':>10}{'first job':>10}{'end':>10}\n")
    sys.stdout.writelines(f"{one.row()}\n" for one in starts(jobs))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
