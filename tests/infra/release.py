"""A release folder as `tideline env package` lays it out, with tiny files: plans name its objects, nobody runs them."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

VERSION = "a" * 64
FILES = (
    "airflow/dags/_generated/index.json",
    "airflow/dags/contracts.py",
    "airflow/plugins.zip",
    "airflow/requirements.txt",
    "functions/functions.zip",
    "jobs/ingest.py",
    "jobs/jars/tideline-logstore.jar",
)


def lay_release(folder: Path) -> Path:
    """The folder with its manifest; the same bytes each time, so that a plan is the same each time."""
    entries = {}
    for name in FILES:
        path = folder / VERSION / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
        digest = hashlib.sha256(path.read_bytes())
        entries[name] = {
            "sha256": digest.hexdigest(),
            "sha256_base64": base64.b64encode(digest.digest()).decode(),
            "bytes": path.stat().st_size,
        }
    manifest = {"version": VERSION, "commit": "0" * 40, "dirty": False, "files": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
