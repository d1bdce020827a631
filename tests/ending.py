"""How a process that a test began comes to its end."""

from __future__ import annotations

import subprocess

PATIENCE = 20.0


def ended(process: subprocess.Popen[str]) -> None:
    """Wait for one that was told to stop; after PATIENCE seconds it is killed. Its output is closed."""
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
