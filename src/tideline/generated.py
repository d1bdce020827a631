"""The files that are generated from contracts and committed: rendered and written whole, the left-over removed."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from tideline.index import compile_index, render_index
from tideline.model.contract import Contract

_RENDERING = "tideline.rendering.dbt"


def rendered(contracts_dir: Path, index: Path, dbt_project: Path) -> dict[Path, str]:
    """Every generated file and its text; raises ContractError."""
    document = compile_index(contracts_dir)
    files = {index: render_index(document)}
    if importlib.util.find_spec(_RENDERING) is not None:
        contracts = {id_: Contract.model_validate(entry) for id_, entry in document["contracts"].items()}
        texts: dict[str, str] = importlib.import_module(_RENDERING).render(contracts)
        files |= {dbt_project / name: text for name, text in texts.items()}
    return files


def differences(files: dict[Path, str], dbt_project: Path) -> dict[Path, str]:
    """Which files are missing or differ, and which generated ones nothing generates any more; path -> why."""
    found: dict[Path, str] = {}
    for path, text in sorted(files.items()):
        if not path.exists():
            found[path] = "missing"
        elif path.read_text(encoding="utf-8") != text:
            found[path] = "stale"
    for folder in sorted(dbt_project.rglob("_generated")):
        found |= {path: "left over" for path in sorted(folder.rglob("*")) if path.is_file() and path not in files}
    return found


def write(files: dict[Path, str], changed: dict[Path, str]) -> None:
    """Replace what differs, each file atomically, and remove what is left over."""
    for path, why in changed.items():
        if why == "left over":
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_text(files[path], encoding="utf-8")
        draft.replace(path)
