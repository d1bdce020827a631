"""Write requirements.txt again from the direct pins in pyproject.toml (`make lock`; UPGRADE=1 takes newest versions).

The file is universal (Python 3.11 and 3.12, every platform), carries the hash of every file and names no index.
scripts/checkov.txt is written in the same way for checkov alone, whose pins contradict ours (docs/adr/0014).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CHECKOV = "checkov==3.3.30"
CHECKOV_HEADER = f"# The lock of {CHECKOV}, written by `make lock`: change the pin in scripts/lock.py.\n\n"
INSTALLED = ("speed", "serving", "batch", "airflow", "test", "build", "dev")


def groups() -> dict[str, list[str]]:
    """The direct pins by group, `tideline` first; a group that includes another lists only its own."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    found = {"tideline": project["project"]["dependencies"]}
    for name in INSTALLED:
        found[name] = [pin for pin in project["dependency-groups"][name] if isinstance(pin, str)]
    return found


def header() -> str:
    """The comment at the top: how to use the file, and every direct pin, readable."""
    lines = [
        "# The lock of Tideline, written by `make lock` from pyproject.toml: change the pins there, not here.",
        "# Everything, as `make setup` does:   uv pip install --require-hashes -r requirements.txt",
        "# The speed layer without Airflow:    uv pip install -c requirements.txt . --group speed",
        "# The serving layer without Airflow:  uv pip install -c requirements.txt . --group serving",
        "#",
        "# The direct pins, by group:",
    ]
    for name, pins in groups().items():
        lines += [f"# [{name}]", *(f"#   {pin}" for pin in pins)]
    return "\n".join(lines) + "\n\n"


def compiled(present: Path, sources: list[str], upgrade: bool) -> str:
    """What uv resolves; versions that the present lock names are kept unless an upgrade is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / present.name
        if present.exists() and not upgrade:
            output.write_text(present.read_text())
        command = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--universal"]
        command += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--python-version", "3.11"]
        command += [*sources, "--output-file", str(output)]
        subprocess.run(command, cwd=REPOSITORY, input=CHECKOV, text=True, check=True, stdout=subprocess.DEVNULL)
        return output.read_text()


def main() -> None:
    upgrade = os.environ.get("UPGRADE") == "1"
    requirements, checkov = REPOSITORY / "requirements.txt", REPOSITORY / "scripts" / "checkov.txt"
    grouped = [word for name in INSTALLED for word in ("--group", name)]
    requirements.write_text(header() + compiled(requirements, [*grouped, "pyproject.toml"], upgrade))
    checkov.write_text(CHECKOV_HEADER + compiled(checkov, ["-"], upgrade))


if __name__ == "__main__":
    main()
