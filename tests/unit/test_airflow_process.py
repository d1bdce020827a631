"""A stage's child process: its words reach the log as they come, and nothing that it started outlives it."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from tideline_airflow import process
from tideline_airflow.process import Outcome, StageProcess, environment


def python(code: str) -> StageProcess:
    return StageProcess([sys.executable, "-c", code])


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def wait_until(holds: object, limit_s: float = 10.0) -> bool:
    until, moment = time.monotonic() + limit_s, threading.Event()
    while not holds():  # type: ignore[operator]
        if time.monotonic() > until:
            return False
        moment.wait(0.02)
    return True


def test_lines_of_both_outputs_arrive_one_by_one_and_the_last_error_line_is_kept() -> None:
    seen: list[str] = []
    code = "import sys; print('one'); print('TL-A-001 first', file=sys.stderr); print('TL-B-002 last: x'); sys.exit(65)"
    assert python(code).run(seen.append) == Outcome(65, "TL-B-002 last: x")
    assert sorted(seen) == ["TL-A-001 first", "TL-B-002 last: x", "one"]


def test_a_line_is_passed_on_while_the_stage_still_runs() -> None:
    child = python("print('started', flush=True); input_never = __import__('time').sleep(60)")
    outcome: list[Outcome] = []
    started = threading.Event()
    runner = threading.Thread(target=lambda: outcome.append(child.run(lambda line: started.set())))
    runner.start()
    assert started.wait(10)
    assert not outcome
    child.stop()
    runner.join(10)
    assert outcome[0].exit_code == -15


def test_stopping_ends_grandchildren_too_even_when_they_ignore_the_first_signal(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"if os.fork() == 0:\n open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "print('ready', flush=True)\ntime.sleep(60)"
    )
    child = python(code)
    runner = threading.Thread(target=lambda: child.run(lambda line: None), daemon=True)
    runner.start()
    assert wait_until(lambda: note.exists() and note.read_text())
    child.stop(grace_s=0.2)
    assert wait_until(lambda: gone(int(note.read_text())))


def test_an_error_while_reading_ends_the_stage() -> None:
    """Airflow's time limit is an exception in the middle of a line."""
    child = python("print('line', flush=True); __import__('time').sleep(60)")

    def fail(line: str) -> None:
        raise TimeoutError(line)

    with pytest.raises(TimeoutError):
        child.run(fail)
    assert child._child is not None and child._child.poll() is not None


def test_bytes_that_are_no_text_do_not_break_the_log() -> None:
    seen: list[str] = []
    assert python("import os; os.write(1, b'\\xff\\xfe ok\\n')").run(seen.append).exit_code == 0
    assert seen[0].endswith(" ok")


def test_a_stage_sees_our_settings_and_none_of_airflows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_HOME", "/somewhere")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "secret")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    seen = environment()
    assert seen["TIDELINE_HOME"] == "/somewhere"
    assert not [name for name in seen if "AIRFLOW" in name]


def test_the_command_on_the_path_goes_before_the_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "tideline"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert process.program() == str(mine)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert Path(process.program()).name == "tideline"
