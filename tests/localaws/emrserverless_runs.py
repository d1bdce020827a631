"""Job runs of EMR Serverless as processes: begun, ended by themselves or when cancelled, and gone with the server.

SUBMITTED -> RUNNING -> SUCCESS or FAILED, with `stateDetails` in the words of AWS; CANCELLING -> CANCELLED. A job run's
files, its pid and its logs are kept in a folder of its id.
"""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tests.localaws.emrserverless_asked import Asked, read
from tests.localaws.emrserverless_driver import Driver, Store, lay
from tideline.local.process import stop

GRACE_S = 15.0  # between the polite signal to a cancelled job and the last one
STREAMS = ("stdout", "stderr")
Lay = Callable[[Asked, Path, Store], Driver]
_SAID = 500  # characters of the log that stateDetails quote


class JobRuns:
    """What runs on the application; `folder` keeps what each job run wrote, `url` is the local AWS."""

    def __init__(self, folder: Path, url: str, lay: Lay = lay) -> None:
        self._folder, self._url, self._lay = folder, url, lay
        self._lock, self._closed = Lock(), False
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._cancelled: set[str] = set()

    def understand(self, role_arn: str, job_driver: Any, overrides: Any) -> Asked:
        """Raises NotUnderstood for a request that would do here what it does not do on AWS."""
        return read(role_arn, job_driver, overrides)

    def start(self, run: Any, asked: Asked) -> None:
        """`run` is moto's: its state is what clients see."""
        run.state = "SUBMITTED"
        Thread(target=self._run, args=(run, asked), daemon=True).start()

    def cancel(self, run: Any) -> None:
        """Asked again, or of a job run that has ended, it changes nothing."""
        with self._lock:
            if run.state not in ("SUBMITTED", "RUNNING"):
                return
            run.state = "CANCELLING"
            self._cancelled.add(run.id)
            process = self._processes.get(run.id)
        if process is not None:
            Thread(target=stop, args=(process, GRACE_S), daemon=True).start()

    def close(self) -> None:
        """End every process at once: the server is ending."""
        with self._lock:
            self._closed = True
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes.values():
            process.wait()

    def _run(self, run: Any, asked: Asked) -> None:
        place, store = self._folder / run.id, Store(self._url, asked.role)
        place.mkdir(parents=True)
        try:
            code = self._drive(run, asked, place, store)
        except Exception as error:  # noqa: BLE001 - whatever stops a job before it starts is told as AWS would
            self._end(run, None, f"{type(error).__name__}: {error}")
            return
        try:
            self._keep_logs(run, asked, place, store)
        finally:
            self._end(run, code, _last(place / "stderr"))

    def _drive(self, run: Any, asked: Asked, place: Path, store: Store) -> int | None:
        """The exit code of the driver; None when it was cancelled before it began."""
        driver = self._lay(asked, place, store)
        with (place / "stdout").open("wb") as out, (place / "stderr").open("wb") as err, self._lock:
            if self._closed or run.id in self._cancelled:
                return None
            process = subprocess.Popen(
                driver.words, cwd=driver.folder, env=driver.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
            self._processes[run.id] = process
            (place / "pid").write_text(str(process.pid))
            run.state = "RUNNING"
        return process.wait()

    def _keep_logs(self, run: Any, asked: Asked, place: Path, store: Store) -> None:
        if asked.logs is None:
            return
        below = f"{asked.logs.rstrip('/')}/applications/{run.application_id}/jobs/{run.id}/SPARK_DRIVER"
        for name in STREAMS:
            if (place / name).exists():
                store.put(f"{below}/{name}.gz", gzip.compress((place / name).read_bytes()))

    def _end(self, run: Any, code: int | None, said: str) -> None:
        with self._lock:
            if run.id in self._cancelled:
                run.state, run.state_details = "CANCELLED", None
            elif code == 0:
                run.state, run.state_details = "SUCCESS", ""
            else:
                quoted = "" if code is None else f"ExitCode: {code}. "
                run.state_details = (
                    "Job failed, please check complete logs in configured logging destination. "
                    f"{quoted}Last few exceptions: {said}"
                )
                run.state = "FAILED"


def _last(log: Path) -> str:
    """The end of a log on one line, as EMR quotes it."""
    return " ".join(log.read_text(errors="replace").split())[-_SAID:] if log.exists() else ""
